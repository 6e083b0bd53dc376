//! Seals what was written before there were keys, or by a host of an earlier version, in the background, from the start on and every hour:
//! there is no command to remember, and one replica does it for all.

use mindflow_backends::{
    clock::Clock,
    data_keys::{
        Keeper,
        kept::{Progress, Until},
    },
    records::audit::{self, AuditLog},
};
use std::{
    sync::{
        Arc,
        atomic::{AtomicU64, Ordering},
    },
    time::Duration,
};
use tokio::task::JoinHandle;

/// After an error, and while another replica is at it.
const AGAIN_AFTER: Duration = Duration::from_secs(30);
/// While events may still appear before what was the log's end.
const FLOOR_AFTER: Duration = Duration::from_secs(2);
/// Hosts of an earlier version may go on for a while.
const LOOK_EVERY: Duration = Duration::from_secs(3_600);
/// Between two lines of progress.
const LINE_PAYLOADS: u64 = 10_000;

/// The work in progress, which ends with the value.
pub struct SealingOfKept(JoinHandle<()>);

// === impl SealingOfKept ===

impl SealingOfKept {
    pub fn start(keeper: Arc<Keeper>, trail: Arc<dyn AuditLog>, clock: Clock) -> Self {
        Self(tokio::spawn(async move {
            let mut log = Log::default();
            loop {
                let sealed = log.seal(&keeper).await;
                let rechained = if is_rechained(&*trail, &keeper, &clock).await { LOOK_EVERY } else { AGAIN_AFTER };
                tokio::time::sleep(sealed.min(rechained)).await;
            }
        }))
    }

    /// What is half done is done by the next start.
    pub fn stop(&self) {
        self.0.abort();
    }
}

impl Drop for SealingOfKept {
    fn drop(&mut self) {
        self.stop();
    }
}

/// The event log, gone through up to where it ended.
#[derive(Default)]
struct Log {
    end: Option<i64>,
    sealed: u64,
}

// === impl Log ===

impl Log {
    /// When to look next.
    async fn seal(&mut self, keeper: &Keeper) -> Duration {
        let lines = AtomicU64::new(0);
        let progress = |Progress { sealed, position, last, .. }| {
            let line = sealed / LINE_PAYLOADS;
            if lines.swap(line, Ordering::Relaxed) != line {
                tracing::info!(sealed, position, last, "payloads that were kept in clear are being sealed");
            }
        };
        match keeper.seal_kept(Until::Floor, &progress).await {
            Ok(Some(at)) => self.reached(at),
            Ok(None) => AGAIN_AFTER,
            Err(error) => {
                let error = &error as &dyn std::error::Error;
                tracing::warn!(error, "payloads that are kept in clear could not be sealed; it is tried again");
                AGAIN_AFTER
            }
        }
    }

    fn reached(&mut self, at: Progress) -> Duration {
        self.sealed = self.sealed.saturating_add(at.sealed);
        if at.position < *self.end.get_or_insert(at.end) {
            return FLOOR_AFTER;
        }
        let Self { sealed, .. } = std::mem::take(self);
        if sealed > 0 {
            tracing::info!(sealed, "all payloads that were kept in clear are sealed");
        }
        LOOK_EVERY
    }
}

/// The former audit trail has hashes of what users wrote.
async fn is_rechained(trail: &dyn AuditLog, keeper: &Keeper, clock: &Clock) -> bool {
    let lines = AtomicU64::new(0);
    let progress = |records: u64| {
        let line = records / LINE_PAYLOADS;
        if lines.swap(line, Ordering::Relaxed) != line {
            tracing::info!(records, "the audit trail is being chained again, over sealed payloads");
        }
    };
    match audit::rechain(trail, keeper, clock, &progress).await {
        Ok(Some(head)) => {
            let (number, hash) = (head.number, head.hash);
            tracing::info!(%hash, number, "the audit trail was chained again; note its new head");
            true
        }
        Ok(None) => true,
        Err(error) => {
            let error = &error as &dyn std::error::Error;
            tracing::warn!(error, "the audit trail could not be chained again; it is tried again");
            false
        }
    }
}
