//! Every statement that the service sends, in one place, so that they can be compared with the schema and tested on a
//! real PostgreSQL without a sandbox.
//!
//! Parameters are cast where they are used, so their types do not depend on the column. Each statement names the user as
//! well as the row; row-level security repeats that check.

/// `$1` entry, `$2` user, `$3` the columns of the entry, `$4` mood or null, `$5` attachments, `$6` client mutation id or
/// null, `$7` month, `$8` limit or null, `$9` the fingerprint of what was asked.
///
/// Claims the mutation id, then a place in the quota, then writes the entry; each step only when the
/// one before succeeded. A second request with the same mutation id waits at the first step until the
/// first request has committed or gone. Answers whether the mutation is `fresh`, and then whether it is
/// `within_quota`; when it is not, its claim has to be rolled back.
pub const CREATE_ENTRY: &str = "
WITH claim AS (
    INSERT INTO command.client_mutations (user_id, client_mutation_id, entry_id, fingerprint)
    SELECT $2::uuid, $6::text, $1::uuid, $9::bytea WHERE $6::text IS NOT NULL
    ON CONFLICT (user_id, client_mutation_id) DO NOTHING
    RETURNING entry_id
), fresh AS MATERIALIZED (
    SELECT 1 WHERE $6::text IS NULL OR EXISTS (SELECT FROM claim)
), place AS (
    INSERT INTO command.quota_usage (user_id, month, used)
    SELECT $2::uuid, $7::date, 1 FROM fresh WHERE $8::bigint IS NULL OR $8::bigint > 0
    ON CONFLICT (user_id, month) DO UPDATE SET used = quota_usage.used + 1
    WHERE $8::bigint IS NULL OR quota_usage.used < $8::bigint
    RETURNING used
), entry AS (
    INSERT INTO command.journals
    SELECT given.* FROM place CROSS JOIN jsonb_populate_record(
        NULL::command.journals,
        $3::jsonb || jsonb_build_object('id', $1::uuid, 'user_id', $2::uuid, 'event_sequence', 1)
    ) AS given
    RETURNING id
), mood AS (
    INSERT INTO command.journal_moods (entry_id, user_id, mood)
    SELECT id, $2::uuid, $4::text FROM entry WHERE $4::text IS NOT NULL
), attachments AS (
    INSERT INTO command.journal_attachments (user_id, entry_id, media_id, position)
    SELECT $2::uuid, id, media_id, position
    FROM entry, unnest($5::uuid[]) WITH ORDINALITY AS attached (media_id, position)
)
SELECT EXISTS (SELECT FROM fresh) AS fresh, EXISTS (SELECT FROM place) AS within_quota";

/// `$1` user, `$2` month. How many entries the user has created in it.
pub const ENTRIES_USED: &str = "
SELECT used FROM command.quota_usage WHERE user_id = $1::uuid AND month = $2::date";

/// `$1` user, `$2` client mutation id.
pub const FIND_MUTATION: &str = "
SELECT entry_id, fingerprint FROM command.client_mutations WHERE user_id = $1::uuid AND client_mutation_id = $2::text";

/// `$1` entry, `$2` user. Serialises concurrent changes of one entry. It returns nothing of the entry: changes that it
/// waited for are visible to the next statement only.
pub const LOCK_ENTRY: &str = "
SELECT id FROM command.journals WHERE id = $1::uuid AND user_id = $2::uuid FOR NO KEY UPDATE";

/// `$1` entry, `$2` user. In their order.
pub const ATTACHMENTS_OF_ENTRY: &str = "
SELECT media_id FROM command.journal_attachments WHERE entry_id = $1::uuid AND user_id = $2::uuid ORDER BY position";

/// `$1` entry, `$2` user. The whole entry, deleted ones included, its tags as lists sort them. They are held as they are until
/// the transaction ends, so that no event carries a name that a committed rename has replaced.
pub const READ_ENTRY: &str = "
WITH held AS MATERIALIZED (
    SELECT tag.id, tag.name
    FROM command.journal_tags link JOIN command.tags tag ON tag.user_id = link.user_id AND tag.id = link.tag_id
    WHERE link.entry_id = $1::uuid AND link.user_id = $2::uuid
    ORDER BY tag.id
    FOR KEY SHARE OF tag
)
SELECT entry.*, entry.id AS journal_id, mood.mood,
       ARRAY(SELECT id FROM held ORDER BY name COLLATE command.by_language, id) AS tag_ids,
       ARRAY(SELECT name FROM held ORDER BY name COLLATE command.by_language, id) AS tag_names,
       ARRAY(SELECT media_id FROM command.journal_attachments attached
             WHERE attached.entry_id = $1::uuid ORDER BY attached.position) AS attachment_ids
FROM command.journals entry LEFT JOIN command.journal_moods mood ON mood.entry_id = entry.id
WHERE entry.id = $1::uuid AND entry.user_id = $2::uuid";

