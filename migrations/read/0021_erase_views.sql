-- What the query service has of a user, or of one entry.

-- That an entry was created which was purged since: it stays counted in the month's quota, without its id.
CREATE TABLE query.purged_creations (
    erasure_id uuid        PRIMARY KEY,
    user_id    uuid        NOT NULL,
    created_at timestamptz NOT NULL
);
CREATE INDEX purged_creations_by_time ON query.purged_creations (user_id, created_at);
-- Kept by the function below, so it is no part of what a replay compares.
GRANT SELECT ON query.purged_creations TO mindflow_query;
ALTER TABLE query.purged_creations ENABLE ROW LEVEL SECURITY;
ALTER TABLE query.purged_creations FORCE ROW LEVEL SECURITY;
CREATE POLICY owner_reads ON query.purged_creations FOR SELECT USING (user_id = (SELECT mindflow.user_id()));
CREATE POLICY service_keeps ON query.purged_creations USING ((SELECT mindflow.is_service())) WITH CHECK ((SELECT mindflow.is_service()));
CREATE POLICY admin_reads ON query.purged_creations FOR SELECT USING (mindflow.has_role('admin'));

-- What counts in a month's quota.
CREATE VIEW query.creations WITH (security_invoker = true) AS
SELECT user_id, created_at FROM query.entry_creations
UNION ALL
SELECT user_id, created_at FROM query.purged_creations;
GRANT SELECT ON query.creations TO mindflow_query;

-- `created`: of an entry, as long as its creation counts.
CREATE FUNCTION query.erase(of_erasure uuid, of_sequence bigint, of_user uuid, of_entry uuid, created timestamptz) RETURNS jsonb
    LANGUAGE plpgsql VOLATILE SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS $$
DECLARE
    counts jsonb := '{}';
    name   text;
BEGIN
    FOREACH name IN ARRAY ARRAY['query.entry_tags', 'query.entry_creations', 'query.analyses_view', 'query.journals_view'] LOOP
        counts := mindflow.erase_rows(counts, name, 'user_id = $1 AND ($2 IS NULL OR entry_id = $2)', of_user, of_entry);
    END LOOP;
    counts := mindflow.erase_rows(counts, 'query.last_changes', 'user_id = $1 AND ($2 IS NULL OR id = $2)', of_user, of_entry);
    IF created IS NOT NULL THEN
        INSERT INTO query.purged_creations (erasure_id, user_id, created_at) VALUES (of_erasure, of_user, created) ON CONFLICT DO NOTHING;
    END IF;
    IF of_entry IS NULL THEN
        FOREACH name IN ARRAY ARRAY['query.purged_creations', 'query.moods_view', 'query.tags_view'] LOOP
            counts := mindflow.erase_rows(counts, name, 'user_id = $1', of_user, NULL);
        END LOOP;
        counts := mindflow.erase_rows(counts, 'query.users_view', 'id = $1', of_user, NULL);
    END IF;
    RETURN mindflow.note_erased('query', of_erasure, of_sequence, counts);
END
$$;
REVOKE EXECUTE ON FUNCTION query.erase FROM PUBLIC;
GRANT EXECUTE ON FUNCTION query.erase TO mindflow_query;
CREATE INDEX last_changes_by_user ON query.last_changes (user_id);
CREATE INDEX analyses_view_by_user ON query.analyses_view (user_id);
