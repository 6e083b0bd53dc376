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
GRANT SELECT, DELETE ON command.changes TO mindflow_command;

CREATE FUNCTION command.keep_change(of_user uuid, of_kind text, of_id uuid, is_deleted boolean) RETURNS void
    LANGUAGE sql VOLATILE SET search_path = pg_catalog, pg_temp
AS $$
    WITH next AS (
        -- Of an account that is erased nothing is kept, whatever deletes the rest of it.
        INSERT INTO command.change_counters AS held (user_id, counter)
        SELECT of_user, 1 WHERE NOT EXISTS (
            SELECT FROM auth.erasures e WHERE e.user_id = of_user AND e.entry_id IS NULL AND e.first_sequence IS NOT NULL)
        ON CONFLICT (user_id) DO UPDATE SET counter = held.counter + 1
        RETURNING counter
    )
    INSERT INTO command.changes AS held (user_id, kind, id, position, deleted, at)
    SELECT of_user, of_kind, of_id, counter, is_deleted, clock_timestamp() FROM next
    ON CONFLICT (user_id, kind, id) DO UPDATE SET position = excluded.position, deleted = excluded.deleted, at = excluded.at;
$$;

-- Many entries that change by something else than a write of their own.
CREATE FUNCTION command.keep_changed_entries(of_user uuid, ids uuid[]) RETURNS void
    LANGUAGE sql VOLATILE SET search_path = pg_catalog, pg_temp
