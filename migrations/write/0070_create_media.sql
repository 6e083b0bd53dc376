-- What users upload: whose it is, and the files that it is stored as.

CREATE SCHEMA media;
GRANT USAGE ON SCHEMA media TO mindflow_media;

CREATE TABLE media.files (
    id         uuid        PRIMARY KEY,
    user_id    uuid        NOT NULL,
    file_name  text        NOT NULL CHECK (octet_length(file_name) BETWEEN 1 AND 255),
    created_at timestamptz NOT NULL
);
CREATE INDEX files_by_user ON media.files (user_id, id);

-- A rendition lies in the container under `{file_id}/{name}`.
CREATE TABLE media.renditions (
    file_id      uuid    NOT NULL REFERENCES media.files ON DELETE CASCADE,
    user_id      uuid    NOT NULL,
    name         text    NOT NULL CHECK (name IN ('original', 'display', 'thumb')),
    content_type text    NOT NULL,
    bytes        bigint  NOT NULL CHECK (bytes > 0),
    width        integer NOT NULL CHECK (width > 0),
    height       integer NOT NULL CHECK (height > 0),
    sha256       text    NOT NULL CHECK (char_length(sha256) = 64),
    PRIMARY KEY (file_id, name)
);
COMMENT ON COLUMN media.renditions.sha256 IS 'Of the bytes, hexadecimal: the strong validator of HTTP.';

DO $$
DECLARE
    name text;
BEGIN
    FOREACH name IN ARRAY ARRAY['files', 'renditions'] LOOP
        EXECUTE format('ALTER TABLE media.%I ENABLE ROW LEVEL SECURITY, FORCE ROW LEVEL SECURITY', name);
        EXECUTE format('CREATE POLICY own_rows ON media.%I USING (user_id = mindflow.user_id() OR mindflow.is_service())', name);
        EXECUTE format('GRANT SELECT, INSERT, UPDATE, DELETE ON media.%I TO mindflow_media', name);
    END LOOP;
END
$$;
