-- Delivery of events: the outbox that commits with a service's own write, the archive (the log of
-- every event, in delivery order), and one durable queue a subscription. The host runs this as the
-- platform's own role, which owns these tables; components may insert into the outbox and nothing else.

CREATE SCHEMA delivery;
GRANT USAGE ON SCHEMA delivery TO PUBLIC;

-- Short-lived: a row stays here from its producer's commit until the relay moves it to the archive.
CREATE TABLE delivery.outbox (
    position         bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    event_id         uuid        NOT NULL UNIQUE,
    event_type       text        NOT NULL,
    version          text        NOT NULL,
    occurred_at      timestamptz NOT NULL,
    source           text        NOT NULL,
    source_component text        NOT NULL,
    sequence         bigint      NOT NULL CHECK (sequence > 0),
    partition_key    text        NOT NULL,
    correlation_id   text        NOT NULL,
    traceparent      text,
    user_id          uuid,
    tenant_id        text,
    payload          jsonb       NOT NULL CHECK (jsonb_typeof(payload) = 'object')
) WITH (autovacuum_vacuum_scale_factor = 0, autovacuum_vacuum_threshold = 2000);

GRANT INSERT ON delivery.outbox TO PUBLIC;
ALTER TABLE delivery.outbox ENABLE ROW LEVEL SECURITY;
CREATE POLICY outbox_of_own_component ON delivery.outbox FOR INSERT TO PUBLIC
    WITH CHECK (current_user = 'mindflow_' || source_component);

-- The doorbell. Postgres serialises the commits of transactions that notify, so a host that rings its
-- own relay in process after the commit says so with `SET LOCAL mindflow.doorbell = 'local'`.
CREATE FUNCTION delivery.ring_outbox() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    IF current_setting('mindflow.doorbell', true) IS DISTINCT FROM 'local' THEN
        PERFORM pg_notify('mindflow_outbox', '');
    END IF;
    RETURN NULL;
END
$$;
CREATE TRIGGER ring_outbox AFTER INSERT ON delivery.outbox
    FOR EACH STATEMENT EXECUTE FUNCTION delivery.ring_outbox();

-- Every event for good. `position` is given by the relay, one relay at a time, so it rises in the order
-- in which events became visible and a reader that follows it misses none.
CREATE TABLE delivery.archive (
    position         bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    event_id         uuid        NOT NULL UNIQUE,
    event_type       text        NOT NULL,
    version          text        NOT NULL,
    occurred_at      timestamptz NOT NULL,
    source           text        NOT NULL,
    source_component text        NOT NULL,
    sequence         bigint      NOT NULL,
    partition_key    text        NOT NULL,
    correlation_id   text        NOT NULL,
    traceparent      text,
    user_id          uuid,
    tenant_id        text,
    payload          jsonb       NOT NULL,
    archived_at      timestamptz NOT NULL DEFAULT now()
);
CREATE INDEX archive_by_key ON delivery.archive (partition_key, position);

-- Who gets which events. Kept here and not in a host's memory, so that every replica's relay routes
-- alike, and so that a subscription whose component is away for a while finds its events waiting.
CREATE TABLE delivery.subscription (
    name          text        PRIMARY KEY,
    event_types   text[]      NOT NULL,
    registered_at timestamptz NOT NULL DEFAULT now()
);

-- What is still to be delivered: one narrow row a subscription and event; the event itself is the
-- archive's row of the same position. A row is deleted when it is acknowledged.
--   ready    the first of its key: may be leased
--   waiting  behind another of its key; made ready when the one before it is gone
--   dead     the first of its key, failed for good; stays, and so holds back the ones behind it
CREATE TABLE delivery.queue (
    subscription    text        NOT NULL,
    partition_key   text        NOT NULL,
    position        bigint      NOT NULL,
    event_id        uuid        NOT NULL,
    state           text        NOT NULL CHECK (state IN ('ready', 'waiting', 'dead')),
    attempts        integer     NOT NULL DEFAULT 0,
    not_before      timestamptz,
    leased_until    timestamptz,
    lease           uuid,
    lease_owner     uuid,
    last_error      text,
    first_failed_at timestamptz,
    dead_at         timestamptz,
    PRIMARY KEY (subscription, partition_key, position)
) WITH (fillfactor = 70, autovacuum_vacuum_scale_factor = 0, autovacuum_vacuum_threshold = 2000);
-- Leasing walks this in order of position: the first of each key, however many wait behind it.
CREATE INDEX queue_ready ON delivery.queue (subscription, position) WHERE state = 'ready';
-- When the next retry falls due: only rows that were put off are in it.
CREATE INDEX queue_put_off ON delivery.queue (subscription, not_before) WHERE not_before IS NOT NULL AND state = 'ready';
-- One row of a key is its first.
CREATE UNIQUE INDEX queue_first ON delivery.queue (subscription, partition_key) WHERE state IN ('ready', 'dead');
CREATE INDEX queue_dead ON delivery.queue (subscription, event_id) WHERE state = 'dead';
