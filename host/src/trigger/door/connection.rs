//! What the host knows of one connection: its requests in progress, since when it has none, and how often its client
//! left before an answer.

use mindflow_backends::clock;
use std::{
    sync::{
        Arc, Mutex, MutexGuard, PoisonError,
        atomic::{AtomicBool, Ordering},
    },
    time::Duration,
};
use tokio::{
    sync::{OwnedSemaphorePermit, Semaphore},
    time::Instant,
};
use tokio_util::sync::CancellationToken;

/// Requests that a client may leave before their answer within [`LEFT_WINDOW`]. A browser leaves some with each page; each
/// costs a call that goes on without it (CVE-2023-44487).
const LEFT_MAX: u32 = 100;
const LEFT_WINDOW: Duration = Duration::from_secs(10);

pub(in crate::trigger) struct Connection {
    /// Places of its calls, also of those whose client has left.
    calls: Arc<Semaphore>,
    activity: Mutex<Activity>,
    is_upgraded: AtomicBool,
    /// The connection ends: others need its place, or its client misbehaves.
    pub ends: CancellationToken,
}

struct Activity {
    in_progress: usize,
    /// Whether there was a request.
    is_used: bool,
    idle_since: Instant,
    left: u32,
    left_since: Instant,
    /// Over HTTP/1, which has one answer at a time: when the last one must have been read.
    ends_at: Option<Instant>,
}

/// A request until its answer has been sent.
pub(in crate::trigger) struct InProgress {
    connection: Arc<Connection>,
    is_answered: bool,
}

// === impl Connection ===

impl Connection {
    pub fn new(calls_max: u32) -> Arc<Self> {
        let now = clock::instant();
        let activity =
            Activity { in_progress: 0, is_used: false, idle_since: now, left: 0, left_since: now, ends_at: None };
        Arc::new(Self {
            calls: Arc::new(Semaphore::new(calls_max as usize)),
            activity: Mutex::new(activity),
            is_upgraded: AtomicBool::new(false),
            ends: CancellationToken::new(),
        })
    }

    pub fn begin(self: &Arc<Self>) -> InProgress {
        let mut activity = self.lock();
        activity.in_progress += 1;
        activity.is_used = true;
        activity.ends_at = None;
        InProgress { connection: Arc::clone(self), is_answered: false }
    }

    /// A place for a call, or none while so many of this connection run.
    pub fn place(&self) -> Option<OwnedSemaphorePermit> {
        Arc::clone(&self.calls).try_acquire_owned().ok()
    }

    /// It becomes a WebSocket.
    pub fn upgraded(&self) {
        self.is_upgraded.store(true, Ordering::Release);
    }

    pub fn is_upgraded(&self) -> bool {
        self.is_upgraded.load(Ordering::Acquire)
    }

    /// Since when it has no request in progress, and whether it ever had one; `None` while it has.
    pub fn idle_since(&self) -> Option<(Instant, bool)> {
        let activity = self.lock();
        (activity.in_progress == 0).then_some((activity.idle_since, activity.is_used))
    }

    /// When the answer that is written must have been read. What hyper holds of it outlives the request.
    pub fn answer_ends(&self) -> Option<Instant> {
        self.lock().ends_at
    }

    fn lock(&self) -> MutexGuard<'_, Activity> {
        self.activity.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

// === impl InProgress ===

impl InProgress {
    /// Its answer's head is known.
    pub fn answered(&mut self) {
        self.is_answered = true;
    }

    /// Its answer is the only one of its connection, and must have been read by then.
    pub fn ends_at(&self, ends: Instant) {
        self.connection.lock().ends_at = Some(ends);
    }
}

impl Drop for InProgress {
    fn drop(&mut self) {
        let now = clock::instant();
        let mut activity = self.connection.lock();
        activity.in_progress -= 1;
        activity.idle_since = now;
        if self.is_answered {
            return;
        }
        if now.duration_since(activity.left_since) > LEFT_WINDOW {
            (activity.left, activity.left_since) = (0, now);
        }
        activity.left += 1;
        if activity.left > LEFT_MAX && !self.connection.ends.is_cancelled() {
            super::closed("resets");
            self.connection.ends.cancel();
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_connection_is_idle_when_its_last_request_has_ended() {
        let connection = Connection::new(1);
        assert!(matches!(connection.idle_since(), Some((_, false))));
        let (first, second) = (connection.begin(), connection.begin());
        drop(first);
        assert!(connection.idle_since().is_none());
        drop(second);
        assert!(matches!(connection.idle_since(), Some((_, true))));
    }

    #[test]
    fn a_client_that_leaves_its_requests_in_a_flood_is_disconnected() {
        let connection = Connection::new(1);
        for _ in 0..1_000 {
            connection.begin().answered();
        }
        for _ in 0..LEFT_MAX {
            drop(connection.begin());
        }
        assert!(!connection.ends.is_cancelled());
        drop(connection.begin());
        assert!(connection.ends.is_cancelled());
    }

    #[tokio::test(start_paused = true)]
    async fn one_that_leaves_now_and_then_is_not() {
        let connection = Connection::new(1);
        for _ in 0..1_000 {
            drop(connection.begin());
            tokio::time::sleep(LEFT_WINDOW * 2 / LEFT_MAX).await;
        }
        assert!(!connection.ends.is_cancelled());
    }

    #[test]
    fn calls_of_one_connection_have_so_many_places() {
        let connection = Connection::new(2);
        let places = [connection.place(), connection.place()];
        assert!(places.iter().all(Option::is_some) && connection.place().is_none());
        drop(places);
        assert!(connection.place().is_some());
    }
}
