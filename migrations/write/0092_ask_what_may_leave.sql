-- Whether a service outside of the platform may read what a user writes, at this moment: the user allows it, and, where an entry is asked about, it is
-- that user's, neither private nor deleted nor gone. `assumed`: what holds of a user who has not said it. With the rights of who asks.
CREATE FUNCTION consent.may_leave(of_user uuid, of_entry uuid, assumed boolean) RETURNS boolean
    LANGUAGE sql STABLE SET search_path = pg_catalog, pg_temp
AS $$
    SELECT EXISTS (
        SELECT FROM consent.users u
        WHERE u.id = $1 AND coalesce(u.ai_consent, $3) AND ($2 IS NULL OR EXISTS (
            SELECT FROM consent.entries e WHERE e.id = $2 AND e.user_id = u.id AND NOT e.private AND NOT e.deleted
        ))
    )
$$;
REVOKE ALL ON FUNCTION consent.may_leave(uuid, uuid, boolean) FROM PUBLIC;
GRANT EXECUTE ON FUNCTION consent.may_leave(uuid, uuid, boolean) TO mindflow_ai, mindflow_query;
