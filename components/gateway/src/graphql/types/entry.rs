//! Entries, their tags and what the AI made of them.

use super::journal::Journal;
use super::media::Media;
use super::mood::Mood;
use super::place::Place;
use super::scalars::{Date, DateTime};
use crate::graphql::scope;
use crate::rest::entry::analysis_to_come;
use crate::services::accounts::Role;
use crate::services::{journal::WrittenEntry, reads};
use async_graphql::{ComplexObject, Context, Enum, ID, Object, Result, SimpleObject};
use futures::future::try_join_all;
use mindflow_guest::journal;

/// How far the AI is with an entry.
#[derive(Enum, Copy, Clone, Debug, PartialEq, Eq)]
#[graphql(remote = "crate::services::reads::AnalysisStatus")]
pub enum AnalysisStatus {
    /// Waits for its turn.
    Pending,
    /// Is being worked on.
    Processing,
    /// Is there.
    Ready,
    /// Could not be made; `reanalyzeEntry` tries again.
    Failed,
    /// AI insights are premium.
    NotIncluded,
}

/// A thought of the AI about an entry.
#[derive(SimpleObject)]
pub struct Insight {
    /// A UUID.
    id: ID,
    /// The entry that it is about.
    entry_id: ID,
    /// The thought itself.
    text: String,
    /// One of `pattern` (something that recurs or is connected), `encouragement`, `suggestion` and `observation`.
    kind: String,
    /// When it was made.
    created_at: DateTime,
    /// What it rests on: at most two passages of the entry's content, word for word, each of at most 300 characters. Empty where nothing
    /// is quoted, and of insights of earlier releases.
    quotes: Vec<Quote>,
}

/// A passage of an entry's content, word for word.
#[derive(SimpleObject)]
pub struct Quote {
    /// The passage.
    text: String,
    /// Where it begins in `content`, in UTF-16 code units, as JavaScript counts: `content.slice(start, end)` is the text. The content is that
    /// which was analysed; an edited one has new insights.
    start: u32,
    /// Where it ends, exclusive.
    end: u32,
}

/// What the AI made of an entry.
#[derive(SimpleObject)]
pub struct Analysis {
    /// How far it is.
    status: AnalysisStatus,
    /// Its thoughts; empty until `READY`.
    insights: Vec<Insight>,
    /// From -1 (negative) to 1 (positive); null until `READY`.
    sentiment: Option<f64>,
    /// What the entry is about.
    themes: Vec<String>,
    /// What made the analysis; `none` of an entry without text, about which there is nothing to say.
    model: Option<String>,
    /// When it was ready.
    completed_at: Option<DateTime>,
}

/// A word that the user sorts entries by.
#[derive(SimpleObject)]
#[graphql(complex)]
pub struct Tag {
    /// A UUID.
    #[graphql(owned)]
    pub id: ID,
    /// As the user wrote it first.
    name: String,
    #[graphql(skip)]
    count: TagCount,
}

/// Where a tag's number of entries comes from.
enum TagCount {
    Known(u32),
    /// Read from the read side, in one batch with the other tags of the answer. The read side may not have applied
    /// yet the entry that was just written, so the count is at least this.
    Ask {
        at_least: u32,
    },
}

#[ComplexObject]
impl Tag {
    /// How many entries carry it now.
    /// Null, with an error, when it cannot be read; the tag is there.
    async fn entry_count(&self, ctx: &Context<'_>) -> Result<Option<u32>> {
        match self.count {
            TagCount::Known(count) => Ok(Some(count)),
            TagCount::Ask { at_least } => {
                let id = self.id.to_string();
                let count = scope::with(ctx, |scope| async move { scope.tag_counts.load(id).await }).await?;
                Ok(Some(count.max(at_least)))
            }
        }
    }
}

/// An entry as one of the services answered it.
pub struct JournalEntry {
    entry: journal::Entry,
    known_analysis: Option<reads::Analysis>,
    /// How many entries carry each of its tags at least.
    tagged_at_least: u32,
}

