//! How long a connection that outlives its request may go on: until the token expires or the session is revoked.

use super::Viewer;
use mindflow_guest::call::Error;
use mindflow_guest::clock;
use std::time::Duration;

/// Every operation and every notice refuses a revoked session, and its end is published on the user's topic. A connection
/// that missed the notice, as while the topics were away, finds out within this time.
pub const RECHECK: Duration = Duration::from_secs(60);

/// Answers when the caller's session is over, and why. Never for an outage: what cannot be asked has not ended.
pub async fn session_end(viewer: Viewer) -> Error {
    let mut viewer = viewer;
    let mut expires_us = None;
    loop {
        match viewer.caller().await {
            Ok(caller) => expires_us = Some(caller.expires_at),
            Err(error @ Error::Unauthenticated(_)) => return error,
            Err(_) => {}
        }
        let left = expires_us.map_or(RECHECK, |expires_us| time_left(expires_us, clock::now_us()));
        if left.is_zero() {
            return Error::Unauthenticated("The access token has expired.".to_owned());
        }
        clock::pause(left.min(RECHECK)).await;
        viewer = viewer.unproven();
    }
}

/// Until the token expires.
pub fn time_left(expires_us: i64, now_us: i64) -> Duration {
    Duration::from_micros(u64::try_from(expires_us.saturating_sub(now_us)).unwrap_or(0))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn no_time_is_left_of_an_expired_token() {
        assert_eq!(time_left(2_000_000, 500_000), Duration::from_millis(1_500));
        assert_eq!(time_left(500_000, 2_000_000), Duration::ZERO);
    }
}
