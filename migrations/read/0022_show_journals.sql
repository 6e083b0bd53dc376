-- What is new of entries: drafts, which lists of entries leave out, pins, favourites, journals, times and places.
ALTER TABLE query.journals_view
    ADD COLUMN draft boolean NOT NULL DEFAULT false,
    ADD COLUMN published_at timestamptz,
    ADD COLUMN pinned boolean NOT NULL DEFAULT false,
    ADD COLUMN favourite boolean NOT NULL DEFAULT false,
    ADD COLUMN book_id uuid,
    ADD COLUMN entry_time text,
    ADD COLUMN place jsonb;
CREATE INDEX journals_view_drafts ON query.journals_view (user_id, updated_at DESC, entry_id DESC) WHERE deleted_at IS NULL AND draft;
CREATE INDEX journals_view_by_book ON query.journals_view (user_id, book_id, entry_date DESC, created_at DESC, entry_id DESC)
    WHERE deleted_at IS NULL AND NOT draft;
CREATE INDEX journals_view_marked ON query.journals_view (user_id, entry_date DESC, created_at DESC, entry_id DESC)
    WHERE deleted_at IS NULL AND NOT draft AND (pinned OR favourite);

-- Journals that entries are in. The default one has its user's id, and no row until it is renamed; a deleted one stays without its name,
-- so that an older event that comes late does not bring it back.
CREATE TABLE query.books_view (
    book_id  uuid PRIMARY KEY,
    user_id  uuid NOT NULL,
    name     text,
    deleted  boolean NOT NULL,
    sequence bigint NOT NULL
);
CREATE INDEX books_view_by_user ON query.books_view (user_id, book_id);
GRANT SELECT, INSERT, UPDATE, DELETE ON query.books_view TO mindflow_query;
ALTER TABLE query.books_view ENABLE ROW LEVEL SECURITY, FORCE ROW LEVEL SECURITY;
CREATE POLICY owner_reads ON query.books_view FOR SELECT USING (user_id = (SELECT mindflow.user_id()));
CREATE POLICY service_keeps ON query.books_view USING ((SELECT mindflow.is_service())) WITH CHECK ((SELECT mindflow.is_service()));

-- A mood that was taken back stays without what it was.
ALTER TABLE query.moods_view
    ALTER COLUMN mood DROP NOT NULL,
    ALTER COLUMN recorded_at DROP NOT NULL,
    ADD COLUMN date date,
    ADD COLUMN taken_back_at timestamptz;
COMMENT ON COLUMN query.moods_view.date IS 'The day in the time zone that its user had. Null where that is not known: then it is the day in UTC.';
CREATE INDEX moods_view_by_day ON query.moods_view (user_id, (COALESCE(date, (recorded_at AT TIME ZONE INTERVAL '0')::date)))
    WHERE taken_back_at IS NULL;

-- As before, with all of this; so is the write side's (0034 there).
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
SELECT 'tag', tag_id, user_id, sequence, jsonb_build_object('name', name) FROM query.tags_view
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

-- As before, with the journals. `created`: of an entry, as long as its creation counts; of a draft, and of what was imported, it does not.
CREATE OR REPLACE FUNCTION query.erase(of_erasure uuid, of_sequence bigint, of_user uuid, of_entry uuid, created timestamptz) RETURNS jsonb
    LANGUAGE plpgsql VOLATILE SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS $$
DECLARE
    counts jsonb := '{}';
    name   text;
BEGIN
    IF of_entry IS NOT NULL THEN
        -- When an erasure is repeated, only the row says it.
        INSERT INTO query.purged_creations (erasure_id, user_id, created_at)
        SELECT of_erasure, user_id, created_at FROM query.entry_creations WHERE user_id = of_user AND entry_id = of_entry
        ON CONFLICT DO NOTHING;
    END IF;
    FOREACH name IN ARRAY ARRAY['query.entry_tags', 'query.entry_creations', 'query.analyses_view', 'query.journals_view'] LOOP
        counts := mindflow.erase_rows(counts, name, 'user_id = $1 AND ($2 IS NULL OR entry_id = $2)', of_user, of_entry);
    END LOOP;
    counts := mindflow.erase_rows(counts, 'query.last_changes', 'user_id = $1 AND ($2 IS NULL OR id = $2)', of_user, of_entry);
    IF created IS NOT NULL THEN
        INSERT INTO query.purged_creations (erasure_id, user_id, created_at) VALUES (of_erasure, of_user, created) ON CONFLICT DO NOTHING;
    END IF;
    IF of_entry IS NULL THEN
        FOREACH name IN ARRAY ARRAY['query.purged_creations', 'query.moods_view', 'query.tags_view', 'query.books_view'] LOOP
            counts := mindflow.erase_rows(counts, name, 'user_id = $1', of_user, NULL);
        END LOOP;
        counts := mindflow.erase_rows(counts, 'query.users_view', 'id = $1', of_user, NULL);
    END IF;
    RETURN mindflow.note_erased('query', of_erasure, of_sequence, counts);
END
$$;
