//! The ai service: insights about the entries of premium users.
//!
//! This file only wires the component's exports. `subscriber` puts the steps of one event in order, `claude`
//! and `local` are the two ways to an analysis, `verdict` says what a failed one means for the event, and
//! `store` remembers what was said so that a retry never says it twice.

mod analysis;
mod claude;
mod entry;
mod local;
mod settings;
mod store;
mod subscriber;
mod verdict;

mod bindings {
    #![allow(
        missing_docs,
        clippy::all,
        clippy::unwrap_used,
        clippy::expect_used,
        clippy::panic,
        clippy::indexing_slicing
    )]
    wit_bindgen::generate!({
        path: ["../../wit/platform"],
        inline: "
            package mindflow:ai-component;
            world component {
                export mindflow:platform/subscriber@0.1.0;
                export mindflow:platform/health@0.1.0;
            }
        ",
        world: "mindflow:ai-component/component",
        with: {
            "mindflow:platform/events@0.1.0": mindflow_guest::events,
        },
        generate_unused_types: true,
    });
}

use bindings::exports::mindflow::platform::{health, subscriber as subscription};
use mindflow_guest::events::{Delivery, Event, Failure};

struct Ai;

impl subscription::Guest for Ai {
    async fn handle(event: Event, delivery: Delivery) -> Result<(), Failure> {
        subscriber::handle(&event, &delivery).await
    }
}

impl health::Guest for Ai {
    /// Able to work: its settings can be read and the write database has its tables. Whether the API answers
    /// is not asked: a swap must not hang on somebody else's outage.
    async fn check() -> Result<(), String> {
        settings::read().await?;
        store::reachable().await
    }
}

bindings::export!(Ai with_types_in bindings);
