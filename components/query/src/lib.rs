//! The query service: what readers see, kept by events and cached.
//!
//! This file only wires the component's exports. `projection` decides what an event changes, `reconciliation` compares with the write side, `request` what
//! a reader may ask, `reading` how it is read, `keys` under which name it is kept for the next reader.

mod bindings {
    #![allow(clippy::all, clippy::unwrap_used, clippy::expect_used, clippy::panic, clippy::indexing_slicing)]
    wit_bindgen::generate!({
        path: ["../../wit/platform", "../../wit/services/query.wit"],
        inline: "
            package mindflow:query-component;
            world component {
                export mindflow:query/reads@0.1.0;
                export mindflow:platform/subscriber@0.1.0;
                export mindflow:platform/operator@0.1.0;
                export mindflow:platform/schedule-handler@0.1.0;
                export mindflow:platform/health@0.1.0;
            }
        ",
        world: "mindflow:query-component/component",
        with: {
            "mindflow:platform/call@0.1.0": mindflow_guest::call,
            "mindflow:platform/events@0.1.0": mindflow_guest::events,
        },
        generate_unused_types: true,
        additional_derives: [PartialEq, serde::Serialize, serde::Deserialize],
    });
}

mod calendar;
mod cursor;
mod keys;
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

use bindings::exports::mindflow::{
    platform::{health, operator, schedule_handler, subscriber as subscription},
    query::reads as service,
};
use mindflow_guest::{
    call::{CallContext, Error},
    events::{Delivery, Event, Failure},
    sql,
};
use service::{Entry, EntryPage, Filter, Insight, PageRequest, Profile, ProfilePage, Tag};

/// The read database, as the manifest names it.
const DATABASE: &str = "read";

struct Query;

impl service::Guest for Query {
    async fn me(context: CallContext) -> Result<Profile, Error> {
        reads::profiles::me(&context).await
    }

    async fn entry_by_id(context: CallContext, id: String) -> Result<Option<Entry>, Error> {
        reads::entries::one(&context, &id).await
    }

    async fn entries_by_id(context: CallContext, ids: Vec<String>) -> Result<Vec<Option<Entry>>, Error> {
        reads::entries::by_id(&context, &ids).await
    }

    async fn entries(
        context: CallContext,
        user_id: Option<String>,
        filter: Filter,
        page: PageRequest,
    ) -> Result<EntryPage, Error> {
        reads::entries::page(&context, user_id.as_deref(), &filter, &page).await
    }

    async fn recent_entries(context: CallContext, limit: u32) -> Result<Vec<Entry>, Error> {
        reads::entries::recent(&context, limit).await
    }

    async fn on_this_day(context: CallContext, date: Option<String>) -> Result<Vec<Entry>, Error> {
        reads::entries::on_this_day(&context, date.as_deref()).await
    }

    async fn insights(context: CallContext, limit: u32) -> Result<Vec<Insight>, Error> {
        reads::insights(&context, limit).await
    }

    async fn tags(context: CallContext) -> Result<Vec<Tag>, Error> {
        reads::tags(&context).await
    }

    async fn tag_counts(context: CallContext, ids: Vec<String>) -> Result<Vec<u32>, Error> {
        reads::tag_counts(&context, &ids).await
    }

    async fn users(context: CallContext, search: Option<String>, page: PageRequest) -> Result<ProfilePage, Error> {
        reads::profiles::users(&context, search.as_deref(), &page).await
    }
}

impl subscription::Guest for Query {
    async fn handle(event: Event, delivery: Delivery) -> Result<(), Failure> {
        subscriber::handle(&event, &delivery).await
    }
}

/// Why a pass ended early, for the operator and the log.
fn told(error: Error) -> String {
    match error {
        Error::Unavailable(reason) | Error::Internal(reason) => format!("reconciliation: {reason}"),
        other => format!("reconciliation: {other:?}"),
    }
}

impl operator::Guest for Query {
    async fn run(command: String, arguments: Vec<String>) -> Result<String, String> {
        let mode = reconciliation::mode(&command, &arguments)?;
        let report = reconciliation::run(mode).await.map_err(told)?;
        serde_json::to_string(&report).map_err(|error| error.to_string())
    }
}

impl schedule_handler::Guest for Query {
    /// Its one schedule is the nightly reconciliation.
    async fn run(_occurrence: schedule_handler::Occurrence) -> Result<(), String> {
        let report = reconciliation::run(reconciliation::Mode::Mend).await;
        let report = report.map_err(told)?;
        report.problem.map_or(Ok(()), Err)
    }
}

impl health::Guest for Query {
    /// Able to work: its settings can be read and the read database has the views of this version.
    async fn check() -> Result<(), String> {
        quota::entries_per_month().await?;
        sql::query(DATABASE, sql::Identity::Service, "SELECT id, sequence FROM query.users_view LIMIT 0", Vec::new())
            .await
            .map(drop)
            .map_err(|error| format!("read database: {error:?}"))
    }
}

bindings::export!(Query with_types_in bindings);
