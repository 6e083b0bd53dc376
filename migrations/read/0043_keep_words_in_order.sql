-- Words in their order, each with a space before and behind it: what phrases are looked for in, wherever in a text they are. Places in a
-- tsvector end at 16,383, and each word has 255 of them.
ALTER TABLE search_index.documents ADD COLUMN plain text NOT NULL DEFAULT '';

-- What comes close, for documents of before; `mindflow replay --consumer search` brings the words as they are cut now.
SET LOCAL mindflow.identity = 'service';
UPDATE search_index.documents
SET plain = ' ' || btrim(regexp_replace(translate(lower(normalize(title || ' | ' || body, NFKC)), 'ς', 'σ'), '[^[:alnum:]|]+', ' ', 'g')) || ' '
WHERE NOT deleted;
SET LOCAL mindflow.identity = '';

COMMENT ON COLUMN search_index.documents.keywords IS 'In lower case, for filters.';
COMMENT ON COLUMN search_index.documents.words IS 'Its different words, as they are compared.';
