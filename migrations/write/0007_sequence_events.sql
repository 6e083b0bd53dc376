-- Delivery as a log. An event is one row of the archive, which its producer inserts and which never moves. A subscription
-- is a cursor over the log; only what is out of order has rows of its own in delivery.queue.
--
-- Producers commit in another order than they take positions, so a reader of positions would miss events. One place
-- deals with that: `sequence_events`, which gives each event an ordinal after it became visible. It compares snapshots:
-- an event is new when the current snapshot sees its transaction and the snapshot of the last pass did not. Ordinals have no
-- gaps and are committed in order, so everything behind reads by ordinal.
--
-- Order within a partition key: `publish` takes a lock by key before it takes a position, and the lock lasts until the commit.
-- So of one key, a smaller position is visible whenever a larger one is, and ordinals follow positions.

-- Who may publish what, as the manifest says; the host writes it at its start.
CREATE TABLE delivery.publisher (
    role       name NOT NULL,
    event_type text NOT NULL,
    component  text NOT NULL,
    source     text NOT NULL,
    PRIMARY KEY (role, event_type)
);
REVOKE ALL ON delivery.publisher FROM PUBLIC;

-- The transaction that published the event; null for events that came by an import or before this migration, which
-- are never delivered by the log.
ALTER TABLE delivery.archive ADD COLUMN xid xid8;
ALTER TABLE delivery.archive ALTER COLUMN xid SET DEFAULT pg_current_xact_id();
CREATE INDEX archive_by_xid ON delivery.archive (xid) WHERE xid IS NOT NULL;

-- Many producers take positions, so the turn of the month is made under a lock: by the first of a month, once.
DROP TRIGGER turn_archive_month ON delivery.archive;
DROP FUNCTION delivery.turn_archive_month();
CREATE FUNCTION delivery.next_position() RETURNS bigint LANGUAGE plpgsql AS $$
DECLARE
    start bigint := delivery.month_start(now());
BEGIN
    IF coalesce(pg_sequence_last_value('delivery.archive_position'), 0) < start THEN
        -- Released immediately: the others need not wait for this transaction's end. The lock is the session's, so
        -- neither a failure nor a cancelled statement may leave it behind; who was cancelled while waiting has none.
        BEGIN
            PERFORM pg_advisory_lock(120286807945838); -- "mfturn" in ASCII
            IF coalesce(pg_sequence_last_value('delivery.archive_position'), 0) < start THEN
                PERFORM setval('delivery.archive_position', start);
            END IF;
            PERFORM pg_advisory_unlock(120286807945838);
        EXCEPTION WHEN query_canceled OR OTHERS THEN
            PERFORM pg_advisory_unlock(120286807945838);
            RAISE;
        END;
    END IF;
    RETURN nextval('delivery.archive_position');
END
$$;
COMMENT ON FUNCTION delivery.next_position() IS 'A position of the current month, larger than all before.';
ALTER TABLE delivery.archive ALTER COLUMN position SET DEFAULT delivery.next_position();

-- Publishes an event in the transaction that makes it true. The only way for a component to write the log: it can
-- neither choose the source nor publish what its manifest entry does not name.
CREATE FUNCTION delivery.publish(
    of_event uuid, of_type text, of_version text, at timestamptz, of_sequence bigint, of_key text, correlation text,
    trace text, of_user uuid, tenant text, content jsonb
) RETURNS void
    LANGUAGE plpgsql VOLATILE SECURITY DEFINER SET search_path = pg_catalog, pg_temp
    AS $$
DECLARE
    publisher delivery.publisher;