AS $$
    WITH given AS (
        SELECT entry.id, row_number() OVER (ORDER BY entry.id) AS nth, count(*) OVER () AS all_of_them
        FROM command.journals entry
        WHERE entry.user_id = of_user AND entry.id = ANY (ids) AND entry.deleted_at IS NULL
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
-- From a tag to its entries, to take it off them; in place of the one by the tag alone.
DROP INDEX command.journal_tags_by_tag;
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

-- As before, with tags that were deleted; so is the read side's (0023 there).
CREATE OR REPLACE VIEW reconciliation.aggregates WITH (security_barrier = true) AS
SELECT 'entry' AS kind, j.id, j.user_id, j.event_sequence AS version, j.event_sequence AS sequence,
    CASE WHEN j.deleted_at IS NULL THEN jsonb_build_object(
        'title', j.title, 'content', j.content, 'mood', m.mood, 'tagIds', t.ids, 'attachmentIds', a.ids,
        'createdAt', (extract(epoch FROM j.created_at) * 1000000)::bigint, 'updatedAt', (extract(epoch FROM j.updated_at) * 1000000)::bigint, 'entryDate', j.entry_date,
        'version', j.version, 'wordCount', j.word_count, 'private', COALESCE(j.private, false),
        'draft', COALESCE(j.draft, false), 'publishedAt', (extract(epoch FROM j.published_at) * 1000000)::bigint,
        'pinned', COALESCE(j.pinned, false), 'favourite', COALESCE(j.favourite, false), 'bookId', j.book_id,
        'entryTime', j.entry_time, 'place', j.place,
        'deletedAt', NULL, 'firstSeen', s.counted)
    ELSE jsonb_build_object('version', j.version, 'deletedAt', (extract(epoch FROM j.deleted_at) * 1000000)::bigint, 'firstSeen', s.counted) END AS state,
    CASE WHEN j.deleted_at IS NOT NULL THEN 'JournalEntryDeleted' WHEN j.draft THEN 'JournalDraftSaved' ELSE 'JournalEntryUpdated' END AS event_type,
    CASE WHEN j.deleted_at IS NULL THEN jsonb_build_object(
        'journalId', j.id, 'userId', j.user_id, 'title', j.title, 'content', j.content, 'mood', m.mood,
        'tags', t.named, 'attachmentIds', a.ids, 'createdAt', to_jsonb(j.created_at), 'updatedAt', to_jsonb(j.updated_at),
        'entryDate', j.entry_date, 'version', j.version, 'wordCount', j.word_count, 'private', COALESCE(j.private, false),
        'draft', COALESCE(j.draft, false), 'publishedAt', to_jsonb(j.published_at), 'pinned', COALESCE(j.pinned, false),
        'favourite', COALESCE(j.favourite, false), 'bookId', j.book_id, 'entryTime', j.entry_time, 'place', j.place,
        -- What is known of its analysis stays as it is.
        'analysis', 'not_included', 'reason', 'restored')
    ELSE jsonb_build_object('journalId', j.id, 'userId', j.user_id, 'deletedAt', to_jsonb(j.deleted_at), 'version', j.version)
    END AS payload
FROM command.journals j
LEFT JOIN command.journal_moods m ON m.entry_id = j.id
CROSS JOIN LATERAL (
    SELECT COALESCE(jsonb_agg(k.id ORDER BY k.id), '[]') AS ids,
        COALESCE(jsonb_agg(jsonb_build_object('id', k.id, 'name', k.name) ORDER BY k.name COLLATE command.by_language, k.id), '[]') AS named
    FROM command.journal_tags l JOIN command.tags k ON k.id = l.tag_id AND k.user_id = l.user_id
    WHERE l.entry_id = j.id
) t
CROSS JOIN LATERAL (
    SELECT COALESCE(jsonb_agg(l.media_id ORDER BY l.position), '[]') AS ids
    FROM command.journal_attachments l WHERE l.entry_id = j.id
) a
-- Since when it takes a place in a month's quota; a draft takes none.
CROSS JOIN LATERAL (
    SELECT CASE WHEN NOT COALESCE(j.draft, false) THEN (extract(epoch FROM COALESCE(j.published_at, j.created_at)) * 1000000)::bigint END AS counted
) s
-- The read side has nothing of a purged one.
WHERE mindflow.is_service() AND j.purged_at IS NULL
UNION ALL
SELECT 'tag', g.id, g.user_id, g.event_sequence, g.event_sequence, jsonb_build_object('name', g.name, 'deleted', g.deleted_at IS NOT NULL),
    CASE WHEN g.deleted_at IS NULL THEN 'TagRenamed' ELSE 'TagDeleted' END,
    CASE WHEN g.deleted_at IS NULL THEN jsonb_build_object('tagId', g.id, 'userId', g.user_id, 'name', g.name)
    ELSE jsonb_build_object('tagId', g.id, 'userId', g.user_id, 'mergedInto', g.merged_into) END
FROM command.tags g WHERE mindflow.is_service()
UNION ALL
SELECT 'mood', r.id, r.user_id, v.sequence, v.sequence,
    CASE WHEN r.taken_back_at IS NULL THEN jsonb_build_object('mood', r.mood, 'note', r.note, 'at', (extract(epoch FROM r.at) * 1000000)::bigint)
    ELSE jsonb_build_object('takenBackAt', (extract(epoch FROM r.taken_back_at) * 1000000)::bigint) END,
    CASE WHEN r.taken_back_at IS NULL THEN 'MoodRecorded' ELSE 'MoodTakenBack' END,
    CASE WHEN r.taken_back_at IS NULL THEN jsonb_build_object('moodId', r.id, 'userId', r.user_id, 'mood', r.mood, 'note', r.note, 'at', to_jsonb(r.at), 'date', r.date)
    ELSE jsonb_build_object('moodId', r.id, 'userId', r.user_id, 'takenBackAt', to_jsonb(r.taken_back_at)) END
FROM command.mood_records r CROSS JOIN LATERAL (SELECT CASE WHEN r.taken_back_at IS NULL THEN 1 ELSE 2 END::bigint AS sequence) v
WHERE mindflow.is_service()
UNION ALL
-- Logins raise a user's sequence as well, and are nothing to the read side.
SELECT 'user', u.id, u.id, 0, u.event_sequence, jsonb_build_object('email', u.email, 'displayName', u.display_name,
        'roles', o.roles, 'timezone', u.timezone, 'createdAt', (extract(epoch FROM u.created_at) * 1000000)::bigint),
    'UserUpdated', jsonb_build_object('userId', u.id, 'email', u.email, 'displayName', u.display_name,
        'roles', o.roles, 'timezone', u.timezone, 'createdAt', to_jsonb(u.created_at))
FROM auth.users u
CROSS JOIN LATERAL (
    SELECT COALESCE(jsonb_agg(g.role ORDER BY g.role), '[]') AS roles FROM auth.user_roles g WHERE g.user_id = u.id
) o
WHERE mindflow.is_service()
UNION ALL
SELECT 'book', b.id, b.user_id, b.event_sequence, b.event_sequence, jsonb_build_object('name', b.name, 'deleted', b.deleted_at IS NOT NULL),
    CASE WHEN b.deleted_at IS NULL THEN 'JournalRenamed' ELSE 'JournalDeleted' END,
    jsonb_build_object('bookId', b.id, 'userId', b.user_id, 'name', COALESCE(b.name, ''))
FROM command.books b WHERE mindflow.is_service();

-- === what new entries begin with ===

CREATE TABLE command.templates (
    id         uuid        PRIMARY KEY,
    user_id    uuid        NOT NULL,
    name       text        NOT NULL CHECK (char_length(name) BETWEEN 1 AND 50),
    name_key   text        NOT NULL CHECK (char_length(name_key) BETWEEN 1 AND 900),
    title      text        NOT NULL CHECK (char_length(title) <= 200),
    content    text        NOT NULL CHECK (char_length(content) <= 10000),
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

-- === what an erasure deletes ===

-- As before, with all of this. Of an entry the row stays without what it said, so that its id is not used again; and so does which
-- mutation made it, which may come again from a device that was away.
CREATE OR REPLACE FUNCTION command.erase(of_user uuid, of_entry uuid) RETURNS jsonb
    LANGUAGE plpgsql VOLATILE SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS $$
DECLARE
    counts jsonb := '{}';
    name   text;
    erased bigint;
BEGIN
    FOREACH name IN ARRAY ARRAY['command.entry_versions', 'command.journal_tags', 'command.journal_moods', 'command.journal_attachments'] LOOP
        counts := mindflow.erase_rows(counts, name,
            'entry_id IN (SELECT id FROM command.journals WHERE user_id = $1 AND ($2 IS NULL OR id = $2))', of_user, of_entry);
    END LOOP;
    IF of_entry IS NOT NULL THEN
        UPDATE command.client_mutations SET fingerprint = NULL WHERE user_id = of_user AND entry_id = of_entry;
        UPDATE command.journals
        SET purged_at = now(), deleted_at = COALESCE(deleted_at, now()), title = '', content = '', word_count = 0,
            pinned = false, favourite = false, book_id = NULL, entry_time = NULL, place = NULL
        WHERE user_id = of_user AND id = of_entry AND purged_at IS NULL;
        GET DIAGNOSTICS erased = ROW_COUNT;
        RETURN counts || jsonb_build_object('command.journals', erased);
    END IF;
    -- What refers to others comes first.
    FOREACH name IN ARRAY ARRAY['command.client_mutations', 'command.templates', 'command.journals', 'command.tags', 'command.books',
        'command.mood_records', 'command.quota_usage', 'command.tag_usage', 'command.changes', 'command.change_counters']
    LOOP
        counts := mindflow.erase_rows(counts, name, 'user_id = $1', of_user, NULL);
    END LOOP;
    RETURN counts;
END
$$;
