-- Sounds beside images: they have no pixels, and may say how long they play.
ALTER TABLE media.files
    ADD COLUMN kind text NOT NULL DEFAULT 'image' CHECK (kind IN ('image', 'audio')),
    ADD COLUMN duration_ms bigint CHECK (duration_ms >= 0);
ALTER TABLE media.renditions ALTER COLUMN width DROP NOT NULL, ALTER COLUMN height DROP NOT NULL,
    ADD CONSTRAINT renditions_have_both_sides CHECK ((width IS NULL) = (height IS NULL));
CREATE INDEX files_by_kind ON media.files (user_id, kind, id);

-- Uploads are things of their user's, of which other devices hear. When a file was last without an entry is no change of it.
CREATE CONSTRAINT TRIGGER file_changes AFTER INSERT OR DELETE ON media.files DEFERRABLE INITIALLY DEFERRED
    FOR EACH ROW EXECUTE FUNCTION command.change_of_row('media');

-- What there is, after all else that there is of its user. The owner of the tables is held to their policies as well.
SET LOCAL mindflow.identity = 'service';
INSERT INTO command.changes (user_id, kind, id, position, deleted, at)
SELECT file.user_id, 'media', file.id,
    COALESCE(held.counter, 0) + row_number() OVER (PARTITION BY file.user_id ORDER BY file.id), false, now()
FROM media.files file LEFT JOIN command.change_counters held ON held.user_id = file.user_id;
INSERT INTO command.change_counters AS held (user_id, counter)
SELECT user_id, max(position) FROM command.changes WHERE kind = 'media' GROUP BY user_id
ON CONFLICT (user_id) DO UPDATE SET counter = GREATEST(held.counter, excluded.counter);
SET LOCAL mindflow.identity = '';
