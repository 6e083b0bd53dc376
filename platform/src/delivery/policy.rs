//! When a failed delivery is tried again, and when it is given up. Pure, so that the schedule is proven
//! without a database or a clock.

use std::time::Duration;

use uuid::Uuid;

/// Pauses after the first, second, … failure: none, then 1, 2 and 4 s; the fifth failure is final.
const DEFAULT_DELAYS: [Duration; 4] =
    [Duration::ZERO, Duration::from_secs(1), Duration::from_secs(2), Duration::from_secs(4)];

/// Up to a tenth longer: enough to spread a herd that failed together, too little to be felt.
pub const JITTER_PERCENT_DEFAULT: u32 = 10;

/// More than doubling a pause would no longer be the schedule that was asked for.
pub const JITTER_PERCENT_MAX: u32 = 100;

/// Leases of an event that ran out before it is a suspect: one of the events that may have ended their host. A replica handles one
/// suspect at a time, so that what was only in the same host's hands does not lose lease after lease with the one that ends it.
pub const LOST_SUSPECT: u32 = 2;

/// Leases that ran out before an event is given up. Hosts end for many reasons that are not the event: more often than a handler
/// fails. RabbitMQ's default for the same (`delivery-limit` of quorum queues).
pub const LOST_MAX: u32 = 20;

/// How often and when a failed delivery is tried again.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct RetryPolicy {
    delays: Vec<Duration>,
    jitter_percent: u32,
}

/// What follows a failure.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Next {
    /// Try again when this much time has passed.
    RetryAfter(Duration),
    /// That was the last attempt: to the dead letters.
    Dead,
}

impl Default for RetryPolicy {
    fn default() -> Self {
        Self { delays: DEFAULT_DELAYS.to_vec(), jitter_percent: JITTER_PERCENT_DEFAULT }
    }
}

// === impl RetryPolicy ===

impl RetryPolicy {
    /// A policy that waits `delays[n]` after failure `n + 1` and gives up at the failure after the last.
    /// `jitter_percent` (capped at [`JITTER_PERCENT_MAX`]) lengthens each pause by up to that much.
    #[must_use]
    pub fn new(delays: Vec<Duration>, jitter_percent: u32) -> Self {
        Self { delays, jitter_percent: jitter_percent.min(JITTER_PERCENT_MAX) }
    }

    /// How often a delivery is tried in all; at least 1.
    #[must_use]
    pub fn attempts_max(&self) -> u32 {
        u32::try_from(self.delays.len()).unwrap_or(u32::MAX).saturating_add(1)
    }

    /// What follows failure number `failures` (from 1) of this event. The jitter is drawn from the event
    /// and the attempt, so the same failure always gets the same pause.
    #[must_use]
    pub fn after_failure(&self, failures: u32, event: Uuid) -> Next {
        let index = failures.saturating_sub(1) as usize;
        match self.delays.get(index) {
            None => Next::Dead,
            Some(delay) => Next::RetryAfter(*delay + self.jitter(*delay, failures, event)),
        }
    }

    fn jitter(&self, delay: Duration, failures: u32, event: Uuid) -> Duration {
        let (high, low) = event.as_u64_pair();
        let draw = mix(high ^ low ^ u64::from(failures)) % 1_000;
        let nanos = delay.as_nanos() * u128::from(self.jitter_percent) * u128::from(draw) / 100_000;
        Duration::from_nanos(u64::try_from(nanos).unwrap_or(u64::MAX))
    }
}

/// The finaliser of SplitMix64 (Steele, Lea, Flood 2014): spreads near-equal inputs evenly.
fn mix(seed: u64) -> u64 {
    let z = seed.wrapping_add(0x9e37_79b9_7f4a_7c15);
    let z = (z ^ (z >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
    let z = (z ^ (z >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
    z ^ (z >> 31)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn pause(policy: &RetryPolicy, failures: u32, event: Uuid) -> Option<Duration> {
        match policy.after_failure(failures, event) {
            Next::RetryAfter(delay) => Some(delay),
            Next::Dead => None,
        }
    }

    #[test]
    fn the_default_retries_immediately_then_after_1_2_and_4_seconds_and_gives_up_at_the_fifth_failure() {
        let policy = RetryPolicy::new(DEFAULT_DELAYS.to_vec(), 0);
        let pauses: Vec<_> = (1..=6).map(|n| pause(&policy, n, Uuid::nil())).collect();
        let seconds = |s| Some(Duration::from_secs(s));
        assert_eq!(pauses, [seconds(0), seconds(1), seconds(2), seconds(4), None, None]);
        assert_eq!(RetryPolicy::default().attempts_max(), 5);
    }

    #[test]
    fn jitter_only_lengthens_a_pause_and_by_no_more_than_its_bound() {
        let policy = RetryPolicy::default();
        let mut distinct = std::collections::HashSet::new();
        for n in 0..1_000u128 {
            let event = Uuid::from_u128(n);
            for (failures, base) in (1..).zip(DEFAULT_DELAYS) {
                let delay = pause(&policy, failures, event).unwrap();
                assert!(delay >= base && delay <= base + base / 10, "{delay:?} of {base:?}");
            }
            distinct.insert(pause(&policy, 4, event));
        }
        assert!(distinct.len() > 500, "the herd spreads: {} pauses", distinct.len());
    }

    #[test]
    fn the_same_failure_of_the_same_event_gets_the_same_pause() {
        let policy = RetryPolicy::default();
        let event = Uuid::from_u128(7);
        assert_eq!(policy.after_failure(3, event), policy.after_failure(3, event));
    }

    #[test]
    fn a_policy_without_pauses_gives_up_at_the_first_failure() {
        let policy = RetryPolicy::new(Vec::new(), 0);
        assert_eq!(policy.attempts_max(), 1);
        assert_eq!(policy.after_failure(1, Uuid::nil()), Next::Dead);
    }

    #[test]
    fn attempts_beyond_the_last_stay_dead_however_many() {
        assert_eq!(RetryPolicy::default().after_failure(u32::MAX, Uuid::nil()), Next::Dead);
    }
}
