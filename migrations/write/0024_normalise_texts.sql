-- Texts are kept in one form since: NFC, and keys by NFKC case folding (the crate `text`). What was written before gets it here;
-- nothing of its meaning changes, so no version rises. The read side does the same to its own (0014 there).

-- A compatible form can be longer than the name: one character can have eighteen (U+FDFA).
ALTER TABLE command.tags DROP CONSTRAINT tags_name_key_check,
    ADD CONSTRAINT tags_name_key_check CHECK (char_length(name_key) BETWEEN 1 AND 900);

-- Of a key in lower case: what case folding does beyond it, for all letters that names have.
CREATE FUNCTION pg_temp.folded(key text) RETURNS text
    LANGUAGE sql IMMUTABLE
    AS $$
SELECT normalize(lower(regexp_replace(translate(replace(normalize(key, NFKC), 'ß', 'ss'), 'ς', 'σ'),
    '[\u00AD\u034F\u061C\u115F\u1160\u17B4\u17B5\u180B-\u180F\u200B-\u200F\u202A-\u202E\u2060-\u206F\u3164\uFE00-\uFE0F\uFEFF\uFFA0]',
    '', 'g')), NFKC)
$$;

-- The owner of the tables is held to their policies as well.
SET LOCAL mindflow.identity = 'service';

UPDATE command.journals SET title = normalize(title, NFC), content = normalize(content, NFC)
WHERE title IS NOT NFC NORMALIZED OR content IS NOT NFC NORMALIZED;
UPDATE command.mood_records SET note = normalize(note, NFC) WHERE note IS NOT NFC NORMALIZED;
UPDATE command.tags SET name = normalize(name, NFC) WHERE name IS NOT NFC NORMALIZED;
UPDATE auth.users SET email = normalize(email, NFC), display_name = normalize(display_name, NFC)
WHERE email IS NOT NFC NORMALIZED OR display_name IS NOT NFC NORMALIZED;

-- Two of a user's tags that are the same now stay two: the older one is found by its name.
UPDATE command.tags tag SET name_key = other.key
FROM (
    SELECT DISTINCT ON (user_id, key) id, user_id, key
    FROM (SELECT id, user_id, name_key, pg_temp.folded(name_key) AS key FROM command.tags) every
    WHERE key <> name_key AND key <> ''
    ORDER BY user_id, key, id
) other
WHERE tag.id = other.id
    AND NOT EXISTS (SELECT FROM command.tags held WHERE held.user_id = other.user_id AND held.name_key = other.key);
UPDATE auth.users account SET email_key = other.key
FROM (
    SELECT DISTINCT ON (key) id, key
    FROM (SELECT id, email_key, pg_temp.folded(email_key) AS key FROM auth.users) every
    WHERE key <> email_key AND key <> ''
    ORDER BY key, id
) other
WHERE account.id = other.id AND NOT EXISTS (SELECT FROM auth.users held WHERE held.email_key = other.key);

SET LOCAL mindflow.identity = '';

COMMENT ON COLUMN auth.users.email_key IS 'Without blanks around, by NFKC case folding: what the account is found by.';
COMMENT ON COLUMN command.tags.name_key IS 'The name by NFKC case folding: what makes two names the same tag.';
