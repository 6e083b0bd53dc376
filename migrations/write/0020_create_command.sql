-- The command service's own data, in third normal form: what users wrote, as they last wrote it.
-- The bounds below are the contract's; the service checks them first and says what is wrong in words,
-- these hold when it does not.
--
-- Each table carries the user it belongs to, for row-level security, and the foreign keys carry it
-- along, so that no row can join one user's data to another's.

CREATE SCHEMA command;
GRANT USAGE ON SCHEMA command TO mindflow_command;

CREATE TABLE command.journals (
    id             uuid        PRIMARY KEY,
    user_id        uuid        NOT NULL,
    title          text        NOT NULL CHECK (char_length(title) BETWEEN 1 AND 200),
    content        text        NOT NULL CHECK (char_length(content) BETWEEN 1 AND 100000),
    entry_date     date        NOT NULL CHECK (entry_date >= DATE '0001-01-01'),
    word_count     integer     NOT NULL CHECK (word_count >= 0),
    version        integer     NOT NULL CHECK (version >= 1),
    -- Of the entry's last event. Each version has one; a deletion and a restoration have theirs, too.
    event_sequence bigint      NOT NULL CHECK (event_sequence >= version),
    created_at     timestamptz NOT NULL,
    updated_at     timestamptz NOT NULL CHECK (updated_at >= created_at),
    deleted_at     timestamptz,
    UNIQUE (user_id, id)
);

CREATE TABLE command.tags (
    id             uuid        PRIMARY KEY,
    user_id        uuid        NOT NULL,
    name           text        NOT NULL CHECK (char_length(name) BETWEEN 1 AND 50),
    -- The name without its case: what makes two names the same tag. Lower case can be longer ('İ').
    name_key       text        NOT NULL CHECK (char_length(name_key) BETWEEN 1 AND 150),
    event_sequence bigint      NOT NULL CHECK (event_sequence >= 1),
    UNIQUE (user_id, id),
    CONSTRAINT tags_name_is_unique UNIQUE (user_id, name_key)
);

CREATE TABLE command.journal_tags (
    user_id        uuid        NOT NULL,
    entry_id       uuid        NOT NULL,
    tag_id         uuid        NOT NULL,
    PRIMARY KEY (entry_id, tag_id),
    FOREIGN KEY (user_id, entry_id) REFERENCES command.journals (user_id, id),
    -- Nothing looks from a tag to its entries here (the read side does), so this needs no index.
    FOREIGN KEY (user_id, tag_id) REFERENCES command.tags (user_id, id)
);

-- No row: the entry has no mood.
CREATE TABLE command.journal_moods (
    entry_id       uuid        PRIMARY KEY,
    user_id        uuid        NOT NULL,
    mood           text        NOT NULL CHECK (mood IN ('HAPPY', 'CALM', 'GRATEFUL', 'EXCITED', 'NEUTRAL', 'TIRED', 'ANXIOUS', 'STRESSED', 'SAD', 'ANGRY')),
    FOREIGN KEY (user_id, entry_id) REFERENCES command.journals (user_id, id)
);

CREATE TABLE command.journal_attachments (
    user_id        uuid        NOT NULL,
    entry_id       uuid        NOT NULL,
    media_id       uuid        NOT NULL,
    position       integer     NOT NULL CHECK (position BETWEEN 1 AND 10),
    PRIMARY KEY (entry_id, media_id),
    FOREIGN KEY (user_id, entry_id) REFERENCES command.journals (user_id, id)
);

-- Moods on their own, without an entry. Written once, never changed.
CREATE TABLE command.mood_records (
    id             uuid        PRIMARY KEY,
    user_id        uuid        NOT NULL,
    mood           text        NOT NULL CHECK (mood IN ('HAPPY', 'CALM', 'GRATEFUL', 'EXCITED', 'NEUTRAL', 'TIRED', 'ANXIOUS', 'STRESSED', 'SAD', 'ANGRY')),
    note           text        CHECK (char_length(note) BETWEEN 1 AND 500),
    at             timestamptz NOT NULL
);

