//! What has changed since a device was here, and the things themselves as they are now.

/// `$1` user, `$2` the position before the page, `$3` up to where tombstones are not needed, `$4` how many, `$5` how many bytes their
/// contents may have together; the first one comes whatever it has. Each row has the user's counter and what of it is forgotten, as of
/// the same moment; without a change there is one row with these alone. `found` is larger than the page when more follow.
pub const PAGE_OF_CHANGES: &str = "
SELECT state.counter, state.forgotten, page.kind, page.id, page.deleted, page.position, page.found
FROM (
    SELECT COALESCE(max(counter), 0) AS counter, COALESCE(max(forgotten), 0) AS forgotten
    FROM command.change_counters WHERE user_id = $1::uuid
) state
LEFT JOIN (
    SELECT asked.*, count(*) OVER () AS found, row_number() OVER (ORDER BY position) AS nth, sum(bytes) OVER (ORDER BY position) AS together
    FROM (
        SELECT change.kind, change.id, change.deleted, change.position, CASE
            WHEN change.deleted THEN 0
            WHEN change.kind = 'entry' THEN (SELECT octet_length(content) FROM command.journals WHERE id = change.id)
            WHEN change.kind = 'template' THEN (SELECT octet_length(content) FROM command.templates WHERE id = change.id)
            ELSE 0 END AS bytes
        FROM command.changes change
        WHERE change.user_id = $1::uuid AND change.position > $2::bigint AND (NOT change.deleted OR change.position > $3::bigint)
        ORDER BY change.position LIMIT $4::bigint + 1
    ) asked
) page ON page.nth <= $4::bigint AND (page.nth = 1 OR page.together <= $5::bigint)
ORDER BY page.nth";

/// `$1` user, `$2` ids. Those that are there, not deleted.
pub const ENTRIES_BY_ID: &str = "
SELECT entry.*, entry.id AS journal_id, mood.mood, named.tag_ids, named.tag_names,
       ARRAY(SELECT media_id FROM command.journal_attachments kept WHERE kept.entry_id = entry.id ORDER BY kept.position) AS attachment_ids
FROM command.journals entry
LEFT JOIN command.journal_moods mood ON mood.entry_id = entry.id
CROSS JOIN LATERAL (
    SELECT COALESCE(array_agg(tag.id ORDER BY tag.name COLLATE command.by_language, tag.id), '{}') AS tag_ids,
           COALESCE(array_agg(tag.name ORDER BY tag.name COLLATE command.by_language, tag.id), '{}') AS tag_names
    FROM command.journal_tags link JOIN command.tags tag ON tag.user_id = link.user_id AND tag.id = link.tag_id
    WHERE link.entry_id = entry.id AND tag.deleted_at IS NULL
) named
WHERE entry.user_id = $1::uuid AND entry.id = ANY ($2::uuid[]) AND entry.deleted_at IS NULL";

/// The same of journals.
pub const BOOKS_BY_ID: &str = "
SELECT id, name FROM command.books WHERE user_id = $1::uuid AND id = ANY ($2::uuid[]) AND deleted_at IS NULL";

/// The same of tags.
pub const TAGS_BY_ID: &str = "
SELECT id, name FROM command.tags WHERE user_id = $1::uuid AND id = ANY ($2::uuid[]) AND deleted_at IS NULL";

/// The same of moods. The day of one that was recorded before days were kept is that in UTC.
pub const MOODS_BY_ID: &str = "
SELECT id, mood, note, at, COALESCE(date, (at AT TIME ZONE INTERVAL '0')::date) AS date FROM command.mood_records
WHERE user_id = $1::uuid AND id = ANY ($2::uuid[]) AND taken_back_at IS NULL";

/// The same of templates.
pub const TEMPLATES_BY_ID: &str = "
SELECT * FROM command.templates WHERE user_id = $1::uuid AND id = ANY ($2::uuid[])";

/// `$1` a time, `$2` how many. Tombstones of all users that are older go. A user's counter is locked before the changes, as by those who
/// write. Answers how many there were.
pub const FORGET_CHANGES: &str = "
WITH old AS MATERIALIZED (
    SELECT user_id, kind, id FROM command.changes WHERE deleted AND at < $1::timestamptz ORDER BY at LIMIT $2::bigint
), held AS MATERIALIZED (
    SELECT user_id FROM command.change_counters WHERE user_id IN (SELECT user_id FROM old) ORDER BY user_id FOR UPDATE
), gone AS (
    DELETE FROM command.changes change USING old JOIN held ON held.user_id = old.user_id
    WHERE change.user_id = old.user_id AND change.kind = old.kind AND change.id = old.id AND change.deleted AND change.at < $1::timestamptz
    RETURNING change.user_id, change.position
), forgotten AS (
    UPDATE command.change_counters kept SET forgotten = GREATEST(kept.forgotten, last.position)
    FROM (SELECT user_id, max(position) AS position FROM gone GROUP BY user_id) last
    WHERE kept.user_id = last.user_id
)
SELECT count(*) AS forgotten FROM gone";
