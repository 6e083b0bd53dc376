-- What of a user's own things has changed, in order, for devices that were away.
--
-- The order is a counter of the user's own row. A transaction takes its numbers at its commit, and holds the row until it is over: so
-- of two transactions the one with the smaller numbers is seen first, and who has read up to a number has missed none below it. A time
-- or a sequence would not do: they are taken before the commit, and commits come in another order.
--
-- Kept by triggers, whichever statement or service changes a thing. They are deferred, so that the counter is the last lock that a
-- transaction takes; taken earlier, it would wait for tags and entries that another one of the same user holds.

CREATE TABLE command.change_counters (
    user_id   uuid   PRIMARY KEY,
    counter   bigint NOT NULL CHECK (counter >= 0),
    -- The last number whose tombstone is no longer kept.
    forgotten bigint NOT NULL DEFAULT 0 CHECK (forgotten <= counter)
) WITH (fillfactor = 50);

-- The last change of each thing. What is gone stays as a tombstone for a while.
CREATE TABLE command.changes (
    user_id  uuid        NOT NULL,
    kind     text        NOT NULL CHECK (kind IN ('entry', 'book', 'tag', 'mood', 'template', 'reminder', 'media')),
    id       uuid        NOT NULL,
    position bigint      NOT NULL CHECK (position >= 1),
    deleted  boolean     NOT NULL,
    at       timestamptz NOT NULL,
    PRIMARY KEY (user_id, kind, id),
    UNIQUE (user_id, position)
) WITH (fillfactor = 80);
CREATE INDEX changes_to_forget ON command.changes (at) WHERE deleted;

ALTER TABLE command.change_counters ENABLE ROW LEVEL SECURITY, FORCE ROW LEVEL SECURITY;
ALTER TABLE command.changes ENABLE ROW LEVEL SECURITY, FORCE ROW LEVEL SECURITY;
CREATE POLICY own_rows ON command.change_counters USING (user_id = (SELECT mindflow.user_id()) OR (SELECT mindflow.is_service()));
CREATE POLICY own_rows ON command.changes USING (user_id = (SELECT mindflow.user_id()) OR (SELECT mindflow.is_service()));
-- Rows come by the functions below, which act as the owner.
GRANT SELECT, UPDATE (forgotten) ON command.change_counters TO mindflow_command;
-- A row is locked before it is forgotten, which takes the right to change something of it.
GRANT SELECT, DELETE, UPDATE (at) ON command.changes TO mindflow_command;

CREATE FUNCTION command.keep_change(of_user uuid, of_kind text, of_id uuid, is_deleted boolean) RETURNS void
    LANGUAGE sql VOLATILE SET search_path = pg_catalog, pg_temp
AS $$
    WITH next AS (
        INSERT INTO command.change_counters AS held (user_id, counter) VALUES (of_user, 1)
        ON CONFLICT (user_id) DO UPDATE SET counter = held.counter + 1
        RETURNING counter
    )
    INSERT INTO command.changes AS held (user_id, kind, id, position, deleted, at)
    SELECT of_user, of_kind, of_id, counter, is_deleted, clock_timestamp() FROM next
    ON CONFLICT (user_id, kind, id) DO UPDATE SET position = excluded.position, deleted = excluded.deleted, at = excluded.at;
$$;

-- Many entries that change by something else than a write of their own. For the end of a transaction, as the counter is held from here.
CREATE FUNCTION command.keep_changed_entries(of_user uuid, ids uuid[]) RETURNS void
    LANGUAGE sql VOLATILE SECURITY DEFINER SET search_path = pg_catalog, pg_temp
AS $$
    WITH given AS (
        SELECT entry.id, row_number() OVER (ORDER BY entry.id) AS nth, count(*) OVER () AS all_of_them
        FROM command.journals entry
        WHERE entry.user_id = of_user AND entry.id = ANY (ids) AND entry.deleted_at IS NULL
            AND (of_user = mindflow.user_id() OR mindflow.is_service())
    ), next AS (
        INSERT INTO command.change_counters AS held (user_id, counter) SELECT of_user, max(all_of_them) FROM given HAVING count(*) > 0
        ON CONFLICT (user_id) DO UPDATE SET counter = held.counter + excluded.counter
        RETURNING counter
    )
    INSERT INTO command.changes AS held (user_id, kind, id, position, deleted, at)
    SELECT of_user, 'entry', given.id, next.counter - given.all_of_them + given.nth, false, clock_timestamp() FROM given CROSS JOIN next
    ON CONFLICT (user_id, kind, id) DO UPDATE SET position = excluded.position, deleted = excluded.deleted, at = excluded.at;
