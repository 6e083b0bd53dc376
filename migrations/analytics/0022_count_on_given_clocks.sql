-- Local times are computed by one database of time zones, which is inside the components: PostgreSQL gets days and offsets, and
-- looks up no zone by its name. Its own database may be older, or lack a zone that a profile has.

-- === moods have the day that they were recorded on ===

ALTER TABLE analytics.moods ADD COLUMN felt_on date;
COMMENT ON COLUMN analytics.moods.felt_on IS 'Null where the event says no day: then it is the day in UTC.';

CREATE INDEX moods_by_day ON analytics.moods (user_id, (COALESCE(felt_on, (felt_at AT TIME ZONE INTERVAL '0')::date)));

-- === hours are counted when they are asked for, and streaks are of entry dates ===

CREATE INDEX entries_by_writing ON analytics.entries (user_id, written_at) INCLUDE (words) WHERE is_live;

-- === hosts of the former release ===

-- They read analytics.writing_days, so its triggers go on until a later release removes both. A zone that the server does not
-- know must not stop them.
CREATE FUNCTION analytics.known_zone(name text) RETURNS text LANGUAGE plpgsql STABLE AS $$
BEGIN
    PERFORM now() AT TIME ZONE name;
    RETURN name;
EXCEPTION WHEN invalid_parameter_value THEN
    RETURN 'UTC';
END
$$;

CREATE OR REPLACE FUNCTION analytics.count_writing(of_user uuid, at timestamptz, of_entries bigint, of_words bigint) RETURNS void
    LANGUAGE plpgsql AS $$
DECLARE
    local_time timestamp;
    slot       integer;
BEGIN
    PERFORM pg_advisory_xact_lock_shared(analytics.writing_lock(of_user));
    local_time := at AT TIME ZONE analytics.known_zone(
        COALESCE((SELECT a.timezone FROM analytics.accounts a WHERE a.user_id = of_user), 'UTC'));
    slot := extract(hour FROM local_time)::integer + 1;
    INSERT INTO analytics.writing_days AS w (user_id, day, by_hour, words)
    VALUES (of_user, local_time::date,
        array_fill(0::bigint, ARRAY[slot - 1]) || of_entries || array_fill(0::bigint, ARRAY[24 - slot]), of_words)
    ON CONFLICT (user_id, day) DO UPDATE SET by_hour[slot] = w.by_hour[slot] + of_entries, words = w.words + of_words;
    IF of_entries < 0 THEN
        DELETE FROM analytics.writing_days w
        WHERE w.user_id = of_user AND w.day = local_time::date AND w.by_hour = array_fill(0::bigint, ARRAY[24]);
    END IF;
END
$$;

CREATE OR REPLACE FUNCTION analytics.recount_writing(of_user uuid) RETURNS void LANGUAGE plpgsql AS $$
BEGIN
    PERFORM pg_advisory_xact_lock(analytics.writing_lock(of_user));
    DELETE FROM analytics.writing_days w WHERE w.user_id = of_user;
    INSERT INTO analytics.writing_days (user_id, day, by_hour, words)
    WITH zone AS MATERIALIZED (
        SELECT analytics.known_zone(COALESCE((SELECT a.timezone FROM analytics.accounts a WHERE a.user_id = of_user), 'UTC')) AS name
    ), hours AS (
        SELECT l.at::date AS day, extract(hour FROM l.at) AS hour, count(*) AS entries, sum(l.words) AS words
        FROM (SELECT e.written_at AT TIME ZONE zone.name AS at, e.words FROM analytics.entries e, zone
            WHERE e.user_id = of_user AND e.is_live) l
        GROUP BY 1, 2
    )
    SELECT of_user, d.day, array_agg(COALESCE(h.entries, 0) ORDER BY clock.hour), sum(h.words)::bigint
    FROM (SELECT DISTINCT day FROM hours) d
    CROSS JOIN generate_series(0, 23) AS clock (hour)
    LEFT JOIN hours h ON h.day = d.day AND h.hour = clock.hour
    GROUP BY d.day;
END
$$;

REVOKE EXECUTE ON FUNCTION analytics.known_zone FROM PUBLIC;
