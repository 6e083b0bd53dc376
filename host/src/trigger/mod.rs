//! What makes components run: requests, connections, events and the clock.

mod call;
mod door;
pub mod event;
pub mod health;
mod hold;
pub mod http;
mod lingering;
pub mod metrics;
pub mod schedule;
pub mod websocket;
