-- The end of accounts and of single entries: what is to be erased, what each service has deleted, and how it is deleted.

-- === what all services delete with ===

-- Deletes rows and notes how many. `condition`: of the user $1 and, where only an entry is erased, of the entry $2. It acts with the rights
-- of who calls it, which are functions of the tables' owner alone.
CREATE FUNCTION mindflow.erase_rows(counts jsonb, of_table text, condition text, of_user uuid, of_entry uuid) RETURNS jsonb
    LANGUAGE plpgsql VOLATILE AS $$
DECLARE
    erased bigint;
BEGIN
    EXECUTE format('DELETE FROM %s WHERE %s', of_table, condition) USING of_user, of_entry;
    GET DIAGNOSTICS erased = ROW_COUNT;
    RETURN counts || jsonb_build_object(of_table, erased);
END
$$;
REVOKE EXECUTE ON FUNCTION mindflow.erase_rows FROM PUBLIC;

-- === auth ===

CREATE TABLE auth.erasures (
    id                uuid        PRIMARY KEY,
    user_id           uuid        NOT NULL,
    entry_id          uuid,
    requested_at      timestamptz NOT NULL,
    due_at            timestamptz NOT NULL CHECK (due_at >= requested_at),
    event_sequence    bigint      NOT NULL DEFAULT 0 CHECK (event_sequence >= 0),
    first_sequence    bigint,
    keys_destroyed_at timestamptz,
    last_sequence     bigint,
    completed_at      timestamptz
);
COMMENT ON TABLE auth.erasures IS 'What was and is to be erased, for good: ids, times and numbers alone.';
COMMENT ON COLUMN auth.erasures.entry_id IS 'Null: the account.';
COMMENT ON COLUMN auth.erasures.event_sequence IS 'Of the last event of this erasure.';
COMMENT ON COLUMN auth.erasures.first_sequence IS 'Of the event that had services delete, before the keys were destroyed. Null: not begun.';
COMMENT ON COLUMN auth.erasures.last_sequence IS 'Of the event that had them delete once more.';
CREATE UNIQUE INDEX erasures_of_accounts ON auth.erasures (user_id) WHERE entry_id IS NULL;
CREATE INDEX erasures_to_do ON auth.erasures (due_at) WHERE completed_at IS NULL;

-- A report may come before the erasure of an entry is known here, since both are events.
CREATE TABLE auth.erasure_reports (
    erasure_id uuid   NOT NULL,
    sequence   bigint NOT NULL CHECK (sequence >= 1),
    service    text   NOT NULL CHECK (char_length(service) BETWEEN 1 AND 60),
    counts     jsonb  NOT NULL,
    PRIMARY KEY (erasure_id, sequence, service)
);
COMMENT ON COLUMN auth.erasure_reports.sequence IS 'Of the event that it answers.';
COMMENT ON COLUMN auth.erasure_reports.counts IS 'How many, by store.';

GRANT SELECT, INSERT, DELETE ON auth.erasures TO mindflow_auth;
GRANT UPDATE (due_at, event_sequence, first_sequence, keys_destroyed_at, last_sequence, completed_at) ON auth.erasures TO mindflow_auth;
GRANT SELECT, INSERT ON auth.erasure_reports TO mindflow_auth;

ALTER TABLE auth.erasures ENABLE ROW LEVEL SECURITY;
ALTER TABLE auth.erasures FORCE ROW LEVEL SECURITY;
CREATE POLICY erasures_of_the_service ON auth.erasures
    USING (mindflow.is_service()) WITH CHECK (mindflow.is_service());
-- An account says when it goes.
CREATE POLICY erasures_seen ON auth.erasures FOR SELECT USING (user_id = mindflow.user_id());
ALTER TABLE auth.erasure_reports ENABLE ROW LEVEL SECURITY;
ALTER TABLE auth.erasure_reports FORCE ROW LEVEL SECURITY;
CREATE POLICY erasure_reports_of_the_service ON auth.erasure_reports
    USING (mindflow.is_service()) WITH CHECK (mindflow.is_service());

