-- The audit trail: every event for good, each record bound to the one before by its hash. The host alone
-- works here; no component is granted anything.

CREATE SCHEMA audit;
REVOKE ALL ON SCHEMA audit FROM PUBLIC;

-- `body` is what the hash is over, as canonical JSON: the whole event, its number and when it was received.
-- The columns beside it repeat of it what pages are asked for by; the verifier compares them.
CREATE TABLE audit.records (
    number        bigint      PRIMARY KEY CHECK (number > 0),
    event_id      uuid        NOT NULL UNIQUE,
    event_type    text        NOT NULL,
    user_id       uuid,
    occurred_at   timestamptz NOT NULL,
    previous_hash bytea       NOT NULL CHECK (octet_length(previous_hash) = 32),
    hash          bytea       NOT NULL CHECK (octet_length(hash) = 32),
    body          text        NOT NULL
);
CREATE INDEX records_by_user ON audit.records (user_id, number);
CREATE INDEX records_by_type ON audit.records (event_type, number);
CREATE INDEX records_by_time ON audit.records (occurred_at);

-- The newest record. Its lock makes appends come one after another.
CREATE TABLE audit.head (
    singleton boolean PRIMARY KEY DEFAULT true CHECK (singleton),
    number    bigint  NOT NULL CHECK (number >= 0),
    hash      bytea   NOT NULL CHECK (octet_length(hash) = 32)
);
-- The hash before the first record: SHA-256 of `mindflow audit trail 1`.
INSERT INTO audit.head (number, hash) VALUES (0, sha256('mindflow audit trail 1'));

CREATE FUNCTION audit.refuse_change() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    RAISE EXCEPTION 'the audit trail only grows: % of audit.records is refused', TG_OP
        USING ERRCODE = 'insufficient_privilege';
END
$$;
CREATE TRIGGER only_grows BEFORE UPDATE OR DELETE OR TRUNCATE ON audit.records
    FOR EACH STATEMENT EXECUTE FUNCTION audit.refuse_change();
