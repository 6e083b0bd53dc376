-- As before, with the sizes of media, which Day One's format has.
CREATE OR REPLACE VIEW portability.entries WITH (security_barrier = true) AS
SELECT j.id, j.user_id, j.book_id, jsonb_build_object(
    'id', j.id, 'title', j.title, 'content', j.content, 'mood', m.mood, 'tags', t.names, 'journal', b.name,
    'entryDate', j.entry_date, 'entryTime', j.entry_time, 'place', j.place,
    'createdAt', to_jsonb(j.created_at), 'updatedAt', to_jsonb(j.updated_at), 'publishedAt', to_jsonb(j.published_at),
    'draft', COALESCE(j.draft, false), 'pinned', COALESCE(j.pinned, false), 'favourite', COALESCE(j.favourite, false),
    'private', COALESCE(j.private, false), 'media', a.files) AS record,
    b.id IS NULL AS in_default
FROM command.journals j
LEFT JOIN command.journal_moods m ON m.entry_id = j.id
-- Entries of a deleted book are in the default one, whose row is there when it was renamed.
LEFT JOIN command.books b ON b.user_id = j.user_id AND b.id = j.book_id AND b.id <> j.user_id AND b.deleted_at IS NULL
CROSS JOIN LATERAL (
    SELECT COALESCE(jsonb_agg(k.name ORDER BY k.name COLLATE command.by_language, k.id), '[]') AS names
    FROM command.journal_tags l JOIN command.tags k ON k.id = l.tag_id AND k.user_id = l.user_id AND k.deleted_at IS NULL
    WHERE l.entry_id = j.id
) t
CROSS JOIN LATERAL (
    SELECT COALESCE(jsonb_agg(jsonb_build_object('id', f.id, 'name', f.file_name, 'contentType', r.content_type, 'size',
        jsonb_build_object('bytes', r.bytes, 'width', r.width, 'height', r.height, 'durationMs', f.duration_ms)) ORDER BY l.position), '[]') AS files
    FROM command.journal_attachments l
    JOIN media.files f ON f.id = l.media_id AND f.user_id = j.user_id
    JOIN media.renditions r ON r.file_id = f.id AND r.name = 'original'
    WHERE l.entry_id = j.id
) a
WHERE j.deleted_at IS NULL AND mindflow.is_service();
