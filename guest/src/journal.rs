//! The vocabulary of the journal as services speak it to each other, and how the events' types become it.

pub use crate::bindings::vocabulary::mindflow::journal::types::*;

use mindflow_events as events;

/// The largest page of any list, and the most ids that a call takes (contract §2).
pub const PAGE_MAX: u32 = 100;
/// The most reads that `query/reads.read-own` takes: twice what the schema has of them.
pub const OWN_READS_MAX: usize = 20;

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
        }
    }
}
