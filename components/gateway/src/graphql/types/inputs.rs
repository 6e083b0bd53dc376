//! What clients send.

use super::mood::Mood;
use super::scalars::Date;
use crate::services::{journal, reads};
use async_graphql::{Enum, ID, InputObject, MaybeUndefined};
use mindflow_guest::call::Error;
use mindflow_guest::failure::invalid;
use mindflow_guest::rules::Rule;

/// Which entries to list. What is left out does not narrow the list.
#[derive(InputObject, Default)]
pub struct JournalFilter {
    /// Words in the title or the content, in any case and encoding.
    text: Option<String>,
    /// The name of a tag, in any case and encoding.
    tag: Option<String>,
    /// The mood of the entry.
    mood: Option<Mood>,
    /// The first day.
    from: Option<Date>,
    /// The last day.
    to: Option<Date>,
}

impl From<JournalFilter> for reads::Filter {
    fn from(filter: JournalFilter) -> Self {
        Self {
            text: filter.text,
            tag: filter.tag,
            mood: filter.mood.map(Into::into),
            from_date: filter.from.map(|date| date.0),
            to_date: filter.to.map(|date| date.0),
        }
    }
}

/// In which order entries are listed.
#[derive(Enum, Copy, Clone, Debug, PartialEq, Eq)]
pub enum JournalOrder {
    /// By the day that an entry is about, newest first; entries of one day by when they were written.
    EntryDateDesc,
    /// The same, oldest first.
    EntryDateAsc,
    /// By when an entry was written, newest first.
    CreatedAtDesc,
    /// The same, oldest first.
    CreatedAtAsc,
}

impl From<JournalOrder> for reads::EntryOrder {
    fn from(order: JournalOrder) -> Self {
        match order {
            JournalOrder::EntryDateDesc => Self::EntryDateDescending,
            JournalOrder::EntryDateAsc => Self::EntryDateAscending,
            JournalOrder::CreatedAtDesc => Self::CreatedDescending,
            JournalOrder::CreatedAtAsc => Self::CreatedAscending,
        }
    }
}

/// A new entry.
#[derive(InputObject)]
pub struct CreateJournalEntryInput {
    /// 1 to 200 characters, of which one at least is seen. Here as in all texts, characters are counted as they are composed (NFC), and
    /// what overrides the direction of text is left out of titles, names and tags.
    title: String,
    /// At most 100,000 characters. It may be empty when the entry has an attachment.
    content: String,
    /// How the user feels.
    mood: Option<Mood>,
    /// Names of tags, at most 20, each of 1 to 50 characters; those that do not exist are created. Names that differ in case or encoding
    /// alone are one tag.
    tags: Option<Vec<String>>,
    /// The day that the entry is about; today in the user's time zone when left out.
    entry_date: Option<Date>,
    /// Ids of uploads of the user's, at most 10.
    attachment_ids: Option<Vec<ID>>,
    /// The client's own id of this request: the same one twice creates one entry. With other content, or when that entry was
    /// deleted, it is a `CONFLICT`.
    client_mutation_id: Option<String>,
}

impl From<CreateJournalEntryInput> for journal::NewEntry {
    fn from(input: CreateJournalEntryInput) -> Self {
        Self {
            title: input.title,
            content: input.content,
            mood: input.mood.map(Into::into),
            tags: input.tags.unwrap_or_default(),
            entry_date: input.entry_date.map(|date| date.0),
            attachment_ids: texts(input.attachment_ids.unwrap_or_default()),
            client_mutation_id: input.client_mutation_id,
        }
    }
}

fn texts(ids: Vec<ID>) -> Vec<String> {
    ids.into_iter().map(Into::into).collect()
}

/// A change of an entry. What is left out stays as it is.
#[derive(InputObject)]
pub struct UpdateJournalEntryInput {
    /// Which entry.
    id: ID,
    /// 1 to 200 characters, of which one at least is seen. Here as in all texts, characters are counted as they are composed (NFC), and
    /// what overrides the direction of text is left out of titles, names and tags.
    title: Option<String>,
    /// At most 100,000 characters. It may be empty when the entry has an attachment.
    content: Option<String>,
    /// Null removes the mood.
    mood: MaybeUndefined<Mood>,
    /// All tags that the entry is to have, at most 20.
    tags: Option<Vec<String>>,
    /// The day that the entry is about.
    entry_date: Option<Date>,
    /// All files that the entry is to have, in this order, at most 10.
    attachment_ids: Option<Vec<ID>>,
    /// The version that the change was made on; another one is a `CONFLICT`.
    expected_version: Option<i32>,
}

impl UpdateJournalEntryInput {
    /// The entry's id and what changes.
    ///
    /// # Errors
    /// `invalid` for a version that cannot be.
    pub fn into_change(self) -> Result<(String, journal::EntryChange), Error> {
        let expected_version = self
            .expected_version
            .map(|version| {
                u32::try_from(version)
                    .map_err(|_| invalid("expectedVersion", Rule::range(1, i32::MAX), "Must be 1 or more."))
            })
            .transpose()?;
        let mood = match self.mood {
            MaybeUndefined::Undefined => None,
            MaybeUndefined::Null => Some(None),
            MaybeUndefined::Value(mood) => Some(Some(mood.into())),
        };
        let change = journal::EntryChange {
            title: self.title,
            content: self.content,
            mood,
            tags: self.tags,
            entry_date: self.entry_date.map(|date| date.0),
            attachment_ids: self.attachment_ids.map(texts),
            expected_version,
        };
        Ok((self.id.into(), change))
    }
}
