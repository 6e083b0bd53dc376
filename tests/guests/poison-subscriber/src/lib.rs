//! What the platform must survive: a subscriber that cannot take one single event.

mindflow_guest::bindings! {
    from "../../../wit/",
    world: "mindflow:test-guests/poison-subscriber" in "../tests/guests/poison-subscriber/world.wit",
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
