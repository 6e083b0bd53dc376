-- Whether the hash of a password is of its one form (RFC 8265). A hash of before is of that or of the text as it was typed, and nothing says which:
-- until it is made again, attempts at it take turns.
ALTER TABLE auth.users ADD COLUMN password_formed boolean NOT NULL DEFAULT false;
GRANT UPDATE (password_formed) ON auth.users TO mindflow_auth;

-- Wrong passwords of a session lock that session, besides the address of a login.
COMMENT ON TABLE auth.login_locks IS 'By the SHA-256 of the address, which may have no account, or of the session that asked for something by the password.';
