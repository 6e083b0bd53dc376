//! The command service: everything that changes a journal. Each operation writes its rows and its
//! events in one transaction, as the caller, under row-level security.
//!
//! Decisions are plain functions in [`validation`], [`entry`], [`quota`] and [`tag_name`]; [`announce`] makes the events,
//! `store` runs the [`statements`], and `operations` puts them together.

mod announce;
mod cursor;
mod entry;
mod fingerprint;
mod operations;
mod progress;
mod prompts;
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
    DeletedPage, EntryChange, Guest, Mark, MergedTags, Mood, MoodRecord, NewEntry, PageRequest, PurgedEntry, Usage,
    VersionPage, WrittenBook, WrittenEntry, WrittenTag,
};
use bindings::exports::mindflow::command::{devices, imports, templates};
use bindings::exports::mindflow::platform::{health, schedule_handler, subscriber as subscription};
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

    async fn publish_entry(
        context: CallContext,
        id: String,
        expected_version: Option<u32>,
    ) -> Result<WrittenEntry, Error> {
        operations::publish::publish(&context, &id, expected_version).await
    }

    async fn deleted_entries(context: CallContext, page: PageRequest) -> Result<DeletedPage, Error> {
        operations::trash::page(&context, page).await
    }

    async fn entry_versions(context: CallContext, id: String, page: PageRequest) -> Result<VersionPage, Error> {
        operations::versions::page(&context, &id, page).await
    }

    async fn restore_version(
        context: CallContext,
        id: String,
        version: u32,
        expected_version: Option<u32>,
    ) -> Result<WrittenEntry, Error> {
        operations::versions::restore(&context, &id, version, expected_version).await
    }

    async fn create_book(context: CallContext, name: String) -> Result<WrittenBook, Error> {
        operations::books::create(&context, &name).await
    }

    async fn rename_book(context: CallContext, id: String, name: String) -> Result<WrittenBook, Error> {
        operations::books::rename(&context, &id, &name).await
    }

    async fn delete_book(context: CallContext, id: String) -> Result<Mark, Error> {
        operations::books::delete(&context, &id).await
    }

    async fn take_back_mood(context: CallContext, id: String) -> Result<Mark, Error> {
        operations::moods::take_back(&context, &id).await
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

    async fn delete_tag(context: CallContext, id: String) -> Result<Vec<Mark>, Error> {
        operations::ended_tags::delete(&context, &id).await
    }

    async fn merge_tags(context: CallContext, ids: Vec<String>, into: String) -> Result<MergedTags, Error> {
        operations::ended_tags::merge(&context, &ids, &into).await
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

impl imports::Guest for Command {
    async fn import_entry(
        context: CallContext,
        job: String,
        entry: imports::ImportedEntry,
        dry_run: bool,
    ) -> Result<imports::Outcome, Error> {
        operations::imports::entry(&context, &job, entry, dry_run).await
    }

    async fn import_mood(
        context: CallContext,
        job: String,
        id: String,
        mood: Mood,
        note: Option<String>,
        at: i64,
        dry_run: bool,
    ) -> Result<imports::Outcome, Error> {
        let recorded = operations::imports::Recorded { id, mood, note, at };
        operations::imports::mood(&context, &job, recorded, dry_run).await
    }

    async fn import_tag(
        context: CallContext,
        job: String,
        name: String,
        dry_run: bool,
    ) -> Result<imports::Outcome, Error> {
        operations::imports::tag(&context, &job, &name, dry_run).await
    }

    async fn import_book(
        context: CallContext,
        job: String,
        name: String,
        dry_run: bool,
    ) -> Result<(Option<String>, bool), Error> {
        operations::imports::book(&context, &job, &name, dry_run).await
    }
}

impl devices::Guest for Command {
    async fn changes_since(
        context: CallContext,
        cursor: Option<String>,
        first: u32,
    ) -> Result<devices::ChangePage, Error> {
        operations::changes::since(&context, cursor.as_deref(), first).await
    }
}

impl templates::Guest for Command {
    async fn all(context: CallContext) -> Result<Vec<templates::Template>, Error> {
        operations::templates::all(&context).await
    }

    async fn create(context: CallContext, template: templates::NewTemplate) -> Result<templates::Template, Error> {
        operations::templates::create(&context, template).await
    }

    async fn update(
        context: CallContext,
        id: String,
        template: templates::NewTemplate,
    ) -> Result<templates::Template, Error> {
        operations::templates::update(&context, &id, template).await
    }

    async fn delete(context: CallContext, id: String) -> Result<(), Error> {
        operations::templates::delete(&context, &id).await
    }

    async fn prompts(context: CallContext, first: u32, theme: Option<String>) -> Result<Vec<templates::Prompt>, Error> {
        operations::prompts::of_day(&context, first, theme.as_deref()).await
    }
}

impl schedule_handler::Guest for Command {
    async fn run(occurrence: schedule_handler::Occurrence) -> Result<(), String> {
        let done = match occurrence.schedule.as_str() {
            operations::trash::SCHEDULE => operations::trash::empty().await,
            operations::changes::SCHEDULE => operations::changes::forget().await,
            other => return Err(format!("`{other}` is no schedule of this service")),
        };
        done.map_err(|error| format!("{}: {error:?}", occurrence.schedule))
    }
}

impl health::Guest for Command {
    /// Healthy when the settings can be read. The database is not queried: it answers callers only.
    async fn check() -> Result<(), String> {
        quota::free_entries_per_month().await?;
        quota::versions_max().await?;
        quota::trash_us().await?;
        quota::changes_us().await?;
        quota::tags_max().await.map(drop)
    }
}

bindings::export!(Command with_types_in bindings);