BEGIN
    SELECT * INTO publisher FROM delivery.publisher p WHERE p.role = session_user AND p.event_type = of_type;
    IF NOT FOUND THEN
        RAISE EXCEPTION '% may not publish %', session_user, of_type USING ERRCODE = 'insufficient_privilege';
    END IF;
    IF of_sequence < 1 THEN
        RAISE EXCEPTION 'a sequence is 1 or more, not %', of_sequence USING ERRCODE = 'check_violation';
    END IF;
    IF jsonb_typeof(content) IS DISTINCT FROM 'object' THEN
        RAISE EXCEPTION 'a payload is a JSON object' USING ERRCODE = 'check_violation';
    END IF;
    -- Until the commit, no other transaction takes a position for this key.
    PERFORM pg_advisory_xact_lock(hashtextextended(of_key, 7883954));
    -- The transaction's id comes before the position: see `sequencer.floor`.
    PERFORM pg_current_xact_id();
    INSERT INTO delivery.archived_event (event_id) VALUES (of_event) ON CONFLICT DO NOTHING;
    IF NOT FOUND THEN
        -- It is there already.
        RETURN;
    END IF;
    INSERT INTO delivery.archive (event_id, event_type, version, occurred_at, source, source_component, sequence, partition_key,
        correlation_id, traceparent, user_id, tenant_id, payload)
    VALUES (of_event, of_type, of_version, at, publisher.source, publisher.component, of_sequence, of_key,
        correlation, trace, of_user, tenant, content);
    -- The doorbell. Postgres serialises the commits of transactions that notify, so a host that rings its
    -- own relay in process after the commit says so with `SET LOCAL mindflow.doorbell = 'local'`.
    IF current_setting('mindflow.doorbell', true) IS DISTINCT FROM 'local' THEN
        PERFORM pg_notify('mindflow_published', '');
    END IF;
END
$$;
COMMENT ON FUNCTION delivery.publish(uuid, text, text, timestamptz, bigint, text, text, text, uuid, text, jsonb)
    IS 'Publishes an event if, and only if, this transaction commits.';

-- The events in the order in which they became visible. Kept until every subscription has passed them, and a day.
CREATE TABLE delivery.sequenced (
    ordinal      bigint      PRIMARY KEY,
    position     bigint      NOT NULL,
    -- The part of the keys that the event's key belongs to: 0 to 7.
    slot         smallint    NOT NULL,
    event_type   text        NOT NULL,
    sequenced_at timestamptz NOT NULL DEFAULT now()
) WITH (autovacuum_vacuum_scale_factor = 0, autovacuum_vacuum_threshold = 20000);
CREATE INDEX sequenced_by_position ON delivery.sequenced (position);
REVOKE ALL ON delivery.sequenced FROM PUBLIC;

CREATE TABLE delivery.sequencer (
    only_row       boolean     PRIMARY KEY DEFAULT true CHECK (only_row),
    -- Every event whose transaction this snapshot sees has an ordinal.
    done           pg_snapshot NOT NULL,
    -- A snapshot that is being taken in parts, and the position up to which it is.
    part           pg_snapshot,
    part_after     bigint,
    last_ordinal   bigint      NOT NULL,
    -- Every transaction with a position up to here has ended: no event will appear at or below it. A producer gets its
    -- transaction id before a position. So the transactions of all positions up to `candidate` have ids below
    -- `candidate_xid`, which was given out after the last of these positions, and the candidate is the floor when all
    -- transactions below that id have ended. (The end of a snapshot is no such id: later ones may be in the middle.)
    floor          bigint      NOT NULL,
    candidate      bigint,
    candidate_xid  xid8,
    -- The server whose transaction ids these are. Null makes the next pass compare archive and ordinals.
    server         bigint
) WITH (fillfactor = 50);
REVOKE ALL ON delivery.sequencer FROM PUBLIC;

-- What of the keys a slot has. Eight slots: as many replicas may share a subscription's log.
CREATE FUNCTION delivery.slot_of(key text) RETURNS smallint LANGUAGE sql IMMUTABLE PARALLEL SAFE
    AS $$ SELECT (hashtext(key) & 7)::smallint $$;

-- Gives ordinals to what became visible since the last pass, `most` events at most. `taken` is null when another session is
-- doing that, or when the queues are on another back end than `for_backend`; then `kept_by` says on which.
CREATE FUNCTION delivery.sequence_events(
    most integer, for_backend text, OUT taken bigint, OUT first_ordinal bigint, OUT types text[], OUT kept_by text
)
    LANGUAGE plpgsql VOLATILE SET enable_seqscan = off SET jit = off
    AS $$
DECLARE
    s         delivery.sequencer;
    p         bigint;
    had_xid   boolean;
    seen      pg_snapshot;
    running   xid8[];
    positions bigint[];
    slots     smallint[];
