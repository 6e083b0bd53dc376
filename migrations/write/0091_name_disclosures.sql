-- A disclosure's number rises with every one of the platform: shown to users, it would say how much others send. So each has a name that says nothing.
ALTER TABLE disclosure.ledger ADD COLUMN name uuid NOT NULL DEFAULT gen_random_uuid();
CREATE UNIQUE INDEX ledger_by_name ON disclosure.ledger (name);

-- The rows of one user, newest first, behind that of a name where one is given; at most 101. Behind a row that is not the user's is nothing.
CREATE FUNCTION disclosure.page_behind(of_user uuid, seen uuid, first integer) RETURNS SETOF disclosure.ledger
    LANGUAGE sql STABLE SECURITY DEFINER SET search_path = pg_catalog, pg_temp
AS $$
    SELECT l.* FROM disclosure.ledger l
    WHERE l.user_id = $1 AND l.id < CASE WHEN $2 IS NULL THEN 9223372036854775807
        ELSE (SELECT s.id FROM disclosure.ledger s WHERE s.name = $2 AND s.user_id = $1) END
    ORDER BY l.id DESC
    LIMIT least($3, 101)
$$;
REVOKE ALL ON FUNCTION disclosure.page_behind(uuid, uuid, integer) FROM PUBLIC;
GRANT EXECUTE ON FUNCTION disclosure.page_behind(uuid, uuid, integer) TO "mindflow_disclosure-ledger";
