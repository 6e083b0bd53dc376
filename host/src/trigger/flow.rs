//! How many events of each type went to a subscription since the host's start, for people who look.

use mindflow_backends::delivery::Failure;
use std::{
    collections::BTreeMap,
    sync::atomic::{AtomicU64, Ordering},
};

/// By the types that the subscription is to.
#[derive(Debug, Default)]
pub struct Flow(BTreeMap<String, Counts>);

#[derive(Debug, Default)]
struct Counts {
    delivered: AtomicU64,
    failed: AtomicU64,
}

// === impl Flow ===

impl Flow {
    pub(super) fn of(event_types: &[String]) -> Self {
        Self(event_types.iter().map(|name| (name.clone(), Counts::default())).collect())
    }

    /// A deferral is neither: the event comes again, and nothing has failed.
    pub(super) fn count(&self, event_type: &str, outcome: &Result<(), Failure>) {
        let Some(counts) = self.0.get(event_type) else { return };
        let which = match outcome {
            Ok(()) => &counts.delivered,
            Err(Failure::Retry { after: Some(_), .. }) => return,
            Err(Failure::Retry { after: None, .. } | Failure::Reject(_)) => &counts.failed,
        };
        which.fetch_add(1, Ordering::Relaxed);
    }

    /// Each type, with its deliveries that were acknowledged and its attempts that failed.
    pub fn counts(&self) -> impl Iterator<Item = (&str, u64, u64)> {
        let read = |counter: &AtomicU64| counter.load(Ordering::Relaxed);
        self.0.iter().map(move |(name, counts)| (name.as_str(), read(&counts.delivered), read(&counts.failed)))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::time::Duration;

    #[test]
    fn deliveries_and_failures_are_counted_by_type_and_deferrals_are_neither() {
        let flow = Flow::of(&["Written".to_owned(), "Deleted".to_owned()]);
        let retry = |after| Err(Failure::Retry { reason: "away".to_owned(), after });
        flow.count("Written", &Ok(()));
        flow.count("Written", &retry(None));
        flow.count("Written", &retry(Some(Duration::ZERO)));
        flow.count("Written", &Err(Failure::Reject("never".to_owned())));
        flow.count("Unknown", &Ok(()));
        assert_eq!(flow.counts().collect::<Vec<_>>(), [("Deleted", 0, 0), ("Written", 1, 2)]);
    }
}