BEGIN
    -- On disk before a reader sees an ordinal: after a crash of Postgres, readers still know which ones they have read.
    SET LOCAL synchronous_commit = on;
    IF NOT pg_try_advisory_xact_lock(7883954000182931319) THEN
        RETURN;
    END IF;
    kept_by := coalesce((SELECT b.name FROM delivery.backend b WHERE b.only_row), 'postgres');
    IF kept_by <> for_backend THEN
        RETURN;
    END IF;
    SELECT * INTO STRICT s FROM delivery.sequencer;
    first_ordinal := s.last_ordinal + 1;
    -- First the position, then this transaction's id, if it has none yet: see `floor`.
    had_xid := pg_current_xact_id_if_assigned() IS NOT NULL;
    p := coalesce(pg_sequence_last_value('delivery.archive_position'), 0);
    SELECT pg_current_snapshot() INTO seen;
    -- Those that were in the middle then and have ended.
    running := ARRAY(SELECT x FROM pg_snapshot_xip(s.done) AS x WHERE pg_visible_in_snapshot(x, coalesce(s.part, seen)));
    IF s.part IS NULL THEN
        SELECT array_agg(f.position ORDER BY f.position), array_agg(delivery.slot_of(f.partition_key) ORDER BY f.position),
            array_agg(f.event_type ORDER BY f.position)
        INTO positions, slots, types
        FROM (SELECT n.position, n.partition_key, n.event_type FROM (
                SELECT a.position, a.partition_key, a.event_type FROM delivery.archive a
                WHERE a.position > s.floor AND a.xid >= pg_snapshot_xmax(s.done) AND pg_visible_in_snapshot(a.xid, seen)
                UNION ALL
                SELECT a.position, a.partition_key, a.event_type FROM delivery.archive a
                WHERE a.position > s.floor AND a.xid = ANY (running) AND pg_visible_in_snapshot(a.xid, seen)
            ) n LIMIT most + 1) f;
        IF coalesce(cardinality(positions), 0) <= most THEN
            s.done := seen;
        ELSE
            -- Too many for one pass: the snapshot is taken in parts, by position.
            s.part := seen;
            s.part_after := s.floor;
        END IF;
    END IF;
    IF s.part IS NOT NULL THEN
        SELECT array_agg(f.position ORDER BY f.position), array_agg(delivery.slot_of(f.partition_key) ORDER BY f.position),
            array_agg(f.event_type ORDER BY f.position)
        INTO positions, slots, types
        FROM (SELECT a.position, a.partition_key, a.event_type FROM delivery.archive a
            WHERE a.position > s.part_after AND (a.xid >= pg_snapshot_xmax(s.done) OR a.xid = ANY (running))
                AND pg_visible_in_snapshot(a.xid, s.part)
            ORDER BY a.position LIMIT most) f;
        IF coalesce(cardinality(positions), 0) < most THEN
            s.done := s.part;
            s.part := NULL;
            s.part_after := NULL;
        ELSE
            s.part_after := positions[most];
        END IF;
    END IF;
    taken := coalesce(cardinality(positions), 0);
    IF taken > 0 THEN
        INSERT INTO delivery.sequenced (ordinal, position, slot, event_type)
        SELECT s.last_ordinal + n.i, n.position, n.slot, n.event_type
        FROM unnest(positions, slots, types) WITH ORDINALITY AS n(position, slot, event_type, i);
        s.last_ordinal := s.last_ordinal + taken;
    END IF;
    IF s.candidate IS NOT NULL AND pg_snapshot_xmin(s.done) >= s.candidate_xid THEN
        s.floor := greatest(s.floor, s.candidate);
        s.candidate := NULL;
        s.candidate_xid := NULL;
    ELSIF taken = 0 AND (s.candidate IS NOT NULL OR p <= s.floor OR had_xid) AND pg_snapshot_xmin(seen) = pg_snapshot_xmax(seen) THEN
        -- Nothing has changed. With a transaction in the middle, the snapshot is kept: what that one has inserted is then
        -- not looked at again before its end.
        RETURN;
    END IF;
    IF s.candidate IS NULL AND p > s.floor AND NOT had_xid THEN
        s.candidate := p;
        s.candidate_xid := pg_current_xact_id();
    END IF;
    UPDATE delivery.sequencer SET done = s.done, part = s.part, part_after = s.part_after, last_ordinal = s.last_ordinal,
        floor = s.floor, candidate = s.candidate, candidate_xid = s.candidate_xid;
    types := ARRAY(SELECT DISTINCT t FROM unnest(types) AS t);
