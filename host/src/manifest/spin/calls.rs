//! What makes the host call a component, besides HTTP requests: events, times and WebSockets, and the components that may.

use serde::Deserialize;
use std::fmt;

pub use mindflow_platform::{delivery::SubscriptionEntry, schedule::ScheduleEntry};

/// Where a component takes WebSocket connections.
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields, rename_all = "kebab-case")]
pub struct WebSocketRoute {
    pub route: String,
    /// Subprotocols, best first; a client must offer one of them.
    pub protocols: Vec<String>,
}

/// What a component may import of another: `SERVICE`, all interfaces that it exports, or `SERVICE/INTERFACE`, that one.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
#[serde(try_from = "String")]
pub struct Call {
    pub component: String,
    /// Without its package and version. None: all.
    pub interface: Option<String>,
}

// === impl Call ===

impl Call {
    /// Whether it allows an import such as `mindflow:auth/accounts@0.1.0` from the component.
    pub fn allows(&self, component: &str, interface: &str) -> bool {
        self.component == component
            && self.interface.as_deref().is_none_or(|granted| granted == Self::interface_name(interface))
    }

    /// The narrowest that allows it.
    pub fn of(component: &str, interface: &str) -> Self {
        Self { component: component.to_owned(), interface: Some(Self::interface_name(interface).to_owned()) }
    }

    /// `accounts` of `mindflow:auth/accounts@0.1.0`.
    pub fn interface_name(interface: &str) -> &str {
        let name = interface.rsplit_once('/').map_or(interface, |(_, name)| name);
        name.split_once('@').map_or(name, |(name, _)| name)
    }
}

impl TryFrom<String> for Call {
    type Error = String;

    fn try_from(entry: String) -> Result<Self, Self::Error> {
        let (component, interface) = match entry.split_once('/') {
            None => (entry.as_str(), None),
            Some((component, interface)) => (component, Some(interface)),
        };
        let whole = |name: &str| !name.is_empty() && !name.contains('/');
        if whole(component) && interface.is_none_or(whole) {
            return Ok(Self { component: component.to_owned(), interface: interface.map(str::to_owned) });
        }
        Err(format!("`{entry}` is neither SERVICE nor SERVICE/INTERFACE"))
    }
}

impl fmt::Display for Call {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match &self.interface {
            None => f.write_str(&self.component),
            Some(interface) => write!(f, "{}/{interface}", self.component),
        }
    }
}
