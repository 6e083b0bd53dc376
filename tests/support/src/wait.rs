//! Waiting for a condition, with a bound and never for a fixed time.

use std::time::{Duration, Instant};

/// What takes milliseconds on an idle machine may take seconds on one that runs other tests too.
pub const WITHIN: Duration = Duration::from_secs(60);
const POLL: Duration = Duration::from_millis(10);

/// The first `Some` of `attempt`; a panic that names `what` when there is none in [`WITHIN`].
pub async fn eventually<T>(what: &str, attempt: impl AsyncFnMut() -> Option<T>) -> T {
    eventually_within(WITHIN, what, attempt).await
}

/// As [`eventually`], with another bound.
pub async fn eventually_within<T>(bound: Duration, what: &str, mut attempt: impl AsyncFnMut() -> Option<T>) -> T {
    let began = Instant::now();
    loop {
        if let Some(value) = attempt().await {
            return value;
        }
        assert!(began.elapsed() < bound, "not within {bound:?}: {what}");
        tokio::time::sleep(POLL).await;
    }
}

/// Returns when `condition` holds; a panic that names `what` when it does not in [`WITHIN`].
pub async fn until(what: &str, condition: impl AsyncFnMut() -> bool) {
    until_within(WITHIN, what, condition).await;
}

/// As [`until`], with another bound.
pub async fn until_within(bound: Duration, what: &str, mut condition: impl AsyncFnMut() -> bool) {
    eventually_within(bound, what, async || condition().await.then_some(())).await;
}
