-- A second factor at the login: one-time passwords by time (RFC 6238), and codes for who has lost the device that makes them.

CREATE TABLE auth.second_factors (
    user_id       uuid        PRIMARY KEY REFERENCES auth.users (id) ON DELETE CASCADE,
    sealed_secret bytea       NOT NULL,
    created_at    timestamptz NOT NULL,
    confirmed_at  timestamptz,
    last_step     bigint      NOT NULL DEFAULT 0 CHECK (last_step >= 0)
);
COMMENT ON COLUMN auth.second_factors.sealed_secret IS 'By the host''s key, for this user.';
COMMENT ON COLUMN auth.second_factors.confirmed_at IS 'Null until a first code has shown that the device has the secret. Until then no login asks for it.';
COMMENT ON COLUMN auth.second_factors.last_step IS 'The time step of the newest code that was used: it and those before are not good any more.';

CREATE TABLE auth.recovery_codes (
    user_id   uuid  NOT NULL REFERENCES auth.second_factors (user_id) ON DELETE CASCADE,
    code_hash bytea NOT NULL CHECK (octet_length(code_hash) = 32),
    PRIMARY KEY (user_id, code_hash)
);
COMMENT ON TABLE auth.recovery_codes IS 'SHA-256 of the user''s id and a code of 80 random bits; a code that was used is gone.';

GRANT SELECT, INSERT, DELETE ON auth.second_factors, auth.recovery_codes TO mindflow_auth;
GRANT UPDATE (sealed_secret, created_at, confirmed_at, last_step) ON auth.second_factors TO mindflow_auth;

-- A user's account says whether there is a second factor; all else is for the service alone.
ALTER TABLE auth.second_factors ENABLE ROW LEVEL SECURITY;
ALTER TABLE auth.second_factors FORCE ROW LEVEL SECURITY;
CREATE POLICY second_factors_of_the_service ON auth.second_factors
    USING (mindflow.is_service()) WITH CHECK (mindflow.is_service());
CREATE POLICY second_factors_seen ON auth.second_factors FOR SELECT
    USING (user_id = mindflow.user_id());
ALTER TABLE auth.recovery_codes ENABLE ROW LEVEL SECURITY;
ALTER TABLE auth.recovery_codes FORCE ROW LEVEL SECURITY;
CREATE POLICY recovery_codes_of_the_service ON auth.recovery_codes
    USING (mindflow.is_service()) WITH CHECK (mindflow.is_service());
