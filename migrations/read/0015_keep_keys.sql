-- What the words of a list's filter are compared with: the keys of titles, contents, addresses and names, by NFKC case folding (the
-- crate `text`). A text of ASCII alone has none: its key is its lower case.
ALTER TABLE query.journals_view ADD COLUMN title_key text, ADD COLUMN content_key text, ADD COLUMN keys_of bigint;
ALTER TABLE query.users_view ADD COLUMN email_key text, ADD COLUMN display_name_key text, ADD COLUMN keys_of bigint;
COMMENT ON COLUMN query.journals_view.keys_of IS 'The sequence of the event whose texts have these keys: a host of an earlier release writes texts without.';
COMMENT ON COLUMN query.users_view.keys_of IS 'As in query.journals_view.';

-- What comes close to the key of a text, where none is kept.
CREATE FUNCTION query.folded(written text) RETURNS text LANGUAGE sql IMMUTABLE PARALLEL SAFE
    RETURN CASE WHEN octet_length(written) = char_length(written) THEN lower(written COLLATE "C")
        ELSE normalize(replace(translate(lower(regexp_replace(normalize(written, NFKC),
            '[\u00AD\u034F\u061C\u115F\u1160\u17B4\u17B5\u180B-\u180F\u200B-\u200F\u202A-\u202E\u2060-\u206F\u3164\uFE00-\uFE0F\uFEFF\uFFA0]',
            '', 'g') COLLATE query.by_language), 'ς', 'σ'), 'ß', 'ss'), NFKC) COLLATE "C" END;
REVOKE EXECUTE ON FUNCTION query.folded FROM PUBLIC;
GRANT EXECUTE ON FUNCTION query.folded TO mindflow_query;

-- Each event has a sequence. What is filled in later, such as keys, is no change of what an entry shows.
CREATE OR REPLACE TRIGGER entry_changes AFTER INSERT OR UPDATE OF sequence OR DELETE ON query.journals_view
    FOR EACH ROW EXECUTE FUNCTION query.entry_changed();
