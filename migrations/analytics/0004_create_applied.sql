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
