-- Exports and imports: jobs, where each of them is, and what is made or was brought.

CREATE SCHEMA portability;
GRANT USAGE ON SCHEMA portability TO mindflow_portability;

CREATE TABLE portability.jobs (
    id           uuid        PRIMARY KEY,
    user_id      uuid        NOT NULL,
    kind         text        NOT NULL CHECK (kind IN ('export', 'import')),
    -- Null of an import of which it is still to be found out.
    format       text        CHECK (format IN ('MINDFLOW', 'DAY_ONE', 'HTML', 'MARKDOWN', 'JOURNIV', 'DAYLIO')),
    status       text        NOT NULL CHECK (status IN ('WAITING', 'RUNNING', 'READY', 'FAILED', 'CANCELLED', 'EXPIRED')),
    dry_run      boolean     NOT NULL DEFAULT false,
    -- Of the user when the job began: whether insights are made of what is imported, and the zone of exported moments.
    premium      boolean     NOT NULL DEFAULT false,
    time_zone    text        NOT NULL DEFAULT 'UTC',
    upload_id    uuid,
    book_id      uuid,
    -- Where it goes on, as the component writes it.
    state        jsonb       NOT NULL DEFAULT '{}',
    report       jsonb       NOT NULL DEFAULT '{}',
    done         bigint      NOT NULL DEFAULT 0,
    total        bigint      NOT NULL DEFAULT 0,
    media_done   bigint      NOT NULL DEFAULT 0,
    media_total  bigint      NOT NULL DEFAULT 0,
    bytes        bigint      NOT NULL DEFAULT 0,
    error        text,
    created_at   timestamptz NOT NULL,
    completed_at timestamptz,
    expires_at   timestamptz,
    -- Who went on last, and for how long no other does.
    advanced_at  timestamptz NOT NULL,
    leased_until timestamptz,
    failures     integer     NOT NULL DEFAULT 0
);
CREATE INDEX jobs_by_user ON portability.jobs (user_id, kind, id DESC);
CREATE INDEX jobs_to_run ON portability.jobs (advanced_at) WHERE status IN ('WAITING', 'RUNNING');
CREATE INDEX jobs_to_expire ON portability.jobs (expires_at) WHERE expires_at IS NOT NULL;
-- One of each kind at a time.
CREATE UNIQUE INDEX jobs_one_runs ON portability.jobs (user_id, kind) WHERE status IN ('WAITING', 'RUNNING');

-- An export is the sum of its parts; each lies in the container as `exports/{job_id}/{number}`.
CREATE TABLE portability.parts (
    job_id  uuid    NOT NULL REFERENCES portability.jobs ON DELETE CASCADE,
    user_id uuid    NOT NULL,
    number  integer NOT NULL CHECK (number >= 0),
    bytes   bigint  NOT NULL CHECK (bytes >= 0),
    -- Of the archive's directory, which is kept beside until the last part.
    directory_bytes bigint NOT NULL DEFAULT 0,
    PRIMARY KEY (job_id, number)
);

-- Names of media in an export for Day One.
CREATE TABLE portability.digests (
    job_id  uuid NOT NULL REFERENCES portability.jobs ON DELETE CASCADE,
    user_id uuid NOT NULL,
    file_id uuid NOT NULL,
    name    text NOT NULL,
    PRIMARY KEY (job_id, file_id)
);

-- What was brought, piece by piece; each lies in the container as `uploads/{upload_id}/{id}`.
CREATE TABLE portability.uploads (
    id         uuid        PRIMARY KEY,
    user_id    uuid        NOT NULL,
    created_at timestamptz NOT NULL
);
CREATE TABLE portability.pieces (
    upload_id uuid   NOT NULL REFERENCES portability.uploads ON DELETE CASCADE,
    user_id   uuid   NOT NULL,
    -- Where it begins in the whole. Two that begin at the same byte cannot both be.
    starts_at bigint NOT NULL CHECK (starts_at >= 0),
    id        uuid   NOT NULL,
    bytes     bigint NOT NULL CHECK (bytes > 0),
    PRIMARY KEY (upload_id, starts_at)
);
CREATE INDEX uploads_by_user ON portability.uploads (user_id);
CREATE INDEX uploads_by_age ON portability.uploads (created_at);

-- What users have imported on each day.
CREATE TABLE portability.days (
    user_id uuid   NOT NULL,
    day     date   NOT NULL,
    entries bigint NOT NULL DEFAULT 0,
    bytes   bigint NOT NULL DEFAULT 0,
    PRIMARY KEY (user_id, day)
);

CREATE TABLE portability.url_key (
    singleton boolean PRIMARY KEY DEFAULT true CHECK (singleton),
    key       bytea   NOT NULL
);
INSERT INTO portability.url_key (key) VALUES (sha256(decode(replace(gen_random_uuid()::text || gen_random_uuid()::text, '-', ''), 'hex')));
ALTER TABLE portability.url_key ENABLE ROW LEVEL SECURITY, FORCE ROW LEVEL SECURITY;
CREATE POLICY service_alone ON portability.url_key USING (mindflow.is_service());
GRANT SELECT ON portability.url_key TO mindflow_portability;

DO $$
DECLARE
    name text;
BEGIN
    FOREACH name IN ARRAY ARRAY['jobs', 'parts', 'digests', 'uploads', 'pieces', 'days'] LOOP
        EXECUTE format('ALTER TABLE portability.%I ENABLE ROW LEVEL SECURITY, FORCE ROW LEVEL SECURITY', name);
        EXECUTE format('CREATE POLICY own_rows ON portability.%I USING (user_id = (SELECT mindflow.user_id()) OR (SELECT mindflow.is_service()))', name);
        EXECUTE format('GRANT SELECT, INSERT, UPDATE, DELETE ON portability.%I TO mindflow_portability', name);
    END LOOP;
