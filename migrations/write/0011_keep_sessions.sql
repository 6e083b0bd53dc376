-- What must outlive the key-value store: sessions, so that nobody is logged out when it loses its data, and
-- lockouts, so that nobody is let in. Every request reads the key-value store alone; these tables are written by
-- logins, refreshes and logouts, and read when the key-value store knows nothing.

CREATE TABLE auth.sessions (
    id         uuid        PRIMARY KEY,
    user_id    uuid        NOT NULL,
    value      jsonb       NOT NULL,
    expires_at timestamptz NOT NULL
);
COMMENT ON COLUMN auth.sessions.value IS 'As the key-value store has it under session:{id}: no token, only the newest one''s hash.';
CREATE INDEX sessions_of_a_user ON auth.sessions (user_id);
CREATE INDEX sessions_by_their_end ON auth.sessions (expires_at);

CREATE TABLE auth.login_locks (
    email_digest text        PRIMARY KEY,
    locked_until timestamptz NOT NULL
);
COMMENT ON TABLE auth.login_locks IS 'By the SHA-256 of the address: a lock may be of one that has no account.';
CREATE INDEX login_locks_by_their_end ON auth.login_locks (locked_until);

GRANT SELECT, INSERT, DELETE ON auth.sessions TO mindflow_auth;
GRANT UPDATE (value, expires_at) ON auth.sessions TO mindflow_auth;
GRANT SELECT, INSERT, DELETE ON auth.login_locks TO mindflow_auth;
GRANT UPDATE (locked_until) ON auth.login_locks TO mindflow_auth;

-- The service alone: a session is asked for before anybody is proven to be its owner.
ALTER TABLE auth.sessions ENABLE ROW LEVEL SECURITY;
ALTER TABLE auth.sessions FORCE ROW LEVEL SECURITY;
CREATE POLICY sessions_of_the_service ON auth.sessions
    USING (mindflow.is_service()) WITH CHECK (mindflow.is_service());
