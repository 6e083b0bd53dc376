//! HTTP/2 streams whose client does not open its window. hyper then holds a part of the answer and asks for no further
//! one, so that only the task of the stream can notice: it ends, which resets the stream.

use mindflow_backends::clock;
use std::{
    pin::Pin,
    sync::{Arc, Mutex, MutexGuard, PoisonError},
    task::{Context, Poll},
    time::Duration,
};
use tokio::time::{Instant, Sleep};

tokio::task_local! {
    static HELD: Arc<Held>;
}

/// What a stream holds of its answer.
#[derive(Debug, Default)]
pub(super) struct Held(Mutex<Times>);

#[derive(Debug, Default)]
struct Times {
    /// Since when a part of the answer waits for the client to take it.
    since: Option<Instant>,
    /// When the whole of it must have been taken.
    ends: Option<Instant>,
}

/// Runs each stream in a task of its own, which ends when its client has taken nothing for so long, or not all in time.
#[derive(Debug, Clone, Copy)]
pub(super) struct PatientExecutor {
    pub idle_max: Duration,
}

struct Patient<F> {
    stream: Pin<Box<F>>,
    held: Arc<Held>,
    idle_max: Duration,
    timer: Option<Pin<Box<Sleep>>>,
}

// === impl Held ===

impl Held {
    /// That of the stream whose task this is; none over HTTP/1, whose socket itself waits.
    pub fn of_this_task() -> Option<Arc<Self>> {
        HELD.try_with(Arc::clone).ok()
    }

    pub fn hand_out(&self) {
        self.lock().since = Some(clock::instant());
    }

    pub fn taken(&self) {
        self.lock().since = None;
    }

    pub fn ends_at(&self, ends: Instant) {
        self.lock().ends = Some(ends);
    }

    /// Until when the part that waits may wait; `None` while none does.
    fn until(&self, idle_max: Duration) -> Option<Instant> {
        let times = self.lock();
        let idle = times.since? + idle_max;
        Some(times.ends.map_or(idle, |ends| ends.min(idle)))
    }

    fn lock(&self) -> MutexGuard<'_, Times> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl<F> hyper::rt::Executor<F> for PatientExecutor
where
    F: Future + Send + 'static,
    F::Output: Send,
{
    fn execute(&self, stream: F) {
        let (stream, held) = (Box::pin(stream), Arc::default());
        tokio::spawn(Patient { stream, held, idle_max: self.idle_max, timer: None });
    }
}

impl<F: Future> Future for Patient<F> {
    type Output = ();

    fn poll(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<()> {
        let Self { stream, held, idle_max, timer } = &mut *self;
        if HELD.sync_scope(Arc::clone(held), || stream.as_mut().poll(cx)).is_ready() {
            return Poll::Ready(());
        }
        let Some(until) = held.until(*idle_max) else {
            *timer = None;
            return Poll::Pending;
        };
        let timer = timer.get_or_insert_with(|| Box::pin(tokio::time::sleep_until(until)));
        if timer.deadline() != until {
            timer.as_mut().reset(until);
        }
        if timer.as_mut().poll(cx).is_pending() {
            return Poll::Pending;
        }
        super::closed("unread-stream");
        Poll::Ready(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use hyper::rt::Executor;
    use tokio::sync::oneshot;

    const IDLE_MAX: Duration = Duration::from_secs(30);

    /// Whether a stream, of which a part is held for so long once, comes to its end.
    async fn ends_by_itself(held_for: Duration) -> bool {
        let (done, ended) = oneshot::channel();
        PatientExecutor { idle_max: IDLE_MAX }.execute(async move {
            let held = Held::of_this_task().unwrap();
            tokio::time::sleep(IDLE_MAX * 3).await;
            held.hand_out();
            tokio::time::sleep(held_for).await;
            held.taken();
            tokio::time::sleep(IDLE_MAX * 3).await;
            let _ = done.send(());
        });
        ended.await.is_ok()
    }

    #[tokio::test(start_paused = true)]
    async fn a_stream_ends_when_its_client_takes_nothing() {
        assert!(!ends_by_itself(IDLE_MAX * 2).await);
    }

    #[tokio::test(start_paused = true)]
    async fn a_stream_ends_when_its_client_takes_too_long_for_the_whole() {
        let (done, ended) = oneshot::channel::<()>();
        PatientExecutor { idle_max: IDLE_MAX }.execute(async move {
            let _done = done;
            let held = Held::of_this_task().unwrap();
            held.ends_at(clock::instant() + IDLE_MAX * 3);
            loop {
                held.hand_out();
                tokio::time::sleep(IDLE_MAX / 2).await;
                held.taken();
            }
        });
        let began = clock::instant();
        assert!(ended.await.is_err());
        assert!(began.elapsed() <= IDLE_MAX * 3);
    }

    #[tokio::test(start_paused = true)]
    async fn a_stream_that_waits_for_its_component_or_a_slow_client_goes_on() {
        assert!(ends_by_itself(IDLE_MAX / 2).await);
    }
}
