-- Whether a user allows that services outside of the platform read what they write, and when they said so. Null: they have not said.
ALTER TABLE auth.users ADD COLUMN ai_consent boolean, ADD COLUMN ai_consent_at timestamptz,
    ADD CONSTRAINT users_consent_has_its_time CHECK ((ai_consent IS NULL) = (ai_consent_at IS NULL));
COMMENT ON COLUMN auth.users.ai_consent IS 'Null until the user says it: then the setting ai_consent holds.';
GRANT UPDATE (ai_consent, ai_consent_at) ON auth.users TO mindflow_auth;

CREATE VIEW consent.users WITH (security_barrier = true) AS
SELECT u.id, u.ai_consent FROM auth.users u
WHERE mindflow.is_service();
COMMENT ON VIEW consent.users IS 'What users said about services that read what they write. Null: nothing yet.';

GRANT SELECT ON consent.users TO mindflow_ai, mindflow_query;
