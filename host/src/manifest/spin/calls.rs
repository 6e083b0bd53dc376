//! What makes the host call a component, besides HTTP requests and other components: events, times and WebSockets.

use serde::Deserialize;

/// Events that come to a component.
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields, rename_all = "kebab-case")]
pub struct SubscriptionEntry {
    /// The component's name when absent.
    pub name: Option<String>,
    pub events: Vec<String>,
    /// Deliveries at the same time; one per partition key in any case.
    pub concurrency: Option<u32>,
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

impl SubscriptionEntry {
    /// The name of its queue, its dead letters and its marks.
    pub fn name<'a>(&'a self, component: &'a str) -> &'a str {
        self.name.as_deref().unwrap_or(component)
    }
}

/// A schedule on which a component is called.
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields, rename_all = "kebab-case")]
pub struct ScheduleEntry {
    /// Unique in the application.
    pub name: String,
    /// Five fields, six with seconds first, or such as `@daily`; in UTC.
    pub cron: String,
    /// How long a run may take, in seconds; an hour when absent.
    pub run_max_s: Option<u32>,
    #[serde(default)]
    pub missed: Missed,
}

/// What happens to occurrences at which no replica was running.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Missed {
    /// One run makes up for all of them.
    #[default]
    RunOnce,
    Skip,
}

/// Where a component takes WebSocket connections.
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields, rename_all = "kebab-case")]
pub struct WebSocketRoute {
    pub route: String,
    /// Subprotocols, best first; a client must offer one of them.
    pub protocols: Vec<String>,
}
