-- A tag that was deleted stays without its name, so that an older event that comes late does not bring it back.
ALTER TABLE query.tags_view ALTER COLUMN name DROP NOT NULL, ADD COLUMN deleted boolean NOT NULL DEFAULT false;

-- As before, with tags that were deleted; so is the write side's (0035 there).
CREATE OR REPLACE VIEW query.aggregates WITH (security_invoker = true) AS
SELECT 'entry' AS kind, e.entry_id AS id, e.user_id,
    COALESCE(v.sequence, 0) AS version,
    CASE WHEN v.deleted_at IS NULL THEN jsonb_build_object(
        'title', v.title, 'content', v.content, 'mood', v.mood,
        -- What is shown, what is filtered by and what is counted must agree. The tags of a draft are not counted.
        'tagIds', CASE WHEN v.draft AND t.ids IS NULL THEN (SELECT COALESCE(jsonb_agg(tag.id ORDER BY tag.id), '[]') FROM unnest(v.tag_ids) AS tag (id))
            WHEN NOT v.draft AND COALESCE(v.tag_ids, '{}') @> COALESCE(t.ids, '{}') AND COALESCE(v.tag_ids, '{}') <@ COALESCE(t.ids, '{}')
                AND jsonb_array_length(v.tags) = cardinality(COALESCE(t.ids, '{}'))
                AND NOT EXISTS (SELECT FROM unnest(t.ids) AS tag (id) WHERE NOT v.tags @> jsonb_build_array(jsonb_build_object('id', tag.id)))
            THEN COALESCE(to_jsonb(t.ids), '[]') END,
        'attachmentIds', COALESCE(to_jsonb(v.attachment_ids), '[]'),
        'createdAt', (extract(epoch FROM v.created_at) * 1000000)::bigint, 'updatedAt', (extract(epoch FROM v.updated_at) * 1000000)::bigint, 'entryDate', v.entry_date,
        'version', v.version, 'wordCount', v.word_count, 'private', v.private,
        'draft', v.draft, 'publishedAt', (extract(epoch FROM v.published_at) * 1000000)::bigint,
        'pinned', v.pinned, 'favourite', v.favourite, 'bookId', v.book_id, 'entryTime', v.entry_time, 'place', v.place,
        'deletedAt', NULL, 'firstSeen', (extract(epoch FROM c.created_at) * 1000000)::bigint)
    ELSE jsonb_build_object('version', v.version, 'deletedAt', (extract(epoch FROM v.deleted_at) * 1000000)::bigint, 'firstSeen', (extract(epoch FROM c.created_at) * 1000000)::bigint)
        || CASE WHEN t.ids IS NULL AND num_nonnulls(v.title, v.content, v.mood, v.book_id, v.entry_time, v.place) = 0 THEN '{}'::jsonb ELSE '{"leftovers": true}' END
    END AS state
FROM (
    SELECT entry_id, user_id FROM query.journals_view UNION SELECT entry_id, user_id FROM query.entry_creations
    UNION SELECT entry_id, user_id FROM query.entry_tags
) e
LEFT JOIN query.journals_view v ON v.entry_id = e.entry_id AND v.user_id = e.user_id
LEFT JOIN query.entry_creations c ON c.entry_id = e.entry_id AND c.user_id = e.user_id
CROSS JOIN LATERAL (
    SELECT array_agg(t.tag_id ORDER BY t.tag_id) AS ids FROM query.entry_tags t WHERE t.entry_id = e.entry_id AND t.user_id = e.user_id
) t
UNION ALL
SELECT 'tag', tag_id, user_id, sequence, jsonb_build_object('name', name, 'deleted', deleted) FROM query.tags_view
UNION ALL
SELECT 'mood', mood_id, user_id, sequence,
    CASE WHEN taken_back_at IS NULL THEN jsonb_build_object('mood', mood, 'note', note, 'at', (extract(epoch FROM recorded_at) * 1000000)::bigint)
    ELSE jsonb_build_object('takenBackAt', (extract(epoch FROM taken_back_at) * 1000000)::bigint)
        || CASE WHEN num_nonnulls(mood, note) = 0 THEN '{}'::jsonb ELSE '{"leftovers": true}' END
    END
FROM query.moods_view
UNION ALL
SELECT 'user', id, id, 0, jsonb_build_object('email', email, 'displayName', display_name,
    'roles', (SELECT COALESCE(jsonb_agg(role ORDER BY role), '[]') FROM unnest(roles) role),
    'timezone', timezone, 'createdAt', (extract(epoch FROM created_at) * 1000000)::bigint)
FROM query.users_view
UNION ALL
SELECT 'book', book_id, user_id, sequence, jsonb_build_object('name', name, 'deleted', deleted) FROM query.books_view;
