//! The analytics service: facts that events leave behind, and figures over time from them.
//!
//! This file only wires the component's exports. `fact` makes a fact of an event, `keep` stores it; `request` checks
//! arguments, `figures` has the statements, `zone_clock` the user's clock for them, `rows` makes answers of rows, `keys` and
//! `reads` cache answers. `erasure` deletes what there is of a user or of an entry.

mod erasure;
mod fact;
mod figures;
mod keep;
mod keys;
mod reads;
mod request;
mod rows;
mod statement;
mod zone_clock;

#[cfg(test)]
mod database_tests;

mindflow_guest::bindings! {
    world: "mindflow:components/analytics" in "components/analytics.wit",
    uses: ["services/analytics.wit"],
    derives: [serde::Serialize, serde::Deserialize],
}

use bindings::exports::mindflow::{
    analytics::figures as service,
    platform::{batch_subscriber, health, subscriber as subscription},
};
use mindflow_guest::{
    call::{CallContext, Error},
    erasing,
    events::{Delivery, Event, Failure},
    sql,
};
use service::{Granularity, Mark, MoodPoint, PlatformStats, SentimentPoint, WritingStats};

/// The database, as the manifest names it.
const DATABASE: &str = "analytics";

struct Analytics;

impl service::Guest for Analytics {
    async fn mood_trends(context: CallContext, days: u32) -> Result<Vec<MoodPoint>, Error> {
        reads::mood_trends(&context, days).await
    }

    async fn sentiment_trend(
        context: CallContext,
        days: u32,
        granularity: Granularity,
    ) -> Result<Vec<SentimentPoint>, Error> {
        reads::sentiment_trend(&context, days, granularity).await
    }

    async fn writing(context: CallContext, days: u32) -> Result<WritingStats, Error> {
        reads::writing(&context, days).await
    }

    async fn platform(context: CallContext, days: u32) -> Result<PlatformStats, Error> {
        reads::platform(&context, days).await
    }

    async fn shows(context: CallContext, marks: Vec<Mark>) -> Result<bool, Error> {
        reads::shows(&context, &marks).await
    }
}

impl subscription::Guest for Analytics {
    async fn handle(event: Event, delivery: Delivery) -> Result<(), Failure> {
        if let Some(erasure) = erasing::of(&event)? {
            return erasure::erase(&event, &delivery, erasure).await;
        }
        keep::handle(std::slice::from_ref(&event)).await
    }
}

impl batch_subscriber::Guest for Analytics {
    async fn handle_batch(_: String, events: Vec<Event>) -> Result<(), Failure> {
        keep::handle(&events).await
    }
}

impl health::Guest for Analytics {
    /// Able to work: the database has the tables of this version.
    async fn check() -> Result<(), String> {
        sql::query(DATABASE, sql::Identity::Service, "SELECT day, facts FROM analytics.active LIMIT 0", Vec::new())
            .await
            .map(drop)
            .map_err(|error| format!("analytics database: {error:?}"))
    }
}

bindings::export!(Analytics with_types_in bindings);
