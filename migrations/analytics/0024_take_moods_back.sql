-- Moods that were taken back count for nothing. Apart from the moods, which are only appended; and whichever event comes first.
CREATE TABLE analytics.moods_taken_back (
    mood_id uuid PRIMARY KEY,
    user_id uuid NOT NULL
);
GRANT SELECT, INSERT ON analytics.moods_taken_back TO mindflow_analytics;
ALTER TABLE analytics.moods_taken_back ENABLE ROW LEVEL SECURITY, FORCE ROW LEVEL SECURITY;
CREATE POLICY owner_reads ON analytics.moods_taken_back FOR SELECT USING (user_id = (SELECT mindflow.user_id()));
CREATE POLICY service_keeps ON analytics.moods_taken_back USING ((SELECT mindflow.is_service())) WITH CHECK ((SELECT mindflow.is_service()));

-- As before, with them.
CREATE OR REPLACE FUNCTION analytics.erase(of_erasure uuid, of_sequence bigint, of_user uuid, of_entry uuid) RETURNS jsonb
    LANGUAGE plpgsql VOLATILE SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS $$
DECLARE
    counts jsonb := '{}';
    name   text;
    erased bigint;
BEGIN
    IF of_entry IS NULL THEN
        -- First: it takes the user's days exclusively, which entries take shared.
        counts := mindflow.erase_rows(counts, 'analytics.accounts', 'user_id = $1', of_user, NULL);
    END IF;
    FOREACH name IN ARRAY ARRAY['analytics.entries', 'analytics.sentiments'] LOOP
        counts := mindflow.erase_rows(counts, name, 'user_id = $1 AND ($2 IS NULL OR entry_id = $2)', of_user, of_entry);
    END LOOP;
    IF of_entry IS NULL THEN
        FOREACH name IN ARRAY ARRAY['analytics.facts', 'analytics.moods', 'analytics.moods_taken_back', 'analytics.activity', 'analytics.writing_days'] LOOP
            counts := mindflow.erase_rows(counts, name, 'user_id = $1', of_user, NULL);
        END LOOP;
    ELSE
        -- What the facts of the entry were counted as goes with them.
        WITH gone AS (
            DELETE FROM analytics.facts WHERE user_id = of_user AND subject_id = of_entry RETURNING occurred_at, kind
        ), days AS (
            SELECT (occurred_at AT TIME ZONE 'UTC')::date AS day, kind, count(*) AS facts FROM gone GROUP BY 1, 2
        ), counted AS (
            UPDATE analytics.activity a SET facts = a.facts - d.facts FROM days d
            WHERE a.day = d.day AND a.user_id = of_user AND a.kind = d.kind
        )
        SELECT count(*) INTO erased FROM gone;
        DELETE FROM analytics.activity WHERE user_id = of_user AND facts <= 0;
        counts := counts || jsonb_build_object('analytics.facts', erased);
    END IF;
    RETURN mindflow.note_erased('analytics', of_erasure, of_sequence, counts);
END
$$;
