-- When what readers see of an entry last changed: its `Last-Modified`, which has whole seconds and must move with every change.
-- So a change that comes within a second of the one before it counts for the next second.
--
-- An entry shows its own row, its analysis and the names of its tags, and triggers on all three note their changes. The rows are
-- times of application, of which no event knows; the service only reads them, so they are no part of what a replay compares.

CREATE TABLE query.last_changes (
    -- An entry, or a tag that was renamed. A rename is one row, however many entries have the tag.
    id      uuid PRIMARY KEY,
    user_id uuid NOT NULL,
    at      timestamptz NOT NULL
);

GRANT SELECT ON query.last_changes TO mindflow_query;

ALTER TABLE query.last_changes ENABLE ROW LEVEL SECURITY;
ALTER TABLE query.last_changes FORCE ROW LEVEL SECURITY;
CREATE POLICY owner_reads ON query.last_changes FOR SELECT USING (user_id = (SELECT mindflow.user_id()));
CREATE POLICY service_reads ON query.last_changes FOR SELECT USING ((SELECT mindflow.is_service()));
CREATE POLICY triggers_keep ON query.last_changes TO CURRENT_USER USING (true) WITH CHECK (true);
CREATE POLICY triggers_read ON query.journals_view FOR SELECT TO CURRENT_USER USING (true);
CREATE POLICY triggers_read ON query.entry_tags FOR SELECT TO CURRENT_USER USING (true);
CREATE POLICY triggers_read ON query.tags_view FOR SELECT TO CURRENT_USER USING (true);

-- Now, or the second after that time, when it has not begun yet.
CREATE FUNCTION query.later_than(before timestamptz) RETURNS timestamptz LANGUAGE sql VOLATILE
    RETURN GREATEST(clock_timestamp(), date_trunc('second', before) + INTERVAL '1 second');

CREATE FUNCTION query.note_change(of_id uuid, of_user uuid, before timestamptz) RETURNS void LANGUAGE sql AS $$
    INSERT INTO query.last_changes AS c (id, user_id, at) VALUES (of_id, of_user, query.later_than(before))
    ON CONFLICT (id) DO UPDATE SET user_id = excluded.user_id, at = GREATEST(excluded.at, query.later_than(c.at));
$$;

-- The last change of an entry with these tags.
CREATE FUNCTION query.shown_since(of_entry uuid, of_tags uuid[]) RETURNS timestamptz LANGUAGE sql STABLE
    RETURN (SELECT max(c.at) FROM query.last_changes c WHERE c.id = of_entry OR c.id = ANY (of_tags));

REVOKE EXECUTE ON FUNCTION query.later_than, query.note_change, query.shown_since FROM PUBLIC;

CREATE FUNCTION query.entry_changed() RETURNS trigger
    LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS $$
BEGIN
    IF TG_OP = 'DELETE' THEN
        DELETE FROM query.last_changes c WHERE c.id = OLD.entry_id;
    ELSE
        -- Also of the tags that it had: without them, it must not be older than with them.
        PERFORM query.note_change(NEW.entry_id, NEW.user_id,
            query.shown_since(NEW.entry_id, COALESCE(NEW.tag_ids, '{}') || COALESCE(OLD.tag_ids, '{}')));
    END IF;
    RETURN NULL;
END
$$;

CREATE FUNCTION query.analysis_changed() RETURNS trigger
    LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS $$
BEGIN
    PERFORM query.note_change(NEW.entry_id, NEW.user_id,
        query.shown_since(NEW.entry_id, (SELECT v.tag_ids FROM query.journals_view v WHERE v.entry_id = NEW.entry_id)));
    RETURN NULL;
END
$$;

CREATE FUNCTION query.tag_renamed() RETURNS trigger
    LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS $$
BEGIN
    -- Later than everything that an entry with this tag shows: these entries, and the user's other tags.
    PERFORM query.note_change(NEW.tag_id, NEW.user_id, (
        SELECT max(c.at) FROM query.last_changes c
        WHERE c.id IN (SELECT t.entry_id FROM query.entry_tags t WHERE t.user_id = NEW.user_id AND t.tag_id = NEW.tag_id
            UNION ALL SELECT g.tag_id FROM query.tags_view g WHERE g.user_id = NEW.user_id)));
    RETURN NULL;
END
$$;

CREATE TRIGGER entry_changes AFTER INSERT OR UPDATE OR DELETE ON query.journals_view
    FOR EACH ROW EXECUTE FUNCTION query.entry_changed();
-- The others are written with their entry.
CREATE TRIGGER analysis_changes AFTER INSERT OR UPDATE ON query.analyses_view
    FOR EACH ROW WHEN (NEW.analysis_sequence > 0) EXECUTE FUNCTION query.analysis_changed();
-- A tag has its first name on its entries before its own row is here.
CREATE TRIGGER tag_comes_renamed AFTER INSERT ON query.tags_view
    FOR EACH ROW WHEN (NEW.sequence > 1) EXECUTE FUNCTION query.tag_renamed();
CREATE TRIGGER tag_changes AFTER UPDATE ON query.tags_view
    FOR EACH ROW WHEN (NEW.name IS DISTINCT FROM OLD.name) EXECUTE FUNCTION query.tag_renamed();