/// A page of a journal.
#[Object]
impl JournalEntry {
    /// A UUID.
    pub async fn id(&self) -> ID {
        self.entry.id.clone().into()
    }

    /// At most 200 characters; of a draft it can be empty.
    async fn title(&self) -> &str {
        &self.entry.title
    }

    /// At most 100,000 characters; empty of an entry that has attachments alone, and of a draft that is begun.
    async fn content(&self, ctx: &Context<'_>) -> Result<&str> {
        let bytes = self.entry.content.len();
        scope::with(ctx, |scope| std::future::ready(scope.meter.answer(bytes))).await?;
        Ok(&self.entry.content)
    }

    /// How the user felt.
    async fn mood(&self) -> Option<Mood> {
        self.entry.mood.map(Into::into)
    }

    /// Sorted by name.
    async fn tags(&self) -> Vec<Tag> {
        self.entry.tags.iter().cloned().map(|tag| tag_of_entry(tag, self.tagged_at_least)).collect()
    }

    /// When it was written; of a draft, when it was begun.
    async fn created_at(&self) -> DateTime {
        DateTime(self.entry.created_at)
    }

    /// When it was last changed.
    async fn updated_at(&self) -> DateTime {
        DateTime(self.entry.updated_at)
    }

    /// The day that it is about.
    async fn entry_date(&self) -> Date {
        Date(self.entry.entry_date.clone())
    }

    /// Rises with every change of the content; for `expectedVersion`.
    async fn version(&self) -> u32 {
        self.entry.version
    }

    /// Of the content.
    async fn word_count(&self) -> u32 {
        self.entry.word_count
    }

    /// Whether it never leaves the platform: no model outside and no webhook gets it. The platform's own analyser reads it instead.
    async fn private(&self) -> bool {
        self.entry.private
    }

    /// Whether it is a draft: it is in no list but `drafts`, and is not counted, searched or analysed. `publishJournalEntry` makes it an
    /// entry.
    async fn draft(&self) -> bool {
        self.entry.draft
    }

    /// When it was published; null of a draft, and of what was an entry from the beginning.
    async fn published_at(&self) -> Option<DateTime> {
        self.entry.published_at.map(DateTime)
    }

    /// Whether it is pinned.
    async fn pinned(&self) -> bool {
        self.entry.pinned
    }

    /// Whether it is a favourite.
    async fn favourite(&self) -> bool {
        self.entry.favourite
    }

    /// The journal that it is in.
    /// Null, with an error, when it cannot be read; the entry is there.
    async fn journal(&self, ctx: &Context<'_>) -> Result<Option<Journal>> {
        let id = self.entry.book_id.clone();
        let books = scope::with(ctx, |scope| async move { scope.books().await }).await?;
        Ok(Journal::of_entry(books, id.as_deref()))
    }

    /// The time of its day, `HH:MM` as the clock on the wall showed it; null where the day says enough.
    async fn entry_time(&self) -> Option<&str> {
        self.entry.entry_time.as_deref()
    }

    /// Where it was; null where it does not say.
    async fn place(&self) -> Option<Place> {
        self.entry.place.clone().map(Into::into)
    }

    /// The files that the user attached, in the user's order, at most 10.
    /// Null, with an error, when they cannot be read; the entry is there.
    async fn attachments(&self, ctx: &Context<'_>) -> Result<Option<Vec<Media>>> {
        let ids = self.entry.attachment_ids.clone();
        let found =
            scope::with(ctx, |scope| async move { try_join_all(ids.into_iter().map(|id| scope.files.load(id))).await });
        Ok(Some(found.await?.into_iter().flatten().map(Into::into).collect()))
    }

