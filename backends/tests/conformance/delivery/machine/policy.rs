//! The schedule of retries, on a clock that is only counted.

use std::time::Duration;

use mindflow_backends::delivery::RetryPolicy;
use mindflow_backends::delivery::policy::{JITTER_PERCENT_MAX, Next};
use proptest::prelude::*;
use uuid::Uuid;

proptest! {
    #![proptest_config(ProptestConfig { cases: 512, failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn an_event_is_tried_as_often_as_its_policy_says_with_pauses_within_their_bounds(
        delays in prop::collection::vec(0_u64..20_000, 0..8),
        jitter in 0_u32..200,
        event in any::<u128>(),
        deferrals in prop::collection::vec(any::<bool>(), 0..20),
    ) {
        let policy = RetryPolicy::new(delays.iter().copied().map(Duration::from_millis).collect(), jitter);
        let jitter = jitter.min(JITTER_PERCENT_MAX);
        let mut deferrals = deferrals.into_iter();
        let (mut attempts, mut waited) = (0_u32, Duration::ZERO);
        loop {
            // A deferral comes back as the same attempt, so the policy does not see it.
            while deferrals.next() == Some(true) {}
            attempts += 1;
            prop_assert!(attempts <= policy.attempts_max());
            match policy.after_failure(attempts, Uuid::from_u128(event)) {
                Next::RetryAfter(pause) => {
                    let base = Duration::from_millis(delays[attempts as usize - 1]);
                    prop_assert!(pause >= base && pause <= base + base * jitter / 100, "{pause:?} for {base:?}");
                    waited += pause;
                }
                Next::Dead => break,
            }
        }
        prop_assert_eq!(attempts, policy.attempts_max());
        let least: Duration = delays.iter().copied().map(Duration::from_millis).sum();
        prop_assert!(waited >= least && waited <= least + least * jitter / 100);
    }

    #[test]
    fn once_dead_an_event_stays_dead_and_the_same_failure_always_gets_the_same_pause(
        delays in prop::collection::vec(0_u64..20_000, 0..8),
        failures in any::<u32>(),
        event in any::<u128>(),
    ) {
        let policy = RetryPolicy::new(delays.iter().copied().map(Duration::from_millis).collect(), 10);
        let event = Uuid::from_u128(event);
        let next = policy.after_failure(failures, event);
        prop_assert_eq!(next, policy.after_failure(failures, event));
        prop_assert_eq!(next == Next::Dead, failures >= policy.attempts_max());
    }
}
