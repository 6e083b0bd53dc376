//! What the platform must survive: a subscriber that cannot take one single event.

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
        path: ["../../../wit/platform"],
        inline: "
            package mindflow:poison;
            world component {
                export mindflow:platform/subscriber@0.1.0;
            }
        ",
        world: "mindflow:poison/component",
        with: { "mindflow:platform/events@0.1.0": mindflow_guest::events },
    });
}

use bindings::exports::mindflow::platform::subscriber::Guest;
use mindflow_guest::events::{Delivery, Event, Failure};

struct Poison;

impl Guest for Poison {
    #[allow(clippy::panic, reason = "what it is for")]
    async fn handle(event: Event, delivery: Delivery) -> Result<(), Failure> {
        panic!("{} is poison to me, attempt {} of {}", event.event_type, delivery.attempt, delivery.attempts_max);
    }
}

bindings::export!(Poison with_types_in bindings);