/// `$1` entry, `$2` user, `$3` the columns that change, `$4` now, `$5` whether the mood changes, `$6` the new mood or
/// null, `$7` all tags, `$8` all attachments. A column that is not given stays as it is, and so do tags and attachments
/// that are null. What has changed is live.
pub const CHANGE_ENTRY: &str = "
WITH changed AS (
    UPDATE command.journals AS entry
    SET title = given.title, content = given.content, entry_date = given.entry_date, word_count = given.word_count,
        private = given.private, updated_at = $4::timestamptz, version = entry.version + 1, event_sequence = entry.event_sequence + 1, deleted_at = NULL
    FROM command.journals AS held CROSS JOIN LATERAL jsonb_populate_record(held, $3::jsonb) AS given
    WHERE entry.id = $1::uuid AND entry.user_id = $2::uuid AND held.id = entry.id
    RETURNING entry.version, entry.event_sequence
), mood_removed AS (
    DELETE FROM command.journal_moods
    WHERE entry_id = $1::uuid AND user_id = $2::uuid AND $5::boolean AND $6::text IS NULL
), mood_set AS (
    INSERT INTO command.journal_moods (entry_id, user_id, mood)
    SELECT $1::uuid, $2::uuid, $6::text WHERE $5::boolean AND $6::text IS NOT NULL
    ON CONFLICT (entry_id) DO UPDATE SET mood = excluded.mood
), tags_removed AS (
    DELETE FROM command.journal_tags
    WHERE entry_id = $1::uuid AND user_id = $2::uuid AND tag_id <> ALL ($7::uuid[])
), attachments_removed AS (
    DELETE FROM command.journal_attachments
    WHERE entry_id = $1::uuid AND user_id = $2::uuid AND media_id <> ALL ($8::uuid[])
), attachments_set AS (
    INSERT INTO command.journal_attachments (user_id, entry_id, media_id, position)
    SELECT $2::uuid, $1::uuid, media_id, position
    FROM unnest($8::uuid[]) WITH ORDINALITY AS attached (media_id, position)
    ON CONFLICT (entry_id, media_id) DO UPDATE SET position = excluded.position
)
SELECT version, event_sequence FROM changed";

/// `$1` entry, `$2` user, `$3` now, `$4` expected version or null. No row: there is no such live entry
/// or it has another version.
pub const DELETE_ENTRY: &str = "
UPDATE command.journals SET deleted_at = $3::timestamptz, event_sequence = event_sequence + 1
WHERE id = $1::uuid AND user_id = $2::uuid AND deleted_at IS NULL AND ($4::bigint IS NULL OR version = $4::bigint)
RETURNING version, event_sequence";

/// `$1` entry, `$2` user. The version of a live entry.
pub const VERSION_OF_ENTRY: &str = "
SELECT version FROM command.journals WHERE id = $1::uuid AND user_id = $2::uuid AND deleted_at IS NULL";

/// `$1` entry, `$2` user. Counts an event that leaves the content as it is, and undoes a deletion.
pub const REVIVE_ENTRY: &str = "
UPDATE command.journals SET deleted_at = NULL, event_sequence = event_sequence + 1
WHERE id = $1::uuid AND user_id = $2::uuid
RETURNING event_sequence";

/// `$1` user, `$2` ids for new tags, `$3` names, `$4` their keys; `$5` the entry to tag, or null.
///
/// Makes the tags that are missing, in the order of their keys so that two requests never wait for
/// each other, and holds those that are there. They are answered as lists sort them. A tag that another transaction made or renamed
/// meanwhile is missing from the answer: the statement has to run again then, and sees it.
pub const TAKE_TAGS: &str = "
WITH wanted AS MATERIALIZED (
    SELECT id, name, name_key FROM unnest($2::uuid[], $3::text[], $4::text[]) AS wanted (id, name, name_key)
), made AS (
    INSERT INTO command.tags (id, user_id, name, name_key, event_sequence)
    SELECT id, $1::uuid, name, name_key, 1 FROM wanted ORDER BY name_key
    ON CONFLICT (user_id, name_key) DO NOTHING
    RETURNING id, name
), held AS MATERIALIZED (
    SELECT tag.id, tag.name
    FROM command.tags tag
    WHERE tag.user_id = $1::uuid AND tag.name_key = ANY ($4::text[])
    ORDER BY tag.id
    FOR KEY SHARE OF tag
), taken AS MATERIALIZED (
    SELECT id, name, true AS made FROM made
    UNION ALL
    SELECT id, name, false FROM held
), linked AS (
    INSERT INTO command.journal_tags (user_id, entry_id, tag_id)
    SELECT $1::uuid, $5::uuid, id FROM taken WHERE $5::uuid IS NOT NULL
    ON CONFLICT (entry_id, tag_id) DO NOTHING
)
SELECT id, name, made FROM taken ORDER BY name COLLATE command.by_language, id";

/// `$1` user. How many tags the user has; in a transaction that made some, with all that were made before: it has waited for them.
pub const TAGS_USED: &str = "SELECT used FROM command.tag_usage WHERE user_id = $1::uuid";

/// `$1` tag, `$2` user. Waits for transactions that hold the tag because their events carry its name.
pub const LOCK_TAG: &str = "
SELECT name FROM command.tags WHERE id = $1::uuid AND user_id = $2::uuid FOR UPDATE";

/// `$1` tag, `$2` user, `$3` name, `$4` its key.
pub const RENAME_TAG: &str = "
UPDATE command.tags SET name = $3::text, name_key = $4::text, event_sequence = event_sequence + 1
WHERE id = $1::uuid AND user_id = $2::uuid
RETURNING event_sequence";

/// `$1` user, `$2` entry, or null for all that is the user's. Answers `counts`, by table.
pub const ERASE: &str = "SELECT command.erase($1::uuid, $2::uuid) AS counts";

/// The constraint that [`RENAME_TAG`] breaks when another tag has the name.
pub const TAG_NAME_CONSTRAINT: &str = "tags_name_is_unique";

/// `$1` id, `$2` user, `$3` mood, `$4` note or null, `$5` when, `$6` the user's day then.
pub const RECORD_MOOD: &str = "
INSERT INTO command.mood_records (id, user_id, mood, note, at, date)
VALUES ($1::uuid, $2::uuid, $3::text, $4::text, $5::timestamptz, $6::date)";
