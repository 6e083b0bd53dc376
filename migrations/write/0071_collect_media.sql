-- Which files nobody needs: those that no entry has, and since when.

-- A file that was just uploaded is attached to nothing yet.
ALTER TABLE media.files ADD COLUMN unattached_since timestamptz DEFAULT now();
COMMENT ON COLUMN media.files.unattached_since IS 'Null while an entry has it, as far as the last look tells.';
CREATE INDEX files_unattached ON media.files (unattached_since) WHERE unattached_since IS NOT NULL;

-- What the media service may see of entries, and only as the service: for a caller the view is empty. Deleted entries
-- are among them, since they can be restored.
CREATE VIEW media.attached WITH (security_barrier = true) AS
SELECT media_id AS file_id FROM command.journal_attachments WHERE mindflow.is_service();
COMMENT ON VIEW media.attached IS 'Files that an entry has.';
GRANT SELECT ON media.attached TO mindflow_media;

CREATE INDEX journal_attachments_by_media ON command.journal_attachments (media_id);
