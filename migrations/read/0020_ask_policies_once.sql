-- Row-level security asks who reads once a statement, and not once a row: as a subquery, the answer is computed before the
-- rows are read. Of a user with a hundred thousand entries that is most of the time of a count.

DO $$
DECLARE
    name text;
BEGIN
    FOREACH name IN ARRAY ARRAY['journals_view', 'entry_tags', 'entry_creations', 'analyses_view', 'moods_view', 'tags_view'] LOOP
        EXECUTE format('ALTER POLICY owner_reads ON query.%I USING (user_id = (SELECT mindflow.user_id()))', name);
        EXECUTE format('ALTER POLICY service_keeps ON query.%I USING ((SELECT mindflow.is_service())) WITH CHECK ((SELECT mindflow.is_service()))', name);
    END LOOP;
END
$$;
ALTER POLICY admin_reads ON query.entry_creations USING ((SELECT mindflow.has_role('admin')));

ALTER POLICY owner_reads ON query.users_view USING (id = (SELECT mindflow.user_id()));
ALTER POLICY admin_reads ON query.users_view USING ((SELECT mindflow.has_role('admin')));
ALTER POLICY service_keeps ON query.users_view USING ((SELECT mindflow.is_service())) WITH CHECK ((SELECT mindflow.is_service()));
