-- How many tags a user has, for the quota. The row is also what concurrent requests of a user that make tags wait at, so that the
-- number is exact. Kept by triggers, whichever statement changes the tags.
CREATE TABLE command.tag_usage (
    user_id uuid   PRIMARY KEY,
    used    bigint NOT NULL CHECK (used >= 0)
) WITH (fillfactor = 70);
ALTER TABLE command.tag_usage ENABLE ROW LEVEL SECURITY, FORCE ROW LEVEL SECURITY;
CREATE POLICY own_rows ON command.tag_usage USING (user_id = mindflow.user_id() OR mindflow.is_service());
-- The service may read it. What changes it is the function below, which acts as the owner.
GRANT SELECT ON command.tag_usage TO mindflow_command;

CREATE FUNCTION command.count_tag() RETURNS trigger
    LANGUAGE plpgsql VOLATILE SECURITY DEFINER SET search_path = pg_catalog, pg_temp
AS $$
BEGIN
    IF TG_OP = 'INSERT' THEN
        INSERT INTO command.tag_usage AS held (user_id, used) VALUES (NEW.user_id, 1)
        ON CONFLICT (user_id) DO UPDATE SET used = held.used + 1;
    ELSE
        UPDATE command.tag_usage SET used = used - 1 WHERE user_id = OLD.user_id;
    END IF;
    RETURN NULL;
END
$$;
CREATE TRIGGER count_tag AFTER INSERT OR DELETE ON command.tags
    FOR EACH ROW EXECUTE FUNCTION command.count_tag();
REVOKE EXECUTE ON FUNCTION command.count_tag() FROM PUBLIC;

-- What there is. The owner of the tables is held to their policies as well.
SET LOCAL mindflow.identity = 'service';
INSERT INTO command.tag_usage (user_id, used) SELECT user_id, count(*) FROM command.tags GROUP BY user_id;
SET LOCAL mindflow.identity = '';
