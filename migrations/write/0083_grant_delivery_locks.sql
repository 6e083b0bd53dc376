-- The migration runner takes advisory locks from all roles, because a role that may take delivery's could stop it. These two
-- capabilities work with them where each logs in as a role of its own, as on Spin; a MindFlow host works as the administrator. Where
-- the login may not take them, it may not grant them either, and every role has them.
DO $$
BEGIN
    GRANT EXECUTE ON FUNCTION pg_catalog.pg_advisory_xact_lock(bigint), pg_catalog.pg_advisory_xact_lock_shared(bigint),
        pg_catalog.pg_try_advisory_xact_lock(bigint) TO mindflow_delivery;
    GRANT EXECUTE ON FUNCTION pg_catalog.pg_advisory_xact_lock(bigint), pg_catalog.pg_advisory_xact_lock_shared(bigint)
        TO "mindflow_dead-letters";
EXCEPTION WHEN insufficient_privilege THEN
    RAISE NOTICE 'advisory locks stay as they are: not permitted to grant them';
END
$$;
