-- The key of links to files. Made here, once, so that every replica has the same: 244 random bits.
CREATE TABLE media.url_key (
    singleton boolean PRIMARY KEY DEFAULT true CHECK (singleton),
    key       bytea   NOT NULL
);
INSERT INTO media.url_key (key) VALUES (sha256(decode(replace(gen_random_uuid()::text || gen_random_uuid()::text, '-', ''), 'hex')));

ALTER TABLE media.url_key ENABLE ROW LEVEL SECURITY, FORCE ROW LEVEL SECURITY;
CREATE POLICY service_alone ON media.url_key USING (mindflow.is_service());
GRANT SELECT ON media.url_key TO mindflow_media;
