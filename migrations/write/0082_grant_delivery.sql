-- What delivery may do where it logs in as a role of its own, as a drain on Spin does; a MindFlow host delivers as the
-- administrator. The migration runner makes the role. It reads every event, and takes no part in writing one.
GRANT USAGE ON SCHEMA delivery, mindflow TO mindflow_delivery;

-- Which subscriptions there are, and where they begin.
GRANT SELECT, INSERT, UPDATE (event_types) ON delivery.subscription TO mindflow_delivery;
GRANT SELECT ON delivery.archive, delivery.hold, delivery.backend TO mindflow_delivery;

-- Giving ordinals to what became visible, and removing those that all have passed.
GRANT SELECT, INSERT, DELETE ON delivery.sequenced TO mindflow_delivery;
GRANT SELECT, UPDATE ON delivery.sequencer TO mindflow_delivery;
GRANT SELECT ON SEQUENCE delivery.archive_position TO mindflow_delivery;
GRANT EXECUTE ON FUNCTION delivery.sequence_events(integer, text), delivery.slot_of(text) TO mindflow_delivery;

-- Slots, cursors, and what left the order of the log.
GRANT SELECT, INSERT, UPDATE (ordinal, owner, leased_until) ON delivery.cursor TO mindflow_delivery;
GRANT SELECT, INSERT, DELETE, UPDATE (alive_until, handed) ON delivery.reader TO mindflow_delivery;
GRANT SELECT, INSERT, UPDATE, DELETE ON delivery.queue TO mindflow_delivery;
GRANT EXECUTE ON FUNCTION delivery.take_slots(text, uuid, float8) TO mindflow_delivery;

-- Schedules and their runs.
GRANT SELECT, INSERT ON mindflow.schedule TO mindflow_delivery;
GRANT UPDATE (cron, next_run, running, running_until, owner, last_run, last_outcome) ON mindflow.schedule TO mindflow_delivery;
GRANT SELECT, INSERT, DELETE ON mindflow.schedule_run TO mindflow_delivery;
GRANT UPDATE (attempt, owner, finished_at, outcome, error) ON mindflow.schedule_run TO mindflow_delivery;

-- Two things that only the owner of the archive can do: after a restore on another server, and before a month begins. They
-- name everything with its schema.
ALTER FUNCTION delivery.adopt_server(bigint) SECURITY DEFINER SET search_path = pg_catalog, pg_temp;
ALTER FUNCTION delivery.make_archive_partitions(integer) SECURITY DEFINER SET search_path = pg_catalog, pg_temp;
GRANT EXECUTE ON FUNCTION delivery.adopt_server(bigint), delivery.make_archive_partitions(integer) TO mindflow_delivery;
