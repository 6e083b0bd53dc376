//! What makes components run: requests, connections, events and the clock.

mod authority;
mod call;
mod door;
pub mod event;
mod field_list;
pub mod flow;
pub mod health;
mod hold;
pub mod http;
mod lingering;
pub mod metrics;
pub mod schedule;
pub mod websocket;
