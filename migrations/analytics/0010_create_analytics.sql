-- Figures over time: facts from events, only appended, and roll-ups that the same events keep.
--
-- An event leaves one fact, with the event's own id, so a second delivery adds nothing. The roll-ups hold what
-- readers ask for: entries and accounts as they are now, whatever order the events came in, the moods, and how
-- much happened a day. Everything follows from events, so a replay into empty tables gives the same rows.
--
-- Facts are kept in one of three ways, which answer alike:
--
--   TimescaleDB with its licensed part   a hypertable, compressed and dropped by age; a continuous aggregate
--   TimescaleDB without                  a hypertable; activity is counted by the events
--   plain PostgreSQL                     partitions by year; activity is counted by the events
--
-- The licensed part refuses tables with row-level security. So nobody may read facts, the service included:
-- it appends, and reads roll-ups, which show a caller the caller's rows alone.

CREATE SCHEMA analytics;

GRANT USAGE ON SCHEMA analytics TO mindflow_analytics;

-- === facts ===

DO $$
DECLARE
    columns CONSTANT text := $columns$
        event_id       uuid NOT NULL,
        occurred_at    timestamptz NOT NULL,
        kind           text NOT NULL CHECK (kind IN ('account', 'login', 'entry', 'deletion', 'mood', 'analysis')),
        user_id        uuid NOT NULL,
        -- the entry, the mood or the account
        subject_id     uuid NOT NULL,
        sequence       bigint NOT NULL,
        -- Which version of the entry a sentiment is of. An entry's own fact has it where it makes earlier
        -- sentiments void, and null where they stay.
        entry_sequence bigint,
        mood           text,
        words          bigint,
        sentiment      double precision CHECK (sentiment BETWEEN -1 AND 1),
        -- when the entry was begun, or the mood felt
        written_at     timestamptz,
        entry_date     date,
        timezone       text,
        PRIMARY KEY (event_id, occurred_at)
    $columns$;
BEGIN
    -- A server that has not loaded TimescaleDB ends the session of whoever creates the extension.
    IF current_setting('timescaledb.disable_load', true) IS NOT NULL THEN
        BEGIN
            CREATE EXTENSION IF NOT EXISTS timescaledb;
        EXCEPTION WHEN insufficient_privilege THEN
            RAISE NOTICE 'TimescaleDB is not used: %', SQLERRM;
        END;
    END IF;
    IF EXISTS (SELECT FROM pg_extension WHERE extname = 'timescaledb') THEN
        EXECUTE format('CREATE TABLE analytics.facts (%s)', columns);
        PERFORM create_hypertable('analytics.facts'::regclass, 'occurred_at'::name, chunk_time_interval => interval '1 month');
    ELSE
        EXECUTE format('CREATE TABLE analytics.facts (%s) PARTITION BY RANGE (occurred_at)', columns);
        FOR year IN 2025..2044 LOOP
            EXECUTE format(
                'CREATE TABLE analytics.facts_%s PARTITION OF analytics.facts FOR VALUES FROM (%L) TO (%L)',
                year, format('%s-01-01T00:00:00Z', year), format('%s-01-01T00:00:00Z', year + 1));
        END LOOP;
        CREATE TABLE analytics.facts_other PARTITION OF analytics.facts DEFAULT;
    END IF;
END
$$;

GRANT INSERT ON analytics.facts TO mindflow_analytics;

-- === roll-ups ===

CREATE TABLE analytics.accounts (
    user_id  uuid PRIMARY KEY,
    timezone text NOT NULL,
    sequence bigint NOT NULL
);

-- A deleted entry stays without its figures, so that an older event that comes late does not bring it back.
CREATE TABLE analytics.entries (
    entry_id   uuid PRIMARY KEY,
    user_id    uuid NOT NULL,
    sequence   bigint NOT NULL,
    is_live    boolean NOT NULL,
    mood       text,
    words      bigint,
    written_at timestamptz,
    entry_date date,
    CONSTRAINT entries_live_is_whole CHECK (NOT is_live OR num_nulls(words, written_at, entry_date) = 0)
);

CREATE INDEX entries_by_date ON analytics.entries (user_id, entry_date) WHERE is_live;
CREATE INDEX entries_by_time ON analytics.entries (written_at) WHERE is_live;

