//! What makes the host call a component, besides HTTP requests and other components: events, times and WebSockets.

use serde::Deserialize;

pub use mindflow_platform::{delivery::SubscriptionEntry, schedule::ScheduleEntry};

/// Where a component takes WebSocket connections.
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields, rename_all = "kebab-case")]
pub struct WebSocketRoute {
    pub route: String,
    /// Subprotocols, best first; a client must offer one of them.
    pub protocols: Vec<String>,
}
