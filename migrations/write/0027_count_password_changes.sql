-- How often the password of an account was changed: a login that has compared with a former one opens no session.

ALTER TABLE auth.users ADD COLUMN password_version bigint NOT NULL DEFAULT 0 CHECK (password_version >= 0);
COMMENT ON COLUMN auth.users.password_version IS 'Rises when the password is changed; not when the same one is hashed again.';
GRANT UPDATE (password_version) ON auth.users TO mindflow_auth;
