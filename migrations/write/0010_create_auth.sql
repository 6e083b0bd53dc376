-- Accounts and their roles. Sessions, refresh tokens and counters of failed logins live in the
-- key-value store: they end by themselves.

CREATE SCHEMA auth;
GRANT USAGE ON SCHEMA auth TO mindflow_auth;

CREATE TABLE auth.users (
    id             uuid        PRIMARY KEY,
    email          text        NOT NULL CHECK (char_length(email) BETWEEN 1 AND 254),
    email_key      text        NOT NULL CONSTRAINT users_email_key_is_unique UNIQUE,
    password_hash  text        NOT NULL,
    display_name   text        NOT NULL CHECK (char_length(display_name) BETWEEN 1 AND 100),
    timezone       text        NOT NULL DEFAULT 'UTC',
    created_at     timestamptz NOT NULL,
    updated_at     timestamptz NOT NULL,
    last_login_at  timestamptz,
    event_sequence bigint      NOT NULL DEFAULT 0 CHECK (event_sequence >= 0)
);
COMMENT ON COLUMN auth.users.email IS 'As the user wrote it.';
COMMENT ON COLUMN auth.users.email_key IS 'Without blanks around, in lower case: what the account is found by.';
COMMENT ON COLUMN auth.users.password_hash IS 'bcrypt, in its own text form.';
COMMENT ON COLUMN auth.users.timezone IS 'IANA name.';
COMMENT ON COLUMN auth.users.event_sequence IS 'Of the last event of this user. Raising it locks the row, so the events commit in order.';

CREATE TABLE auth.user_roles (
    user_id uuid NOT NULL REFERENCES auth.users (id) ON DELETE CASCADE,
    role    text NOT NULL CHECK (role IN ('user', 'premium', 'admin')),
    PRIMARY KEY (user_id, role)
);

-- Nobody deletes accounts yet, and an account's id, address and beginning never change.
GRANT SELECT, INSERT ON auth.users TO mindflow_auth;
GRANT UPDATE (password_hash, display_name, timezone, updated_at, last_login_at, event_sequence) ON auth.users TO mindflow_auth;
GRANT SELECT, INSERT, DELETE ON auth.user_roles TO mindflow_auth;

-- A caller sees and changes their own account; an admin sees and changes all. Only the service makes
-- accounts, and nobody but it and admins gives or takes roles, one's own included.
ALTER TABLE auth.users ENABLE ROW LEVEL SECURITY;
ALTER TABLE auth.users FORCE ROW LEVEL SECURITY;
CREATE POLICY users_seen ON auth.users FOR SELECT
    USING (id = mindflow.user_id() OR mindflow.is_service() OR mindflow.has_role('admin'));
CREATE POLICY users_changed ON auth.users FOR UPDATE
    USING (id = mindflow.user_id() OR mindflow.is_service() OR mindflow.has_role('admin'));
CREATE POLICY users_added ON auth.users FOR INSERT
    WITH CHECK (mindflow.is_service());

ALTER TABLE auth.user_roles ENABLE ROW LEVEL SECURITY;
ALTER TABLE auth.user_roles FORCE ROW LEVEL SECURITY;
CREATE POLICY user_roles_seen ON auth.user_roles FOR SELECT
    USING (user_id = mindflow.user_id() OR mindflow.is_service() OR mindflow.has_role('admin'));
CREATE POLICY user_roles_given ON auth.user_roles FOR INSERT
    WITH CHECK (mindflow.is_service() OR mindflow.has_role('admin'));
CREATE POLICY user_roles_taken ON auth.user_roles FOR DELETE
    USING (mindflow.is_service() OR mindflow.has_role('admin'));
