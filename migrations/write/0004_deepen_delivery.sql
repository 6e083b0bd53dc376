-- What delivery needs to be lossless for years: a partitioned archive, marks of what was applied, schedules.
--
-- The archive has a partition a month.
--
-- A partitioned table can keep a column unique only together with its partition key, and two things of
-- the archive must be unique by themselves: the position, by which the queue's rows find their event,
-- and the event's id, by which a second copy is refused. So:
--
-- - The month is the upper part of the position: 2026110000000042 is the 42nd event of November 2026.
--   Positions still rise for ever, in the order in which events became visible; a primary key of the
--   position alone is then one that partitioning allows, and whoever looks a position up is led to one
--   partition. The month is that of archiving, in UTC by this server's clock. Ten thousand million
--   events a month (3,800 a second, without a pause) fit before one month's numbers reach the next's,
--   which would do no harm but to the name of the partition. All positions stay below 2^53.
-- - Event ids are unique in a narrow table beside it, `archived_event`, which is not partitioned. The
--   relay asks it first, in the statement that fills the archive.
--
-- Partitions are made months ahead by `make_archive_partitions`, which the host calls daily. What comes
-- while there is none goes to `archive_default`, and from there to its month as soon as that is made.

CREATE FUNCTION delivery.month_start(at timestamptz) RETURNS bigint
    LANGUAGE sql IMMUTABLE PARALLEL SAFE
    AS $$ SELECT (extract(year FROM at AT TIME ZONE 'UTC')::bigint * 100
        + extract(month FROM at AT TIME ZONE 'UTC')::bigint) * 10000000000 $$;
COMMENT ON FUNCTION delivery.month_start(timestamptz) IS 'The position before the first one of the month.';

ALTER TABLE delivery.archive RENAME TO archive_unpartitioned;
ALTER TABLE delivery.archive_unpartitioned ALTER COLUMN position DROP IDENTITY;
ALTER INDEX delivery.archive_pkey RENAME TO archive_unpartitioned_pkey;
ALTER INDEX delivery.archive_by_key RENAME TO archive_unpartitioned_by_key;

CREATE SEQUENCE delivery.archive_position AS bigint;

CREATE TABLE delivery.archive (
    position         bigint      NOT NULL DEFAULT nextval('delivery.archive_position') PRIMARY KEY,
    event_id         uuid        NOT NULL,
    event_type       text        NOT NULL,
    version          text        NOT NULL,
    occurred_at      timestamptz NOT NULL,
    source           text        NOT NULL,
    source_component text        NOT NULL,
    sequence         bigint      NOT NULL,
    partition_key    text        NOT NULL,
    correlation_id   text        NOT NULL,
    traceparent      text,
    user_id          uuid,
    tenant_id        text,
    payload          jsonb       NOT NULL,
    archived_at      timestamptz NOT NULL DEFAULT now()
) PARTITION BY RANGE (position);
ALTER SEQUENCE delivery.archive_position OWNED BY delivery.archive.position;
CREATE INDEX archive_by_key ON delivery.archive (partition_key, position);
CREATE TABLE delivery.archive_default PARTITION OF delivery.archive DEFAULT;

-- One row an event, for good: some 90 bytes with its index.
CREATE TABLE delivery.archived_event (
    event_id uuid PRIMARY KEY
);

-- With the month's turn, positions go on from the month's start. Once a statement, not once a row; only
-- one relay inserts at a time, so nobody else moves the sequence between the look and the change. A
-- clock that is set back changes nothing: positions never fall. The sequence is asked by a function, because
-- selecting from it is a sequential scan, which the relay discourages so much that it would be compiled.
CREATE FUNCTION delivery.turn_archive_month() RETURNS trigger LANGUAGE plpgsql AS $$
DECLARE
    start bigint := delivery.month_start(now());
BEGIN
    IF coalesce(pg_sequence_last_value('delivery.archive_position'), 0) < start THEN
        PERFORM setval('delivery.archive_position', start);
    END IF;
    RETURN NULL;
END
$$;
CREATE TRIGGER turn_archive_month BEFORE INSERT ON delivery.archive
    FOR EACH STATEMENT EXECUTE FUNCTION delivery.turn_archive_month();

-- Every event is kept, as it was.
CREATE FUNCTION delivery.refuse_archive_change() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    RAISE EXCEPTION 'the archive is only ever added to' USING ERRCODE = 'restrict_violation';
END
$$;
CREATE TRIGGER refuse_archive_change BEFORE UPDATE OR DELETE OR TRUNCATE ON delivery.archive
    FOR EACH STATEMENT EXECUTE FUNCTION delivery.refuse_archive_change();

