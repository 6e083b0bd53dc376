-- Texts are kept in NFC since; what was written before gets it here, as on the write side (0024 there), so that both agree.
SET LOCAL mindflow.identity = 'service';

UPDATE query.journals_view SET title = normalize(title, NFC), content = normalize(content, NFC)
WHERE title IS NOT NFC NORMALIZED OR content IS NOT NFC NORMALIZED;
UPDATE query.moods_view SET note = normalize(note, NFC) WHERE note IS NOT NFC NORMALIZED;
UPDATE query.tags_view SET name = normalize(name, NFC) WHERE name IS NOT NFC NORMALIZED;
UPDATE query.users_view SET email = normalize(email, NFC), display_name = normalize(display_name, NFC)
WHERE email IS NOT NFC NORMALIZED OR display_name IS NOT NFC NORMALIZED;

SET LOCAL mindflow.identity = '';

-- The order in which people look for names: letters with accents next to those without, whatever their case. By ICU, where the
-- server has it; its root order, since no language of a user's is known.
DO $$
BEGIN
    IF EXISTS (SELECT FROM pg_catalog.pg_collation WHERE collname = 'und-x-icu') THEN
        CREATE COLLATION query.by_language (provider = icu, locale = 'und');
    ELSE
        RAISE WARNING 'this server has no ICU, so tags are sorted by the codes of their letters';
        CREATE COLLATION query.by_language FROM pg_catalog."C";
    END IF;
END
$$;

-- What a tag is found by: its name's key. Old rows get what comes close; the next event of a tag, or a replay, brings the exact one.
ALTER TABLE query.tags_view ADD COLUMN name_key text;
COMMENT ON COLUMN query.tags_view.name_key IS 'The name by NFKC case folding.';
COMMENT ON COLUMN query.journals_view.tag_names IS 'The keys of the names that the entry brought, in the order of its tags.';
SET LOCAL mindflow.identity = 'service';
UPDATE query.tags_view SET name_key =
    normalize(replace(translate(lower(replace(normalize(name, NFKC), 'İ', 'i̇') COLLATE query.by_language), 'ς', 'σ'), 'ß', 'ss'), NFKC);
SET LOCAL mindflow.identity = '';
DROP INDEX query.tags_view_by_name;
CREATE INDEX tags_view_by_key ON query.tags_view (user_id, name_key);