-- How many entries a user created in a month (UTC). One row to lock makes the count exact under
-- concurrent requests; deleting an entry does not lower it. Entries made with premium count, too: they
-- only matter when it ends within the month.
CREATE TABLE command.quota_usage (
    user_id        uuid        NOT NULL,
    month          date        NOT NULL CHECK (extract(day FROM month) = 1),
    used           integer     NOT NULL CHECK (used >= 1),
    PRIMARY KEY (user_id, month)
);

-- Which entry a client's mutation id created, so that the same mutation sent again creates no second one.
CREATE TABLE command.client_mutations (
    user_id            uuid    NOT NULL,
    client_mutation_id text    NOT NULL CHECK (char_length(client_mutation_id) BETWEEN 1 AND 100),
    entry_id           uuid    NOT NULL,
    PRIMARY KEY (user_id, client_mutation_id),
    -- Checked at the commit: the id is claimed before the quota is asked, and the entry comes after both.
    FOREIGN KEY (user_id, entry_id) REFERENCES command.journals (user_id, id) DEFERRABLE INITIALLY DEFERRED
);

-- Row-level security: the last line, should the service's own checks be missing.

ALTER TABLE command.journals ENABLE ROW LEVEL SECURITY, FORCE ROW LEVEL SECURITY;
ALTER TABLE command.tags ENABLE ROW LEVEL SECURITY, FORCE ROW LEVEL SECURITY;
ALTER TABLE command.journal_tags ENABLE ROW LEVEL SECURITY, FORCE ROW LEVEL SECURITY;
ALTER TABLE command.journal_moods ENABLE ROW LEVEL SECURITY, FORCE ROW LEVEL SECURITY;
ALTER TABLE command.journal_attachments ENABLE ROW LEVEL SECURITY, FORCE ROW LEVEL SECURITY;
ALTER TABLE command.mood_records ENABLE ROW LEVEL SECURITY, FORCE ROW LEVEL SECURITY;
ALTER TABLE command.quota_usage ENABLE ROW LEVEL SECURITY, FORCE ROW LEVEL SECURITY;
ALTER TABLE command.client_mutations ENABLE ROW LEVEL SECURITY, FORCE ROW LEVEL SECURITY;

CREATE POLICY own_rows ON command.journals USING (user_id = mindflow.user_id() OR mindflow.is_service());
CREATE POLICY own_rows ON command.tags USING (user_id = mindflow.user_id() OR mindflow.is_service());
CREATE POLICY own_rows ON command.journal_tags USING (user_id = mindflow.user_id() OR mindflow.is_service());
CREATE POLICY own_rows ON command.journal_moods USING (user_id = mindflow.user_id() OR mindflow.is_service());
CREATE POLICY own_rows ON command.journal_attachments USING (user_id = mindflow.user_id() OR mindflow.is_service());
CREATE POLICY own_rows ON command.mood_records USING (user_id = mindflow.user_id() OR mindflow.is_service());
CREATE POLICY own_rows ON command.quota_usage USING (user_id = mindflow.user_id() OR mindflow.is_service());
CREATE POLICY own_rows ON command.client_mutations USING (user_id = mindflow.user_id() OR mindflow.is_service());

-- What the service does, and no more: ids, owners and dates of creation never change, entries are
-- deleted softly, and mood records, quota and mutation ids are never taken back.

GRANT SELECT, INSERT ON command.journals TO mindflow_command;
GRANT UPDATE (title, content, word_count, version, event_sequence, updated_at, deleted_at) ON command.journals TO mindflow_command;
GRANT SELECT, INSERT ON command.tags TO mindflow_command;
GRANT UPDATE (name, name_key, event_sequence) ON command.tags TO mindflow_command;
GRANT SELECT, INSERT, DELETE ON command.journal_tags TO mindflow_command;
GRANT SELECT, INSERT, DELETE ON command.journal_moods TO mindflow_command;
GRANT UPDATE (mood) ON command.journal_moods TO mindflow_command;
GRANT SELECT, INSERT, DELETE ON command.journal_attachments TO mindflow_command;
GRANT UPDATE (position) ON command.journal_attachments TO mindflow_command;
GRANT INSERT ON command.mood_records TO mindflow_command;
GRANT SELECT, INSERT ON command.quota_usage TO mindflow_command;
GRANT UPDATE (used) ON command.quota_usage TO mindflow_command;
GRANT SELECT, INSERT ON command.client_mutations TO mindflow_command;
