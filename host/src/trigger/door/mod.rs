//! The door: what holds for every client before and after a component is called. Time limits of connections, bodies and
//! answers; what one address may have of what all share; and who the client is.

pub(super) mod access_lines;
pub(super) mod answer;
pub(super) mod budget;
pub(super) mod connection;
pub(super) mod connections;
mod patience;
pub(super) mod proxies;
pub(super) mod refusal;
pub(super) mod request_body;
pub(super) mod serve;
mod socket;

use crate::manifest::HttpSettings;
use budget::Budget;
use connections::Connections;
use http_body::{Body, SizeHint};
use proxies::Proxies;
use std::sync::Arc;

/// One address has so much of what waits: enough for the clients behind one router, and no more.
const ADDRESS_PART: u64 = 8;

/// What all connections share.
pub(super) struct Door {
    pub proxies: Proxies,
    pub connections: Arc<Connections>,
    /// Answers that stream.
    pub streams: Budget,
    /// Bytes of bodies that are read ahead.
    pub bodies: Budget,
    /// Bytes of answers that wait for their clients.
    pub answers: Budget,
    /// WebSockets, by addresses; how many there are of all is counted elsewhere.
    pub websockets: Budget,
    /// Connections that their component has identified: WebSockets and event streams, by users.
    pub of_users: Budget<Arc<str>>,
}

// === impl Door ===

impl Door {
    pub fn new(settings: &HttpSettings) -> Self {
        let bytes = |max: u64| Budget::new(max, max / ADDRESS_PART);
        Self {
            proxies: Proxies::new(settings),
            connections: Connections::new(settings.connections_max, settings.connections_per_address_max),
            streams: Budget::new(settings.streams_max as u64, settings.streams_per_address_max as u64),
            bodies: bytes(settings.bodies_max.0),
            answers: bytes(settings.answers_max.0),
            websockets: Budget::new(u64::MAX, settings.websockets_per_address_max as u64),
            of_users: Budget::new(u64::MAX, settings.websockets_per_user_max as u64),
        }
    }
}

/// Counts a connection or a stream that the host ended or refused, by its reason.
pub(super) fn closed(reason: &'static str) {
    metrics::counter!("mindflow_http_closed_total", "reason" => reason).increment(1);
}

/// The size of a body of which `ahead` bytes are here.
fn size_hint(ahead: u64, rest: Option<&impl Body>) -> SizeHint {
    let rest = rest.map_or_else(|| SizeHint::with_exact(0), Body::size_hint);
    let mut hint = SizeHint::new();
    hint.set_lower(ahead + rest.lower());
    if let Some(upper) = rest.upper() {
        hint.set_upper(ahead + upper);
    }
    hint
}
