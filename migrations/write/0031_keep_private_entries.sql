-- Entries that never leave the platform. Null is false: a host of the former release writes no value.
ALTER TABLE command.journals ADD COLUMN private boolean DEFAULT false;
GRANT UPDATE (private) ON command.journals TO mindflow_command;

-- As before, with whether an entry is private.
CREATE OR REPLACE VIEW reconciliation.aggregates WITH (security_barrier = true) AS
SELECT 'entry' AS kind, j.id, j.user_id, j.event_sequence AS version, j.event_sequence AS sequence,
    CASE WHEN j.deleted_at IS NULL THEN jsonb_build_object(
        'title', j.title, 'content', j.content, 'mood', m.mood, 'tagIds', t.ids, 'attachmentIds', a.ids,
        'createdAt', (extract(epoch FROM j.created_at) * 1000000)::bigint, 'updatedAt', (extract(epoch FROM j.updated_at) * 1000000)::bigint, 'entryDate', j.entry_date,
        'version', j.version, 'wordCount', j.word_count, 'private', COALESCE(j.private, false),
        'deletedAt', NULL, 'firstSeen', (extract(epoch FROM j.created_at) * 1000000)::bigint)
    ELSE jsonb_build_object('version', j.version, 'deletedAt', (extract(epoch FROM j.deleted_at) * 1000000)::bigint, 'firstSeen', (extract(epoch FROM j.created_at) * 1000000)::bigint) END AS state,
    CASE WHEN j.deleted_at IS NULL THEN 'JournalEntryUpdated' ELSE 'JournalEntryDeleted' END AS event_type,
    CASE WHEN j.deleted_at IS NULL THEN jsonb_build_object(
        'journalId', j.id, 'userId', j.user_id, 'title', j.title, 'content', j.content, 'mood', m.mood,
        'tags', t.named, 'attachmentIds', a.ids, 'createdAt', to_jsonb(j.created_at), 'updatedAt', to_jsonb(j.updated_at),
        'entryDate', j.entry_date, 'version', j.version, 'wordCount', j.word_count, 'private', COALESCE(j.private, false),
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
WHERE mindflow.is_service()
UNION ALL
SELECT 'tag', g.id, g.user_id, g.event_sequence, g.event_sequence, jsonb_build_object('name', g.name),
    'TagRenamed', jsonb_build_object('tagId', g.id, 'userId', g.user_id, 'name', g.name)
FROM command.tags g WHERE mindflow.is_service()
UNION ALL
SELECT 'mood', r.id, r.user_id, 1, 1, jsonb_build_object('mood', r.mood, 'note', r.note, 'at', (extract(epoch FROM r.at) * 1000000)::bigint),
    'MoodRecorded', jsonb_build_object('moodId', r.id, 'userId', r.user_id, 'mood', r.mood, 'note', r.note, 'at', to_jsonb(r.at))
FROM command.mood_records r WHERE mindflow.is_service()
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
WHERE mindflow.is_service();

-- What may leave the platform, as it is now: who sends something asks here at that moment, because an event tells what was so when
-- it was made, and may have waited since. Those that send may read it, and only as the service: for a caller it is empty.
CREATE SCHEMA consent;

CREATE VIEW consent.entries WITH (security_barrier = true) AS
SELECT j.id, j.user_id, COALESCE(j.private, false) AS private, j.deleted_at IS NOT NULL AS deleted
FROM command.journals j
WHERE mindflow.is_service();
COMMENT ON VIEW consent.entries IS 'Which entries stay inside the platform: private ones. No texts.';

GRANT USAGE ON SCHEMA consent TO mindflow_ai, mindflow_notification, mindflow_query;
GRANT SELECT ON consent.entries TO mindflow_ai, mindflow_notification, mindflow_query;
