//! Validation of requests (contract, section 2, "Limits"). All broken rules of a request are reported together, under
//! the field's name in the client's schema.

use crate::bindings::exports::mindflow::command::journal as wit;
use crate::entry::{Change, word_count};
use crate::tag_name::{self, TagName};
use jiff::{Timestamp, civil, tz::Offset};
use mindflow_events::{Date, Entry, Mood, Time};
use mindflow_guest::{call::FieldError, failure::field, id};
use uuid::Uuid;

/// Characters are Unicode scalar values, as PostgreSQL's `char_length` counts them.
pub const TITLE_CHARS_MAX: usize = 200;
pub const CONTENT_CHARS_MAX: usize = 100_000;
pub const TAGS_MAX: usize = 20;
pub const TAG_CHARS_MAX: usize = 50;
pub const ATTACHMENTS_MAX: usize = 10;
/// Room for a UUID or a path-like name of the client's own; short enough for an index.
pub const CLIENT_MUTATION_ID_CHARS_MAX: usize = 100;
/// A note says why in a sentence or two; what is longer is an entry.
pub const NOTE_CHARS_MAX: usize = 500;
/// How far a client's clock may be ahead of the platform's.
pub const CLOCK_AHEAD_US_MAX: i64 = 60 * 1_000_000;
/// 1900-01-01T00:00:00Z: earlier than any mood of a living user.
pub const MOOD_AT_US_MIN: i64 = -2_208_988_800_000_000;
/// No clock on earth is further ahead (Pacific/Kiritimati).
const EARLIEST_ZONE: Offset = Offset::constant(14);

/// A new entry that keeps the rules.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Draft {
    /// Still without its tags.
    pub entry: Entry,
    pub tags: Vec<TagName>,
    pub client_mutation_id: Option<String>,
}

pub fn new_entry(input: wit::NewEntry, user_id: Uuid, now_us: i64) -> Result<Draft, Vec<FieldError>> {
    let mut rules = Rules::default();
    let title = rules.keep("title", title(&input.title));
    let word_count = word_count(&input.content);
    let content = rules.keep("content", content(input.content));
    let tags = rules.tags(&input.tags);
    let entry = Entry {
        id: id::new(now_us),
        user_id,
        title,
        content,
        mood: input.mood.map(Mood::from),
        tags: Vec::new(),
        entry_date: rules.keep("entryDate", entry_date(input.entry_date.as_deref(), now_us)),
        attachment_ids: rules.attachments(&input.attachment_ids),
        created_at: Time(now_us),
        updated_at: Time(now_us),
        version: 1,
        word_count,
    };
    let client_mutation_id = input.client_mutation_id.map(|id| rules.keep("clientMutationId", client_mutation_id(id)));
    rules.judge(Draft { entry, tags, client_mutation_id })
}

pub fn change(input: wit::EntryChange) -> Result<Change, Vec<FieldError>> {
    let mut rules = Rules::default();
    let change = Change {
        title: input.title.map(|text| rules.keep("title", title(&text))),
        content: input.content.map(|text| rules.keep("content", content(text))),
        mood: input.mood.map(|mood| mood.map(Mood::from)),
        tags: input.tags.map(|names| rules.tags(&names)),
        attachment_ids: input.attachment_ids.map(|ids| rules.attachments(&ids)),
    };
    rules.judge(change)
}

/// The name of a tag on its own.
pub fn tag(name: &str) -> Result<TagName, Vec<FieldError>> {
    let mut rules = Rules::default();
    let name = rules.keep("name", tag_name(name));
    rules.judge(name)
}

/// A mood's note, `None` when it is empty, and its time in microseconds.
pub fn mood_record(note: Option<&str>, at: Option<i64>, now_us: i64) -> Result<(Option<String>, i64), Vec<FieldError>> {
    let mut rules = Rules::default();
    let note = note.map(str::trim).filter(|note| !note.is_empty());
    let note = note.map(|text| rules.keep("note", bounded(text, NOTE_CHARS_MAX).map(|()| text.to_owned())));
    let at = rules.keep("at", mood_time(at, now_us));
    rules.judge((note, at))
}

/// Collects the broken rules of a request.
#[derive(Default)]
struct Rules(Vec<FieldError>);