END
$$;
COMMENT ON FUNCTION delivery.sequence_events(integer, text) IS 'Gives ordinals to events that became visible.';

-- After a restore on another server (pg_dump, or a copy whose transaction ids were set back) the stored transaction ids mean
-- nothing. Everything that is in the archive is committed then; what has no ordinal gets one, and ids are compared from
-- now on only. Answers how many there were; null when the ids are this server's.
CREATE FUNCTION delivery.adopt_server(of_server bigint) RETURNS bigint LANGUAGE plpgsql VOLATILE AS $$
DECLARE
    s     delivery.sequencer;
    added bigint := 0;
BEGIN
    -- No producer is in the middle of a transaction, and none begins.
    LOCK TABLE delivery.archive IN SHARE ROW EXCLUSIVE MODE;
    PERFORM pg_advisory_xact_lock(7883954000182931319);
    SELECT * INTO STRICT s FROM delivery.sequencer;
    IF s.server = of_server AND pg_snapshot_xmax(s.done) <= pg_snapshot_xmax(pg_current_snapshot()) THEN
        RETURN NULL;
    END IF;
    IF s.server IS NOT NULL THEN
        INSERT INTO delivery.sequenced (ordinal, position, slot, event_type)
        SELECT s.last_ordinal + row_number() OVER (ORDER BY a.position), a.position, delivery.slot_of(a.partition_key), a.event_type
        FROM delivery.archive a
        WHERE a.position > s.floor AND a.xid IS NOT NULL
            AND NOT EXISTS (SELECT FROM delivery.sequenced q WHERE q.position = a.position);
        GET DIAGNOSTICS added = ROW_COUNT;
        UPDATE delivery.sequencer SET done = pg_current_snapshot(), part = NULL, part_after = NULL,
            last_ordinal = s.last_ordinal + added,
            floor = greatest(s.floor, coalesce(pg_sequence_last_value('delivery.archive_position'), 0),
                (SELECT coalesce(max(a.position), 0) FROM delivery.archive a)),
            candidate = NULL, candidate_xid = NULL;
    END IF;
    UPDATE delivery.sequencer SET server = of_server;
    RETURN added;
END
$$;

-- How far a subscription is with a slot. All its events up to the ordinal are delivered, or are rows of delivery.queue.
CREATE TABLE delivery.cursor (
    subscription text     NOT NULL REFERENCES delivery.subscription ON DELETE CASCADE,
    slot         smallint NOT NULL CHECK (slot BETWEEN 0 AND 7),
    ordinal      bigint   NOT NULL,
    -- The reader that delivers the slot, until then or until it renews.
    owner        uuid,
    leased_until timestamptz,
    PRIMARY KEY (subscription, slot)
) WITH (fillfactor = 50, autovacuum_vacuum_scale_factor = 0, autovacuum_vacuum_threshold = 500);
REVOKE ALL ON delivery.cursor FROM PUBLIC;

-- The replicas that deliver a subscription.
CREATE TABLE delivery.reader (
    subscription text        NOT NULL REFERENCES delivery.subscription ON DELETE CASCADE,
    owner        uuid        NOT NULL,
    alive_until  timestamptz NOT NULL,
    -- Positions of the events that are with its handlers. When it dies, their leases ran out.
    handed       bigint[]    NOT NULL DEFAULT '{}',
    PRIMARY KEY (subscription, owner)
) WITH (fillfactor = 50, autovacuum_vacuum_scale_factor = 0, autovacuum_vacuum_threshold = 500);
REVOKE ALL ON delivery.reader FROM PUBLIC;

-- Leases of an event that ran out: its host ended while it was handled, or gave no answer in time. No attempt is counted for these.
ALTER TABLE delivery.queue ADD COLUMN lost integer NOT NULL DEFAULT 0;
-- Leasing finds events that may be what ended their hosts without walking the others.
CREATE INDEX queue_suspect ON delivery.queue (subscription, position) WHERE lost > 0 AND state = 'ready';

