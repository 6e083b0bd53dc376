//! `/health/live`, `/health/ready` and `/health/startup`, with every dependency and component by name.

use crate::platform::Platform;
use http::StatusCode;
use serde_json::{Map, Value, json};

/// Which probe asks.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Probe {
    /// Is the process running?
    Live,
    /// Can it take traffic?
    Ready,
    /// Has it started?
    Startup,
}

impl Probe {
    pub fn of(path: &str) -> Option<Self> {
        match path {
            "/health/live" => Some(Self::Live),
            "/health/ready" => Some(Self::Ready),
            "/health/startup" => Some(Self::Startup),
            _ => None,
        }
    }
}

/// The probe's answer. A host that serves HTTP has started, so only readiness depends on the rest.
pub async fn answer(probe: Probe, platform: &Platform, stopping: bool) -> (StatusCode, Value) {
    if probe == Probe::Live {
        return (StatusCode::OK, json!({ "status": "live" }));
    }
    let parts = platform.health().await;
    let failing = parts.values().any(Result::is_err);
    let parts: Map<String, Value> = parts
        .into_iter()
        .map(|(name, state)| {
            let state = match state {
                Ok(()) => json!({ "status": "ok" }),
                Err(reason) => json!({ "status": "failing", "reason": reason.to_string() }),
            };
            (name, state)
        })
        .collect();
    let (status, word) = match (probe, stopping, failing) {
        (Probe::Ready, true, _) => (StatusCode::SERVICE_UNAVAILABLE, "stopping"),
        (Probe::Ready, false, true) => (StatusCode::SERVICE_UNAVAILABLE, "not ready"),
        (Probe::Ready, false, false) => (StatusCode::OK, "ready"),
        _ => (StatusCode::OK, "started"),
    };
    (status, json!({ "status": word, "checks": parts }))
}
