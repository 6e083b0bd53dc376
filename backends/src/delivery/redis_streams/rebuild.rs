//! Rebuilds the streams from the archive, after Redis has lost them. Under an epoch of its own, which
//! becomes the valid one when everything is there; until then every other call says that the state is lost.

use std::collections::BTreeSet;

use uuid::Uuid;

use super::super::postgres::{column, refused};
use super::super::queue::QueueError;
use super::super::sequencer::SEQUENCER_LOCK;
use super::progress::Progress;
use super::router::{Archived, READ_MAX};
use super::{Generation, RedisStreams, failed};
use crate::ids;

const OPERATION: &str = "rebuild";

impl RedisStreams {
    /// `false`: another replica has the relay's lock, and does it.
    pub(super) async fn rebuild(&self) -> Result<bool, QueueError> {
        let refuse = |error| refused(OPERATION, error);
        let known = self.generation().await?;
        let mut client = self.client().await?;
        let transaction = client.transaction().await.map_err(refuse)?;
        let lock = "SELECT pg_try_advisory_xact_lock($1) AS locked";
        let row = transaction.query_one(lock, &[&SEQUENCER_LOCK]).await.map_err(refuse)?;
        if !column::<bool>(&row, "locked")? {
            return Ok(false);
        }
        if self.read_generation().await? != known {
            return Ok(true);
        }
        tracing::warn!("Redis does not have the event queues' state; building it from the archive");
        let next = Generation { epoch: ids::random(), partitions: known.partitions };
        let progress = Progress::all(&transaction).await?;
        let appended = self.build(next, &progress).await?;
        self.set(&self.inner.names.epoch(), next.epoch).await?;
        // Only now does anybody know the new epoch; if this fails, it is built once more.
        let change = "UPDATE delivery.backend SET epoch = $1, changed_at = now()";
        transaction.execute(change, &[&next.epoch]).await.map_err(refuse)?;
        transaction.commit().await.map_err(refuse)?;
        self.set_generation(next);
        tracing::info!(events = appended, "the event queues are whole again");
        if let Err(error) = self.remove_others(next).await {
            tracing::warn!(error = &error as &dyn std::error::Error, "what is left of the old queues stays in Redis");
        }
        Ok(true)
    }

    /// Fills the streams of an epoch that is not valid yet. Answers how many events are in them.
    async fn build(&self, next: Generation, progress: &[Progress]) -> Result<usize, QueueError> {
        let fence = self.inner.names.building(next.epoch);
        self.set(&fence, next.epoch).await?;
        for Progress { subscription, .. } in progress {
            // From the very beginning: there will be nothing in the streams that is not for it.
            self.run_on(OPERATION, &self.inner.scripts.register, next, &fence, |call, generation| {
                call.arg(subscription);
                (0..generation.partitions).for_each(|_| {
                    call.arg(0);
                });
            })
            .await?;
        }
        let all_read = progress.iter().map(|progress| progress.partitions.read_least()).min();
        let from = match all_read {
            Some(position) => position,
            None => return Ok(0),
        };
        let mut appended = 0;
        let pending: BTreeSet<i64> = progress.iter().flat_map(|progress| progress.partitions.pending()).collect();
        let pending: Vec<i64> = pending.into_iter().filter(|position| *position <= from).collect();
        for positions in pending.chunks(usize::try_from(READ_MAX).unwrap_or(usize::MAX)) {
            appended += self.append_lacking(next, &fence, progress, self.archived_at(positions).await?).await?;
        }
        let mut after = from;
        loop {
            let events = self.archived_after(after).await?;
            let Some(last) = events.last() else { break };
            after = last.ordinal;
            appended += self.append_lacking(next, &fence, progress, events).await?;
        }
        // All up to there is routed, also where the last events had no subscription.
        self.run_on(OPERATION, &self.inner.scripts.append, next, &fence, |call, _| {
            call.arg(0).arg(after);
        })
        .await?;
        Ok(appended)
    }

    async fn append_lacking(
        &self,
        next: Generation,
        fence: &str,
        progress: &[Progress],
        mut events: Vec<Archived>,
    ) -> Result<usize, QueueError> {
        for event in &mut events {
            let lacking = progress.iter().filter(|of| of.lacks(event.ordinal, &event.key, &event.event_type));
            event.wanted_by = lacking.map(|progress| progress.subscription.clone()).collect();
        }
        // Nothing is before the first that is missing.
        self.append(next, fence, 0, &events).await?.map_err(|_| QueueError::Answer { operation: OPERATION })?;
        Ok(events.iter().filter(|event| !event.wanted_by.is_empty()).count())
    }

    async fn set(&self, key: &str, epoch: Uuid) -> Result<(), QueueError> {
        let value = epoch.to_string();
        let _: redis::Value = self
            .inner
            .server
            .write(redis::cmd("SET").arg(key).arg(value))
            .await
            .map_err(|failure| failed(OPERATION, failure))?;
        Ok(())
    }

    /// What other epochs have left behind.
    async fn remove_others(&self, valid: Generation) -> Result<(), QueueError> {
        let base = self.inner.names.base(valid.epoch);
        let mut keys = self.keys(&self.inner.names.everything()).await?;
        keys.retain(|key| !key.starts_with(&base));
        self.remove(&keys).await
    }
}
