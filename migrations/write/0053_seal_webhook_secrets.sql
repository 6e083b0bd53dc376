-- Secrets of webhooks, sealed by the host's key (capability `sealing`). Those from before are in `secret` until the service has
-- sealed them, which it does when it uses one, and by its schedule `seal-secrets`.

ALTER TABLE notification.webhooks
    ADD COLUMN sealed_secret bytea,
    ALTER COLUMN secret DROP NOT NULL,
    ADD CONSTRAINT webhooks_secret CHECK ((secret IS NULL) <> (sealed_secret IS NULL));

-- What is still to be sealed.
CREATE INDEX webhooks_unsealed ON notification.webhooks (id) WHERE secret IS NOT NULL;
