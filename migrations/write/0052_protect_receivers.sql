-- Receivers that do not answer rest, for longer and longer; one that does not answer for long is switched off, and its owner sees
-- why. Webhooks that were off before answered 410 and have no reason here: the service says it.

ALTER TABLE notification.webhooks
    ADD COLUMN failures        integer NOT NULL DEFAULT 0 CHECK (failures >= 0),
    ADD COLUMN rests_until     timestamptz,
    ADD COLUMN disabled_at     timestamptz,
    ADD COLUMN disabled_reason text CHECK (char_length(disabled_reason) <= 500);
COMMENT ON COLUMN notification.webhooks.failures IS 'How many times in a row the receiver did not answer.';
COMMENT ON COLUMN notification.webhooks.rests_until IS 'Nothing is sent before; the one who sends next moves it on, so that one tries at a time.';

ALTER TABLE notification.push_subscriptions
    ADD COLUMN failures    integer NOT NULL DEFAULT 0 CHECK (failures >= 0),
    ADD COLUMN rests_until timestamptz;

-- How many sends wait for a target.
CREATE INDEX sends_waiting ON notification.sends (target_id) WHERE status = 'pending';