END
$$;

-- === whose import writes ===

-- For the services that write what is imported: whose the job is, while it runs. For a caller the view is empty.
CREATE VIEW portability.importing WITH (security_barrier = true) AS
SELECT id AS job_id, user_id, premium FROM portability.jobs
WHERE kind = 'import' AND status IN ('WAITING', 'RUNNING') AND mindflow.is_service();
COMMENT ON VIEW portability.importing IS 'Imports that run, and whose they are.';
GRANT USAGE ON SCHEMA portability TO mindflow_command, mindflow_media;
GRANT SELECT ON portability.importing TO mindflow_command, mindflow_media;

-- === what an export reads, and only as the service ===

CREATE VIEW portability.entries WITH (security_barrier = true) AS
SELECT j.id, j.user_id, j.book_id, jsonb_build_object(
    'id', j.id, 'title', j.title, 'content', j.content, 'mood', m.mood, 'tags', t.names, 'journal', b.name,
    'entryDate', j.entry_date, 'entryTime', j.entry_time, 'place', j.place,
    'createdAt', to_jsonb(j.created_at), 'updatedAt', to_jsonb(j.updated_at), 'publishedAt', to_jsonb(j.published_at),
    'draft', COALESCE(j.draft, false), 'pinned', COALESCE(j.pinned, false), 'favourite', COALESCE(j.favourite, false),
    'private', COALESCE(j.private, false), 'media', a.files) AS record,
    b.id IS NULL AS in_default
FROM command.journals j
LEFT JOIN command.journal_moods m ON m.entry_id = j.id
-- Entries of a deleted book are in the default one, whose row is there when it was renamed.
LEFT JOIN command.books b ON b.user_id = j.user_id AND b.id = j.book_id AND b.id <> j.user_id AND b.deleted_at IS NULL
CROSS JOIN LATERAL (
    SELECT COALESCE(jsonb_agg(k.name ORDER BY k.name COLLATE command.by_language, k.id), '[]') AS names
    FROM command.journal_tags l JOIN command.tags k ON k.id = l.tag_id AND k.user_id = l.user_id AND k.deleted_at IS NULL
    WHERE l.entry_id = j.id
) t
CROSS JOIN LATERAL (
    SELECT COALESCE(jsonb_agg(jsonb_build_object('id', f.id, 'name', f.file_name, 'contentType', r.content_type) ORDER BY l.position), '[]') AS files
    FROM command.journal_attachments l
    JOIN media.files f ON f.id = l.media_id AND f.user_id = j.user_id
    JOIN media.renditions r ON r.file_id = f.id AND r.name = 'original'
    WHERE l.entry_id = j.id
) a
WHERE j.deleted_at IS NULL AND mindflow.is_service();

CREATE VIEW portability.moods WITH (security_barrier = true) AS
SELECT r.id, r.user_id, jsonb_build_object('id', r.id, 'mood', r.mood, 'note', r.note, 'at', to_jsonb(r.at)) AS record
FROM command.mood_records r WHERE r.taken_back_at IS NULL AND mindflow.is_service();

CREATE VIEW portability.books WITH (security_barrier = true) AS
SELECT b.id, b.user_id, b.name FROM command.books b WHERE b.deleted_at IS NULL AND mindflow.is_service();

CREATE VIEW portability.tags WITH (security_barrier = true) AS
SELECT k.user_id, k.name FROM command.tags k WHERE k.deleted_at IS NULL AND mindflow.is_service();

-- Of entries that are exported.
CREATE VIEW portability.media WITH (security_barrier = true) AS
SELECT f.id, f.user_id, f.file_name, r.content_type, r.bytes
FROM media.files f JOIN media.renditions r ON r.file_id = f.id AND r.name = 'original'
WHERE mindflow.is_service() AND EXISTS (
    SELECT FROM command.journal_attachments l JOIN command.journals j ON j.id = l.entry_id
    WHERE l.media_id = f.id AND j.deleted_at IS NULL
);

-- When they were deleted: exports of before may have them.
CREATE VIEW portability.ended_entries WITH (security_barrier = true) AS
SELECT j.id, j.user_id, j.deleted_at FROM command.journals j WHERE j.purged_at IS NOT NULL AND mindflow.is_service();
GRANT SELECT ON portability.ended_entries TO mindflow_portability;

GRANT SELECT ON portability.entries, portability.moods, portability.books, portability.tags, portability.media TO mindflow_portability;

-- === what an erasure deletes ===

-- Of a user. Files go from the container before their rows do.
CREATE FUNCTION portability.erase(of_user uuid) RETURNS jsonb
    LANGUAGE plpgsql VOLATILE SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS $$
DECLARE
    counts jsonb := '{}';
    name   text;
BEGIN
    FOREACH name IN ARRAY ARRAY['portability.parts', 'portability.digests', 'portability.jobs', 'portability.pieces', 'portability.uploads',
        'portability.days']
    LOOP
        counts := mindflow.erase_rows(counts, name, 'user_id = $1', of_user, NULL);
    END LOOP;
    RETURN counts;
END
$$;
REVOKE EXECUTE ON FUNCTION portability.erase FROM PUBLIC;
GRANT EXECUTE ON FUNCTION portability.erase TO mindflow_portability;
