//! The statements of the log on Postgres. Positions, slots and ordinals go as arrays.

use crate::event::COLUMNS;

/// Gives ordinals to at most `$1` events for the back end `$2`. On disk before a reader sees them: after a crash of Postgres, readers
/// still know which ordinals they have read. `wanted_by`: the subscriptions that get any of them. `has_others`: there are
/// readers other than `$3`.
pub(super) const RELAY: &str = "SELECT s.taken, s.first_ordinal, s.kept_by, \
         ARRAY(SELECT u.name FROM delivery.subscription u WHERE s.taken > 0 AND u.event_types && s.types) AS wanted_by, \
         EXISTS (SELECT FROM delivery.reader r WHERE r.owner <> $3 AND r.alive_until > now()) AS has_others \
     FROM delivery.sequence_events($1, $2) AS s";

/// Events that one scan reads: enough for a batch, few enough to be megabytes at most.
pub(super) const PAGE: usize = 256;

/// The state of a subscription (`$1`) and, unless it is held, what follows ordinal `$2` up to `$3` in the slots `$4`.
/// `last_row`: of its key, the last that is a row; the event is behind it, or was done before that one became a row.
pub(super) fn scan() -> String {
    format!(
        "SELECT l.*, e.* FROM (SELECT \
             EXISTS (SELECT FROM delivery.hold h WHERE h.subscription = $1 AND h.held_until > now()) AS held, \
             (SELECT count(*) FROM delivery.reader r WHERE r.subscription = $1 AND r.alive_until > now()) AS readers, \
             (SELECT q.last_ordinal FROM delivery.sequencer q) AS tip, \
             EXISTS (SELECT FROM delivery.queue q WHERE q.subscription = $1 AND q.state = 'ready' \
                 AND (q.not_before IS NULL OR q.not_before <= now()) AND (q.leased_until IS NULL OR q.leased_until <= now())) AS due, \
             (SELECT extract(epoch FROM min(q.not_before) - now())::float8 FROM delivery.queue q \
                 WHERE q.subscription = $1 AND q.state = 'ready' AND q.not_before IS NOT NULL) AS next_due \
         ) l LEFT JOIN LATERAL (SELECT s.ordinal, s.slot, a.position, {COLUMNS}, (SELECT max(q.position) FROM delivery.queue q \
                 WHERE q.subscription = $1 AND q.partition_key = a.partition_key) AS last_row \
             FROM delivery.sequenced s JOIN delivery.archive a ON a.position = s.position \
             WHERE NOT l.held AND s.ordinal > $2 AND s.ordinal <= least($3, l.tip) AND s.slot = ANY ($4) \
                 AND s.event_type = ANY ((SELECT u.event_types FROM delivery.subscription u WHERE u.name = $1)::text[]) \
             ORDER BY s.ordinal LIMIT {PAGE}) e ON true ORDER BY e.ordinal"
    )
}

/// The same state of every subscription, with its types, and whether any event of it is a row. Holds and readers are read once, and not
/// for each subscription again.
pub(super) const STATES: &str = "SELECT u.name, u.event_types AS types, h.subscription IS NOT NULL AS held, \
         coalesce(r.readers, 0) AS readers, t.last_ordinal AS tip, \
         EXISTS (SELECT FROM delivery.queue q WHERE q.subscription = u.name) AS has_rows \
     FROM delivery.subscription u CROSS JOIN delivery.sequencer t \
     LEFT JOIN delivery.hold h ON h.subscription = u.name AND h.held_until > now() \
     LEFT JOIN (SELECT subscription, count(*) AS readers FROM delivery.reader WHERE alive_until > now() GROUP BY subscription) r \
         ON r.subscription = u.name";

/// What follows ordinal `$1` up to `$2`, for all subscriptions.
pub(super) fn follow() -> String {
    format!(
        "SELECT s.ordinal, s.slot, a.position, {COLUMNS} FROM delivery.sequenced s JOIN delivery.archive a ON a.position = s.position \
         WHERE s.ordinal > $1 AND s.ordinal <= $2 ORDER BY s.ordinal"
    )
}

