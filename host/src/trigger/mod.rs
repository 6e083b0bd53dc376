//! What makes components run: requests, connections and events.

pub mod event;
pub mod http;
pub mod websocket;