    /// What the AI made of it.
    /// Null, with an error, when it cannot be read; the entry is there.
    async fn analysis(&self, ctx: &Context<'_>) -> Result<Option<Analysis>> {
        if let Some(analysis) = &self.known_analysis {
            return Ok(Some(analysis.clone().into()));
        }
        let id = self.entry.id.clone();
        let read = scope::with(ctx, |scope| async move {
            if !scope.viewer.caller().await?.roles.contains(&Role::Premium) {
                return Ok(analysis_to_come(false));
            }
            let read = scope.entry(id).await?;
            Ok(read.map_or_else(|| analysis_to_come(true), |entry| entry.analysis))
        });
        Ok(Some(read.await?.into()))
    }
}

/// A tag of an entry. Its count is read only when the client asks for it.
fn tag_of_entry(tag: journal::Tag, at_least: u32) -> Tag {
    Tag { id: tag.id.into(), name: tag.name, count: TagCount::Ask { at_least } }
}

impl From<reads::AnalyzedEntry> for JournalEntry {
    fn from(read: reads::AnalyzedEntry) -> Self {
        Self { entry: read.entry, known_analysis: Some(read.analysis), tagged_at_least: 0 }
    }
}

/// The entry that was just written, without waiting for the read side.
impl From<WrittenEntry> for JournalEntry {
    fn from(written: WrittenEntry) -> Self {
        let known_analysis = written.analysis_requested.then(|| analysis_to_come(true));
        // Tags of a draft are not counted.
        let tagged_at_least = u32::from(!written.entry.draft);
        Self { entry: written.entry, known_analysis, tagged_at_least }
    }
}

impl JournalEntry {
    /// As the write side has it: what is known about it is read when it is asked for.
    pub fn kept(entry: journal::Entry) -> Self {
        Self { entry, known_analysis: None, tagged_at_least: 0 }
    }
}

/// One of the trash, which has no analysis to show.
impl From<journal::Entry> for JournalEntry {
    fn from(entry: journal::Entry) -> Self {
        Self { entry, known_analysis: Some(analysis_to_come(false)), tagged_at_least: 0 }
    }
}

impl From<journal::Tag> for Tag {
    fn from(tag: journal::Tag) -> Self {
        match tag.entry_count {
            Some(count) => Self { id: tag.id.into(), name: tag.name, count: TagCount::Known(count) },
            None => tag_of_entry(tag, 0),
        }
    }
}

impl From<reads::Insight> for Insight {
    fn from(insight: reads::Insight) -> Self {
        Self {
            id: insight.id.into(),
            entry_id: insight.entry_id.into(),
            text: insight.text,
            kind: insight.kind,
            created_at: DateTime(insight.created_at),
            quotes: insight.quotes.into_iter().map(Into::into).collect(),
        }
    }
}

impl From<reads::Quote> for Quote {
    fn from(reads::Quote { text, start, end }: reads::Quote) -> Self {
        Self { text, start, end }
    }
}

impl From<reads::Analysis> for Analysis {
    fn from(analysis: reads::Analysis) -> Self {
        Self {
            status: analysis.status.into(),
            insights: analysis.insights.into_iter().map(Into::into).collect(),
            sentiment: analysis.sentiment,
            themes: analysis.themes,
            model: analysis.model,
            completed_at: analysis.completed_at.map(DateTime),
        }
    }
}

/// What happened to an entry.
#[derive(Enum, Copy, Clone, Debug, PartialEq, Eq)]
pub enum ChangeKind {
    /// It was written, or restored.
    Created,
    /// It was edited, it could not be analysed, or one of its tags was renamed; of a tag's entries the newest hundred are announced.
    Updated,
    /// It was deleted.
    Deleted,
    /// It is a draft, and was saved.
    Draft,
}

/// A change of one of the user's entries, made on any device.
#[derive(SimpleObject)]
pub struct EntryChange {
    /// What happened.
    pub kind: ChangeKind,
    /// Which entry.
    pub entry_id: ID,
    /// The entry as it is now; null when it was deleted.
    pub entry: Option<JournalEntry>,
    /// Opaque. A subscription with `after: cursor` goes on after this change.
    pub cursor: String,
}
