-- As `apply_once` for the events of a batch, which are of different entities, in one statement. Answers the keys of those that are
-- still to be applied. In the order of the keys, so that two batches with the same entities wait for each other instead of both
-- failing.
CREATE FUNCTION mindflow.apply_batch(of_subscription text, keys text[], sequences bigint[], ids uuid[]) RETURNS text[]
    LANGUAGE plpgsql VOLATILE SECURITY DEFINER SET search_path = pg_catalog, pg_temp
    AS $$
DECLARE
    fresh text[];
BEGIN
    WITH applied AS (
        INSERT INTO mindflow.applied AS a (component, subscription, partition_key, sequence, event_ids)
        SELECT session_user, of_subscription, e.key, e.sequence, ARRAY[e.id]
        FROM unnest(keys, sequences, ids) AS e(key, sequence, id) ORDER BY e.key
        ON CONFLICT (component, subscription, partition_key) DO UPDATE SET
            sequence = excluded.sequence,
            event_ids = CASE WHEN excluded.sequence > a.sequence THEN excluded.event_ids ELSE a.event_ids || excluded.event_ids END,
            applied_at = now()
        WHERE excluded.sequence > a.sequence
            OR (excluded.sequence = a.sequence AND NOT excluded.event_ids <@ a.event_ids)
        RETURNING a.partition_key
    )
    SELECT array_agg(partition_key) INTO fresh FROM applied;
    RETURN coalesce(fresh, '{}');
END
$$;
COMMENT ON FUNCTION mindflow.apply_batch(text, text[], bigint[], uuid[])
    IS 'The keys of the events that are still to be applied by this transaction.';