/// Writes down for the subscriptions `$1` of the reader `$2`: how far slots are (`$3` subscriptions, `$4` slots, `$5` ordinals), and
/// what is with handlers (`$6` subscriptions, `$7` positions). What is only now handed to them (`$8`) counts when the subscription is not
/// held. Answers of each subscription whether it is held and which slots are the reader's. Subscriptions come sorted, and slots in
/// each; readers are before cursors.
pub(super) const NOTE: &str = "WITH noted AS MATERIALIZED (SELECT n.name, EXISTS (SELECT FROM delivery.hold h \
         WHERE h.subscription = n.name AND h.held_until > now()) AS held FROM unnest($1::text[]) AS n(name)), \
     handed AS (SELECT n.name, coalesce(array_agg(h.position) FILTER (WHERE h.position IS NOT NULL AND NOT (h.is_new AND n.held)), '{}') AS positions \
         FROM noted n LEFT JOIN unnest($6::text[], $7::int8[], $8::bool[]) AS h(name, position, is_new) ON h.name = n.name GROUP BY n.name ORDER BY n.name), \
     written AS (UPDATE delivery.reader r SET handed = h.positions FROM handed h WHERE r.subscription = h.name AND r.owner = $2 \
         RETURNING r.subscription), \
     moved AS (UPDATE delivery.cursor c SET ordinal = v.ordinal FROM unnest($3::text[], $4::int2[], $5::int8[]) AS v(name, slot, ordinal) \
         WHERE (SELECT count(*) FROM written) >= 0 \
         AND c.subscription = v.name AND c.slot = v.slot AND c.owner = $2 AND c.ordinal < v.ordinal) \
     SELECT n.name, n.held, ARRAY(SELECT c.slot FROM delivery.cursor c WHERE c.subscription = n.name AND c.owner = $2 \
         AND c.leased_until > now()) AS slots FROM noted n";

/// Makes rows of events that leave the order of the log: positions `$3`, slots `$4`, attempts `$5`, delays in seconds `$6`,
/// errors `$7` (null: it only waits behind another), dead `$8`, leases that ran out `$9`. Only those of slots that are the reader's. Answers these slots. They
/// are no longer with a handler: the next owner makes no second row of one that is done by then.
pub(super) const PARK: &str = "WITH left_handler AS (UPDATE delivery.reader r \
         SET handed = ARRAY(SELECT h FROM unnest(r.handed) AS h WHERE h <> ALL ($3)) \
         WHERE r.subscription = $1 AND r.owner = $2 AND r.handed && $3 RETURNING r.owner), \
     mine AS MATERIALIZED (SELECT c.slot FROM delivery.cursor c WHERE (SELECT count(*) FROM left_handler) >= 0 \
         AND c.subscription = $1 AND c.owner = $2 ORDER BY c.slot FOR UPDATE), \
     given AS (SELECT g.*, a.partition_key, a.event_id FROM unnest($3::int8[], $4::int2[], $5::int4[], $6::float8[], $7::text[], $8::bool[], $9::int4[]) \
         AS g(position, slot, attempts, delay, error, dead, lost) JOIN mine USING (slot) JOIN delivery.archive a ON a.position = g.position), \
     added AS (INSERT INTO delivery.queue (subscription, partition_key, position, event_id, state, attempts, lost, not_before, last_error, \
             first_failed_at, dead_at) \
         SELECT $1, g.partition_key, g.position, g.event_id, \
             CASE WHEN row_number() OVER (PARTITION BY g.partition_key ORDER BY g.position) > 1 OR EXISTS (SELECT FROM delivery.queue e \
                 WHERE e.subscription = $1 AND e.partition_key = g.partition_key) THEN 'waiting' WHEN g.dead THEN 'dead' ELSE 'ready' END, \
             g.attempts, g.lost, CASE WHEN g.delay > 0 THEN now() + make_interval(secs => g.delay) END, g.error, \
             CASE WHEN g.attempts > 0 AND g.error IS NOT NULL OR g.dead THEN now() END, CASE WHEN g.dead THEN now() END \
         FROM given g ON CONFLICT DO NOTHING) \
     SELECT ARRAY(SELECT slot FROM mine) AS slots";

