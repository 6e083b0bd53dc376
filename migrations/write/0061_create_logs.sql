-- What hosts and components log, for some days. The host alone works here; no component is granted anything.

CREATE SCHEMA logs;
REVOKE ALL ON SCHEMA logs FROM PUBLIC;

CREATE TABLE logs.lines (
    id             bigint      GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    at             timestamptz NOT NULL,
    level          text        NOT NULL CHECK (level IN ('error', 'warn', 'info', 'debug', 'trace')),
    component      text,
    correlation_id text,
    target         text        NOT NULL,
    message        text        NOT NULL,
    fields         jsonb       NOT NULL
) WITH (autovacuum_vacuum_insert_scale_factor = 0.05);
CREATE INDEX lines_by_time ON logs.lines (at, id);
CREATE INDEX lines_by_correlation ON logs.lines (correlation_id, at) WHERE correlation_id IS NOT NULL;
