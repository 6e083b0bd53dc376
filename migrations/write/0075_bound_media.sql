-- How much a user's files take, for the quota: the sum of what is stored, by an index, and of uploads in progress.

CREATE INDEX renditions_by_user ON media.renditions (user_id) INCLUDE (bytes);
-- Who reads is asked once a statement, and not once a row: of a sum over many rows that is most of the time.
ALTER POLICY own_rows ON media.renditions USING (user_id = (SELECT mindflow.user_id()) OR (SELECT mindflow.is_service()));
ALTER POLICY own_rows ON media.files USING (user_id = (SELECT mindflow.user_id()) OR (SELECT mindflow.is_service()));

-- Room that uploads have taken before their files are stored. A row ends with its upload; what a host leaves that was killed counts
-- for some minutes.
CREATE TABLE media.uploads (
    id       uuid        PRIMARY KEY,
    user_id  uuid        NOT NULL,
    bytes    bigint      NOT NULL CHECK (bytes > 0),
    began_at timestamptz NOT NULL
);
CREATE INDEX uploads_by_user ON media.uploads (user_id);

-- Where a user's uploads wait for each other while one of them takes room, so that the sum is exact.
CREATE TABLE media.room (
    user_id uuid PRIMARY KEY
) WITH (fillfactor = 50);

DO $$
DECLARE
    name text;
BEGIN
    FOREACH name IN ARRAY ARRAY['uploads', 'room'] LOOP
        EXECUTE format('ALTER TABLE media.%I ENABLE ROW LEVEL SECURITY, FORCE ROW LEVEL SECURITY', name);
        EXECUTE format('CREATE POLICY own_rows ON media.%I USING (user_id = (SELECT mindflow.user_id()) OR (SELECT mindflow.is_service()))', name);
    END LOOP;
END
$$;
GRANT SELECT, INSERT, DELETE ON media.uploads TO mindflow_media;
GRANT SELECT, INSERT, UPDATE (user_id) ON media.room TO mindflow_media;

-- As `media.attached`, without deleted entries: their files may be deleted by their owner, and are kept otherwise.
CREATE VIEW media.shown WITH (security_barrier = true) AS
SELECT attached.media_id AS file_id
FROM command.journal_attachments attached JOIN command.journals entry ON entry.id = attached.entry_id
WHERE mindflow.is_service() AND entry.deleted_at IS NULL;
COMMENT ON VIEW media.shown IS 'Files that an entry has which is not deleted.';
GRANT SELECT ON media.shown TO mindflow_media;
