-- One order of delivery's locks: see `platform/src/delivery/store.rs`. Functions that took them in another order are replaced;
-- what they do is as before.

-- Everything that delivery locks of a subscription, in that order; null: of all of them. For what ends a subscription or moves the
-- queues to another back end, after the lock of the order of keys.
CREATE FUNCTION delivery.lock_rows(of_subscription text) RETURNS void LANGUAGE plpgsql VOLATILE AS $$
BEGIN
    PERFORM FROM delivery.subscription s WHERE of_subscription IS NULL OR s.name = of_subscription ORDER BY s.name FOR UPDATE;
    PERFORM FROM delivery.reader r WHERE of_subscription IS NULL OR r.subscription = of_subscription
    ORDER BY r.subscription, r.owner FOR UPDATE;
    PERFORM FROM delivery.cursor c WHERE of_subscription IS NULL OR c.subscription = of_subscription
    ORDER BY c.subscription, c.slot FOR UPDATE;
    PERFORM FROM delivery.queue q WHERE of_subscription IS NULL OR q.subscription = of_subscription
    ORDER BY q.subscription, q.position FOR UPDATE;
END
$$;
REVOKE EXECUTE ON FUNCTION delivery.lock_rows(text) FROM PUBLIC;

-- As in 0007. A reader that may find slots which ran out takes the lock of the order of keys before any row. Until now it took it
-- with the slots in hand, and a reader that was adding rows had the lock and waited for the slots: PostgreSQL ended one of the two.
CREATE OR REPLACE FUNCTION delivery.take_slots(of_subscription text, by_owner uuid, seconds float8)
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
    -- Whether slots of readers that died may be taken: only under the lock.
    may_move   boolean;
BEGIN
    SELECT count(*) + 1 INTO alive FROM delivery.reader r
    WHERE r.subscription = of_subscription AND r.owner <> by_owner AND r.alive_until > clock_timestamp();
    SELECT count(*) FILTER (WHERE c.owner = by_owner) < (7 + alive) / alive
        AND coalesce(bool_or(c.owner <> by_owner AND c.leased_until <= clock_timestamp()), false)
    INTO may_move FROM delivery.cursor c WHERE c.subscription = of_subscription;
    IF may_move THEN
        -- The log goes on behind the rows that are made, so they are on disk first.
        SET LOCAL synchronous_commit = on;
        -- In order with acknowledgements; "mforder" in ASCII.
        PERFORM pg_advisory_xact_lock(30793401308046706);
    END IF;
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
        WITH own AS MATERIALIZED (SELECT c.slot AS number FROM delivery.cursor c
            WHERE c.subscription = of_subscription AND c.owner = by_owner ORDER BY c.slot FOR UPDATE)
        UPDATE delivery.cursor c SET leased_until = until_then FROM own
        WHERE c.subscription = of_subscription AND c.slot = own.number AND c.owner = by_owner RETURNING c.slot, c.ordinal
    LOOP
        had := had + 1;
        is_new := false;
        readers := alive;
        RETURN NEXT;
    END LOOP;
    FOR taken IN
        SELECT c.slot, c.ordinal, c.owner FROM delivery.cursor c
        WHERE c.subscription = of_subscription AND (c.owner IS NULL OR may_move AND c.leased_until <= clock_timestamp())
        ORDER BY c.slot LIMIT greatest((7 + alive) / alive - had, 0) FOR UPDATE SKIP LOCKED
    LOOP
        IF taken.owner IS NOT NULL THEN
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
        -- Rows of readers after slots: so without waiting for any.
        DELETE FROM delivery.reader r USING (
            SELECT d.owner FROM delivery.reader d
            WHERE d.subscription = of_subscription AND d.alive_until < clock_timestamp() - interval '1 hour'
            FOR UPDATE SKIP LOCKED
        ) AS dead
        WHERE r.subscription = of_subscription AND r.owner = dead.owner
            AND NOT EXISTS (SELECT FROM delivery.cursor c WHERE c.subscription = r.subscription AND c.owner = r.owner);
    END IF;
END
$$;

-- As in 0007, with the sequencer's lock before that of the archive, as where partitions are made. As in 0082, whoever may call it
-- acts as the owner of the archive.
CREATE OR REPLACE FUNCTION delivery.adopt_server(of_server bigint) RETURNS bigint
    LANGUAGE plpgsql VOLATILE SECURITY DEFINER SET search_path = pg_catalog, pg_temp
    AS $$
DECLARE
    s     delivery.sequencer;
    added bigint := 0;
BEGIN
    PERFORM pg_advisory_xact_lock(7883954000182931319);
    -- No producer is in the middle of a transaction, and none begins.
    LOCK TABLE delivery.archive IN SHARE ROW EXCLUSIVE MODE;
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
