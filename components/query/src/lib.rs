//! The query service: the views that readers see, kept by events and cached.
//!
//! This file only wires the component's exports. `projection` decides what an event changes, `reconciliation` compares
//! with the write side, `request` checks arguments, `reading` has the statements, `keys` the names in the cache. `folded` says
//! what the words of filters are compared with. `erasure` deletes what there is of a user or of an entry.

mod calendar;
mod columns;
mod cursor;
mod erasure;
mod folded;
mod keys;
mod order;
mod projection;
mod quota;
mod reading;
mod reads;
mod reconciliation;
mod request;
mod statement;
mod subscriber;
mod vocabulary;

#[cfg(test)]
mod database_tests;

mindflow_guest::bindings! {
    world: "mindflow:components/query" in "components/query.wit",
    uses: ["services/query.wit"],
    derives: [serde::Serialize, serde::Deserialize],
}

use bindings::exports::mindflow::{
    platform::{batch_subscriber, health, operator, schedule_handler, subscriber as subscription},
    query::{leaving, reads as service},
};
use leaving::EntryRef;
use mindflow_guest::{
    call::{CallContext, Error},
    consent, erasing, event,
    events::{Delivery, Event, Failure},
    sql,
};
use service::{AnalyzedEntry, EntryOrder, EntryPage, Filter, Mark, OwnAnswer, OwnRead, PageRequest, ProfilePage};

/// The read database, as the manifest names it.
const DATABASE: &str = "read";
/// The write database, of which it may read what it compares with, and what may leave the platform.
const WRITE_DATABASE: &str = "write";

struct Query;

impl service::Guest for Query {
    async fn read_own(context: CallContext, reads: Vec<OwnRead>) -> Result<Vec<Result<OwnAnswer, Error>>, Error> {
        reads::own::answers(&context, reads).await
    }

    async fn entry_by_id(context: CallContext, id: String) -> Result<Option<AnalyzedEntry>, Error> {
        reads::entries::one(&context, &id).await
    }

    async fn entries_by_id(context: CallContext, ids: Vec<String>) -> Result<Vec<Option<AnalyzedEntry>>, Error> {
        reads::entries::by_id(&context, &ids).await
    }

    async fn entries(
        context: CallContext,
        user_id: Option<String>,
        filter: Filter,
        order: Option<EntryOrder>,
        page: PageRequest,
    ) -> Result<EntryPage, Error> {
        reads::entries::page(&context, user_id.as_deref(), &filter, order, &page).await
    }

    async fn tag_counts(context: CallContext, ids: Vec<String>) -> Result<Vec<u32>, Error> {
        reads::tag_counts(&context, &ids).await
    }

    async fn shows(context: CallContext, marks: Vec<Mark>) -> Result<bool, Error> {
        reads::own_writes::shows(&context, &marks).await
    }

    async fn users(context: CallContext, search: Option<String>, page: PageRequest) -> Result<ProfilePage, Error> {
        reads::profiles::users(&context, search.as_deref(), &page).await
    }
}

impl leaving::Guest for Query {
    async fn may_leave(context: CallContext, entry: Option<EntryRef>) -> Result<bool, Error> {
        reads::leaving::may_leave(&context, entry.as_ref()).await
    }
}

impl subscription::Guest for Query {
    async fn handle(event: Event, delivery: Delivery) -> Result<(), Failure> {
        if let Some(payload) = event::payload(&event, &erasing::KINDS)? {
            return erasure::erase(&event, &delivery, &payload).await;
        }
        subscriber::handle(&delivery.subscription, std::slice::from_ref(&event)).await
    }
}

impl batch_subscriber::Guest for Query {
    async fn handle_batch(subscription: String, events: Vec<Event>) -> Result<(), Failure> {
        subscriber::handle(&subscription, &events).await
    }
}

/// Why a pass ended early, for the operator and the log.
fn aborted(error: Error) -> String {
    match error {
        Error::Unavailable(reason) | Error::Internal(reason) => format!("reconciliation: {reason}"),
        other => format!("reconciliation: {other:?}"),
    }
}

impl operator::Guest for Query {
    async fn run(command: String, arguments: Vec<String>) -> Result<String, String> {
        let mode = reconciliation::mode(&command, &arguments)?;
        let report = reconciliation::run(mode).await.map_err(aborted)?;
        serde_json::to_string(&report).map_err(|error| error.to_string())
    }
}

impl schedule_handler::Guest for Query {
    /// Its one schedule is the nightly reconciliation.
    async fn run(_occurrence: schedule_handler::Occurrence) -> Result<(), String> {
        let report = reconciliation::run(reconciliation::Mode::Repair).await;
        let report = report.map_err(aborted)?;
        report.problem.map_or(Ok(()), Err)
    }
}

impl health::Guest for Query {
    /// Able to work: its settings can be read and the read database has the views of this version.
    async fn check() -> Result<(), String> {
        quota::entries_per_month().await?;
        consent::is_assumed().await?;
        sql::query(DATABASE, sql::Identity::Service, "SELECT id, sequence FROM query.users_view LIMIT 0", Vec::new())
            .await
            .map(drop)
            .map_err(|error| format!("read database: {error:?}"))
    }
}

bindings::export!(Query with_types_in bindings);
