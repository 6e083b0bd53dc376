-- What the counter counts: not idempotent, so that an event applied twice shows.
CREATE SCHEMA counter;
GRANT USAGE ON SCHEMA counter TO mindflow_counter;

CREATE TABLE counter.applied (
    event_id uuid   PRIMARY KEY,
    applied  bigint NOT NULL
);
CREATE TABLE counter.log (
    at            bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    subscription  text   NOT NULL,
    partition_key text   NOT NULL,
    sequence      bigint NOT NULL,
    event_id      uuid   NOT NULL
);
GRANT SELECT, INSERT, UPDATE ON counter.applied TO mindflow_counter;
GRANT INSERT ON counter.log TO mindflow_counter;
