-- What carried a user's text outside: a row for each request, written before it is sent. The host alone works here; no component is
-- granted anything, and each user reads their own rows through the host.

CREATE SCHEMA disclosure;
REVOKE ALL ON SCHEMA disclosure FROM PUBLIC;

CREATE TABLE disclosure.ledger (
    id               bigint      GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    at               timestamptz NOT NULL,
    component        text        NOT NULL CHECK (component <> ''),
    user_id          uuid        NOT NULL,
    -- Where the text is from; none for one that is kept nowhere, such as what a user searches for.
    document_id      text        CHECK (document_id <> ''),
    document_version bigint      CHECK (document_version >= 0),
    purpose          text        NOT NULL CHECK (purpose ~ '^[a-z][a-z-]{0,39}$'),
    host             text        NOT NULL CHECK (host <> ''),
    model            text        CHECK (model <> ''),
    -- Of the request's body.
    bytes            bigint      NOT NULL CHECK (bytes >= 0),
    CHECK ((document_id IS NULL) = (document_version IS NULL))
);
CREATE INDEX ledger_by_user ON disclosure.ledger (user_id, id);

-- A row says what was sent, so none is changed. Whole users are erased by the owner of the table alone.
CREATE FUNCTION disclosure.refuse_change() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    RAISE EXCEPTION 'a disclosure stays as it was written: % of disclosure.ledger is refused', TG_OP
        USING ERRCODE = 'insufficient_privilege';
END
$$;
CREATE TRIGGER stays_as_written BEFORE UPDATE OR TRUNCATE ON disclosure.ledger
    FOR EACH STATEMENT EXECUTE FUNCTION disclosure.refuse_change();

-- Writes a row and answers its id. The time is the server's.
CREATE FUNCTION disclosure.keep(
    component text, user_id uuid, document_id text, document_version bigint, purpose text, host text, model text, bytes bigint
) RETURNS bigint
    LANGUAGE sql VOLATILE SECURITY DEFINER SET search_path = pg_catalog, pg_temp
AS $$
    INSERT INTO disclosure.ledger (at, component, user_id, document_id, document_version, purpose, host, model, bytes)
    VALUES (clock_timestamp(), $1, $2, $3, $4, $5, $6, $7, $8)
    RETURNING id
$$;

-- The rows of one user, newest first, below an id where one is given; at most 101.
CREATE FUNCTION disclosure.page(of_user uuid, below bigint, first integer) RETURNS SETOF disclosure.ledger
    LANGUAGE sql STABLE SECURITY DEFINER SET search_path = pg_catalog, pg_temp
AS $$
    SELECT * FROM disclosure.ledger
    WHERE user_id = $1 AND id < coalesce($2, 9223372036854775807)
    ORDER BY id DESC
    LIMIT least($3, 101)
$$;

REVOKE ALL ON FUNCTION disclosure.keep(text, uuid, text, bigint, text, text, text, bigint) FROM PUBLIC;
REVOKE ALL ON FUNCTION disclosure.page(uuid, bigint, integer) FROM PUBLIC;
REVOKE ALL ON FUNCTION disclosure.refuse_change() FROM PUBLIC;

-- For an adapter that logs in as the capability's own role, as on Spin.
GRANT USAGE ON SCHEMA disclosure TO "mindflow_disclosure-ledger";
GRANT EXECUTE ON FUNCTION disclosure.keep(text, uuid, text, bigint, text, text, text, bigint) TO "mindflow_disclosure-ledger";
GRANT EXECUTE ON FUNCTION disclosure.page(uuid, bigint, integer) TO "mindflow_disclosure-ledger";
