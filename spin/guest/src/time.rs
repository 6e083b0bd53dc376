//! Bounds on waiting.

use std::pin::pin;
use std::time::Duration;

use futures::future::{Either, select};
use wasip3::clocks::monotonic_clock::wait_for;

/// The answer, if it comes in time. What is waited for is given up otherwise.
pub async fn within<T>(limit: Duration, answer: impl Future<Output = T>) -> Option<T> {
    let nanoseconds = u64::try_from(limit.as_nanos()).unwrap_or(u64::MAX);
    match select(pin!(answer), pin!(wait_for(nanoseconds))).await {
        Either::Left((answer, _)) => Some(answer),
        Either::Right(((), _)) => None,
    }
}

/// Waits.
pub async fn sleep(duration: Duration) {
    wait_for(u64::try_from(duration.as_nanos()).unwrap_or(u64::MAX)).await;
}
