-- Whether the address of an account is known to be its owner's, and the mails that prove it.

-- Accounts of before have had mail all along, and count as confirmed.
ALTER TABLE auth.users ADD COLUMN email_confirmed_at timestamptz DEFAULT now();
ALTER TABLE auth.users ALTER COLUMN email_confirmed_at DROP DEFAULT;
COMMENT ON COLUMN auth.users.email_confirmed_at IS 'Null until a link in a mail to the address was followed. Earlier accounts have the time of the upgrade.';
GRANT UPDATE (email, email_key, email_confirmed_at) ON auth.users TO mindflow_auth;

CREATE TABLE auth.mails (
    id           uuid        PRIMARY KEY,
    kind         text        NOT NULL CHECK (kind IN ('confirmation', 'reset', 'change', 'changed')),
    user_id      uuid        REFERENCES auth.users (id) ON DELETE CASCADE,
    email        text        NOT NULL CHECK (char_length(email) BETWEEN 1 AND 254),
    token_hash   bytea       UNIQUE CHECK (octet_length(token_hash) = 32),
    requested_at timestamptz NOT NULL,
    expires_at   timestamptz NOT NULL,
    sent_at      timestamptz
);
COMMENT ON TABLE auth.mails IS 'Mails that were asked for, until their links are followed or expire.';
COMMENT ON COLUMN auth.mails.user_id IS 'Null for a reset until it is sent: whether there is an account is looked up then, and not while the client waits.';
COMMENT ON COLUMN auth.mails.email IS 'The address that the mail is about; for a reset as it was typed.';
COMMENT ON COLUMN auth.mails.token_hash IS 'SHA-256 of the token in the link. The token is made when the mail is sent, and kept nowhere.';
COMMENT ON COLUMN auth.mails.expires_at IS 'Of the link once the mail is sent; before, until when it may be sent.';
CREATE INDEX mails_of_a_user ON auth.mails (user_id);
CREATE INDEX mails_by_their_end ON auth.mails (expires_at);

GRANT SELECT, INSERT, DELETE ON auth.mails TO mindflow_auth;
GRANT UPDATE (user_id, token_hash, expires_at, sent_at) ON auth.mails TO mindflow_auth;

-- The service alone: a link proves its user, and none is logged in then.
ALTER TABLE auth.mails ENABLE ROW LEVEL SECURITY;
ALTER TABLE auth.mails FORCE ROW LEVEL SECURITY;
CREATE POLICY mails_of_the_service ON auth.mails
    USING (mindflow.is_service()) WITH CHECK (mindflow.is_service());
