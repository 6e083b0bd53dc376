//! What a replica does that is called and ends: to join the readers of its subscriptions, and to see whether there is something
//! for it to do that no other is at. Looking makes it no reader, so that the ones who are at it keep their slots.

use std::time::Duration;

use super::{LogQueue, NAME};
use crate::delivery::queue::QueueError;
use crate::delivery::registry;
use crate::delivery::row::{Row, duration};
use crate::delivery::sequencer::{self, BACKEND};
use crate::delivery::store::{Commit, Lock, Store};
use crate::delivery::subscription::Subscription;

/// Cursors at the end of the log for the slots that have none.
pub const BEGIN_AT_TIP: &str = "INSERT INTO delivery.cursor (subscription, slot, ordinal) SELECT s.name, n, q.last_ordinal \
     FROM delivery.subscription s, generate_series(0, 7) AS n, delivery.sequencer q ON CONFLICT DO NOTHING";

/// A subscription that gets few of the events moves its cursors all the same when they are so far behind: what lies before
/// them is looked through each time, and is not removed.
const BEHIND_MAX: i64 = 1_000;

/// What waits for subscriptions, and is with no reader.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct PendingSubscriptions {
    /// Those with something to do now.
    pub subscriptions: Vec<String>,
    /// How long until the next retry of any of them may be leased.
    pub next_due: Option<Duration>,
}

impl<S: Store> LogQueue<S> {
    /// Makes sure that the subscriptions are registered and have cursors. One statement when they are and have.
    ///
    /// # Errors
    /// The store's, or the queues are on another back end.
    pub async fn join(&self, subscriptions: &[Subscription]) -> Result<(), QueueError> {
        if self.is_joined(subscriptions).await? {
            return Ok(());
        }
        sequencer::adopt_server(self.store()).await?;
        registry::register(self.store(), subscriptions).await?;
        let begin = format!("WITH begun AS ({BEGIN_AT_TIP}) SELECT {BACKEND}");
        // Nothing is sequenced meanwhile, so that a subscription begins between two events.
        let rows = self.rows.transact(Commit::OnDisk, Some(Lock::Sequencer), "register", &begin, &[]).await?;
        kept_here(rows.first().ok_or(QueueError::Answer { operation: "register" })?)
    }

    async fn is_joined(&self, subscriptions: &[Subscription]) -> Result<bool, QueueError> {
        let registered = format!(
            "SELECT u.name, u.event_types AS types, (SELECT count(*) FROM delivery.cursor c WHERE c.subscription = u.name) AS slots, \
             (SELECT s.server IS NOT DISTINCT FROM c.system_identifier FROM delivery.sequencer s, pg_control_system() AS c) AS is_home, \
             {BACKEND} FROM delivery.subscription u WHERE u.name = ANY ($1)"
        );
        let names: Vec<_> = subscriptions.iter().map(|subscription| subscription.name.as_str()).collect();
        let rows = self.rows.query("join", &registered, &[&names]).await?;
        let mut joined = 0;
        for row in &rows {
            kept_here(row)?;
            let (name, types): (String, Vec<String>) = (row.get("name")?, row.get("types")?);
            let is_same = subscriptions.iter().any(|wanted| wanted.name == name && wanted.event_types == types);
            let slots = usize::try_from(row.get::<i64>("slots")?).unwrap_or_default();
            joined += usize::from(is_same && slots == super::SLOTS && row.get("is_home")?);
        }
        Ok(joined == subscriptions.len())
    }

    /// # Errors
    /// The store's.
    pub async fn waiting(&self, names: &[String]) -> Result<PendingSubscriptions, QueueError> {
        const WAITING: &str = "SELECT ARRAY(SELECT u.name FROM delivery.subscription u, delivery.sequencer t WHERE u.name = ANY ($1) \
             AND NOT EXISTS (SELECT FROM delivery.hold h WHERE h.subscription = u.name AND h.held_until > now()) \
             AND EXISTS (SELECT FROM delivery.cursor c WHERE c.subscription = u.name AND (c.owner IS NULL OR c.leased_until <= now()) \
                 AND (c.ordinal < t.last_ordinal - $2 OR EXISTS (SELECT FROM delivery.sequenced s \
                     WHERE s.ordinal > c.ordinal AND s.slot = c.slot AND s.event_type = ANY (u.event_types)) \
                 OR EXISTS (SELECT FROM delivery.queue q WHERE q.subscription = u.name AND q.state = 'ready' \
                     AND (q.not_before IS NULL OR q.not_before <= now()) AND (q.leased_until IS NULL OR q.leased_until <= now()))))) AS names, \
             (SELECT extract(epoch FROM min(q.not_before) - now())::float8 FROM delivery.queue q \
                 WHERE q.subscription = ANY ($1) AND q.state = 'ready' AND q.not_before > now()) AS next_due";
        let rows = self.rows.query("look for work", WAITING, &[&names, &BEHIND_MAX]).await?;
        let row = rows.first().ok_or(QueueError::Answer { operation: "look for work" })?;
        Ok(PendingSubscriptions { subscriptions: row.get("names")?, next_due: duration(row, "next_due")? })
    }
}

fn kept_here(row: &impl Row) -> Result<(), QueueError> {
    match row.get::<String>("backend")? {
        name if name == NAME => Ok(()),
        to => Err(QueueError::Moved { to }),
    }
}