-- Until this transaction ends, no relay archives; it tries again some milliseconds later. The number is the
-- relay's own lock ("mindflow" in ASCII).
CREATE FUNCTION delivery.hold_relay() RETURNS void LANGUAGE sql
    AS $$ SELECT pg_advisory_xact_lock(7883954000182931319) $$;

-- Makes the partition of the month that `day` is in, and moves into it what the default partition has of
-- it. False: there is one. It is made beside the archive and then attached, so that readers are not stopped.
CREATE FUNCTION delivery.make_archive_partition(day date) RETURNS boolean LANGUAGE plpgsql AS $$
DECLARE
    month     timestamp := date_trunc('month', day::timestamp);
    name      text      := 'archive_' || to_char(day, 'YYYY_MM');
    first_pos bigint    := delivery.month_start(month AT TIME ZONE 'UTC');
    end_pos   bigint    := delivery.month_start((month + interval '1 month') AT TIME ZONE 'UTC');
    moved     bigint;
BEGIN
    IF to_regclass('delivery.' || name) IS NOT NULL THEN
        RETURN false;
    END IF;
    PERFORM delivery.hold_relay();
    -- Another replica may have made it meanwhile.
    IF to_regclass('delivery.' || name) IS NOT NULL THEN
        RETURN false;
    END IF;
    -- The constraint spares the scan that attaching would make.
    EXECUTE format('CREATE TABLE delivery.%I (LIKE delivery.archive INCLUDING DEFAULTS, '
        'CONSTRAINT %I CHECK (position >= %s AND position < %s))', name, name || '_positions', first_pos, end_pos);
    EXECUTE format('WITH moved AS (DELETE FROM delivery.archive_default WHERE position >= %s AND position < %s '
        'RETURNING *) INSERT INTO delivery.%I SELECT * FROM moved', first_pos, end_pos, name);
    GET DIAGNOSTICS moved = ROW_COUNT;
    EXECUTE format('ALTER TABLE delivery.archive ATTACH PARTITION delivery.%I FOR VALUES FROM (%s) TO (%s)',
        name, first_pos, end_pos);
    EXECUTE format('ALTER TABLE delivery.%I DROP CONSTRAINT %I', name, name || '_positions');
    IF moved > 0 THEN
        RAISE NOTICE 'partition % was made late: % events moved to it', name, moved;
    END IF;
    RETURN true;
END
$$;

-- Makes the partitions of the current month and of `ahead` more, and those of months whose events landed
-- in the default partition. Answers how many it made.
CREATE FUNCTION delivery.make_archive_partitions(ahead integer DEFAULT 3) RETURNS integer LANGUAGE plpgsql AS $$
DECLARE
    this_month timestamp := date_trunc('month', now() AT TIME ZONE 'UTC');
    month      date;
    made       integer := 0;
BEGIN
    IF ahead NOT BETWEEN 0 AND 120 THEN
        RAISE EXCEPTION 'from 0 to 120 months ahead, not %', ahead USING ERRCODE = 'invalid_parameter_value';
    END IF;
    -- Before the default partition is looked at: attaching locks that one alone, and would wait for who
    -- has looked at it and now waits for this lock.
    PERFORM delivery.hold_relay();
    FOR month IN
        SELECT (this_month + make_interval(months => n))::date FROM generate_series(0, ahead) AS n
        UNION
        SELECT make_date((d.yyyymm / 100)::int, (d.yyyymm % 100)::int, 1)
        FROM (SELECT DISTINCT position / 10000000000 AS yyyymm FROM delivery.archive_default) d
        WHERE d.yyyymm / 100 BETWEEN 1970 AND 9000 AND d.yyyymm % 100 BETWEEN 1 AND 12
        ORDER BY 1
    LOOP
        made := made + delivery.make_archive_partition(month)::int;
    END LOOP;
    RETURN made;
END
$$;
COMMENT ON FUNCTION delivery.make_archive_partitions(integer) IS 'Makes the archive''s partitions for this month and more ahead.';
REVOKE EXECUTE ON FUNCTION delivery.hold_relay(), delivery.make_archive_partition(date),
    delivery.make_archive_partitions(integer) FROM PUBLIC;

-- What there is gets positions of the new kind, in its old order. The month never falls from one event
-- to the next, also where two relays took turns at midnight.
CREATE TEMPORARY TABLE moved_position ON COMMIT DROP AS
    SELECT position AS was, max(delivery.month_start(archived_at)) OVER (ORDER BY position) + position AS is_now
    FROM delivery.archive_unpartitioned;
