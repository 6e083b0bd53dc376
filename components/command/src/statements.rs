//! Every statement that the service sends, in one place, so that they can be compared with the schema and tested on a
//! real PostgreSQL without a sandbox.
//!
//! Those of changes, of imports, of tags that go and of templates are in modules of their own.
//!
//! Parameters are cast where they are used, so their types do not depend on the column. Each statement names the user as
//! well as the row; row-level security repeats that check.

#[path = "statements/changes.rs"]
mod changes;
#[path = "statements/ended_tags.rs"]
mod ended_tags;
#[path = "statements/imports.rs"]
pub mod imports;
#[path = "statements/templates.rs"]
mod templates;

pub use changes::*;
pub use ended_tags::*;
pub use templates::*;

/// `$1` entry, `$2` user, `$3` the columns of the entry, `$4` mood or null, `$5` attachments, `$6` client mutation id or
/// null, `$7` month, `$8` limit or null, `$9` the fingerprint of what was asked, `$10` whether it is a draft.
///
/// Claims the mutation id, then a place in the quota unless it is a draft, then writes the entry; each step only when the
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
    SELECT $2::uuid, $7::date, 1 FROM fresh WHERE NOT $10::boolean AND ($8::bigint IS NULL OR $8::bigint > 0)
    ON CONFLICT (user_id, month) DO UPDATE SET used = quota_usage.used + 1
    WHERE $8::bigint IS NULL OR quota_usage.used < $8::bigint
    RETURNING used
), allowed AS (
    SELECT 1 FROM place UNION ALL SELECT 1 FROM fresh WHERE $10::boolean
), entry AS (
    INSERT INTO command.journals
    SELECT given.* FROM allowed CROSS JOIN jsonb_populate_record(
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
SELECT EXISTS (SELECT FROM fresh) AS fresh, EXISTS (SELECT FROM allowed) AS within_quota";

/// The constraints that [`CREATE_ENTRY`] breaks when there is an entry with the id.
pub const ENTRY_ID_CONSTRAINTS: [&str; 2] = ["journals_pkey", "journals_user_id_id_key"];

/// `$1` user, `$2` month. How many entries the user has created in it.
pub const ENTRIES_USED: &str = "
SELECT used FROM command.quota_usage WHERE user_id = $1::uuid AND month = $2::date";

/// `$1` user, `$2` client mutation id.
pub const FIND_MUTATION: &str = "
SELECT entry_id, fingerprint FROM command.client_mutations WHERE user_id = $1::uuid AND client_mutation_id = $2::text";

/// `$1` entry, `$2` user, `$3` month, `$4` limit or null, `$5` now. A draft becomes an entry if there is a place for it in the quota: no
/// row when there is none.
pub const PUBLISH_ENTRY: &str = "
WITH place AS (
    INSERT INTO command.quota_usage (user_id, month, used)
    SELECT $2::uuid, $3::date, 1 WHERE $4::bigint IS NULL OR $4::bigint > 0
    ON CONFLICT (user_id, month) DO UPDATE SET used = quota_usage.used + 1
    WHERE $4::bigint IS NULL OR quota_usage.used < $4::bigint
    RETURNING used
)
UPDATE command.journals AS entry
SET draft = false, published_at = $5::timestamptz, updated_at = GREATEST(entry.updated_at, $5::timestamptz),
    event_sequence = entry.event_sequence + 1
FROM place
WHERE entry.id = $1::uuid AND entry.user_id = $2::uuid AND entry.draft
RETURNING entry.event_sequence, entry.updated_at";

/// `$1` entry, `$2` user. Serialises concurrent changes of one entry. It returns nothing of the entry: changes that it
/// waited for are visible to the next statement only.
pub const LOCK_ENTRY: &str = "
SELECT id FROM command.journals WHERE id = $1::uuid AND user_id = $2::uuid AND purged_at IS NULL FOR NO KEY UPDATE";

/// `$1` entry, `$2` user. In their order.
pub const ATTACHMENTS_OF_ENTRY: &str = "
SELECT media_id FROM command.journal_attachments WHERE entry_id = $1::uuid AND user_id = $2::uuid ORDER BY position";

/// `$1` entry, `$2` user. The whole entry, deleted ones included and purged ones not, its tags as lists sort them. They are held as they are until
/// the transaction ends, so that no event carries a name that a committed rename has replaced.
pub const READ_ENTRY: &str = "
WITH held AS MATERIALIZED (
    SELECT tag.id, tag.name
    FROM command.journal_tags link JOIN command.tags tag ON tag.user_id = link.user_id AND tag.id = link.tag_id
    WHERE link.entry_id = $1::uuid AND link.user_id = $2::uuid AND tag.deleted_at IS NULL
    ORDER BY tag.id
    FOR KEY SHARE OF tag
)
SELECT entry.*, entry.id AS journal_id, mood.mood,
       ARRAY(SELECT id FROM held ORDER BY name COLLATE command.by_language, id) AS tag_ids,
       ARRAY(SELECT name FROM held ORDER BY name COLLATE command.by_language, id) AS tag_names,
       ARRAY(SELECT media_id FROM command.journal_attachments attached
             WHERE attached.entry_id = $1::uuid ORDER BY attached.position) AS attachment_ids
FROM command.journals entry LEFT JOIN command.journal_moods mood ON mood.entry_id = entry.id
WHERE entry.id = $1::uuid AND entry.user_id = $2::uuid AND entry.purged_at IS NULL";

/// `$1` entry, `$2` user, `$3` the columns that change, `$4` now, `$5` whether the mood changes, `$6` the new mood or
/// null, `$7` all tags, `$8` all attachments. A column that is not given stays as it is, and so do tags and attachments
/// that are null. What has changed is live.
pub const CHANGE_ENTRY: &str = "
WITH changed AS (
    UPDATE command.journals AS entry
    SET title = given.title, content = given.content, entry_date = given.entry_date, word_count = given.word_count,
        private = given.private, pinned = given.pinned, favourite = given.favourite, book_id = given.book_id,
        entry_time = given.entry_time, place = given.place, updated_at = $4::timestamptz, version = entry.version + 1, event_sequence = entry.event_sequence + 1, deleted_at = NULL, trashed_at = NULL
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
UPDATE command.journals SET deleted_at = $3::timestamptz, trashed_at = $3::timestamptz, event_sequence = event_sequence + 1
WHERE id = $1::uuid AND user_id = $2::uuid AND deleted_at IS NULL AND ($4::bigint IS NULL OR version = $4::bigint)
RETURNING version, event_sequence";

/// `$1` entry, `$2` user. The version of a live entry.
pub const VERSION_OF_ENTRY: &str = "
SELECT version FROM command.journals WHERE id = $1::uuid AND user_id = $2::uuid AND deleted_at IS NULL";

/// `$1` entry, `$2` user.
pub const DRAFT_OF_USER: &str = "
SELECT id FROM command.journals WHERE id = $1::uuid AND user_id = $2::uuid AND draft AND deleted_at IS NULL";

/// `$1` entry, `$2` user. Counts an event that leaves the content as it is, and undoes a deletion.
pub const REVIVE_ENTRY: &str = "
UPDATE command.journals SET deleted_at = NULL, trashed_at = NULL, event_sequence = event_sequence + 1
WHERE id = $1::uuid AND user_id = $2::uuid
RETURNING event_sequence";

/// `$1` entry, `$2` user, `$3` whether it is pinned, `$4` whether it is a favourite, `$5` its journal or null. Its content and its version
/// stay as they are.
pub const MARK_ENTRY: &str = "
UPDATE command.journals
SET pinned = $3::boolean, favourite = $4::boolean, book_id = $5::uuid, event_sequence = event_sequence + 1
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
SELECT name FROM command.tags WHERE id = $1::uuid AND user_id = $2::uuid AND deleted_at IS NULL FOR UPDATE";

/// `$1` tag, `$2` user, `$3` name, `$4` its key.
pub const RENAME_TAG: &str = "
UPDATE command.tags SET name = $3::text, name_key = $4::text, event_sequence = event_sequence + 1
WHERE id = $1::uuid AND user_id = $2::uuid
RETURNING event_sequence";

/// `$1` user, `$2` entry, or null for all that is the user's. Answers `counts`, by table. What an entry said goes, and that there was one
/// stays, so that neither its id nor the mutation that made it makes another.
pub const ERASE: &str = "SELECT command.erase($1::uuid, $2::uuid) AS counts";

/// The constraint that [`RENAME_TAG`] breaks when another tag has the name.
pub const TAG_NAME_CONSTRAINT: &str = "tags_name_is_unique";

/// `$1` id, `$2` user, `$3` mood, `$4` note or null, `$5` when, `$6` the user's day then.
pub const RECORD_MOOD: &str = "
INSERT INTO command.mood_records (id, user_id, mood, note, at, date)
VALUES ($1::uuid, $2::uuid, $3::text, $4::text, $5::timestamptz, $6::date)";

/// `$1` mood, `$2` user, `$3` now. Neither what it was nor its note stays.
pub const TAKE_BACK_MOOD: &str = "
UPDATE command.mood_records SET mood = NULL, note = NULL, taken_back_at = $3::timestamptz
WHERE id = $1::uuid AND user_id = $2::uuid AND taken_back_at IS NULL
RETURNING id";

/// `$1` entry, `$2` user, `$3` the columns of the entry as it was, `$4` how many of its versions are kept. The oldest of more go.
pub const KEEP_VERSION: &str = "
WITH kept AS (
    INSERT INTO command.entry_versions
    SELECT given.* FROM jsonb_populate_record(
        NULL::command.entry_versions, $3::jsonb || jsonb_build_object('entry_id', $1::uuid, 'user_id', $2::uuid)
    ) AS given
    ON CONFLICT (entry_id, version) DO NOTHING
)
DELETE FROM command.entry_versions
WHERE entry_id = $1::uuid AND user_id = $2::uuid AND version <= (
    SELECT version FROM command.entry_versions WHERE entry_id = $1::uuid AND user_id = $2::uuid
    ORDER BY version DESC OFFSET $4::bigint - 1 LIMIT 1
)";

/// `$1` entry, `$2` user, `$3` a version.
pub const READ_VERSION: &str = "
SELECT * FROM command.entry_versions WHERE entry_id = $1::uuid AND user_id = $2::uuid AND version = $3::bigint";

/// `$1` entry, `$2` user.
pub const COUNT_VERSIONS: &str = "
SELECT count(*) AS total FROM command.entry_versions WHERE entry_id = $1::uuid AND user_id = $2::uuid";

/// `$1` entry, `$2` user, `$3` the version before the page or null, `$4` how many, `$5` how many bytes their contents may have together;
/// the first one comes whatever it has. `found` is larger than the page when more follow.
pub const PAGE_OF_VERSIONS: &str = "
SELECT page.* FROM (
    SELECT asked.*, count(*) OVER () AS found, row_number() OVER (ORDER BY version DESC) AS nth,
           sum(octet_length(content)) OVER (ORDER BY version DESC) AS bytes
    FROM (
        SELECT * FROM command.entry_versions
        WHERE entry_id = $1::uuid AND user_id = $2::uuid AND ($3::bigint IS NULL OR version < $3::bigint)
        ORDER BY version DESC LIMIT $4::bigint + 1
    ) asked
) page
WHERE page.nth <= $4::bigint AND (page.nth = 1 OR page.bytes <= $5::bigint)
ORDER BY page.nth";

/// `$1` user.
pub const COUNT_TRASH: &str = "
SELECT count(*) AS total FROM command.journals WHERE user_id = $1::uuid AND deleted_at IS NOT NULL AND purged_at IS NULL";

/// `$1` user, `$2` and `$3` when the entry before the page was deleted, and its id, or null, `$4` how many, `$5` how many bytes, as in
/// [`PAGE_OF_VERSIONS`].
pub const PAGE_OF_TRASH: &str = "
SELECT page.*, page.id AS journal_id, COALESCE(page.trashed_at, page.deleted_at) AS in_trash_since, mood.mood,
       ARRAY(SELECT tag.id FROM command.journal_tags link JOIN command.tags tag ON tag.id = link.tag_id AND tag.user_id = link.user_id
             WHERE link.entry_id = page.id ORDER BY tag.name COLLATE command.by_language, tag.id) AS tag_ids,
       ARRAY(SELECT tag.name FROM command.journal_tags link JOIN command.tags tag ON tag.id = link.tag_id AND tag.user_id = link.user_id
             WHERE link.entry_id = page.id ORDER BY tag.name COLLATE command.by_language, tag.id) AS tag_names,
       ARRAY(SELECT media_id FROM command.journal_attachments attached
             WHERE attached.entry_id = page.id ORDER BY attached.position) AS attachment_ids
FROM (
    SELECT asked.*, count(*) OVER () AS found, row_number() OVER (ORDER BY deleted_at DESC, id DESC) AS nth,
           sum(octet_length(content)) OVER (ORDER BY deleted_at DESC, id DESC) AS bytes
    FROM (
        SELECT * FROM command.journals
        WHERE user_id = $1::uuid AND deleted_at IS NOT NULL AND purged_at IS NULL
            AND ($2::timestamptz IS NULL OR (deleted_at, id) < ($2::timestamptz, $3::uuid))
        ORDER BY deleted_at DESC, id DESC LIMIT $4::bigint + 1
    ) asked
) page
LEFT JOIN command.journal_moods mood ON mood.entry_id = page.id
WHERE page.nth <= $4::bigint AND (page.nth = 1 OR page.bytes <= $5::bigint)
ORDER BY page.nth";

/// `$1` entry, `$2` user, `$3` a time. No row: it has not been in the trash since before then.
pub const IN_TRASH_BEFORE: &str = "
SELECT id FROM command.journals
WHERE id = $1::uuid AND user_id = $2::uuid AND deleted_at IS NOT NULL AND purged_at IS NULL
    AND COALESCE(trashed_at, deleted_at) < $3::timestamptz";

/// `$1` a time, `$2` how many. Entries of all users that have been in the trash since before then.
pub const LONG_IN_TRASH: &str = "
SELECT id, user_id FROM command.journals
WHERE deleted_at IS NOT NULL AND purged_at IS NULL AND COALESCE(trashed_at, deleted_at) < $1::timestamptz
ORDER BY COALESCE(trashed_at, deleted_at) LIMIT $2::bigint";

/// `$1` id, `$2` user, `$3` name, `$4` its key, `$5` how many a user can have. No row: there are as many.
pub const CREATE_BOOK: &str = "
INSERT INTO command.books (id, user_id, name, name_key, event_sequence)
SELECT $1::uuid, $2::uuid, $3::text, $4::text, 1
WHERE (SELECT count(*) FROM command.books WHERE user_id = $2::uuid AND id <> $2::uuid AND deleted_at IS NULL) < $5::bigint
RETURNING id";

/// `$1` book, `$2` user. One that is not deleted, which it stays until the transaction ends.
pub const HOLD_BOOK: &str = "
SELECT id FROM command.books WHERE id = $1::uuid AND user_id = $2::uuid AND deleted_at IS NULL FOR KEY SHARE";

/// `$1` book, `$2` user. One that is not deleted.
pub const LOCK_BOOK: &str = "
SELECT name, event_sequence FROM command.books WHERE id = $1::uuid AND user_id = $2::uuid AND deleted_at IS NULL FOR UPDATE";

/// `$1` book, `$2` user, `$3` name, `$4` its key. The default one has no row before its first name of its own.
pub const RENAME_BOOK: &str = "
INSERT INTO command.books AS book (id, user_id, name, name_key, event_sequence)
VALUES ($1::uuid, $2::uuid, $3::text, $4::text, 1)
ON CONFLICT (id) DO UPDATE SET name = excluded.name, name_key = excluded.name_key, event_sequence = book.event_sequence + 1
WHERE book.user_id = excluded.user_id
RETURNING event_sequence";

/// `$1` book, `$2` user, `$3` now.
pub const DELETE_BOOK: &str = "
UPDATE command.books SET name = NULL, name_key = NULL, deleted_at = $3::timestamptz, event_sequence = event_sequence + 1
WHERE id = $1::uuid AND user_id = $2::uuid AND deleted_at IS NULL
RETURNING event_sequence";

/// The constraint that [`CREATE_BOOK`] and [`RENAME_BOOK`] break when another one has the name.
pub const BOOK_NAME_CONSTRAINT: &str = "books_name_is_unique";
