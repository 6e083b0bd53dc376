-- What runs for each event is planned once a connection: planning took longer than the run.

-- Functions in SQL are planned for each statement that calls them, those in PL/pgSQL once. Scans of tables that are still small
-- would be kept too.
CREATE OR REPLACE FUNCTION command.keep_change(of_user uuid, of_kind text, of_id uuid, is_deleted boolean) RETURNS void
    LANGUAGE plpgsql VOLATILE SET search_path = pg_catalog, pg_temp SET enable_seqscan = off
AS $$
BEGIN
    WITH next AS (
        -- Of an account that is erased nothing is kept, whatever deletes the rest of it.
        INSERT INTO command.change_counters AS held (user_id, counter)
        SELECT of_user, 1 WHERE NOT EXISTS (
            SELECT FROM auth.erasures e WHERE e.user_id = of_user AND e.entry_id IS NULL AND e.first_sequence IS NOT NULL)
        ON CONFLICT (user_id) DO UPDATE SET counter = held.counter + 1
        RETURNING counter
    )
    INSERT INTO command.changes AS held (user_id, kind, id, position, deleted, at)
    SELECT of_user, of_kind, of_id, counter, is_deleted, clock_timestamp() FROM next
    ON CONFLICT (user_id, kind, id) DO UPDATE SET position = excluded.position, deleted = excluded.deleted, at = excluded.at;
END
$$;

-- Arrays of unknown length make PostgreSQL plan each time. A kept plan of the months that are still empty could read the log by
-- position from the floor on; `position + 0` leaves the index of the transactions.
CREATE OR REPLACE FUNCTION delivery.sequence_events(
    most integer, for_backend text, OUT taken bigint, OUT first_ordinal bigint, OUT types text[], OUT kept_by text
)
    LANGUAGE plpgsql VOLATILE SET enable_seqscan = off SET jit = off SET plan_cache_mode = force_generic_plan
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
                WHERE a.position + 0 > s.floor AND a.xid >= pg_snapshot_xmax(s.done) AND pg_visible_in_snapshot(a.xid, seen)
                UNION ALL
                SELECT a.position, a.partition_key, a.event_type FROM delivery.archive a
                WHERE a.position + 0 > s.floor AND a.xid = ANY (running) AND pg_visible_in_snapshot(a.xid, seen)
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