$$;
REVOKE EXECUTE ON FUNCTION command.keep_change, command.keep_changed_entries FROM PUBLIC;
GRANT EXECUTE ON FUNCTION command.keep_changed_entries TO mindflow_command;

-- Of rows that stay when the thing is deleted. The trigger names the kind.
CREATE FUNCTION command.change_of_marked() RETURNS trigger
    LANGUAGE plpgsql VOLATILE SECURITY DEFINER SET search_path = pg_catalog, pg_temp
AS $$
BEGIN
    PERFORM command.keep_change(NEW.user_id, TG_ARGV[0], NEW.id, NEW.deleted_at IS NOT NULL);
    RETURN NULL;
END
$$;

-- Entries of a deleted journal are in the default one from then on.
CREATE FUNCTION command.change_of_book() RETURNS trigger
    LANGUAGE plpgsql VOLATILE SECURITY DEFINER SET search_path = pg_catalog, pg_temp
AS $$
BEGIN
    PERFORM command.keep_change(NEW.user_id, 'book', NEW.id, NEW.deleted_at IS NOT NULL);
    IF NEW.deleted_at IS NOT NULL THEN
        PERFORM command.keep_changed_entries(NEW.user_id, ARRAY(
            SELECT entry.id FROM command.journals entry WHERE entry.user_id = NEW.user_id AND entry.book_id = NEW.id));
    END IF;
    RETURN NULL;
END
$$;

CREATE FUNCTION command.change_of_mood() RETURNS trigger
    LANGUAGE plpgsql VOLATILE SECURITY DEFINER SET search_path = pg_catalog, pg_temp
AS $$
BEGIN
    PERFORM command.keep_change(NEW.user_id, 'mood', NEW.id, NEW.taken_back_at IS NOT NULL);
    RETURN NULL;
END
$$;

-- Of rows that go with the thing.
CREATE FUNCTION command.change_of_row() RETURNS trigger
    LANGUAGE plpgsql VOLATILE SECURITY DEFINER SET search_path = pg_catalog, pg_temp
AS $$
BEGIN
    IF TG_OP = 'DELETE' THEN
        PERFORM command.keep_change(OLD.user_id, TG_ARGV[0], OLD.id, true);
    ELSE
        PERFORM command.keep_change(NEW.user_id, TG_ARGV[0], NEW.id, false);
    END IF;
    RETURN NULL;
END
$$;
REVOKE EXECUTE ON FUNCTION command.change_of_marked, command.change_of_book, command.change_of_mood, command.change_of_row FROM PUBLIC;

CREATE CONSTRAINT TRIGGER entry_is_new AFTER INSERT ON command.journals DEFERRABLE INITIALLY DEFERRED
    FOR EACH ROW EXECUTE FUNCTION command.change_of_marked('entry');
-- Whatever changes an entry counts its event.
CREATE CONSTRAINT TRIGGER entry_changes AFTER UPDATE ON command.journals DEFERRABLE INITIALLY DEFERRED
    FOR EACH ROW WHEN (NEW.event_sequence <> OLD.event_sequence) EXECUTE FUNCTION command.change_of_marked('entry');
CREATE CONSTRAINT TRIGGER book_changes AFTER INSERT OR UPDATE ON command.books DEFERRABLE INITIALLY DEFERRED
    FOR EACH ROW EXECUTE FUNCTION command.change_of_book();
CREATE CONSTRAINT TRIGGER mood_changes AFTER INSERT OR UPDATE ON command.mood_records DEFERRABLE INITIALLY DEFERRED
    FOR EACH ROW EXECUTE FUNCTION command.change_of_mood();

-- === tags that were deleted ===

-- The row stays without its name, so that an event that comes late does not bring the tag back, and says what it was merged into.
ALTER TABLE command.tags
    ADD COLUMN deleted_at timestamptz,
    ADD COLUMN merged_into uuid,
    ALTER COLUMN name DROP NOT NULL,
    ALTER COLUMN name_key DROP NOT NULL,
    ADD CONSTRAINT tags_live_has_a_name CHECK ((deleted_at IS NULL) = (name IS NOT NULL AND name_key IS NOT NULL)),
    ADD CONSTRAINT tags_merged_is_deleted CHECK (merged_into IS NULL OR deleted_at IS NOT NULL),
    ADD FOREIGN KEY (user_id, merged_into) REFERENCES command.tags (user_id, id);
