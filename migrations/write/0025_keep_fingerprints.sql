-- What a client asked to be written under its mutation id (SHA-256), so that the same id with another content is refused.
ALTER TABLE command.client_mutations ADD COLUMN fingerprint bytea CHECK (octet_length(fingerprint) = 32);
COMMENT ON COLUMN command.client_mutations.fingerprint IS 'Null for ids that were used before fingerprints were kept: any content is taken for the same.';

-- An entry can consist of attachments alone. The service requires one or the other.
ALTER TABLE command.journals DROP CONSTRAINT journals_content_check;
ALTER TABLE command.journals ADD CONSTRAINT journals_content_check CHECK (char_length(content) <= 100000);
