//! The component that this instance works for, as `cargo xtask compose` describes it: what it subscribes to and when it runs.

use std::collections::BTreeSet;

use mindflow_platform::delivery::SubscriptionEntry;
use mindflow_platform::delivery::subscription::{Subscription, SubscriptionError, validate};
use mindflow_platform::schedule::{CronError, Schedule, ScheduleEntry};
use serde::Deserialize;

/// As of `[component.NAME.tool.mindflow]` without `instances.deadline-ms`; the host's own.
const DEADLINE_MS_DEFAULT: u32 = 10_000;
/// In addition to `subscriber`, by a component that takes batches.
const BATCHES: &str = "mindflow:platform/batch-subscriber";

/// See the module.
#[derive(Debug)]
pub struct Service {
    pub subscriptions: Vec<Subscription>,
    pub schedules: Vec<Schedule>,
    pub takes_batches: bool,
}

/// Why a description cannot be used.
#[derive(Debug, thiserror::Error)]
pub enum ServiceError {
    #[error("the service's manifest in the composition cannot be read")]
    Json(#[from] serde_json::Error),
    #[error(transparent)]
    Subscription(#[from] SubscriptionError),
    #[error(transparent)]
    Cron(#[from] CronError),
}

#[derive(Deserialize)]
struct Manifest {
    component: String,
    grants: Tool,
    #[serde(default)]
    exports: BTreeSet<String>,
}

#[derive(Deserialize)]
struct Tool {
    #[serde(default)]
    subscriptions: Vec<SubscriptionEntry>,
    #[serde(default)]
    schedules: Vec<ScheduleEntry>,
    #[serde(default)]
    instances: Instances,
}

#[derive(Default, Deserialize)]
#[serde(rename_all = "kebab-case")]
struct Instances {
    deadline_ms: Option<u32>,
}

// === impl Service ===

impl Service {
    /// # Errors
    /// The text is no such description, or what it says is not possible.
    pub fn read(manifest: &str) -> Result<Self, ServiceError> {
        let Manifest { component, grants, exports } = serde_json::from_str(manifest)?;
        let deadline_ms = grants.instances.deadline_ms.unwrap_or(DEADLINE_MS_DEFAULT);
        let subscriptions: Vec<_> =
            grants.subscriptions.iter().map(|entry| entry.subscription(&component, deadline_ms)).collect();
        validate(&subscriptions)?;
        let schedules = grants.schedules.iter().map(ScheduleEntry::schedule).collect::<Result<_, _>>()?;
        let takes_batches = exports.iter().any(|interface| interface.split('@').next() == Some(BATCHES));
        Ok(Self { subscriptions, schedules, takes_batches })
    }
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use super::*;

    #[test]
    fn subscriptions_and_schedules_are_those_of_the_manifest() {
        let service = Service::read(
            r#"{
                "component": "search",
                "grants": {
                    "calls": ["query"], "instances": { "max": 16, "deadline-ms": 30000 },
                    "subscriptions": [
                        { "name": "search", "events": ["A"], "concurrency": 4, "linger-ms": 25 },
                        { "name": "search-meaning", "events": ["A"], "batch-events": 1, "timeout-ms": 5000 }
                    ],
                    "schedules": [{ "name": "tidy", "cron": "@daily", "missed": "skip" }]
                },
                "tokens": {}, "bells": {},
                "exports": ["mindflow:platform/subscriber@0.1.0", "mindflow:platform/batch-subscriber@0.1.0"]
            }"#,
        )
        .unwrap();
        let timeouts: Vec<_> = service.subscriptions.iter().map(|subscription| subscription.timeout).collect();
        assert_eq!(timeouts, [30, 5].map(Duration::from_secs));
        assert_eq!(service.schedules[0].name, "tidy");
        assert!(service.takes_batches);
    }

    #[test]
    fn a_service_may_have_nothing_to_do() {
        let service = Service::read(r#"{"component": "auth", "grants": {}}"#).unwrap();
        assert!(service.subscriptions.is_empty() && service.schedules.is_empty() && !service.takes_batches);
    }

    #[test]
    fn what_is_not_possible_is_refused_with_its_name() {
        let with = |grants: &str| {
            Service::read(&format!(r#"{{"component": "a", "grants": {grants}}}"#)).unwrap_err().to_string()
        };
        let twice = r#"{"subscriptions": [{"events": ["A"]}, {"events": ["B"]}]}"#;
        assert_eq!(with(twice), "subscription `a` is there twice");
        assert!(with(r#"{"schedules": [{"name": "s", "cron": "never"}]}"#).starts_with("cron expression `never`"));
    }
}
