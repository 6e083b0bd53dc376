-- The platform's own schema: who asks, as row-level security sees it.
-- The host sets mindflow.user_id, mindflow.roles and mindflow.identity for each transaction, from a
-- proven token; without them nobody's rows are visible.

CREATE FUNCTION mindflow.user_id() RETURNS uuid
    LANGUAGE sql STABLE PARALLEL SAFE
    AS $$ SELECT NULLIF(current_setting('mindflow.user_id', true), '')::uuid $$;
COMMENT ON FUNCTION mindflow.user_id() IS 'The user on whose behalf this transaction runs; null for a service.';

CREATE FUNCTION mindflow.is_service() RETURNS boolean
    LANGUAGE sql STABLE PARALLEL SAFE
    AS $$ SELECT COALESCE(current_setting('mindflow.identity', true), '') = 'service' $$;
COMMENT ON FUNCTION mindflow.is_service() IS 'Whether a component acts for itself, which its manifest must grant.';

CREATE FUNCTION mindflow.has_role(role text) RETURNS boolean
    LANGUAGE sql STABLE PARALLEL SAFE
    AS $$ SELECT COALESCE(role = ANY (string_to_array(current_setting('mindflow.roles', true), ',')), false) $$;
COMMENT ON FUNCTION mindflow.has_role(text) IS 'Whether the caller has the role: user, premium or admin.';

GRANT USAGE ON SCHEMA mindflow TO PUBLIC;

REVOKE ALL ON mindflow.migrations FROM PUBLIC;

-- A component must not be able to change who it acts for, nor to leave tables where others look.
-- On a managed server this role may not be allowed to say so; the host's guard refuses the same.
DO $$
BEGIN
    REVOKE EXECUTE ON FUNCTION pg_catalog.set_config(text, text, boolean) FROM PUBLIC;
    REVOKE UPDATE ON pg_catalog.pg_settings FROM PUBLIC;
EXCEPTION WHEN insufficient_privilege THEN
    RAISE NOTICE 'set_config stays executable: not permitted to revoke it';
END
$$;

DO $$
BEGIN
    REVOKE CREATE ON SCHEMA public FROM PUBLIC;
EXCEPTION WHEN insufficient_privilege OR invalid_schema_name THEN
    RAISE NOTICE 'schema public stays as it is: not permitted to change it';
END
$$;