impl Rules {
    /// The value, or a stand-in that [`Rules::judge`] never lets through.
    fn keep<T: Default>(&mut self, name: &str, outcome: Result<T, String>) -> T {
        outcome.unwrap_or_else(|message| {
            self.0.push(field(name, message));
            T::default()
        })
    }

    fn judge<T>(self, value: T) -> Result<T, Vec<FieldError>> {
        if self.0.is_empty() { Ok(value) } else { Err(self.0) }
    }

    fn tags(&mut self, names: &[String]) -> Vec<TagName> {
        let distinct = tag_name::deduplicated(names.iter().map(|name| TagName::new(name)).collect());
        if distinct.len() > TAGS_MAX {
            self.0.push(field(
                "tags",
                format!("An entry can have at most {TAGS_MAX} tags; these are {}.", distinct.len()),
            ));
            return Vec::new();
        }
        for (index, name) in names.iter().enumerate() {
            self.keep(&format!("tags[{index}]"), tag_name(name));
        }
        distinct
    }

    fn attachments(&mut self, ids: &[String]) -> Vec<Uuid> {
        let mut kept = Vec::new();
        for (index, id) in ids.iter().enumerate() {
            match id::parse(id) {
                Some(id) if kept.contains(&id) => {}
                Some(_) if kept.len() == ATTACHMENTS_MAX => {
                    self.0.push(field(
                        "attachmentIds",
                        format!("An entry can have at most {ATTACHMENTS_MAX} attachments."),
                    ));
                    break;
                }
                Some(id) => kept.push(id),
                None if index < ATTACHMENTS_MAX => {
                    self.0.push(field(format!("attachmentIds[{index}]"), "This is not the id of an upload (a UUID)."));
                }
                None => break,
            }
        }
        kept
    }
}

/// 1 to `chars_max` characters, all of which the database can hold.
fn bounded(text: &str, chars_max: usize) -> Result<(), String> {
    if text.is_empty() {
        return Err("Write at least one character.".into());
    }
    if text.contains('\0') {
        return Err("The character U+0000 cannot be stored; leave it out.".into());
    }
    // A character has at most four bytes and at least one.
    let chars = if text.len() <= chars_max { text.len() } else { text.chars().count() };
    if chars > chars_max {
        return Err(format!("Use at most {chars_max} characters; these are {chars}."));
    }
    Ok(())
}

fn title(text: &str) -> Result<String, String> {
    let text = text.trim();
    bounded(text, TITLE_CHARS_MAX).map(|()| text.to_owned())
}

fn content(text: String) -> Result<String, String> {
    bounded(&text, CONTENT_CHARS_MAX).map(|()| text)
}

fn tag_name(name: &str) -> Result<TagName, String> {
    let name = TagName::new(name);
    bounded(name.name(), TAG_CHARS_MAX).map(|()| name)
}

fn client_mutation_id(id: String) -> Result<String, String> {
    bounded(&id, CLIENT_MUTATION_ID_CHARS_MAX).map(|()| id)
}

/// Today in UTC when absent; at most tomorrow where tomorrow comes first.
fn entry_date(text: Option<&str>, now_us: i64) -> Result<Date, String> {
    let now = Timestamp::from_microsecond(now_us).unwrap_or_default();
    let Some(text) = text else {
        return Ok(Date(Offset::UTC.to_datetime(now).date()));
    };
    let date: Date = text.parse().map_err(|_| "Give a day of the calendar as YYYY-MM-DD, such as 2026-11-23.")?;
    let last = EARLIEST_ZONE.to_datetime(now).date().tomorrow().unwrap_or(civil::Date::MAX);
    if date > Date(last) {
        return Err(format!("An entry cannot be of a day in the future; the last one possible now is {last}."));
    }
    Ok(date)
}

fn mood_time(at: Option<i64>, now_us: i64) -> Result<i64, String> {
    let at = at.unwrap_or(now_us);
    if at > now_us.saturating_add(CLOCK_AHEAD_US_MAX) {
        return Err("A mood cannot be of a time in the future.".into());
    }
    if at < MOOD_AT_US_MIN {
        return Err("A mood cannot be of a time before the year 1900.".into());
    }
    Ok(at)
}

#[cfg(test)]
#[path = "validation_tests.rs"]
mod tests;
