//! The command service: everything that changes a journal. Each operation writes its rows and its
//! events in one transaction, as the caller, under row-level security.
//!
//! Decisions are plain functions in [`validation`], [`entry`], [`quota`] and [`tag_name`], the events'
//! shapes are in [`payload`]; `store` runs the [`statements`], and `operations` puts them together.

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
        path: ["../../wit/platform", "../../wit/services/command.wit", "../../wit/services/media.wit"],
        inline: "
            package mindflow:command-component;
            world component {
                import mindflow:media/files@0.1.0;
                export mindflow:command/journal@0.1.0;
                export mindflow:platform/health@0.1.0;
            }
        ",
        world: "mindflow:command-component/component",
        with: {
            "mindflow:platform/call@0.1.0": mindflow_guest::call,
        },
        generate_all,
        generate_unused_types: true,
        additional_derives: [PartialEq, Clone],
    });
}
mod entry;
mod ids;
mod mood;
mod operations;
mod payload;
mod quota;
mod statements;
mod store;
mod tag_name;
mod validation;
mod wire;

use bindings::exports::mindflow::command::journal::{Entry, EntryChange, Guest, Mood, MoodRecord, NewEntry, Tag};
use bindings::exports::mindflow::platform::health;
use mindflow_guest::call::{CallContext, Error};

struct Command;

impl Guest for Command {
    async fn create_entry(context: CallContext, entry: NewEntry) -> Result<Entry, Error> {
        operations::create::create(&context, entry).await
    }

    async fn update_entry(context: CallContext, id: String, change: EntryChange) -> Result<Entry, Error> {
        operations::update::update(&context, &id, change).await
    }

    async fn delete_entry(context: CallContext, id: String, expected_version: Option<u32>) -> Result<(), Error> {
        operations::lifecycle::delete(&context, &id, expected_version).await
    }

    async fn restore_entry(context: CallContext, id: String) -> Result<Entry, Error> {
        operations::lifecycle::restore(&context, &id).await
    }

    async fn reanalyze_entry(context: CallContext, id: String) -> Result<Entry, Error> {
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

    async fn create_tag(context: CallContext, name: String) -> Result<Tag, Error> {
        operations::tags::create(&context, &name).await
    }

    async fn rename_tag(context: CallContext, id: String, name: String) -> Result<Tag, Error> {
        operations::tags::rename(&context, &id, &name).await
    }
}

impl health::Guest for Command {
    /// The settings are readable. The database is not asked: it answers callers only.
    async fn check() -> Result<(), String> {
        operations::create::free_entries_per_month().await.map(|_| ())
    }
}

bindings::export!(Command with_types_in bindings);
