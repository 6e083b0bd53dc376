//! What makes components run: requests, connections, events and the clock.

mod call;
mod door;
pub mod event;
pub mod health;
pub mod http;
mod lingering;
pub mod metrics;
pub mod schedule;
pub mod websocket;
