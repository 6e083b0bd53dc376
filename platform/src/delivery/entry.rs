//! Subscriptions as the manifest has them: `[[component.NAME.tool.mindflow.subscriptions]]`.

use std::time::Duration;

use serde::Deserialize;

use super::policy::{JITTER_PERCENT_DEFAULT, RetryPolicy};
use super::subscription::Subscription;

/// Events that come to a component.
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields, rename_all = "kebab-case")]
pub struct SubscriptionEntry {
    /// The component's name when absent.
    pub name: Option<String>,
    pub events: Vec<String>,
    /// Deliveries at the same time; one per partition key in any case.
    pub concurrency: Option<u32>,
    /// Of these, how many may be of one user; all when absent. A batch counts for none of them.
    pub user_concurrency: Option<u32>,
    /// Events in a batch, where the component exports `batch-subscriber`: 1 to 1000, 64 when absent; with 1 there are none.
    pub batch_events: Option<u32>,
    /// How long it waits for more when it was idle, 0 to 1000; 0 when absent.
    pub linger_ms: Option<u32>,
    /// Of one delivery; the component's deadline when absent.
    pub timeout_ms: Option<u32>,
    /// Immediately, then after 1, 2 and 4 s, when absent.
    pub retry: Option<RetryEntry>,
    /// Everything that the component stores follows from these events, so that a replay may rebuild it and remove
    /// the rest.
    #[serde(default)]
    pub projection: bool,
    /// The component gets payloads as they are kept, sealed, also of what was erased: it keeps what it does not read.
    #[serde(default)]
    pub sealed: bool,
}

/// When a failed delivery is tried again.
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields, rename_all = "kebab-case")]
pub struct RetryEntry {
    /// The pause after the first failure, the second, and so on; the failure after the last is final.
    pub delays_ms: Vec<u32>,
    /// Each pause is longer by up to this much, 0 to 100; 10 when absent.
    pub jitter_percent: Option<u32>,
}

// === impl SubscriptionEntry ===

impl SubscriptionEntry {
    /// The name of its queue, its dead letters and its marks.
    #[must_use]
    pub fn name<'a>(&'a self, component: &'a str) -> &'a str {
        self.name.as_deref().unwrap_or(component)
    }

    /// What delivery makes of it, for a component with such a deadline.
    #[must_use]
    pub fn subscription(&self, component: &str, deadline_ms: u32) -> Subscription {
        let mut subscription = Subscription::new(self.name(component), &self.events);
        if let Some(concurrency) = self.concurrency {
            subscription.concurrency = concurrency;
        }
        subscription.user_concurrency = self.user_concurrency;
        subscription.timeout = milliseconds(self.timeout_ms.unwrap_or(deadline_ms));
        if let Some(batch_events) = self.batch_events {
            subscription.batch_events = batch_events;
        }
        if let Some(linger_ms) = self.linger_ms {
            subscription.linger = milliseconds(linger_ms);
        }
        if let Some(retry) = &self.retry {
            let delays = retry.delays_ms.iter().copied().map(milliseconds).collect();
            subscription.retry = RetryPolicy::new(delays, retry.jitter_percent.unwrap_or(JITTER_PERCENT_DEFAULT));
        }
        subscription.sealed = self.sealed;
        subscription
    }
}

fn milliseconds(ms: u32) -> Duration {
    Duration::from_millis(u64::from(ms))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_an_entry_does_not_say_is_the_components_or_the_default() {
        let entry: SubscriptionEntry = serde_json::from_str(r#"{"events": ["A"]}"#).unwrap();
        let subscription = entry.subscription("query", 30_000);
        assert_eq!((subscription.name.as_str(), subscription.timeout), ("query", Duration::from_secs(30)));
        assert_eq!(subscription.retry, RetryPolicy::default());
    }

    #[test]
    fn what_an_entry_says_is_kept() {
        let entry = r#"{"name": "sends", "events": ["A"], "concurrency": 8, "user-concurrency": 4, "batch-events": 1, "linger-ms": 25,
            "timeout-ms": 1000, "sealed": true, "retry": {"delays-ms": [0, 500], "jitter-percent": 0}}"#;
        let entry: SubscriptionEntry = serde_json::from_str(entry).unwrap();
        let subscription = entry.subscription("notification", 30_000);
        assert_eq!((subscription.name.as_str(), subscription.concurrency, subscription.batch_events), ("sends", 8, 1));
        assert_eq!(subscription.user_concurrency, Some(4));
        assert_eq!((subscription.timeout, subscription.linger), (Duration::from_secs(1), Duration::from_millis(25)));
        assert_eq!((subscription.retry.attempts_max(), subscription.sealed), (3, true));
    }
}
