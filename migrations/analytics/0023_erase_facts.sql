-- What the analytics service has of a user, or of one entry. Facts have no index by user: an erasure reads them all, which is rare, and
-- an index would cost every event.
--
-- Where a continuous aggregate counts activity, its next refresh follows (every quarter of an hour, for two years back).

CREATE FUNCTION analytics.erase(of_erasure uuid, of_sequence bigint, of_user uuid, of_entry uuid) RETURNS jsonb
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
        FOREACH name IN ARRAY ARRAY['analytics.facts', 'analytics.moods', 'analytics.activity', 'analytics.writing_days'] LOOP
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
REVOKE EXECUTE ON FUNCTION analytics.erase FROM PUBLIC;
GRANT EXECUTE ON FUNCTION analytics.erase TO mindflow_analytics;
