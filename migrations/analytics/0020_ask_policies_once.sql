-- Row-level security asks who reads once a statement, and not once a row: as a subquery, the answer is computed before the
-- rows are read.

DO $$
DECLARE
    name text;
BEGIN
    FOREACH name IN ARRAY ARRAY['accounts', 'entries', 'sentiments', 'moods', 'activity'] LOOP
        EXECUTE format('ALTER POLICY owner_reads ON analytics.%I USING (user_id = (SELECT mindflow.user_id()))', name);
        EXECUTE format('ALTER POLICY service_keeps ON analytics.%I USING ((SELECT mindflow.is_service())) WITH CHECK ((SELECT mindflow.is_service()))', name);
    END LOOP;
END
$$;