INSERT INTO delivery.archived_event (event_id) SELECT event_id FROM delivery.archive_unpartitioned;
INSERT INTO delivery.archive
    SELECT m.is_now, a.event_id, a.event_type, a.version, a.occurred_at, a.source, a.source_component, a.sequence,
        a.partition_key, a.correlation_id, a.traceparent, a.user_id, a.tenant_id, a.payload, a.archived_at
    FROM delivery.archive_unpartitioned a JOIN moved_position m ON m.was = a.position ORDER BY a.position;
UPDATE delivery.queue q SET position = m.is_now FROM moved_position m WHERE m.was = q.position;
SELECT setval('delivery.archive_position', max(position)) FROM delivery.archive HAVING max(position) IS NOT NULL;
DROP TABLE delivery.archive_unpartitioned;

SELECT delivery.make_archive_partitions();

-- What each subscriber has applied, beside what it applied it to: the mark is set by the transaction that
-- changes the subscriber's own tables, so that both are there or neither is.
--
-- A component reaches these rows through `apply_once` alone, and there only those of the role with which
-- it is logged in. It can neither read, lower nor remove a mark, nor touch another component's.
CREATE TABLE mindflow.applied (
    component     text        NOT NULL,
    subscription  text        NOT NULL,
    partition_key text        NOT NULL,
    sequence      bigint      NOT NULL,
    -- The events of that sequence: one, where a producer keeps its sequences strictly rising.
    event_ids     uuid[]      NOT NULL,
    applied_at    timestamptz NOT NULL DEFAULT now(),
    PRIMARY KEY (component, subscription, partition_key)
) WITH (fillfactor = 80, autovacuum_vacuum_scale_factor = 0.02);
COMMENT ON TABLE mindflow.applied IS 'The newest event of each entity that each subscription has applied to this database.';
REVOKE ALL ON mindflow.applied FROM PUBLIC;

-- True: the event is new to the subscription and from now on applied, if this transaction commits. False:
-- it was applied before, or a newer one of its entity was. Whoever comes with the same entity at the same
-- moment waits here for the first one's transaction to end. `session_user` and not `current_user`, which
-- in here is the owner.
CREATE FUNCTION mindflow.apply_once(of_subscription text, of_key text, of_sequence bigint, id uuid) RETURNS boolean
    LANGUAGE plpgsql VOLATILE SECURITY DEFINER SET search_path = pg_catalog, pg_temp
    AS $$
BEGIN
    INSERT INTO mindflow.applied AS a (component, subscription, partition_key, sequence, event_ids)
    VALUES (session_user, of_subscription, of_key, of_sequence, ARRAY[id])
    ON CONFLICT (component, subscription, partition_key) DO UPDATE SET
        sequence = excluded.sequence,
        event_ids = CASE WHEN excluded.sequence > a.sequence THEN excluded.event_ids ELSE a.event_ids || id END,
        applied_at = now()
    WHERE excluded.sequence > a.sequence
        OR (excluded.sequence = a.sequence AND NOT id = ANY (a.event_ids));
    RETURN FOUND;
END
$$;
COMMENT ON FUNCTION mindflow.apply_once(text, text, bigint, uuid) IS 'Whether the event is still to be applied by this transaction.';

-- Work that a clock starts. A row says when the schedule is next due and who is at it; whoever takes the
-- row first, of all replicas, has the occurrence.
CREATE TABLE mindflow.schedule (
    name          text        PRIMARY KEY,
    cron          text        NOT NULL,
    next_run      timestamptz NOT NULL,
    -- While a replica is at it. Past `running_until` it is taken to have died.
    running       timestamptz,
    running_until timestamptz,
    owner         uuid,
    -- The last occurrence that ended, and how.
    last_run      timestamptz,
    last_outcome  text
);
CREATE TABLE mindflow.schedule_run (
    name        text        NOT NULL REFERENCES mindflow.schedule ON DELETE CASCADE,
    occurrence  timestamptz NOT NULL,
    attempt     integer     NOT NULL DEFAULT 1,
    owner       uuid,
    started_at  timestamptz NOT NULL,
    finished_at timestamptz,
    outcome     text        NOT NULL CHECK (outcome IN ('running', 'succeeded', 'failed', 'timed-out', 'abandoned', 'skipped')),
    error       text,
    PRIMARY KEY (name, occurrence)
);
COMMENT ON TABLE mindflow.schedule_run IS 'The latest runs of each schedule; an occurrence is here at most once.';
REVOKE ALL ON mindflow.schedule, mindflow.schedule_run FROM PUBLIC;
