-- Drafts, journals, pins, favourites, times and places of entries; the trash and what is left of a purged entry; earlier versions;
-- moods that were taken back. Columns can be null, because a host of the former release writes none: null is false or nothing.

-- === journals that entries are in ===

-- The default one has its user's id, and no row until it is renamed. A deleted one stays without its name, so that its entries, which
-- are in the default one then, need no change.
CREATE TABLE command.books (
    id             uuid        PRIMARY KEY,
    user_id        uuid        NOT NULL,
    name           text        CHECK (char_length(name) BETWEEN 1 AND 50),
    -- What makes two names the same; null of a deleted one.
    name_key       text        CHECK (char_length(name_key) BETWEEN 1 AND 900),
    event_sequence bigint      NOT NULL CHECK (event_sequence >= 1),
    deleted_at     timestamptz,
    UNIQUE (user_id, id),
    CONSTRAINT books_name_is_unique UNIQUE (user_id, name_key),
    CONSTRAINT books_live_has_a_name CHECK ((deleted_at IS NULL) = (name IS NOT NULL AND name_key IS NOT NULL)),
    CONSTRAINT books_default_stays CHECK (id <> user_id OR deleted_at IS NULL)
);
GRANT SELECT, INSERT ON command.books TO mindflow_command;
GRANT UPDATE (name, name_key, event_sequence, deleted_at) ON command.books TO mindflow_command;

-- === entries ===

ALTER TABLE command.journals
    ADD COLUMN draft boolean DEFAULT false,
    ADD COLUMN published_at timestamptz,
    ADD COLUMN pinned boolean DEFAULT false,
    ADD COLUMN favourite boolean DEFAULT false,
    ADD COLUMN book_id uuid,
    ADD COLUMN entry_time text CHECK (entry_time ~ '^([01][0-9]|2[0-3]):[0-5][0-9]$'),
    -- {"name": text, "latitude": number, "longitude": number}
    ADD COLUMN place jsonb CHECK (jsonb_typeof(place) = 'object'),
    -- When it came into the trash, from which it is removed for good after a while.
    ADD COLUMN trashed_at timestamptz,
    -- It was removed for good. The row stays, so that no other entry gets the id.
    ADD COLUMN purged_at timestamptz CHECK (purged_at IS NULL OR deleted_at IS NOT NULL),
    ADD FOREIGN KEY (user_id, book_id) REFERENCES command.books (user_id, id);
-- A draft may have no title yet; the service requires one of an entry.
ALTER TABLE command.journals DROP CONSTRAINT journals_title_check;
ALTER TABLE command.journals ADD CONSTRAINT journals_title_check
    CHECK (char_length(title) <= 200 AND (title <> '' OR COALESCE(draft, false) OR purged_at IS NOT NULL));
-- What was deleted before there was an end to it has all of its days from now on.
SET LOCAL mindflow.identity = 'service';
UPDATE command.journals SET trashed_at = now() WHERE deleted_at IS NOT NULL;
SET LOCAL mindflow.identity = '';
CREATE INDEX journals_in_trash ON command.journals (user_id, deleted_at DESC, id DESC) WHERE deleted_at IS NOT NULL AND purged_at IS NULL;
CREATE INDEX journals_to_purge ON command.journals (COALESCE(trashed_at, deleted_at)) WHERE deleted_at IS NOT NULL AND purged_at IS NULL;
GRANT UPDATE (draft, published_at, pinned, favourite, book_id, entry_time, place, trashed_at, purged_at) ON command.journals TO mindflow_command;
-- What a purged entry was made of is forgotten, not that it was made.
GRANT UPDATE (fingerprint) ON command.client_mutations TO mindflow_command;
CREATE INDEX client_mutations_by_entry ON command.client_mutations (user_id, entry_id);

-- What entries said before they were changed. Only their user reads it.
CREATE TABLE command.entry_versions (
    entry_id       uuid        NOT NULL,
    user_id        uuid        NOT NULL,
    version        integer     NOT NULL CHECK (version >= 1),
    title          text        NOT NULL,
    content        text        NOT NULL,
    mood           text,
    -- [{"id": uuid, "name": text}], as they were named then
    tags           jsonb       NOT NULL,
    entry_date     date        NOT NULL,
    entry_time     text,
    place          jsonb,
    word_count     integer     NOT NULL,
    updated_at     timestamptz NOT NULL,
    PRIMARY KEY (entry_id, version),
    FOREIGN KEY (user_id, entry_id) REFERENCES command.journals (user_id, id)
);
GRANT SELECT, INSERT, DELETE ON command.entry_versions TO mindflow_command;

DO $$
DECLARE
    name text;
BEGIN
    FOREACH name IN ARRAY ARRAY['books', 'entry_versions'] LOOP
        EXECUTE format('ALTER TABLE command.%I ENABLE ROW LEVEL SECURITY, FORCE ROW LEVEL SECURITY', name);
        EXECUTE format('CREATE POLICY own_rows ON command.%I USING (user_id = (SELECT mindflow.user_id()) OR (SELECT mindflow.is_service()))', name);
    END LOOP;
END
$$;

-- === moods ===

-- A mood that was taken back leaves neither what it was nor its note.
ALTER TABLE command.mood_records ALTER COLUMN mood DROP NOT NULL, ADD COLUMN taken_back_at timestamptz,
    ADD CONSTRAINT mood_records_is_whole CHECK ((taken_back_at IS NULL) = (mood IS NOT NULL) AND (taken_back_at IS NULL OR note IS NULL));
GRANT SELECT, UPDATE (mood, note, taken_back_at) ON command.mood_records TO mindflow_command;

-- === what may leave the platform ===

-- As before; nothing of a draft leaves, not even that it was deleted.
CREATE OR REPLACE VIEW consent.entries WITH (security_barrier = true) AS
SELECT j.id, j.user_id, COALESCE(j.private, false) OR COALESCE(j.draft, false) AS private, j.deleted_at IS NOT NULL AS deleted
FROM command.journals j
WHERE mindflow.is_service();
COMMENT ON VIEW consent.entries IS 'Which entries stay inside the platform: private ones and drafts. No texts.';

-- === what both sides must agree on ===

-- As before, with what is new of entries, the journals, and moods that were taken back; so is the read side's (0022 there).
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
SELECT 'tag', g.id, g.user_id, g.event_sequence, g.event_sequence, jsonb_build_object('name', g.name),
    'TagRenamed', jsonb_build_object('tagId', g.id, 'userId', g.user_id, 'name', g.name)
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