-- Renews what the reader has, and takes free slots up to its share. Slots of a reader that died come with the events that it
-- had handed out: each of those is a row of delivery.queue from now on, as a lease that ran out, and is named in `moved`.
CREATE FUNCTION delivery.take_slots(of_subscription text, by_owner uuid, seconds float8)
    RETURNS TABLE (slot smallint, ordinal bigint, moved bigint[], is_new boolean, readers integer)
    LANGUAGE plpgsql VOLATILE SET enable_seqscan = off SET jit = off
    AS $$
DECLARE
    until_then timestamptz := clock_timestamp() + make_interval(secs => seconds);
    alive      integer;
    had        integer;
    joined     boolean;
    taken      record;
    orphans    bigint[];
BEGIN
    INSERT INTO delivery.reader AS r (subscription, owner, alive_until)
    SELECT s.name, by_owner, until_then FROM delivery.subscription s WHERE s.name = of_subscription
    ON CONFLICT (subscription, owner) DO UPDATE SET alive_until = excluded.alive_until
    RETURNING r.xmax = 0 INTO joined;
    IF joined IS NULL THEN
        RETURN;
    END IF;
    SELECT count(*) INTO alive FROM delivery.reader r
    WHERE r.subscription = of_subscription AND r.alive_until > clock_timestamp();
    had := 0;
    FOR slot, ordinal IN
        UPDATE delivery.cursor c SET leased_until = until_then
        WHERE c.subscription = of_subscription AND c.owner = by_owner RETURNING c.slot, c.ordinal
    LOOP
        had := had + 1;
        is_new := false;
        readers := alive;
        RETURN NEXT;
    END LOOP;
    FOR taken IN
        SELECT c.slot, c.ordinal, c.owner FROM delivery.cursor c
        WHERE c.subscription = of_subscription AND (c.owner IS NULL OR c.leased_until <= clock_timestamp())
        ORDER BY c.slot LIMIT greatest((7 + alive) / alive - had, 0) FOR UPDATE SKIP LOCKED
    LOOP
        IF taken.owner IS NOT NULL THEN
            -- The log goes on behind these rows, so they are on disk first.
            SET LOCAL synchronous_commit = on;
            -- In order with acknowledgements; "mforder" in ASCII.
            PERFORM pg_advisory_xact_lock(30793401308046706);
            -- Of a key, everything before a row is done or a row too: one with a row behind it had just been done.
            SELECT array_agg(q.position ORDER BY q.position) INTO orphans
            FROM delivery.reader r CROSS JOIN LATERAL unnest(r.handed) AS h(position)
            JOIN delivery.sequenced q ON q.position = h.position JOIN delivery.archive a ON a.position = h.position
            WHERE r.subscription = of_subscription AND r.owner = taken.owner AND q.slot = taken.slot AND q.ordinal > taken.ordinal
                AND NOT EXISTS (SELECT FROM delivery.queue e WHERE e.subscription = of_subscription
                    AND e.partition_key = a.partition_key AND e.position > a.position);
            INSERT INTO delivery.queue (subscription, partition_key, position, event_id, state, lost)
            SELECT of_subscription, a.partition_key, a.position, a.event_id,
                CASE WHEN row_number() OVER (PARTITION BY a.partition_key ORDER BY a.position) > 1
                    OR EXISTS (SELECT FROM delivery.queue e WHERE e.subscription = of_subscription
                        AND e.partition_key = a.partition_key) THEN 'waiting' ELSE 'ready' END, 1
            FROM unnest(orphans) AS o(position) JOIN delivery.archive a ON a.position = o.position
            ON CONFLICT DO NOTHING;
        ELSE
            orphans := NULL;
        END IF;
        UPDATE delivery.cursor c SET owner = by_owner, leased_until = until_then
        WHERE c.subscription = of_subscription AND c.slot = taken.slot;
        slot := taken.slot;
        ordinal := taken.ordinal;
        moved := orphans;
        is_new := true;
        readers := alive;
        RETURN NEXT;
    END LOOP;
    IF joined THEN
        -- The others give some of theirs.
        PERFORM pg_notify('mindflow_queue', '');
        DELETE FROM delivery.reader r WHERE r.subscription = of_subscription AND r.alive_until < clock_timestamp() - interval '1 hour'
            AND NOT EXISTS (SELECT FROM delivery.cursor c WHERE c.subscription = r.subscription AND c.owner = r.owner);
    END IF;
