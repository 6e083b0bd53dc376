-- The audit trail is chained over sealed payloads (docs/audit.md). One with records of before is chained again in the background:
-- into a second table, which takes the first one's place when it has all of it.

ALTER TABLE audit.head ADD COLUMN sealed_to bigint NOT NULL DEFAULT 0;
COMMENT ON COLUMN audit.head.sealed_to IS 'No record up to this number has a payload of before they were sealed.';
-- The hash before the first record: SHA-256 of `mindflow audit trail 2`.
UPDATE audit.head SET hash = sha256('mindflow audit trail 2') WHERE number = 0;

CREATE TABLE audit.rechained (LIKE audit.records INCLUDING ALL);

-- Where the records of before begin behind that number; null: there are none. The version is the last member of a body.
CREATE FUNCTION audit.first_unsealed() RETURNS bigint LANGUAGE sql STABLE AS $$
    SELECT min(r.number) FROM audit.records r
    WHERE r.number > (SELECT sealed_to FROM audit.head) AND r.body NOT LIKE '%"version":2}'
$$;

-- The second table takes the place of the first, if that ends with `of_number`. `head_number` and `head_hash` are those of the
-- second, with the record that states the former head.
CREATE FUNCTION audit.take_place(of_number bigint, head_number bigint, head_hash bytea) RETURNS boolean LANGUAGE plpgsql AS $$
DECLARE
    former bigint;
BEGIN
    SELECT number INTO former FROM audit.head FOR UPDATE;
    IF former <> of_number THEN
        RETURN false;
    END IF;
    ALTER TABLE audit.records RENAME TO former_records;
    ALTER TABLE audit.rechained RENAME TO records;
    CREATE TRIGGER only_grows BEFORE UPDATE OR DELETE OR TRUNCATE ON audit.records
        FOR EACH STATEMENT EXECUTE FUNCTION audit.refuse_change();
    GRANT SELECT, INSERT ON audit.records TO "mindflow_audit-log";
    DROP TABLE audit.former_records;
    CREATE TABLE audit.rechained (LIKE audit.records INCLUDING ALL);
    UPDATE audit.head SET number = head_number, hash = head_hash, sealed_to = head_number;
    RETURN true;
END
$$;
REVOKE EXECUTE ON FUNCTION audit.first_unsealed(), audit.take_place(bigint, bigint, bytea) FROM PUBLIC;
