-- What the host has of a user: the rows of the ledger, and lines of the kept log that name the user or the entry. The auth service has them
-- deleted in the course of an erasure, and can do nothing else here.

CREATE FUNCTION disclosure.erase(of_user uuid) RETURNS jsonb
    LANGUAGE sql VOLATILE SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS $$
    SELECT mindflow.erase_rows('{}', 'disclosure.ledger', 'user_id = $1', of_user, NULL)
$$;
REVOKE EXECUTE ON FUNCTION disclosure.erase FROM PUBLIC;

CREATE FUNCTION logs.erase(named uuid) RETURNS jsonb
    LANGUAGE sql VOLATILE SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS $$
    SELECT mindflow.erase_rows('{}', 'logs.lines', 'strpos(message, $1::text) > 0 OR strpos(fields::text, $1::text) > 0', named, NULL)
$$;
REVOKE EXECUTE ON FUNCTION logs.erase FROM PUBLIC;

GRANT USAGE ON SCHEMA disclosure, logs TO mindflow_auth;
GRANT EXECUTE ON FUNCTION disclosure.erase, logs.erase TO mindflow_auth;