END
$$;

-- For operators: published, and without an ordinal yet.
CREATE VIEW delivery.unsequenced AS
    SELECT a.position FROM delivery.archive a
    WHERE a.xid IS NOT NULL AND a.position > (SELECT s.floor FROM delivery.sequencer s)
        AND NOT EXISTS (SELECT FROM delivery.sequenced s WHERE s.position = a.position);
-- For operators: what each subscription has not delivered. `in_order` is false for what is a row of delivery.queue.
CREATE VIEW delivery.backlog AS
    SELECT q.subscription, q.position, false AS in_order FROM delivery.queue q
    UNION ALL
    SELECT c.subscription, s.position, true FROM delivery.cursor c JOIN delivery.subscription u ON u.name = c.subscription
    JOIN delivery.sequenced s ON s.slot = c.slot AND s.ordinal > c.ordinal AND s.event_type = ANY (u.event_types)
    WHERE NOT EXISTS (SELECT FROM delivery.queue q WHERE q.subscription = c.subscription AND q.position = s.position);
REVOKE ALL ON delivery.unsequenced, delivery.backlog FROM PUBLIC;

REVOKE EXECUTE ON FUNCTION delivery.next_position(), delivery.sequence_events(integer, text), delivery.adopt_server(bigint),
    delivery.take_slots(text, uuid, float8), delivery.slot_of(text) FROM PUBLIC;

-- The partitions of the archive are made while producers insert.
CREATE OR REPLACE FUNCTION delivery.make_archive_partition(day date) RETURNS boolean LANGUAGE plpgsql AS $$
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
    -- Producers of a month without a partition wait: what they insert would be missing in the one that is made.
    LOCK TABLE delivery.archive_default IN SHARE ROW EXCLUSIVE MODE;
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

-- What there is. Events of the archive are delivered or rows of delivery.queue, so cursors begin behind them; ordinals go on
-- above the positions, which Redis Streams has used until now. Events still in the outbox are published by this transaction: it
-- has not ended in the first snapshot, where a later transaction of the server may have. A snapshot does not name its own.
WITH snapshot AS (SELECT pg_current_snapshot() AS taken, pg_current_xact_id() AS own),
done AS (SELECT CASE WHEN own >= pg_snapshot_xmax(taken) THEN taken ELSE
    format('%s:%s:%s', least(pg_snapshot_xmin(taken), own), pg_snapshot_xmax(taken), (SELECT string_agg(x::text, ',' ORDER BY x)
        FROM (SELECT x FROM pg_snapshot_xip(taken) AS x UNION SELECT own) AS running))::pg_snapshot END AS taken FROM snapshot)
INSERT INTO delivery.sequencer (done, last_ordinal, floor)
    SELECT (SELECT done.taken FROM done), coalesce(max(position), 0), coalesce(max(position), 0) FROM delivery.archive;
INSERT INTO delivery.sequenced (ordinal, position, slot, event_type)
    SELECT position, position, delivery.slot_of(partition_key), event_type FROM delivery.archive a
    WHERE EXISTS (SELECT FROM delivery.backend WHERE name = 'redis-streams')
        OR a.position IN (SELECT q.position FROM delivery.queue q);
INSERT INTO delivery.cursor (subscription, slot, ordinal)
    SELECT s.name, n, q.last_ordinal FROM delivery.subscription s, generate_series(0, 7) AS n, delivery.sequencer q;
WITH known AS (INSERT INTO delivery.archived_event SELECT event_id FROM delivery.outbox ON CONFLICT DO NOTHING RETURNING event_id)
INSERT INTO delivery.archive (event_id, event_type, version, occurred_at, source, source_component, sequence, partition_key,
        correlation_id, traceparent, user_id, tenant_id, payload)
    SELECT event_id, event_type, version, occurred_at, source, source_component, sequence, partition_key,
        correlation_id, traceparent, user_id, tenant_id, payload FROM delivery.outbox JOIN known USING (event_id) ORDER BY position;

-- A host of an earlier release must not go on: it would publish into an outbox that is read no more.
DROP TABLE delivery.outbox;
DROP FUNCTION delivery.ring_outbox();