CREATE POLICY users_erased ON auth.users FOR DELETE USING (mindflow.is_service());

ALTER TABLE auth.mails DROP CONSTRAINT mails_kind_check,
    ADD CONSTRAINT mails_kind_check CHECK (kind IN ('confirmation', 'reset', 'change', 'changed', 'deletion'));

-- Each service deletes by a function of its own, and is granted nothing else for it. As the service only: policies hold for the owner, too.
CREATE FUNCTION auth.erase(of_user uuid) RETURNS jsonb
    LANGUAGE plpgsql VOLATILE SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS $$
DECLARE
    counts jsonb := '{}';
    name   text;
BEGIN
    FOREACH name IN ARRAY ARRAY['auth.sessions', 'auth.mails', 'auth.recovery_codes', 'auth.second_factors', 'auth.user_roles'] LOOP
        counts := mindflow.erase_rows(counts, name, 'user_id = $1', of_user, NULL);
    END LOOP;
    RETURN mindflow.erase_rows(counts, 'auth.users', 'id = $1', of_user, NULL);
END
$$;
REVOKE EXECUTE ON FUNCTION auth.erase FROM PUBLIC;
GRANT EXECUTE ON FUNCTION auth.erase TO mindflow_auth;

-- === command ===

-- A tag that is deleted is looked for in its entries.
CREATE INDEX journal_tags_by_tag ON command.journal_tags (tag_id);

-- Also for a caller who purges an entry: the tables' policies hold the caller to their own rows.
CREATE FUNCTION command.erase(of_user uuid, of_entry uuid) RETURNS jsonb
    LANGUAGE plpgsql VOLATILE SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS $$
DECLARE
    counts jsonb := '{}';
    name   text;
BEGIN
    counts := mindflow.erase_rows(counts, 'command.client_mutations', 'user_id = $1 AND ($2 IS NULL OR entry_id = $2)', of_user, of_entry);
    FOREACH name IN ARRAY ARRAY['command.journal_tags', 'command.journal_moods', 'command.journal_attachments'] LOOP
        counts := mindflow.erase_rows(counts, name,
            'entry_id IN (SELECT id FROM command.journals WHERE user_id = $1 AND ($2 IS NULL OR id = $2))', of_user, of_entry);
    END LOOP;
    IF of_entry IS NOT NULL THEN
        RETURN mindflow.erase_rows(counts, 'command.journals', 'user_id = $1 AND id = $2', of_user, of_entry);
    END IF;
    FOREACH name IN ARRAY ARRAY['command.journals', 'command.tags', 'command.mood_records', 'command.quota_usage', 'command.tag_usage'] LOOP
        counts := mindflow.erase_rows(counts, name, 'user_id = $1', of_user, NULL);
    END LOOP;
    RETURN counts;
END
$$;
REVOKE EXECUTE ON FUNCTION command.erase FROM PUBLIC;
GRANT EXECUTE ON FUNCTION command.erase TO mindflow_command;

-- === ai ===

CREATE FUNCTION ai.erase(of_user uuid, of_entry uuid) RETURNS jsonb
    LANGUAGE plpgsql VOLATILE SECURITY DEFINER SET search_path = pg_catalog, pg_temp AS $$
DECLARE
    condition CONSTANT text := 'user_id = $1 AND ($2 IS NULL OR entry_id = $2)';
BEGIN
    RETURN mindflow.erase_rows(mindflow.erase_rows('{}', 'ai.analyses', condition, of_user, of_entry),
        'ai.entries', condition, of_user, of_entry);
END
$$;
REVOKE EXECUTE ON FUNCTION ai.erase FROM PUBLIC;
GRANT EXECUTE ON FUNCTION ai.erase TO mindflow_ai;
CREATE INDEX analyses_by_user ON ai.analyses (user_id);
