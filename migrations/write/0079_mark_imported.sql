-- Entries that an import made, which take no place in a month's quota. Null of entries of before is false.

ALTER TABLE command.journals ADD COLUMN imported boolean DEFAULT false;

-- As before, without what was imported among what is counted.
CREATE OR REPLACE VIEW reconciliation.aggregates WITH (security_barrier = true) AS
SELECT 'entry' AS kind, j.id, j.user_id, j.event_sequence AS version, j.event_sequence AS sequence,
    CASE WHEN j.deleted_at IS NULL THEN jsonb_build_object(
        'title', j.title, 'content', j.content, 'mood', m.mood, 'tagIds', t.ids, 'attachmentIds', a.ids,
        'createdAt', (extract(epoch FROM j.created_at) * 1000000)::bigint, 'updatedAt', (extract(epoch FROM j.updated_at) * 1000000)::bigint, 'entryDate', j.entry_date,
        'version', j.version, 'wordCount', j.word_count, 'private', COALESCE(j.private, false),
        'draft', COALESCE(j.draft, false), 'publishedAt', (extract(epoch FROM j.published_at) * 1000000)::bigint,
        'pinned', COALESCE(j.pinned, false), 'favourite', COALESCE(j.favourite, false), 'bookId', j.book_id,
        'entryTime', j.entry_time, 'place', j.place,
        'deletedAt', NULL, 'firstSeen', s.counted)
    ELSE jsonb_build_object('version', j.version, 'deletedAt', (extract(epoch FROM j.deleted_at) * 1000000)::bigint, 'firstSeen', s.counted) END AS state,
    CASE WHEN j.deleted_at IS NOT NULL THEN 'JournalEntryDeleted' WHEN j.draft THEN 'JournalDraftSaved' ELSE 'JournalEntryUpdated' END AS event_type,
    CASE WHEN j.deleted_at IS NULL THEN jsonb_build_object(
        'journalId', j.id, 'userId', j.user_id, 'title', j.title, 'content', j.content, 'mood', m.mood,
        'tags', t.named, 'attachmentIds', a.ids, 'createdAt', to_jsonb(j.created_at), 'updatedAt', to_jsonb(j.updated_at),
        'entryDate', j.entry_date, 'version', j.version, 'wordCount', j.word_count, 'private', COALESCE(j.private, false),
        'draft', COALESCE(j.draft, false), 'publishedAt', to_jsonb(j.published_at), 'pinned', COALESCE(j.pinned, false),
        'favourite', COALESCE(j.favourite, false), 'bookId', j.book_id, 'entryTime', j.entry_time, 'place', j.place, 'imported', COALESCE(j.imported, false),
        -- What is known of its analysis stays as it is.
        'analysis', 'not_included', 'reason', 'restored')
    ELSE jsonb_build_object('journalId', j.id, 'userId', j.user_id, 'deletedAt', to_jsonb(j.deleted_at), 'version', j.version)
    END AS payload
FROM command.journals j
LEFT JOIN command.journal_moods m ON m.entry_id = j.id
CROSS JOIN LATERAL (
    SELECT COALESCE(jsonb_agg(k.id ORDER BY k.id), '[]') AS ids,
        COALESCE(jsonb_agg(jsonb_build_object('id', k.id, 'name', k.name) ORDER BY k.name COLLATE command.by_language, k.id), '[]') AS named
    FROM command.journal_tags l JOIN command.tags k ON k.id = l.tag_id AND k.user_id = l.user_id
    WHERE l.entry_id = j.id
) t
CROSS JOIN LATERAL (
    SELECT COALESCE(jsonb_agg(l.media_id ORDER BY l.position), '[]') AS ids
    FROM command.journal_attachments l WHERE l.entry_id = j.id
) a
-- Since when it takes a place in a month's quota; a draft takes none, nor does what was imported.
CROSS JOIN LATERAL (
    SELECT CASE WHEN NOT COALESCE(j.draft, false) AND NOT COALESCE(j.imported, false) THEN (extract(epoch FROM COALESCE(j.published_at, j.created_at)) * 1000000)::bigint END AS counted
) s
-- The read side has nothing of a purged one.
WHERE mindflow.is_service() AND j.purged_at IS NULL
UNION ALL
SELECT 'tag', g.id, g.user_id, g.event_sequence, g.event_sequence, jsonb_build_object('name', g.name, 'deleted', g.deleted_at IS NOT NULL),
    CASE WHEN g.deleted_at IS NULL THEN 'TagRenamed' ELSE 'TagDeleted' END,
    CASE WHEN g.deleted_at IS NULL THEN jsonb_build_object('tagId', g.id, 'userId', g.user_id, 'name', g.name)
    ELSE jsonb_build_object('tagId', g.id, 'userId', g.user_id, 'mergedInto', g.merged_into) END
FROM command.tags g WHERE mindflow.is_service()
UNION ALL
SELECT 'mood', r.id, r.user_id, v.sequence, v.sequence,
    CASE WHEN r.taken_back_at IS NULL THEN jsonb_build_object('mood', r.mood, 'note', r.note, 'at', (extract(epoch FROM r.at) * 1000000)::bigint)
    ELSE jsonb_build_object('takenBackAt', (extract(epoch FROM r.taken_back_at) * 1000000)::bigint) END,
    CASE WHEN r.taken_back_at IS NULL THEN 'MoodRecorded' ELSE 'MoodTakenBack' END,
    CASE WHEN r.taken_back_at IS NULL THEN jsonb_build_object('moodId', r.id, 'userId', r.user_id, 'mood', r.mood, 'note', r.note, 'at', to_jsonb(r.at), 'date', r.date)
    ELSE jsonb_build_object('moodId', r.id, 'userId', r.user_id, 'takenBackAt', to_jsonb(r.taken_back_at)) END
FROM command.mood_records r CROSS JOIN LATERAL (SELECT CASE WHEN r.taken_back_at IS NULL THEN 1 ELSE 2 END::bigint AS sequence) v
WHERE mindflow.is_service()
UNION ALL
-- Logins raise a user's sequence as well, and are nothing to the read side.
SELECT 'user', u.id, u.id, 0, u.event_sequence, jsonb_build_object('email', u.email, 'displayName', u.display_name,
        'roles', o.roles, 'timezone', u.timezone, 'createdAt', (extract(epoch FROM u.created_at) * 1000000)::bigint),
    'UserUpdated', jsonb_build_object('userId', u.id, 'email', u.email, 'displayName', u.display_name,
        'roles', o.roles, 'timezone', u.timezone, 'createdAt', to_jsonb(u.created_at))
FROM auth.users u
CROSS JOIN LATERAL (
    SELECT COALESCE(jsonb_agg(g.role ORDER BY g.role), '[]') AS roles FROM auth.user_roles g WHERE g.user_id = u.id
) o
WHERE mindflow.is_service()
UNION ALL
SELECT 'book', b.id, b.user_id, b.event_sequence, b.event_sequence, jsonb_build_object('name', b.name, 'deleted', b.deleted_at IS NOT NULL),
    CASE WHEN b.deleted_at IS NULL THEN 'JournalRenamed' ELSE 'JournalDeleted' END,
    jsonb_build_object('bookId', b.id, 'userId', b.user_id, 'name', COALESCE(b.name, ''))
FROM command.books b WHERE mindflow.is_service();
