//! Waiting for a condition, with a bound and never for a fixed time.

use std::time::{Duration, Instant};

/// What takes milliseconds on an idle machine may take seconds on one that runs other tests too.
pub const WITHIN: Duration = Duration::from_secs(30);
const POLL: Duration = Duration::from_millis(30);

/// The first `Some` of `attempt`; a panic that names `what` when there is none in [`WITHIN`].
pub async fn eventually<T, F>(what: &str, attempt: impl FnMut() -> F) -> T
where
    F: Future<Output = Option<T>>,
{
    eventually_within(WITHIN, what, attempt).await
}

/// The same with a bound of one's own.
pub async fn eventually_within<T, F>(bound: Duration, what: &str, mut attempt: impl FnMut() -> F) -> T
where
    F: Future<Output = Option<T>>,
{
    let began = Instant::now();
    loop {
        if let Some(value) = attempt().await {
            return value;
        }
        assert!(began.elapsed() < bound, "not within {bound:?}: {what}");
        tokio::time::sleep(POLL).await;
    }
}

/// Tells what was there last when a wait fails.
pub(crate) struct Shown<'a>(pub &'a std::sync::Mutex<String>);

impl Shown<'_> {
    pub fn found(self) {
        std::mem::forget(self);
    }
}

impl Drop for Shown<'_> {
    fn drop(&mut self) {
        if let Ok(last) = self.0.lock() {
            eprintln!("the last answer was: {last}");
        }
    }
}
