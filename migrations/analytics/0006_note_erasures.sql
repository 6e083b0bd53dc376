-- How much of what was erased, so that an erasure that was interrupted and comes again says all of it. The report is an event, and events
-- are in the write database.
CREATE TABLE mindflow.erased (
    component  text   NOT NULL,
    erasure_id uuid   NOT NULL,
    sequence   bigint NOT NULL,
    counts     jsonb  NOT NULL,
    PRIMARY KEY (component, erasure_id, sequence)
);
COMMENT ON TABLE mindflow.erased IS 'What each event of an erasure has deleted here, by table.';
REVOKE ALL ON mindflow.erased FROM PUBLIC;

-- Adds to what the event has deleted before, and answers the sum. For functions of the owner alone.
CREATE FUNCTION mindflow.note_erased(of_component text, of_erasure uuid, of_sequence bigint, more jsonb) RETURNS jsonb
    LANGUAGE sql VOLATILE AS $$
    INSERT INTO mindflow.erased AS e (component, erasure_id, sequence, counts) VALUES (of_component, of_erasure, of_sequence, more)
    ON CONFLICT (component, erasure_id, sequence) DO UPDATE SET counts = (
        SELECT jsonb_object_agg(c.key, c.value::bigint + coalesce((e.counts ->> c.key)::bigint, 0)) FROM jsonb_each_text(more) c)
    RETURNING counts
$$;
REVOKE EXECUTE ON FUNCTION mindflow.note_erased FROM PUBLIC;

-- Deletes rows and notes how many. `condition`: of the user $1 and, where only an entry is erased, of the entry $2. It acts with the rights
-- of who calls it, which are functions of the tables' owner alone.
CREATE FUNCTION mindflow.erase_rows(counts jsonb, of_table text, condition text, of_user uuid, of_entry uuid) RETURNS jsonb
    LANGUAGE plpgsql VOLATILE AS $$
DECLARE
    erased bigint;
BEGIN
    EXECUTE format('DELETE FROM %s WHERE %s', of_table, condition) USING of_user, of_entry;
    GET DIAGNOSTICS erased = ROW_COUNT;
    RETURN counts || jsonb_build_object(of_table, erased);
END
$$;
REVOKE EXECUTE ON FUNCTION mindflow.erase_rows FROM PUBLIC;
