-- What a user wrote on each day of the user's own clock. `writingStats` reads a row a day instead of every entry.
--
-- The rows follow from analytics.entries and analytics.accounts, whose triggers keep them, so no order of events and no repair of
-- those tables makes them differ. The triggers run as the owner of the tables; the service reads only.

CREATE TABLE analytics.writing_days (
    user_id uuid NOT NULL,
    day     date NOT NULL,
    -- Live entries by the hour in which they were begun, from 0 to 23.
    by_hour bigint[] NOT NULL CHECK (cardinality(by_hour) = 24),
    words   bigint NOT NULL,
    PRIMARY KEY (user_id, day)
);

GRANT SELECT ON analytics.writing_days TO mindflow_analytics;

ALTER TABLE analytics.writing_days ENABLE ROW LEVEL SECURITY;
ALTER TABLE analytics.writing_days FORCE ROW LEVEL SECURITY;
CREATE POLICY owner_reads ON analytics.writing_days FOR SELECT USING (user_id = (SELECT mindflow.user_id()));
CREATE POLICY service_reads ON analytics.writing_days FOR SELECT USING ((SELECT mindflow.is_service()));
CREATE POLICY triggers_keep ON analytics.writing_days TO CURRENT_USER USING (true) WITH CHECK (true);
CREATE POLICY triggers_read ON analytics.entries FOR SELECT TO CURRENT_USER USING (true);
CREATE POLICY triggers_read ON analytics.accounts FOR SELECT TO CURRENT_USER USING (true);

-- An entry is counted on the clock that its user has, and a clock that changes moves all entries: one after the other.
CREATE FUNCTION analytics.writing_lock(of_user uuid) RETURNS bigint LANGUAGE sql IMMUTABLE
    RETURN hashtextextended('analytics.writing_days ' || of_user, 0);

CREATE FUNCTION analytics.count_writing(of_user uuid, at timestamptz, of_entries bigint, of_words bigint) RETURNS void
    LANGUAGE plpgsql AS $$
DECLARE
    local_time timestamp;
    slot       integer;
BEGIN
    PERFORM pg_advisory_xact_lock_shared(analytics.writing_lock(of_user));
    local_time := at AT TIME ZONE COALESCE((SELECT a.timezone FROM analytics.accounts a WHERE a.user_id = of_user), 'UTC');
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

CREATE FUNCTION analytics.recount_writing(of_user uuid) RETURNS void LANGUAGE plpgsql AS $$
BEGIN
    PERFORM pg_advisory_xact_lock(analytics.writing_lock(of_user));
    DELETE FROM analytics.writing_days w WHERE w.user_id = of_user;
    INSERT INTO analytics.writing_days (user_id, day, by_hour, words)
    WITH zone AS (
        SELECT COALESCE((SELECT a.timezone FROM analytics.accounts a WHERE a.user_id = of_user), 'UTC') AS name
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

REVOKE EXECUTE ON FUNCTION analytics.count_writing, analytics.recount_writing FROM PUBLIC;

CREATE FUNCTION analytics.entry_changed() RETURNS trigger
    LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS $$
BEGIN
    IF TG_OP <> 'INSERT' AND OLD.is_live THEN
        PERFORM analytics.count_writing(OLD.user_id, OLD.written_at, -1, -OLD.words);
    END IF;
    IF TG_OP <> 'DELETE' AND NEW.is_live THEN
        PERFORM analytics.count_writing(NEW.user_id, NEW.written_at, 1, NEW.words);
    END IF;
    RETURN NULL;
END
$$;

CREATE FUNCTION analytics.clock_changed() RETURNS trigger
    LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS $$
BEGIN
    PERFORM analytics.recount_writing(COALESCE(NEW.user_id, OLD.user_id));
    RETURN NULL;
END
$$;

CREATE TRIGGER entry_comes_or_goes AFTER INSERT OR DELETE ON analytics.entries
    FOR EACH ROW EXECUTE FUNCTION analytics.entry_changed();
CREATE TRIGGER entry_changes AFTER UPDATE ON analytics.entries
    FOR EACH ROW WHEN ((OLD.user_id, OLD.is_live, OLD.words, OLD.written_at)
        IS DISTINCT FROM (NEW.user_id, NEW.is_live, NEW.words, NEW.written_at))
    EXECUTE FUNCTION analytics.entry_changed();
CREATE TRIGGER clock_comes_or_goes AFTER INSERT OR DELETE ON analytics.accounts
    FOR EACH ROW EXECUTE FUNCTION analytics.clock_changed();
CREATE TRIGGER clock_changes AFTER UPDATE ON analytics.accounts
    FOR EACH ROW WHEN (OLD.timezone IS DISTINCT FROM NEW.timezone)
    EXECUTE FUNCTION analytics.clock_changed();

SELECT analytics.recount_writing(e.user_id) FROM (SELECT DISTINCT user_id FROM analytics.entries WHERE is_live) e;
