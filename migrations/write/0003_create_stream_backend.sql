-- Which back end the queues are on, and how far those on Redis Streams have got. The host runs this as
-- the platform's own role; no component may see it.

-- One row once anything but Postgres has kept the queues; none means Postgres. A relay of the other back
-- end that finds it changed stops, so that no event is routed twice.
CREATE TABLE delivery.backend (
    only_row   boolean     PRIMARY KEY DEFAULT true CHECK (only_row),
    name       text        NOT NULL CHECK (name IN ('postgres', 'redis-streams')),
    -- The state in Redis that is valid. Another one there, or none, has been lost and is built again.
    epoch      uuid,
    -- For good: an event's partition must be the same wherever it is computed.
    partitions integer     NOT NULL DEFAULT 64 CHECK (partitions BETWEEN 1 AND 1024),
    changed_at timestamptz NOT NULL DEFAULT now()
);

-- What each subscription has acknowledged, written every second: enough to build its queue again from the
-- archive, with at most the last moments delivered a second time. An array with one element a partition:
-- {"read": P, "pending": [...]} says that all up to position P is acknowledged but the pending.
CREATE TABLE delivery.stream_progress (
    subscription text        PRIMARY KEY REFERENCES delivery.subscription ON DELETE CASCADE,
    partitions   jsonb       NOT NULL CHECK (jsonb_typeof(partitions) = 'array'),
    flushed_at   timestamptz NOT NULL DEFAULT now()
) WITH (fillfactor = 50);
