-- The audit trail is chained over sealed payloads (docs/audit.md). A trail that has records is chained again once, in the
-- background of the next start: into a second table, which takes the first one's place when it has all of it.
--
-- The head gets another name, because a host of an earlier release must not go on: it would add records in clear. Its events wait
-- in their queue for the next host.
ALTER TABLE audit.head RENAME TO tip;
ALTER TABLE audit.tip ADD COLUMN version integer NOT NULL DEFAULT 1;
COMMENT ON COLUMN audit.tip.version IS '1: the records of before payloads were sealed are still to be chained again.';
-- The hash before the first record: SHA-256 of `mindflow audit trail 2`.
UPDATE audit.tip SET version = 2, hash = sha256('mindflow audit trail 2') WHERE number = 0;
GRANT SELECT (version) ON audit.tip TO "mindflow_audit-log";

CREATE TABLE audit.rechained (LIKE audit.records INCLUDING ALL);

-- The second table takes the place of the first, if that has nothing behind `of_number`. `head` is that of the second, with the
-- record that states the former one.
CREATE FUNCTION audit.take_place(of_number bigint, head_number bigint, head_hash bytea) RETURNS boolean LANGUAGE plpgsql AS $$
DECLARE
    tip audit.tip;
BEGIN
    SELECT * INTO tip FROM audit.tip FOR UPDATE;
    IF tip.number <> of_number OR tip.version <> 1 THEN
        RETURN false;
    END IF;
    ALTER TABLE audit.records RENAME TO former_records;
    ALTER TABLE audit.rechained RENAME TO records;
    CREATE TRIGGER only_grows BEFORE UPDATE OR DELETE OR TRUNCATE ON audit.records
        FOR EACH STATEMENT EXECUTE FUNCTION audit.refuse_change();
    GRANT SELECT, INSERT ON audit.records TO "mindflow_audit-log";
    DROP TABLE audit.former_records;
    UPDATE audit.tip SET number = head_number, hash = head_hash, version = 2;
    RETURN true;
END
$$;
REVOKE EXECUTE ON FUNCTION audit.take_place(bigint, bigint, bytea) FROM PUBLIC;
