//! The command service: everything that changes a journal. Each operation writes its rows and its
//! events in one transaction, as the caller, under row-level security.
//!
//! Decisions are plain functions in [`validation`], [`entry`], [`quota`] and [`tag_name`]; [`announce`] makes the events,
//! `store` runs the [`statements`], and `operations` puts them together.

mod announce;
mod entry;
mod fingerprint;
mod operations;
mod quota;
mod statements;
mod store;
mod tag_name;
mod validation;

mindflow_guest::bindings! {
    world: "mindflow:components/command" in "components/command.wit",
    uses: ["services/command.wit", "services/media.wit"],
}

use bindings::exports::mindflow::command::journal::{
    EntryChange, Guest, Mark, Mood, MoodRecord, NewEntry, PurgedEntry, Usage, WrittenEntry, WrittenTag,
};
use bindings::exports::mindflow::platform::{health, subscriber as subscription};
use mindflow_guest::call::{CallContext, Error};
use mindflow_guest::erasing;
use mindflow_guest::events::{Delivery, Event, Failure};

/// As the manifest names the component.
const SERVICE: &str = "command";

struct Command;

impl Guest for Command {
    async fn create_entry(context: CallContext, entry: NewEntry) -> Result<WrittenEntry, Error> {
        operations::create::create(&context, entry).await
    }

    async fn update_entry(context: CallContext, id: String, change: EntryChange) -> Result<WrittenEntry, Error> {
        operations::update::update(&context, &id, change).await
    }

    async fn delete_entry(context: CallContext, id: String, expected_version: Option<u32>) -> Result<Mark, Error> {
        operations::lifecycle::delete(&context, &id, expected_version).await
    }

    async fn purge_entry(context: CallContext, id: String) -> Result<PurgedEntry, Error> {
        operations::lifecycle::purge(&context, &id).await
    }

    async fn restore_entry(context: CallContext, id: String) -> Result<WrittenEntry, Error> {
        operations::lifecycle::restore(&context, &id).await
    }

    async fn reanalyze_entry(context: CallContext, id: String) -> Result<WrittenEntry, Error> {
        operations::lifecycle::reanalyze(&context, &id).await
    }

    async fn record_mood(
        context: CallContext,
        mood: Mood,
        note: Option<String>,
        at: Option<i64>,
    ) -> Result<MoodRecord, Error> {
        operations::moods::record(&context, mood, note.as_deref(), at).await
    }

    async fn create_tag(context: CallContext, name: String) -> Result<WrittenTag, Error> {
        operations::tags::create(&context, &name).await
    }

    async fn rename_tag(context: CallContext, id: String, name: String) -> Result<WrittenTag, Error> {
        operations::tags::rename(&context, &id, &name).await
    }

    async fn tag_usage(context: CallContext) -> Result<Usage, Error> {
        operations::tags::usage(&context).await
    }
}

impl subscription::Guest for Command {
    /// What a user wrote goes with the account.
    async fn handle(event: Event, delivery: Delivery) -> Result<(), Failure> {
        match erasing::of(&event)? {
            Some(erasure) => Ok(erasing::rows(SERVICE, (&event, &delivery), erasure, statements::ERASE).await?),
            None => Ok(()),
        }
    }
}

impl health::Guest for Command {
    /// Healthy when the settings can be read. The database is not queried: it answers callers only.
    async fn check() -> Result<(), String> {
        quota::free_entries_per_month().await?;
        quota::tags_max().await.map(|_| ())
    }
}

bindings::export!(Command with_types_in bindings);
