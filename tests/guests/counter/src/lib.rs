//! Proves that events are applied once: a subscriber whose effect is not idempotent. It adds one to the event's count and
//! appends a line to a log; only the platform's `begin-once` prevents it from doing so twice.

mindflow_guest::bindings! {
    from "../../../wit/",
    world: "mindflow:test-guests/counter" in "../tests/guests/counter/world.wit",
}

use bindings::exports::mindflow::platform::subscriber::Guest;
use mindflow_guest::{
    events::{Delivery, Event, Failure},
    params,
    sql::{self, Identity},
};

const DATABASE: &str = "read";

const COUNT: &str = "INSERT INTO counter.applied AS a (event_id, applied) VALUES ($1::text::uuid, 1)
    ON CONFLICT (event_id) DO UPDATE SET applied = a.applied + 1";
const LOG: &str = "INSERT INTO counter.log (subscription, partition_key, sequence, event_id)
    VALUES ($1::text, $2::text, $3::bigint, $4::text::uuid)";

struct Counter;

impl Guest for Counter {
    async fn handle(event: Event, delivery: Delivery) -> Result<(), Failure> {
        let sequence = i64::try_from(event.sequence).map_err(|error| Failure::Reject(error.to_string()))?;
        let counted = sql::once(DATABASE, &Identity::Service, &event, &delivery, async |tx| {
            tx.execute(COUNT, params![event.id.clone()]).await?;
            let line = params![delivery.subscription.clone(), event.partition_key.clone(), sequence, event.id.clone()];
            tx.execute(LOG, line).await?;
            Ok(())
        });
        counted.await?;
        Ok(())
    }
}

bindings::export!(Counter with_types_in bindings);
