-- The key of web push for whoever is granted this function: the host, and an adapter that logs in as the capability's own role,
-- as on Spin. The first who asks brings a key that it made; all get the one that is kept. The table itself stays closed.
CREATE FUNCTION mindflow.keep_vapid_key(made bytea) RETURNS bytea
    LANGUAGE plpgsql VOLATILE SECURITY DEFINER SET search_path = pg_catalog, pg_temp
AS $$
DECLARE
    kept bytea;
BEGIN
    SELECT pkcs8 INTO kept FROM mindflow.vapid_key;
    IF kept IS NULL THEN
        INSERT INTO mindflow.vapid_key (pkcs8) VALUES (made) ON CONFLICT DO NOTHING;
        SELECT pkcs8 INTO kept FROM mindflow.vapid_key;
    END IF;
    RETURN kept;
END
$$;
REVOKE ALL ON FUNCTION mindflow.keep_vapid_key(bytea) FROM PUBLIC;
GRANT EXECUTE ON FUNCTION mindflow.keep_vapid_key(bytea) TO "mindflow_web-push";
