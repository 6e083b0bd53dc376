//! How much time receivers get, and what follows when one does not answer: it rests for longer and longer, and is switched off in
//! the end. Decisions only.

use mindflow_guest::{call, config, failure::internal};
use uuid::Uuid;

/// A receiver takes a delivery and works later. Ten seconds are what others grant as well.
const TIMEOUT_MS: u64 = 10_000;
/// Less than a call of this component may take (`deadline-ms`).
const TIMEOUT_MS_MAX: u64 = 20_000;
/// After the first time without an answer; each further one doubles it.
const REST_MS: u64 = 10_000;
/// The longest rest: an hour.
const REST_MS_MAX: u64 = 3_600_000;
/// With the rests above, these many in a row take more than three hours.
const FAILURES_MAX: u32 = 12;
/// For what is recorded after the answer did not come.
const MARGIN_MS: u64 = 1_000;
/// Sends that wait for the same receiver do not all come in the same moment.
const SPREAD_MS: u64 = 1_000;

/// As the variables say.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Patience {
    timeout_ms: u64,
    rest_ms: u64,
    failures_max: u32,
}

/// What is known of a receiver.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Receiver {
    /// How many times in a row it did not answer.
    pub failures: u32,
    pub rests_until_us: Option<i64>,
}

// === impl Patience ===

impl Patience {
    /// # Errors
    /// A variable is no number.
    pub async fn read() -> Result<Self, call::Error> {
        let number = async |name: &str, default: u64| config::number(name, default).await.map_err(internal);
        Ok(Self {
            timeout_ms: number("receiver_timeout_ms", TIMEOUT_MS).await?.clamp(1, TIMEOUT_MS_MAX),
            rest_ms: number("receiver_rest_ms", REST_MS).await?.clamp(1, REST_MS_MAX),
            failures_max: config::number("receiver_failures_max", FAILURES_MAX).await.map_err(internal)?.max(1),
        })
    }

    pub fn timeout_ms(&self) -> u64 {
        self.timeout_ms
    }

    /// Until when one send alone tries a receiver.
    pub fn tried_until_us(&self, now_us: i64) -> i64 {
        later(now_us, self.timeout_ms + MARGIN_MS)
    }

    /// Whether it is switched off when it has not answered so many times in a row.
    pub fn is_over(&self, failures: u32) -> bool {
        failures >= self.failures_max
    }

    /// Until when a receiver rests that has not answered so many times in a row.
    pub fn rests_until_us(&self, failures: u32, now_us: i64) -> i64 {
        let doublings = failures.saturating_sub(1).min(32);
        later(now_us, self.rest_ms.saturating_mul(1 << doublings).min(REST_MS_MAX))
    }
}

// === impl Receiver ===

impl Receiver {
    /// How long a send is put off for the receiver's rest; `None`: it does not rest.
    pub fn rests_for_ms(&self, send: Uuid, now_us: i64) -> Option<u32> {
        let left_us = self.rests_until_us?.saturating_sub(now_us);
        let left_ms = u64::try_from(left_us).ok()?.div_ceil(1_000);
        (left_ms > 0).then(|| u32::try_from(left_ms + spread_ms(send)).unwrap_or(u32::MAX))
    }
}

/// Of a send that has to come again in a moment.
pub fn spread_ms(send: Uuid) -> u64 {
    let (_, low) = send.as_u64_pair();
    low % SPREAD_MS
}

fn later(now_us: i64, ms: u64) -> i64 {
    now_us.saturating_add(i64::try_from(ms.saturating_mul(1_000)).unwrap_or(i64::MAX))
}

#[cfg(test)]
mod tests {
    use super::*;

    const PATIENCE: Patience = Patience { timeout_ms: TIMEOUT_MS, rest_ms: REST_MS, failures_max: FAILURES_MAX };

    #[test]
    fn a_receiver_rests_twice_as_long_each_time_and_an_hour_at_most() {
        let rests: Vec<i64> = (1..=11).map(|failures| PATIENCE.rests_until_us(failures, 0) / 1_000_000).collect();
        assert_eq!(rests, [10, 20, 40, 80, 160, 320, 640, 1_280, 2_560, 3_600, 3_600]);
        assert_eq!(PATIENCE.rests_until_us(u32::MAX, 0) / 1_000_000, 3_600);
        assert!(rests.iter().sum::<i64>() > 3 * 3_600, "this long it has to answer before it is switched off");
        assert!(!PATIENCE.is_over(11) && PATIENCE.is_over(12));
    }

    #[test]
    fn a_send_is_put_off_until_the_rest_is_over_and_a_little_longer() {
        let receiver = Receiver { failures: 3, rests_until_us: Some(5_000_000) };
        let send = Uuid::from_u128(7);
        assert_eq!(receiver.rests_for_ms(send, 1_000_000), Some(4_007));
        assert_eq!(receiver.rests_for_ms(send, 4_999_999), Some(8));
        assert_eq!(receiver.rests_for_ms(send, 5_000_000), None);
        assert_eq!(Receiver::default().rests_for_ms(send, 0), None);
    }
}