/// Gives slots back.
pub(super) const RELEASE: &str = "WITH own AS MATERIALIZED (SELECT c.slot FROM delivery.cursor c \
         WHERE c.subscription = $1 AND c.owner = $2 AND c.slot = ANY ($3) ORDER BY c.slot FOR UPDATE), \
     freed AS (UPDATE delivery.cursor c SET owner = NULL, leased_until = NULL FROM own \
         WHERE c.subscription = $1 AND c.slot = own.slot AND c.owner = $2 RETURNING c.slot) \
     SELECT pg_notify('mindflow_queue', '') FROM (SELECT count(*) AS n FROM freed) f WHERE f.n > 0";

/// Ends a reader that has given back its slots.
pub(super) const LEAVE: &str = "DELETE FROM delivery.reader WHERE subscription = $1 AND owner = $2";

/// What waits. The rows, and of the log what follows the cursors; for the slots of this replica (`$2`, `$3` of the
/// subscriptions `$1`) what follows `$4`, because it knows better. `$5` is its reader.
pub(super) const DEPTH: &str = "WITH rows AS (SELECT q.subscription, count(*) FILTER (WHERE q.state <> 'dead' AND d.state IS NULL) AS ready, \
         count(*) FILTER (WHERE q.leased_until > now()) AS leased, count(*) FILTER (WHERE q.state = 'dead') AS dead, \
         count(*) FILTER (WHERE q.state = 'waiting' AND d.state IS NOT NULL) AS parked, \
         min(q.position) FILTER (WHERE q.state <> 'dead' AND d.state IS NULL) AS first \
         FROM delivery.queue q LEFT JOIN delivery.queue d \
             ON d.subscription = q.subscription AND d.partition_key = q.partition_key AND d.state = 'dead' \
         GROUP BY q.subscription), \
     known AS (SELECT * FROM unnest($1::text[], $2::int2[], $3::int8[]) AS k(subscription, slot, read_to)), \
     log AS (SELECT c.subscription, count(*) FILTER (WHERE s.ordinal > coalesce(k.read_to, c.ordinal)) AS ready, min(s.position) AS first \
         FROM delivery.cursor c JOIN delivery.subscription u ON u.name = c.subscription \
         LEFT JOIN known k ON k.subscription = c.subscription AND k.slot = c.slot \
         JOIN delivery.sequenced s ON s.slot = c.slot AND s.ordinal > c.ordinal AND s.event_type = ANY (u.event_types) \
         WHERE NOT EXISTS (SELECT FROM delivery.queue q WHERE q.subscription = c.subscription AND q.position = s.position) \
         GROUP BY c.subscription), \
     others AS (SELECT r.subscription, sum(cardinality(r.handed)) AS leased FROM delivery.reader r \
         WHERE r.owner <> $4 AND r.alive_until > now() GROUP BY r.subscription) \
     SELECT s.name AS subscription, coalesce(rows.ready, 0) + coalesce(log.ready, 0) AS ready, \
         coalesce(rows.leased, 0) + coalesce(others.leased, 0) AS leased, coalesce(rows.dead, 0) AS dead, coalesce(rows.parked, 0) AS parked, \
         (SELECT extract(epoch FROM now() - a.archived_at)::float8 FROM delivery.archive a WHERE a.position = least(rows.first, log.first)) AS oldest \
     FROM delivery.subscription s LEFT JOIN rows ON rows.subscription = s.name LEFT JOIN log ON log.subscription = s.name \
     LEFT JOIN others ON others.subscription = s.name ORDER BY s.name";
