//! What every back end does with the outbox: take the oldest committed events out of it and into the
//! archive, in a statement that each continues in its own way.

/// Key of the advisory lock that makes one relay of many; "mindflow" in ASCII.
pub(super) const RELAY_LOCK: i64 = 0x6d69_6e64_666c_6f77;

/// Rings the dispatchers of every replica.
pub(super) const QUEUE_CHANNEL: &str = "mindflow_queue";

/// The beginning of a `WITH`: `moved` are the rows that left the outbox (up to `$1`), `logged` those that are
/// now in the archive; the one who continues it says which columns of those it wants, and closes the parenthesis. Moves nothing, and so loses nothing, when the queues are on another back end than `$2`.
/// One that was archived before is not archived, or routed, again.
pub(super) const MOVE: &str = "moved AS (DELETE FROM delivery.outbox WHERE position = ANY (ARRAY( \
         SELECT position FROM delivery.outbox ORDER BY position LIMIT $1)) \
         AND coalesce((SELECT name FROM delivery.backend WHERE only_row), 'postgres') = $2 RETURNING *), \
     known AS (INSERT INTO delivery.archived_event SELECT event_id FROM moved ON CONFLICT DO NOTHING RETURNING event_id), \
     logged AS (INSERT INTO delivery.archive (event_id, event_type, version, occurred_at, source, source_component, sequence, \
         partition_key, correlation_id, traceparent, user_id, tenant_id, payload) \
         SELECT event_id, event_type, version, occurred_at, source, source_component, sequence, partition_key, correlation_id, \
         traceparent, user_id, tenant_id, payload FROM moved JOIN known USING (event_id) ORDER BY position";

/// On which back end the queues are; a column.
pub(super) const BACKEND: &str = "coalesce((SELECT name FROM delivery.backend WHERE only_row), 'postgres') AS backend";
