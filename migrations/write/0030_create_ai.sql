-- What the ai service has said about which entry: enough to say it once, and nothing of the entry itself.
-- The insights are in the events and in the read model.

CREATE SCHEMA ai;
GRANT USAGE ON SCHEMA ai TO mindflow_ai;

CREATE TABLE ai.entries (
    entry_id       uuid   PRIMARY KEY,
    user_id        uuid   NOT NULL,
    event_sequence bigint NOT NULL CHECK (event_sequence >= 1),
    UNIQUE (user_id, entry_id)
);
COMMENT ON COLUMN ai.entries.event_sequence IS 'Of the last event about analyses of this entry. Raising it locks the row, so the events commit in order.';

CREATE TABLE ai.analyses (
    entry_id       uuid        NOT NULL,
    entry_sequence bigint      NOT NULL CHECK (entry_sequence >= 1),
    user_id        uuid        NOT NULL,
    event_id       uuid        NOT NULL,
    status         text        NOT NULL CHECK (status IN ('ready', 'failed')),
    reason         text        CHECK (reason IN ('refused', 'invalid_request', 'not_found', 'too_large', 'unavailable')),
    model          text        CHECK (char_length(model) BETWEEN 1 AND 100),
    completed_at   timestamptz NOT NULL,
    PRIMARY KEY (entry_id, entry_sequence),
    FOREIGN KEY (user_id, entry_id) REFERENCES ai.entries (user_id, entry_id),
    CHECK ((status = 'ready') = (model IS NOT NULL)),
    CHECK ((status = 'failed') = (reason IS NOT NULL))
);
COMMENT ON COLUMN ai.analyses.entry_sequence IS 'Of the entry''s event that was analysed: which state of the entry this is about.';
COMMENT ON COLUMN ai.analyses.event_id IS 'The entry''s event that was analysed.';
COMMENT ON COLUMN ai.analyses.reason IS 'Why there is no analysis. All but unavailable are final.';

ALTER TABLE ai.entries ENABLE ROW LEVEL SECURITY, FORCE ROW LEVEL SECURITY;
ALTER TABLE ai.analyses ENABLE ROW LEVEL SECURITY, FORCE ROW LEVEL SECURITY;
CREATE POLICY own_rows ON ai.entries USING (user_id = mindflow.user_id() OR mindflow.is_service());
CREATE POLICY own_rows ON ai.analyses USING (user_id = mindflow.user_id() OR mindflow.is_service());

-- What was said is never taken back, and whose and about what never changes.
GRANT SELECT, INSERT ON ai.entries TO mindflow_ai;
GRANT UPDATE (event_sequence) ON ai.entries TO mindflow_ai;
GRANT SELECT, INSERT ON ai.analyses TO mindflow_ai;
GRANT UPDATE (event_id, status, reason, model, completed_at) ON ai.analyses TO mindflow_ai;
