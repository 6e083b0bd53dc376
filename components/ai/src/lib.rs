//! The ai service: insights about the entries of premium users.
//!
//! This file only wires the component's exports. `subscriber` runs the steps for one event, `sharing` says whether an entry may leave
//! the platform, `claude` and `local` are the two analysers, `quotes` finds the passages that they name, `decision` decides what a
//! failure means for the event, and `store` keeps outcomes, so that a retry never publishes one twice.

mod analysis;
mod claude;
mod decision;
mod entry;
mod local;
mod quotes;
mod settings;
mod sharing;
mod store;
mod subscriber;

mindflow_guest::bindings! {
    world: "mindflow:components/ai" in "components/ai.wit",
}

use bindings::exports::mindflow::platform::{batch_subscriber, health, subscriber as subscription};
use mindflow_guest::{
    erasing,
    events::{Delivery, Event, Failure},
};

/// As the manifest names the component.
const SERVICE: &str = "ai";

struct Ai;

impl subscription::Guest for Ai {
    async fn handle(event: Event, delivery: Delivery) -> Result<(), Failure> {
        if let Some(erasure) = erasing::of(&event)? {
            return Ok(erasing::rows(SERVICE, (&event, &delivery), erasure, store::ERASE).await?);
        }
        subscriber::handle(&event, &delivery).await
    }
}

impl batch_subscriber::Guest for Ai {
    async fn handle_batch(subscription: String, events: Vec<Event>) -> Result<(), Failure> {
        subscriber::handle_batch(&subscription, &events).await
    }
}

impl health::Guest for Ai {
    /// Healthy when the settings can be read and the write database has the tables. The API is not called: a swap must
    /// not depend on an external service.
    async fn check() -> Result<(), String> {
        settings::read().await?;
        store::reachable().await
    }
}

bindings::export!(Ai with_types_in bindings);
