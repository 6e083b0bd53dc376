//! How much waits for each subscription, and how old the oldest transaction is, as gauges. Counting walks the queues, so that one task does it on a
//! schedule, and neither an event nor a scrape ever does.

use std::collections::BTreeSet;
use std::sync::Arc;
use std::time::Duration;

use tokio_util::sync::CancellationToken;

use super::meter;
use super::postgres::{duration, query};
use super::queue::{Depth, Queue, QueueError};
use crate::database::postgres::Database;

/// In any database of the server: while it is open, no row that was removed since is cleaned up.
const OLDEST_TRANSACTION: &str = "SELECT extract(epoch FROM max(now() - xact_start))::float8 AS seconds FROM pg_stat_activity \
     WHERE (backend_xid IS NOT NULL OR backend_xmin IS NOT NULL) AND pid <> pg_backend_pid()";

pub(super) struct Gauges {
    pub(super) database: Database,
    pub(super) queue: Arc<dyn Queue>,
    pub(super) every: Duration,
    pub(super) stop: CancellationToken,
}

// === impl Gauges ===

impl Gauges {
    /// Runs until `stop`. Counts never overlap: the next waits for the last.
    pub(super) async fn run(self) {
        let mut shown = BTreeSet::new();
        let counting = async {
            loop {
                match self.queue.depth().await {
                    Ok(depths) => show(&mut shown, &depths),
                    // The relay and the dispatchers say loudly that the store is away; the gauges keep what they had.
                    Err(error) => {
                        tracing::debug!(error = &error as &dyn std::error::Error, "the queues could not be counted");
                    }
                }
                if let Ok(age) = self.oldest_transaction().await {
                    meter::oldest_transaction(age);
                }
                tokio::time::sleep(self.every).await;
            }
        };
        tokio::select! {
            () = counting => {}
            () = self.stop.cancelled() => {}
        }
    }

    async fn oldest_transaction(&self) -> Result<Duration, QueueError> {
        let client = self.database.admin().await.map_err(|error| QueueError::Connect(error.into()))?;
        let rows = query(&client, "oldest transaction", OLDEST_TRANSACTION, &[]).await?;
        Ok(rows.first().map_or(Ok(None), |row| duration(row, "seconds"))?.unwrap_or_default())
    }
}

fn show(shown: &mut BTreeSet<String>, depths: &[Depth]) {
    depths.iter().for_each(meter::depth);
    let now: BTreeSet<_> = depths.iter().map(|depth| depth.subscription.clone()).collect();
    // A subscription that ended has nothing waiting, rather than its last count forever.
    for gone in shown.difference(&now) {
        let (ready, leased, dead, parked, oldest) = (0, 0, 0, 0, None);
        meter::depth(&Depth { subscription: gone.clone(), ready, leased, dead, parked, oldest });
    }
    *shown = now;
}
