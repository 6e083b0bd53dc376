//! The relay gives committed events their ordinals and rings the dispatchers. One replica at a time does; any can be
//! the one. How it is done without losing or doubling an event is the back end's affair: see
//! [`super::backend::Backend::relay`].

use std::sync::Arc;
use std::time::Duration;

use tokio::sync::Notify;
use tokio_util::sync::CancellationToken;
use uuid::Uuid;

use super::backend::{Backend, Relayed};
use super::doorbell::Bells;
use super::health::Part;
use super::meter;
use super::sequencer::BATCH_MAX;
use crate::failpoint;

/// Another relay may have looked just before the commit that woke this one, so it looks again.
const BUSY_PAUSE: Duration = Duration::from_millis(10);

pub(super) struct Relay {
    pub(super) backend: Arc<dyn Backend>,
    /// This replica; its own notifications do not wake it.
    pub(super) replica: Uuid,
    pub(super) poll: Duration,
    /// Rung when something may have been published.
    pub(super) wake: Arc<Notify>,
    /// To ring when the queue has something.
    pub(super) dispatchers: Bells,
    pub(super) stop: CancellationToken,
    pub(super) health: Part,
}

// === impl Relay ===

impl Relay {
    /// Runs until `stop`.
    pub(super) async fn run(mut self) {
        while !self.stop.is_cancelled() {
            let pause = match self.backend.relay(BATCH_MAX).await {
                Ok(Relayed::Events { count, wanted_by }) => {
                    if count > 0 {
                        failpoint!("after-relay");
                    }
                    self.health.succeeded();
                    meter::relayed(count);
                    self.ring(&wanted_by).await;
                    // A full batch: there may be more.
                    if count >= u64::from(BATCH_MAX) { Duration::ZERO } else { self.poll }
                }
                Ok(Relayed::Busy) => {
                    self.health.succeeded();
                    BUSY_PAUSE
                }
                Err(error) => {
                    let pause = self.health.failed(&error);
                    tokio::select! {
                        () = tokio::time::sleep(pause) => {}
                        () = self.stop.cancelled() => {}
                    }
                    continue;
                }
            };
            tokio::select! {
                biased;
                () = self.stop.cancelled() => {}
                () = self.wake.notified() => {}
                () = tokio::time::sleep(pause) => {}
            }
        }
    }

    /// First those here; a replica that does not hear of it polls.
    async fn ring(&self, wanted_by: &[String]) {
        wanted_by.iter().filter_map(|name| self.dispatchers.get(name)).for_each(|bell| bell.notify_one());
        if !wanted_by.is_empty()
            && let Err(error) = self.backend.announce(self.replica).await
        {
            tracing::debug!(error = &error as &dyn std::error::Error, "the other replicas were not rung");
        }
    }
}
