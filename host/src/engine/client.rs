//! The client of a request while its call runs: who it is, and how long the call waits for it.

use super::caller::Caller;
use mindflow_backends::clock;
use std::{
    sync::{Arc, Mutex, MutexGuard, PoisonError},
    time::Duration,
};
use tokio::{sync::OwnedSemaphorePermit, time::Instant};

/// The client of one request.
#[derive(Debug)]
pub struct Client {
    pub caller: Caller,
    pub body: Arc<BodyProgress>,
    /// The call's place among those of its connection. It is taken until the call ends, also when the client leaves.
    pub place: Option<OwnedSemaphorePermit>,
}

/// How a request's body comes in, for the judgement whose time a late call has spent.
#[derive(Debug, Default)]
pub struct BodyProgress(Mutex<Progress>);

#[derive(Debug, Default)]
struct Progress {
    /// The component wants more and the client has sent nothing; since when.
    waiting_since: Option<Instant>,
    /// Such times that are over.
    waited: Duration,
    /// The client exceeded a time limit of the body.
    is_late: bool,
}

// === impl BodyProgress ===

impl BodyProgress {
    pub fn waits(&self) {
        let mut progress = self.lock();
        progress.waiting_since.get_or_insert_with(clock::instant);
    }

    pub fn arrived(&self) {
        let mut progress = self.lock();
        if let Some(since) = progress.waiting_since.take() {
            progress.waited += since.elapsed();
        }
    }

    pub fn gave_up(&self) {
        self.arrived();
        self.lock().is_late = true;
    }

    pub fn is_late(&self) -> bool {
        self.lock().is_late
    }

    /// The time that the call has waited for the client so far.
    pub fn waited(&self) -> Duration {
        let progress = self.lock();
        progress.waited + progress.waiting_since.map_or(Duration::ZERO, |since| since.elapsed())
    }

    fn lock(&self) -> MutexGuard<'_, Progress> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test(start_paused = true)]
    async fn only_the_time_without_anything_from_the_client_counts() {
        let body = BodyProgress::default();
        tokio::time::sleep(Duration::from_secs(1)).await;
        assert_eq!(body.waited(), Duration::ZERO);
        body.waits();
        tokio::time::sleep(Duration::from_secs(2)).await;
        body.waits();
        assert_eq!(body.waited(), Duration::from_secs(2));
        body.arrived();
        tokio::time::sleep(Duration::from_secs(4)).await;
        assert_eq!(body.waited(), Duration::from_secs(2));
        assert!(!body.is_late());
    }
}
