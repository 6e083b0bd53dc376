//! Proves that events are applied once: a subscriber whose effect is not idempotent. It adds one to the event's count and
//! appends a line to a log; only the platform's `begin-once` and `begin-batch` prevent it from doing so twice.

mindflow_guest::bindings! {
    from "../../../wit/",
    world: "mindflow:test-guests/counter" in "../tests/guests/counter/world.wit",
}

use bindings::exports::mindflow::platform::{batch_subscriber, subscriber};
use mindflow_guest::{
    events::{Delivery, Event, Failure},
    params,
    sql::{self, Identity, Tx},
};

const DATABASE: &str = "read";

const COUNT: &str = "INSERT INTO counter.applied AS a (event_id, applied) VALUES ($1::text::uuid, 1)
    ON CONFLICT (event_id) DO UPDATE SET applied = a.applied + 1";
const LOG: &str = "INSERT INTO counter.log (subscription, partition_key, sequence, event_id)
    VALUES ($1::text, $2::text, $3::bigint, $4::text::uuid)";

struct Counter;

impl subscriber::Guest for Counter {
    async fn handle(event: Event, delivery: Delivery) -> Result<(), Failure> {
        let counted = sql::once(DATABASE, &Identity::Service, &event, &delivery, async |tx| {
            Ok(count(tx, &delivery.subscription, &event).await?)
        });
        counted.await?;
        Ok(())
    }
}

impl batch_subscriber::Guest for Counter {
    async fn handle_batch(subscription: String, events: Vec<Event>) -> Result<(), Failure> {
        let counted = sql::batch(
            DATABASE,
            &Identity::Service,
            &subscription,
            &events,
            |event| event,
            async |tx, fresh| Ok(sql::all(fresh.into_iter().map(|event| count(tx, &subscription, event))).await?),
        );
        counted.await?;
        Ok(())
    }
}

async fn count(tx: &Tx, subscription: &str, event: &Event) -> Result<(), sql::Error> {
    let sequence = i64::try_from(event.sequence).map_err(|error| sql::Error::InvalidParams(error.to_string()))?;
    tx.execute(COUNT, params![event.id.clone()]).await?;
    let line = params![subscription, event.partition_key.clone(), sequence, event.id.clone()];
    tx.execute(LOG, line).await.map(drop)
}

bindings::export!(Counter with_types_in bindings);
