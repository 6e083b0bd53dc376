-- Payloads of events are kept under keys that are in a store of their own (docs/events.md). Here is what this database knows of it.

-- Which store that is: a host with other keys could neither read what is here nor erase it.
CREATE TABLE mindflow.data_key_store (
    singleton boolean PRIMARY KEY DEFAULT true CHECK (singleton),
    id        uuid    NOT NULL
);
REVOKE ALL ON mindflow.data_key_store FROM PUBLIC;

-- Keys that were destroyed: all of a user's where the aggregate is empty. The store has the same list; at each start both are
-- completed from each other, so that a key that a backup of the store brings back is destroyed again.
CREATE TABLE mindflow.destroyed_keys (
    user_id   uuid        NOT NULL,
    aggregate text        NOT NULL DEFAULT '',
    at        timestamptz NOT NULL DEFAULT now(),
    PRIMARY KEY (user_id, aggregate)
);
REVOKE ALL ON mindflow.destroyed_keys FROM PUBLIC;
-- The capability destroys keys on Spin, too, in the role that opens the signing keys.
GRANT SELECT, INSERT ON mindflow.destroyed_keys TO mindflow_keys;

-- Under which aggregate's key a payload belongs that was published before there were keys: what was made of an entry goes with
-- it. Empty: it has only ids and numbers, and stays in clear.
CREATE FUNCTION delivery.kept_under(partition_key text) RETURNS text LANGUAGE sql IMMUTABLE PARALLEL SAFE AS $$
    SELECT CASE
        WHEN partition_key LIKE 'analysis:%' THEN 'entry:' || substr(partition_key, 10)
        WHEN partition_key LIKE 'erasure:%' OR partition_key LIKE 'erasure-report:%' THEN ''
        ELSE partition_key END
$$;
REVOKE EXECUTE ON FUNCTION delivery.kept_under(text) FROM PUBLIC;
GRANT USAGE ON SCHEMA delivery TO "mindflow_audit-log";
GRANT EXECUTE ON FUNCTION delivery.kept_under(text) TO "mindflow_audit-log";

-- How far the log has been sealed: everything up to the position.
CREATE TABLE delivery.sealing (
    singleton boolean PRIMARY KEY DEFAULT true CHECK (singleton),
    position  bigint  NOT NULL,
    sealed    bigint  NOT NULL
);
INSERT INTO delivery.sealing (position, sealed) VALUES (-9223372036854775808, 0);
REVOKE ALL ON delivery.sealing FROM PUBLIC;

-- The log still grows only; but a payload in clear may be replaced by the same one sealed.
CREATE OR REPLACE FUNCTION delivery.refuse_archive_change() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    IF TG_OP = 'UPDATE' AND current_setting('mindflow.sealing', true) = 'on' THEN
        RETURN NULL;
    END IF;
    RAISE EXCEPTION 'the archive is only ever added to' USING ERRCODE = 'restrict_violation';
END
$$;

CREATE FUNCTION delivery.seal_payloads(positions bigint[], payloads text[], reached bigint) RETURNS bigint LANGUAGE plpgsql AS $$
DECLARE
    changed bigint;
BEGIN
    PERFORM set_config('mindflow.sealing', 'on', true);
    UPDATE delivery.archive a SET payload = g.payload::jsonb FROM unnest(positions, payloads) AS g (position, payload)
        WHERE a.position = g.position AND NOT a.payload ? '$sealed' AND g.payload::jsonb ? '$sealed';
    GET DIAGNOSTICS changed = ROW_COUNT;
    PERFORM set_config('mindflow.sealing', '', true);
    UPDATE delivery.sealing SET position = greatest(position, reached), sealed = sealed + changed;
    RETURN changed;
END
$$;
REVOKE EXECUTE ON FUNCTION delivery.seal_payloads(bigint[], text[], bigint) FROM PUBLIC;
