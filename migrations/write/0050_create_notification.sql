-- What the notification service knows of users, where they want to be told what, and what they were told.

CREATE SCHEMA notification;
GRANT USAGE ON SCHEMA notification TO mindflow_notification;

-- === whom and how ===

CREATE TABLE notification.users (
    user_id      uuid   PRIMARY KEY,
    email        text   NOT NULL,
    display_name text   NOT NULL,
    timezone     text   NOT NULL,
    sequence     bigint NOT NULL
);
COMMENT ON COLUMN notification.users.sequence IS 'Of the event that said so; an older one changes nothing.';

-- A user without a row has everything on and no quiet hours.
CREATE TABLE notification.preferences (
    user_id           uuid     PRIMARY KEY,
    email             boolean  NOT NULL DEFAULT true,
    push              boolean  NOT NULL DEFAULT true,
    webhooks          boolean  NOT NULL DEFAULT true,
    quiet_hours_start smallint CHECK (quiet_hours_start BETWEEN 0 AND 23),
    quiet_hours_end   smallint CHECK (quiet_hours_end BETWEEN 0 AND 23),
    CHECK ((quiet_hours_start IS NULL) = (quiet_hours_end IS NULL))
);

CREATE TABLE notification.webhooks (
    id         uuid        PRIMARY KEY,
    user_id    uuid        NOT NULL,
    url        text        NOT NULL CHECK (char_length(url) <= 2048),
    events     text[]      NOT NULL CHECK (cardinality(events) BETWEEN 1 AND 20),
    secret     text        NOT NULL,
    active     boolean     NOT NULL DEFAULT true,
    created_at timestamptz NOT NULL
);
CREATE INDEX webhooks_by_user ON notification.webhooks (user_id, created_at, id);

CREATE TABLE notification.push_subscriptions (
    id         uuid        PRIMARY KEY,
    user_id    uuid        NOT NULL,
    endpoint   text        NOT NULL CHECK (char_length(endpoint) <= 2048),
    p256dh     text        NOT NULL,
    auth       text        NOT NULL,
    created_at timestamptz NOT NULL,
    UNIQUE (user_id, endpoint)
);
CREATE INDEX push_subscriptions_by_user ON notification.push_subscriptions (user_id, created_at, id);

-- === what was sent ===

-- One row for each event, channel and target: however often an event comes, a send is planned once.
CREATE TABLE notification.sends (
    id         uuid        PRIMARY KEY,
    event_id   uuid        NOT NULL,
    user_id    uuid        NOT NULL,
    channel    text        NOT NULL CHECK (channel IN ('email', 'push', 'webhook')),
    target_id  uuid        NOT NULL,
    event_type text        NOT NULL,
    body       jsonb       NOT NULL,
    status     text        NOT NULL DEFAULT 'pending' CHECK (status IN ('pending', 'sent', 'skipped')),
    reason     text        CHECK (char_length(reason) <= 500),
    planned_at timestamptz NOT NULL,
    settled_at timestamptz,
    UNIQUE (event_id, channel, target_id),
    CHECK ((status = 'pending') = (settled_at IS NULL))
);
COMMENT ON COLUMN notification.sends.target_id IS 'The webhook or the push subscription; the user for e-mail.';
COMMENT ON COLUMN notification.sends.body IS 'What the event said, as the channel needs it; emptied when it is settled.';
CREATE INDEX sends_by_user ON notification.sends (user_id, planned_at);

-- === the key of unsubscribe links ===

-- Made here, once: links in mails that are out stay good. 244 random bits.
CREATE TABLE notification.link_key (
    singleton boolean PRIMARY KEY DEFAULT true CHECK (singleton),
    key       bytea   NOT NULL
);
INSERT INTO notification.link_key (key) VALUES (sha256(decode(replace(gen_random_uuid()::text || gen_random_uuid()::text, '-', ''), 'hex')));

-- === who may ===

ALTER TABLE notification.link_key ENABLE ROW LEVEL SECURITY, FORCE ROW LEVEL SECURITY;
CREATE POLICY service_alone ON notification.link_key USING (mindflow.is_service());
GRANT SELECT ON notification.link_key TO mindflow_notification;

DO $$
DECLARE
    name text;
BEGIN
    FOREACH name IN ARRAY ARRAY['users', 'preferences', 'webhooks', 'push_subscriptions', 'sends'] LOOP
        EXECUTE format('ALTER TABLE notification.%I ENABLE ROW LEVEL SECURITY, FORCE ROW LEVEL SECURITY', name);
        EXECUTE format('CREATE POLICY own_rows ON notification.%I USING (user_id = mindflow.user_id() OR mindflow.is_service())', name);
        EXECUTE format('GRANT SELECT, INSERT, UPDATE, DELETE ON notification.%I TO mindflow_notification', name);
    END LOOP;
END
$$;
