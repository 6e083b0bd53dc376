//! The vocabulary of the journal as services speak it to each other, and how the events' types become it.

pub use crate::bindings::vocabulary::mindflow::journal::types::*;

use mindflow_events as events;
use std::fmt::Display;

/// The largest page of any list, and the most ids that a call takes.
pub const PAGE_MAX: u32 = 100;
/// The most reads that `query/reads.read-own` takes: twice what the schema has of them.
pub const OWN_READS_MAX: usize = 20;

/// The most marks that a call takes or answers: one that asks about them stays one look at a database.
pub const MARKS_MAX: usize = 100;

macro_rules! convert {
    ($($mood:ident),*) => {
        impl From<events::Mood> for Mood {
            fn from(mood: events::Mood) -> Self {
                match mood { $(events::Mood::$mood => Self::$mood),* }
            }
        }

        impl From<Mood> for events::Mood {
            fn from(mood: Mood) -> Self {
                match mood { $(Mood::$mood => Self::$mood),* }
            }
        }
    };
}

events::with_moods!(convert);

impl Mark {
    /// Of an entry's event.
    pub fn entry(id: impl Display, sequence: u64) -> Self {
        Self::of("entry", id, sequence)
    }

    /// Of a draft's event, of which figures never hear.
    pub fn draft(id: impl Display, sequence: u64) -> Self {
        Self::of("draft", id, sequence)
    }

    /// Of a book's event.
    pub fn book(id: impl Display, sequence: u64) -> Self {
        Self::of("book", id, sequence)
    }

    /// Of a tag's event.
    pub fn tag(id: impl Display, sequence: u64) -> Self {
        Self::of("tag", id, sequence)
    }

    /// Of a mood's event.
    pub fn mood(id: impl Display, sequence: u64) -> Self {
        Self::of("mood", id, sequence)
    }

    /// Of an account's event.
    pub fn user(id: impl Display, sequence: u64) -> Self {
        Self::of("user", id, sequence)
    }

    /// As events name it (`Payload::partition_key`).
    fn of(kind: &str, id: impl Display, sequence: u64) -> Self {
        Self { aggregate: format!("{kind}:{id}"), sequence }
    }
}

impl From<events::Tag> for Tag {
    fn from(tag: events::Tag) -> Self {
        Self { id: tag.id.to_string(), name: tag.name, entry_count: None }
    }
}

impl From<events::Entry> for Entry {
    fn from(entry: events::Entry) -> Self {
        Self {
            id: entry.id.to_string(),
            user_id: entry.user_id.to_string(),
            title: entry.title,
            content: entry.content,
            mood: entry.mood.map(Into::into),
            tags: entry.tags.into_iter().map(Into::into).collect(),
            attachment_ids: entry.attachment_ids.iter().map(ToString::to_string).collect(),
            created_at: entry.created_at.0,
            updated_at: entry.updated_at.0,
            entry_date: entry.entry_date.to_string(),
            version: entry.version,
            word_count: entry.word_count,
            private: entry.private,
            draft: entry.draft,
            published_at: entry.published_at.map(|time| time.0),
            pinned: entry.pinned,
            favourite: entry.favourite,
            book_id: entry.book_id.map(|id| id.to_string()),
            entry_time: entry.entry_time,
            place: entry.place.map(Into::into),
        }
    }
}

impl From<events::Place> for Place {
    fn from(events::Place { name, latitude, longitude }: events::Place) -> Self {
        let degrees = |angle: Option<events::Degrees>| angle.map(events::Degrees::value);
        Self { name, latitude: degrees(latitude), longitude: degrees(longitude) }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use mindflow_events::{Kind, Payload};

    #[test]
    fn a_mark_names_what_events_are_ordered_by() {
        for (kind, mark) in [
            (Kind::JournalEntryUpdated, Mark::entry("ID", 2)),
            (Kind::TagRenamed, Mark::tag("ID", 2)),
            (Kind::MoodRecorded, Mark::mood("ID", 1)),
            (Kind::JournalRenamed, Mark::book("ID", 2)),
            (Kind::UserUpdated, Mark::user("ID", 2)),
        ] {
            let key = Payload::decode(kind, "1.0", events::fixture(kind)).unwrap().partition_key();
            assert_eq!(key.split_once(':').unwrap().0, mark.aggregate.strip_suffix(":ID").unwrap());
        }
    }
}
