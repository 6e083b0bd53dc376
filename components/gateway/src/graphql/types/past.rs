//! What was: entries in the trash, and what entries said before they were changed.

use super::entry::JournalEntry;
use super::mood::Mood;
use super::page::PageInfo;
use super::place::Place;
use super::scalars::{Date, DateTime};
use crate::graphql::scope;
use crate::services::journal;
use async_graphql::{ComplexObject, Context, Result, SimpleObject};

/// An entry in the trash.
#[derive(SimpleObject)]
pub struct DeletedEntry {
    /// As it was. `restoreJournalEntry` brings it back.
    entry: JournalEntry,
    /// When it was deleted.
    deleted_at: DateTime,
    /// When it is removed for good, unless it is restored.
    purge_at: DateTime,
}

/// An entry in the trash and its place in the list.
#[derive(SimpleObject)]
pub struct DeletedEntryEdge {
    /// Opaque; for `after`.
    cursor: String,
    /// The entry.
    node: DeletedEntry,
}

/// A page of the trash. It has fewer than were asked for where these are long.
#[derive(SimpleObject)]
pub struct DeletedEntryConnection {
    /// The entries of this page, the one that was deleted last first.
    edges: Vec<DeletedEntryEdge>,
    /// Where the page lies.
    page_info: PageInfo,
    /// How many entries the trash has.
    total_count: u32,
}

/// What an entry said before it was changed.
#[derive(SimpleObject)]
#[graphql(complex)]
pub struct EntryVersion {
    /// Its number, for `restoreEntryVersion`.
    version: u32,
    /// The title that it had.
    title: String,
    #[graphql(skip)]
    content: String,
    /// The mood that it had.
    mood: Option<Mood>,
    /// The names that its tags had then.
    tags: Vec<String>,
    /// The day that it was about.
    entry_date: Date,
    /// The time of that day, `HH:MM`.
    entry_time: Option<String>,
    /// Where it was.
    place: Option<Place>,
    /// Of the content.
    word_count: u32,
    /// When it was written.
    saved_at: DateTime,
}

#[ComplexObject]
impl EntryVersion {
    /// The content that it had.
    async fn content(&self, ctx: &Context<'_>) -> Result<&str> {
        let bytes = self.content.len();
        scope::with(ctx, |scope| std::future::ready(scope.meter.answer(bytes))).await?;
        Ok(&self.content)
    }
}

/// A version and its place in the list.
#[derive(SimpleObject)]
pub struct EntryVersionEdge {
    /// Opaque; for `after`.
    cursor: String,
    /// The version.
    node: EntryVersion,
}

/// A page of an entry's earlier versions. It has fewer than were asked for where these are long.
#[derive(SimpleObject)]
pub struct EntryVersionConnection {
    /// The versions of this page, the latest first.
    edges: Vec<EntryVersionEdge>,
    /// Where the page lies.
    page_info: PageInfo,
    /// How many are kept.
    total_count: u32,
}

impl DeletedEntryConnection {
    /// `goes_on`: whether the page follows another.
    pub fn new(page: journal::DeletedPage, goes_on: bool) -> Self {
        let page_info = PageInfo {
            has_next_page: page.has_next_page,
            has_previous_page: goes_on,
            start_cursor: page.entries.first().map(|entry| entry.cursor.clone()),
            end_cursor: page.entries.last().map(|entry| entry.cursor.clone()),
        };
        let edge = |deleted: journal::DeletedEntry| DeletedEntryEdge {
            cursor: deleted.cursor,
            node: DeletedEntry {
                entry: deleted.entry.into(),
                deleted_at: DateTime(deleted.deleted_at),
                purge_at: DateTime(deleted.purge_at),
            },
        };
        Self { edges: page.entries.into_iter().map(edge).collect(), page_info, total_count: page.total_count }
    }
}

impl EntryVersionConnection {
    /// `goes_on`: whether the page follows another.
    pub fn new(page: journal::VersionPage, goes_on: bool) -> Self {
        let page_info = PageInfo {
            has_next_page: page.has_next_page,
            has_previous_page: goes_on,
            start_cursor: page.versions.first().map(|version| version.cursor.clone()),
            end_cursor: page.versions.last().map(|version| version.cursor.clone()),
        };
        let edge = |version: journal::EntryVersion| EntryVersionEdge {
            cursor: version.cursor,
            node: EntryVersion {
                version: version.version,
                title: version.title,
                content: version.content,
                mood: version.mood.map(Into::into),
                tags: version.tags,
                entry_date: Date(version.entry_date),
                entry_time: version.entry_time,
                place: version.place.map(Into::into),
                word_count: version.word_count,
                saved_at: DateTime(version.saved_at),
            },
        };
        Self { edges: page.versions.into_iter().map(edge).collect(), page_info, total_count: page.total_count }
    }
}
