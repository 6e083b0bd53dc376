//! Tags that go: off their entries, a part at a time, and then for good.

/// `$1` user, `$2` tags that go, `$3` how many entries, `$4` how many bytes their contents may have together; the first one comes whatever
/// it has. Some entries that have one of the tags, deleted ones included, locked in the order of their ids.
pub const HOLD_TAGGED: &str = "
SELECT id FROM command.journals WHERE user_id = $1::uuid AND id IN (
    SELECT entry.id FROM (
        SELECT asked.id, row_number() OVER (ORDER BY id) AS nth, sum(octet_length(content)) OVER (ORDER BY id) AS together
        FROM (
            SELECT held.id, held.content FROM command.journals held
            WHERE held.user_id = $1::uuid AND EXISTS (
                SELECT FROM command.journal_tags link WHERE link.user_id = $1::uuid AND link.entry_id = held.id AND link.tag_id = ANY ($2::uuid[]))
            ORDER BY held.id LIMIT $3::bigint
        ) asked
    ) entry
    WHERE entry.nth = 1 OR entry.together <= $4::bigint
)
ORDER BY id FOR NO KEY UPDATE";

/// `$1` user, `$2` tag. Its name; it stays as it is until the transaction ends.
pub const HOLD_TAG: &str = "
SELECT id, name FROM command.tags WHERE user_id = $1::uuid AND id = $2::uuid AND deleted_at IS NULL FOR KEY SHARE";

/// `$1` user, `$2` entries, which are locked, `$3` tags that go, `$4` the tag that comes in their place, or null. Counts an event of
/// each entry that is not deleted.
pub const RETAG_ENTRIES: &str = "
WITH gone AS (
    DELETE FROM command.journal_tags WHERE user_id = $1::uuid AND entry_id = ANY ($2::uuid[]) AND tag_id = ANY ($3::uuid[])
), given AS (
    INSERT INTO command.journal_tags (user_id, entry_id, tag_id)
    SELECT $1::uuid, id, $4::uuid FROM unnest($2::uuid[]) AS entry (id) WHERE $4::uuid IS NOT NULL
    ON CONFLICT (entry_id, tag_id) DO NOTHING
)
UPDATE command.journals SET event_sequence = event_sequence + 1
WHERE user_id = $1::uuid AND id = ANY ($2::uuid[]) AND deleted_at IS NULL";

/// `$1` user, `$2` tags. They wait for transactions whose entries get them, and keep others from it.
pub const LOCK_TAGS: &str = "
SELECT id FROM command.tags WHERE user_id = $1::uuid AND id = ANY ($2::uuid[]) AND deleted_at IS NULL ORDER BY id FOR UPDATE";

/// `$1` user, `$2` tags, which are locked, `$3` the tag that came in their place, or null, `$4` now. Their names are free from then on. No
/// row: an entry has got one of them meanwhile.
pub const END_TAGS: &str = "
UPDATE command.tags SET name = NULL, name_key = NULL, deleted_at = $4::timestamptz, merged_into = $3::uuid, event_sequence = event_sequence + 1
WHERE user_id = $1::uuid AND id = ANY ($2::uuid[]) AND deleted_at IS NULL
    AND NOT EXISTS (SELECT FROM command.journal_tags link WHERE link.user_id = $1::uuid AND link.tag_id = ANY ($2::uuid[]))
RETURNING id, event_sequence";
