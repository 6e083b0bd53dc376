-- Files of `:bytes` bytes each, of entries of `:owner`: the first `:files` ones have one.
\set ON_ERROR_STOP on
SET session_replication_role = replica;
CREATE TEMP TABLE chosen AS
SELECT user_id, id AS entry_id, created_at, md5('file' || id)::uuid AS file_id FROM command.journals WHERE user_id = :'owner' ORDER BY id LIMIT :files;
INSERT INTO media.files (id, user_id, file_name, created_at, kind) SELECT file_id, user_id, 'sound.ogg', created_at, 'audio' FROM chosen;
INSERT INTO media.renditions (file_id, user_id, name, content_type, bytes, sha256)
SELECT file_id, user_id, 'original', 'audio/ogg', :bytes, repeat('0', 64) FROM chosen;
INSERT INTO command.journal_attachments (user_id, entry_id, media_id, position) SELECT user_id, entry_id, file_id, 1 FROM chosen;
ANALYZE media.files, media.renditions, command.journal_attachments;
SELECT file_id FROM chosen;
