//! What makes components run: requests, connections, events and the clock.

pub mod event;
pub mod health;
pub mod http;
mod lingering;
pub mod schedule;
pub mod websocket;
