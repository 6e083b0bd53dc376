-- Hours and days of writing are counted when they are asked for, from the entries. What was kept of them before has no reader, and
-- cost a tenth of what PostgreSQL does for an entry.
DROP TRIGGER entry_comes_or_goes ON analytics.entries;
DROP TRIGGER entry_changes ON analytics.entries;
DROP TRIGGER clock_comes_or_goes ON analytics.accounts;
DROP TRIGGER clock_changes ON analytics.accounts;
DROP FUNCTION analytics.entry_changed, analytics.clock_changed, analytics.count_writing, analytics.recount_writing,
    analytics.known_zone, analytics.writing_lock;
DROP TABLE analytics.writing_days;

-- As before, without them.
CREATE OR REPLACE FUNCTION analytics.erase(of_erasure uuid, of_sequence bigint, of_user uuid, of_entry uuid) RETURNS jsonb
    LANGUAGE plpgsql VOLATILE SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS $$
DECLARE
    counts jsonb := '{}';
    name   text;
    erased bigint;
BEGIN
    IF of_entry IS NULL THEN
        counts := mindflow.erase_rows(counts, 'analytics.accounts', 'user_id = $1', of_user, NULL);
    END IF;
    FOREACH name IN ARRAY ARRAY['analytics.entries', 'analytics.sentiments'] LOOP
        counts := mindflow.erase_rows(counts, name, 'user_id = $1 AND ($2 IS NULL OR entry_id = $2)', of_user, of_entry);
    END LOOP;
    IF of_entry IS NULL THEN
        FOREACH name IN ARRAY ARRAY['analytics.facts', 'analytics.moods', 'analytics.moods_taken_back', 'analytics.activity'] LOOP
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
