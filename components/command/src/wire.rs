//! The service's own types as those of its interface.

use crate::bindings::exports::mindflow::command::journal as wit;
use crate::entry::{Entry, Tag};

pub fn entry(entry: Entry, analysis_requested: bool) -> wit::Entry {
    wit::Entry {
        id: entry.id.to_string(),
        user_id: entry.user_id.to_string(),
        title: entry.title,
        content: entry.content,
        mood: entry.mood.map(Into::into),
        tags: entry.tags.into_iter().map(tag).collect(),
        attachment_ids: entry.attachment_ids.iter().map(ToString::to_string).collect(),
        created_at: entry.created_at,
        updated_at: entry.updated_at,
        entry_date: entry.entry_date.to_string(),
        version: entry.version,
        word_count: entry.word_count,
        analysis_requested,
    }
}

pub fn tag(tag: Tag) -> wit::Tag {
    wit::Tag { id: tag.id.to_string(), name: tag.name }
}