-- Apart from entries, because an analysis may come before its entry. A null is a sentiment that an edit made void.
CREATE TABLE analytics.sentiments (
    entry_id       uuid PRIMARY KEY,
    user_id        uuid NOT NULL,
    -- The entry's version that it is of, and which analysis of that version: 0 for the edit itself.
    entry_sequence bigint NOT NULL,
    sequence       bigint NOT NULL,
    sentiment      double precision
);

CREATE INDEX sentiments_by_user ON analytics.sentiments (user_id) WHERE sentiment IS NOT NULL;

CREATE TABLE analytics.moods (
    mood_id uuid PRIMARY KEY,
    user_id uuid NOT NULL,
    mood    text NOT NULL,
    felt_at timestamptz NOT NULL
);

CREATE INDEX moods_by_time ON analytics.moods (user_id, felt_at);

-- How many facts of a kind a user left on a day in UTC. Empty where a continuous aggregate counts.
CREATE TABLE analytics.activity (
    day     date NOT NULL,
    user_id uuid NOT NULL,
    kind    text NOT NULL,
    facts   bigint NOT NULL,
    PRIMARY KEY (day, user_id, kind)
);

GRANT SELECT, INSERT, UPDATE ON analytics.accounts, analytics.entries, analytics.sentiments, analytics.activity TO mindflow_analytics;
GRANT SELECT, INSERT ON analytics.moods TO mindflow_analytics;

DO $$
DECLARE
    name text;
BEGIN
    FOREACH name IN ARRAY ARRAY['accounts', 'entries', 'sentiments', 'moods', 'activity'] LOOP
        EXECUTE format('ALTER TABLE analytics.%I ENABLE ROW LEVEL SECURITY', name);
        EXECUTE format('ALTER TABLE analytics.%I FORCE ROW LEVEL SECURITY', name);
        EXECUTE format('CREATE POLICY owner_reads ON analytics.%I FOR SELECT USING (user_id = mindflow.user_id())', name);
        EXECUTE format('CREATE POLICY service_keeps ON analytics.%I USING (mindflow.is_service()) WITH CHECK (mindflow.is_service())', name);
    END LOOP;
END
$$;

-- === who counts a day's activity ===

DO $$
DECLARE
    is_licensed boolean := EXISTS (SELECT FROM pg_extension WHERE extname = 'timescaledb')
        AND current_setting('timescaledb.license', true) = 'timescale';
BEGIN
    EXECUTE format('CREATE FUNCTION analytics.counts_by_itself() RETURNS boolean LANGUAGE sql IMMUTABLE PARALLEL SAFE AS %L',
        format('SELECT %L::boolean', is_licensed));
    IF is_licensed THEN
        -- Real-time: what is not gathered yet is counted while it is read. Facts that come more than an hour late
        -- count from the next refresh on.
        EXECUTE 'CREATE MATERIALIZED VIEW analytics.activity_by_day
            WITH (timescaledb.continuous, timescaledb.materialized_only = false) AS
            SELECT time_bucket(interval ''1 day'', occurred_at) AS bucket, user_id, kind, count(*) AS facts
            FROM analytics.facts GROUP BY 1, 2, 3
            WITH NO DATA';
        PERFORM add_continuous_aggregate_policy('analytics.activity_by_day',
            start_offset => interval '2 years', end_offset => interval '1 hour', schedule_interval => interval '15 minutes');
        EXECUTE 'ALTER TABLE analytics.facts SET (timescaledb.compress,
            timescaledb.compress_segmentby = ''user_id'', timescaledb.compress_orderby = ''occurred_at, event_id'')';
        PERFORM add_compression_policy('analytics.facts', interval '3 months');
        -- No figure looks further back than a leap year.
        PERFORM add_retention_policy('analytics.facts', interval '3 years');
        EXECUTE 'CREATE VIEW analytics.active WITH (security_barrier) AS
            SELECT (bucket AT TIME ZONE ''UTC'')::date AS day, user_id, kind, facts
            FROM analytics.activity_by_day WHERE mindflow.is_service()';
    ELSE
        CREATE VIEW analytics.active WITH (security_barrier) AS
            SELECT day, user_id, kind, facts FROM analytics.activity WHERE mindflow.is_service();
    END IF;
END
$$;
COMMENT ON FUNCTION analytics.counts_by_itself() IS 'Whether a continuous aggregate counts activity, so that events need not.';

GRANT SELECT ON analytics.active TO mindflow_analytics;
