-- The query service's denormalised views of what other services wrote, kept by their events.
--
-- Every row keeps the sequence of the event that it shows: an older event never overwrites a newer one.
-- Callers only read, and only their own rows; rows are written by the service itself, from events.

CREATE SCHEMA query;

GRANT USAGE ON SCHEMA query TO mindflow_query;

-- === users_view ===

CREATE TABLE query.users_view (
    id           uuid PRIMARY KEY,
    email        text NOT NULL,
    display_name text NOT NULL,
    roles        text[] NOT NULL,
    timezone     text NOT NULL,
    created_at   timestamptz NOT NULL,
    sequence     bigint NOT NULL
);

CREATE INDEX users_view_newest ON query.users_view (created_at DESC, id DESC);

-- === journals_view ===

-- An entry as readers see it, tags included. A deleted one stays as a tombstone: no content, only the
-- sequence of its deletion, so that an older event that comes late does not bring it back.
CREATE TABLE query.journals_view (
    entry_id       uuid PRIMARY KEY,
    user_id        uuid NOT NULL,
    sequence       bigint NOT NULL,
    version        bigint NOT NULL,
    deleted_at     timestamptz,
    title          text,
    content        text,
    mood           text,
    -- [{"id": uuid, "name": text}], in the order shown
    tags           jsonb,
    tag_ids        uuid[],
    -- lower case, for filters
    tag_names      text[],
    attachment_ids uuid[],
    created_at     timestamptz,
    updated_at     timestamptz,
    entry_date     date,
    word_count     bigint,
    -- 1124 for the 24th of November: the same day of any year
    month_day      integer GENERATED ALWAYS AS ((extract(month FROM entry_date) * 100 + extract(day FROM entry_date))::integer) STORED,
    CONSTRAINT journals_view_live_is_whole CHECK (
        deleted_at IS NOT NULL
        OR num_nulls(title, content, tags, tag_ids, tag_names, attachment_ids, created_at, updated_at, entry_date, word_count) = 0
    )
);

CREATE INDEX journals_view_newest ON query.journals_view (user_id, created_at DESC, entry_id DESC) WHERE deleted_at IS NULL;
CREATE INDEX journals_view_by_date ON query.journals_view (user_id, entry_date) WHERE deleted_at IS NULL;
CREATE INDEX journals_view_by_day_of_year ON query.journals_view (user_id, month_day) WHERE deleted_at IS NULL;

-- Which live entries carry a tag, so that counting reads an index and no content.
CREATE TABLE query.entry_tags (
    entry_id uuid NOT NULL,
    tag_id   uuid NOT NULL,
    user_id  uuid NOT NULL,
    PRIMARY KEY (entry_id, tag_id)
);

CREATE INDEX entry_tags_by_tag ON query.entry_tags (user_id, tag_id);

-- That an entry was ever created, for the monthly quota: deleting an entry gives nothing back.
CREATE TABLE query.entry_creations (
    entry_id   uuid PRIMARY KEY,
    user_id    uuid NOT NULL,
    created_at timestamptz NOT NULL
);

CREATE INDEX entry_creations_by_time ON query.entry_creations (user_id, created_at);

-- === analyses_view ===

-- What AI says about an entry. Ordered by (entry_sequence, analysis_sequence): which version of the entry,
-- then which word about that version; 0 is the entry's own event, before AI has said anything.
CREATE TABLE query.analyses_view (
    entry_id          uuid PRIMARY KEY,
    user_id           uuid NOT NULL,
    entry_sequence    bigint NOT NULL,
    analysis_sequence bigint NOT NULL,
    status            text NOT NULL CHECK (status IN ('PENDING', 'PROCESSING', 'READY', 'FAILED', 'NOT_INCLUDED')),
    sentiment         double precision CHECK (sentiment BETWEEN -1 AND 1),
    themes            text[] NOT NULL,
    -- [{"id": text, "text": text, "kind": text}], in the order shown
    insights          jsonb NOT NULL,
    model             text,
    completed_at      timestamptz
);

CREATE INDEX analyses_view_newest ON query.analyses_view (user_id, completed_at DESC, entry_id) WHERE status = 'READY';

-- The insights of analyses_view one by one, under the reader's own row-level security.
CREATE VIEW query.insights_view WITH (security_invoker = true) AS
SELECT a.user_id, a.entry_id, insight.value ->> 'id' AS id, insight.value ->> 'text' AS text, insight.value ->> 'kind' AS kind,
       a.completed_at AS created_at, insight.position
FROM query.analyses_view a
CROSS JOIN LATERAL jsonb_array_elements(a.insights) WITH ORDINALITY AS insight (value, position)
WHERE a.status = 'READY';

-- === moods_view, tags_view ===

CREATE TABLE query.moods_view (
    mood_id     uuid PRIMARY KEY,
    user_id     uuid NOT NULL,
    mood        text NOT NULL,
    note        text,
    recorded_at timestamptz NOT NULL,
    sequence    bigint NOT NULL
);

CREATE INDEX moods_view_by_time ON query.moods_view (user_id, recorded_at);

CREATE TABLE query.tags_view (
    tag_id   uuid PRIMARY KEY,
    user_id  uuid NOT NULL,
    name     text NOT NULL,
    sequence bigint NOT NULL
);

CREATE INDEX tags_view_by_name ON query.tags_view (user_id, lower(name));

-- === who may ===

GRANT SELECT, INSERT, UPDATE, DELETE
    ON query.users_view, query.journals_view, query.entry_tags, query.entry_creations, query.analyses_view, query.moods_view, query.tags_view
    TO mindflow_query;
GRANT SELECT ON query.insights_view TO mindflow_query;

DO $$
DECLARE
    name text;
BEGIN
    FOREACH name IN ARRAY ARRAY['journals_view', 'entry_tags', 'entry_creations', 'analyses_view', 'moods_view', 'tags_view'] LOOP
        EXECUTE format('ALTER TABLE query.%I ENABLE ROW LEVEL SECURITY', name);
        EXECUTE format('ALTER TABLE query.%I FORCE ROW LEVEL SECURITY', name);
        EXECUTE format('CREATE POLICY owner_reads ON query.%I FOR SELECT USING (user_id = mindflow.user_id())', name);
        EXECUTE format('CREATE POLICY service_keeps ON query.%I USING (mindflow.is_service()) WITH CHECK (mindflow.is_service())', name);
    END LOOP;
END
$$;

-- Administrators see accounts and how much was written, never what.
CREATE POLICY admin_reads ON query.entry_creations FOR SELECT USING (mindflow.has_role('admin'));

ALTER TABLE query.users_view ENABLE ROW LEVEL SECURITY;
ALTER TABLE query.users_view FORCE ROW LEVEL SECURITY;
CREATE POLICY owner_reads ON query.users_view FOR SELECT USING (id = mindflow.user_id());
CREATE POLICY admin_reads ON query.users_view FOR SELECT USING (mindflow.has_role('admin'));
CREATE POLICY service_keeps ON query.users_view USING (mindflow.is_service()) WITH CHECK (mindflow.is_service());
