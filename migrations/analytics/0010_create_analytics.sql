-- Facts from events, for figures over time: only appended, never changed.
--
-- An event leaves one row, with the event's own id, so a second delivery adds nothing. A change of an entry
-- is another fact: what holds now is an entry's fact of the greatest sequence, in whatever order they came.
-- Everything in a row follows from its event, so a replay into an empty table gives the same rows.
--
-- Where the server has TimescaleDB, the facts are a hypertable; where it has not, a table partitioned by
-- year. Both need the time in the key, and a fact's time is its event's.

CREATE SCHEMA analytics;

GRANT USAGE ON SCHEMA analytics TO mindflow_analytics;

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
    has_timescale boolean;
BEGIN
    BEGIN
        CREATE EXTENSION IF NOT EXISTS timescaledb;
        has_timescale := true;
    EXCEPTION WHEN OTHERS THEN
        -- Not installed, not preloaded, or not permitted: facts are kept without it.
        RAISE NOTICE 'TimescaleDB is not used: %', SQLERRM;
        has_timescale := false;
    END;
    IF has_timescale THEN
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

CREATE INDEX facts_by_user ON analytics.facts (user_id, kind, written_at);
CREATE INDEX facts_by_subject ON analytics.facts (subject_id, sequence DESC);

ALTER TABLE analytics.facts ENABLE ROW LEVEL SECURITY;
ALTER TABLE analytics.facts FORCE ROW LEVEL SECURITY;
CREATE POLICY owner_reads ON analytics.facts FOR SELECT USING (user_id = mindflow.user_id());
CREATE POLICY service_reads ON analytics.facts FOR SELECT USING (mindflow.is_service());
CREATE POLICY service_appends ON analytics.facts FOR INSERT WITH CHECK (mindflow.is_service());

-- No UPDATE and no DELETE: the service itself cannot rewrite what happened.
GRANT SELECT, INSERT ON analytics.facts TO mindflow_analytics;

-- === what holds now, under the reader's own row-level security ===

CREATE VIEW analytics.sentiments WITH (security_invoker = true) AS
SELECT DISTINCT ON (user_id, subject_id) user_id, subject_id AS entry_id, sentiment
FROM analytics.facts
WHERE kind = 'analysis' OR (kind = 'entry' AND entry_sequence IS NOT NULL)
ORDER BY user_id, subject_id, entry_sequence DESC, (CASE kind WHEN 'entry' THEN 0 ELSE sequence END) DESC, event_id;

CREATE VIEW analytics.entries WITH (security_invoker = true) AS
SELECT e.user_id, e.subject_id AS entry_id, e.mood, e.words, e.written_at, e.entry_date, s.sentiment
FROM (
    SELECT DISTINCT ON (user_id, subject_id) *
    FROM analytics.facts
    WHERE kind IN ('entry', 'deletion')
    ORDER BY user_id, subject_id, sequence DESC, event_id
) e
LEFT JOIN analytics.sentiments s ON s.user_id = e.user_id AND s.entry_id = e.subject_id
WHERE e.kind = 'entry';

CREATE VIEW analytics.accounts WITH (security_invoker = true) AS
SELECT DISTINCT ON (user_id) user_id, timezone
FROM analytics.facts
WHERE kind = 'account'
ORDER BY user_id, sequence DESC, event_id;

GRANT SELECT ON analytics.sentiments, analytics.entries, analytics.accounts TO mindflow_analytics;