GRANT UPDATE (deleted_at, merged_into) ON command.tags TO mindflow_command;
CREATE INDEX tags_merged ON command.tags (user_id, merged_into) WHERE merged_into IS NOT NULL;
-- From a tag to its entries, to take it off them.
CREATE INDEX journal_tags_by_tag ON command.journal_tags (user_id, tag_id);

CREATE CONSTRAINT TRIGGER tag_changes AFTER INSERT OR UPDATE ON command.tags DEFERRABLE INITIALLY DEFERRED
    FOR EACH ROW EXECUTE FUNCTION command.change_of_marked('tag');

-- A deleted tag takes no place among those that a user can have. The row of the count is locked when the tags are.
CREATE FUNCTION command.uncount_tag() RETURNS trigger
    LANGUAGE plpgsql VOLATILE SECURITY DEFINER SET search_path = pg_catalog, pg_temp
AS $$
BEGIN
    UPDATE command.tag_usage SET used = used - 1 WHERE user_id = NEW.user_id;
    RETURN NULL;
END
$$;
REVOKE EXECUTE ON FUNCTION command.uncount_tag() FROM PUBLIC;
CREATE TRIGGER uncount_tag AFTER UPDATE ON command.tags
    FOR EACH ROW WHEN (OLD.deleted_at IS NULL AND NEW.deleted_at IS NOT NULL) EXECUTE FUNCTION command.uncount_tag();

-- === what new entries begin with ===

CREATE TABLE command.templates (
    id         uuid        PRIMARY KEY,
    user_id    uuid        NOT NULL,
    name       text        NOT NULL CHECK (char_length(name) BETWEEN 1 AND 50),
    name_key   text        NOT NULL CHECK (char_length(name_key) BETWEEN 1 AND 900),
    title      text        NOT NULL CHECK (char_length(title) <= 200),
    content    text        NOT NULL CHECK (char_length(content) <= 100000),
    tags       text[]      NOT NULL CHECK (cardinality(tags) <= 20),
    book_id    uuid,
    updated_at timestamptz NOT NULL,
    CONSTRAINT templates_name_is_unique UNIQUE (user_id, name_key),
    FOREIGN KEY (user_id, book_id) REFERENCES command.books (user_id, id)
);
ALTER TABLE command.templates ENABLE ROW LEVEL SECURITY, FORCE ROW LEVEL SECURITY;
CREATE POLICY own_rows ON command.templates USING (user_id = (SELECT mindflow.user_id()) OR (SELECT mindflow.is_service()));
GRANT SELECT, INSERT, DELETE ON command.templates TO mindflow_command;
GRANT UPDATE (name, name_key, title, content, tags, book_id, updated_at) ON command.templates TO mindflow_command;
CREATE CONSTRAINT TRIGGER template_changes AFTER INSERT OR UPDATE OR DELETE ON command.templates DEFERRABLE INITIALLY DEFERRED
    FOR EACH ROW EXECUTE FUNCTION command.change_of_row('template');

-- === what there is ===

-- In the order in which it was made, so that a journal comes before its entries. The owner of the tables is held to their policies as
-- well.
SET LOCAL mindflow.identity = 'service';
INSERT INTO command.changes (user_id, kind, id, position, deleted, at)
SELECT user_id, kind, id, row_number() OVER (PARTITION BY user_id ORDER BY nth, id), false, now()
FROM (
    SELECT user_id, 'book' AS kind, id, 1 AS nth FROM command.books WHERE deleted_at IS NULL
    UNION ALL SELECT user_id, 'tag', id, 2 FROM command.tags
    UNION ALL SELECT user_id, 'entry', id, 3 FROM command.journals WHERE deleted_at IS NULL
    UNION ALL SELECT user_id, 'mood', id, 4 FROM command.mood_records WHERE taken_back_at IS NULL
) things;
INSERT INTO command.change_counters (user_id, counter) SELECT user_id, max(position) FROM command.changes GROUP BY user_id;
SET LOCAL mindflow.identity = '';
