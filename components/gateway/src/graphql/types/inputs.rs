//! What clients send.

use super::mood::Mood;
use super::place::PlaceInput;
use super::scalars::Date;
use crate::names;
use crate::services::{journal, reads};
use async_graphql::{Enum, ID, InputObject, MaybeUndefined};
use mindflow_guest::call::{Error, FieldError};
use mindflow_guest::failure::field;
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
    /// The journal that they are in.
    journal_id: Option<ID>,
    /// Pinned ones, or the others.
    pinned: Option<bool>,
    /// Favourites, or the others.
    favourite: Option<bool>,
    /// Names of tags, at most 20: entries that have all of them.
    tags_all: Option<Vec<String>>,
    /// Names of tags, at most 20: entries that have one of them at least. An empty list narrows nothing.
    tags_any: Option<Vec<String>>,
    /// Names of tags, at most 20: entries that have none of them.
    tags_none: Option<Vec<String>>,
}

impl From<JournalFilter> for reads::Filter {
    fn from(filter: JournalFilter) -> Self {
        Self {
            text: filter.text,
            tag: filter.tag,
            mood: filter.mood.map(Into::into),
            from_date: filter.from.map(|date| date.0),
            to_date: filter.to.map(|date| date.0),
            drafts: false,
            book_id: filter.journal_id.map(Into::into),
            pinned: filter.pinned,
            favourite: filter.favourite,
            tags_all: filter.tags_all.unwrap_or_default(),
            tags_any: filter.tags_any.unwrap_or_default(),
            tags_none: filter.tags_none.unwrap_or_default(),
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

/// What a change says of fields that always have a value, and which of them it says null of.
#[derive(Default)]
pub struct Changes(Vec<FieldError>);

impl Changes {
    /// The new value; none where the field is left out.
    pub fn of<T>(&mut self, name: &'static str, given: MaybeUndefined<T>) -> Option<T> {
        match given {
            MaybeUndefined::Undefined => None,
            MaybeUndefined::Null => {
                self.0.push(field(name, Rule::Required, names::NULL_RULE));
                None
            }
            MaybeUndefined::Value(value) => Some(value),
        }
    }

    /// # Errors
    /// `invalid` with each field that is null.
    pub fn finish(self) -> Result<(), Error> {
        if self.0.is_empty() { Ok(()) } else { Err(Error::Invalid(self.0)) }
    }
}

/// What a change says of a field that can be empty: null empties it.
fn or_empty<T: Default>(given: MaybeUndefined<T>) -> Option<T> {
    match given {
        MaybeUndefined::Undefined => None,
        MaybeUndefined::Null => Some(T::default()),
        MaybeUndefined::Value(value) => Some(value),
    }
}

/// What a change says of a field that can be without a value: null takes it away.
fn or_none<T>(given: MaybeUndefined<T>) -> Option<Option<T>> {
    match given {
        MaybeUndefined::Undefined => None,
        MaybeUndefined::Null => Some(None),
        MaybeUndefined::Value(value) => Some(Some(value)),
    }
}

/// A new entry. What is null counts as left out.
#[derive(InputObject)]
pub struct CreateJournalEntryInput {
    /// The entry's id, made by the client: a UUID of version 7 whose time is at most 24 hours ahead. The same id with the same content is one
    /// entry; with another content it is a `CONFLICT`. An id that cannot be used is refused in the same way for every reason.
    id: Option<ID>,
    /// 1 to 200 characters, of which one at least is seen. Here as in all texts, characters are counted as they are composed (NFC), and
    /// what overrides the direction of text is left out of titles, names and tags.
    title: String,
    /// At most 100,000 characters. Something of it has to be seen, unless the entry has an attachment.
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
    /// Whether it never leaves the platform: no model outside and no webhook gets it. No when left out.
    private: Option<bool>,
    /// Whether it is a draft: its title and content may be empty then, and it takes nothing of the quota. No when left out.
    draft: Option<bool>,
    /// Whether it is pinned. No when left out.
    pinned: Option<bool>,
    /// Whether it is a favourite. No when left out.
    favourite: Option<bool>,
    /// The journal that it goes into; the default one when left out.
    journal_id: Option<ID>,
    /// The time of its day, `HH:MM` as the clock on the wall shows it.
    entry_time: Option<String>,
    /// Where it was.
    place: Option<PlaceInput>,
}

impl From<CreateJournalEntryInput> for journal::NewEntry {
    fn from(input: CreateJournalEntryInput) -> Self {
        Self {
            id: input.id.map(Into::into),
            title: input.title,
            content: input.content,
            mood: input.mood.map(Into::into),
            tags: input.tags.unwrap_or_default(),
            entry_date: input.entry_date.map(|date| date.0),
            attachment_ids: texts(input.attachment_ids.unwrap_or_default()),
            client_mutation_id: input.client_mutation_id,
            private: input.private.unwrap_or_default(),
            draft: input.draft.unwrap_or_default(),
            pinned: input.pinned.unwrap_or_default(),
            favourite: input.favourite.unwrap_or_default(),
            book_id: input.journal_id.map(Into::into),
            entry_time: input.entry_time,
            place: input.place.map(Into::into),
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
    /// 1 to 200 characters, of which one at least is seen; not null. Here as in all texts, characters are counted as they are
    /// composed (NFC), and what overrides the direction of text is left out of titles, names and tags.
    title: MaybeUndefined<String>,
    /// At most 100,000 characters. Something of it has to be seen, unless the entry has an attachment; null empties it.
    content: MaybeUndefined<String>,
    /// Null removes the mood.
    mood: MaybeUndefined<Mood>,
    /// All tags that the entry is to have, at most 20; null removes all.
    tags: MaybeUndefined<Vec<String>>,
    /// The day that the entry is about; not null.
    entry_date: MaybeUndefined<Date>,
    /// All files that the entry is to have, in this order, at most 10; null takes all out.
    attachment_ids: MaybeUndefined<Vec<ID>>,
    /// Whether it never leaves the platform from now on; not null. What was sent before cannot be taken back.
    private: MaybeUndefined<bool>,
    /// Whether it is pinned; not null. This, the next and the journal are no change of the content, so the version stays.
    pinned: MaybeUndefined<bool>,
    /// Whether it is a favourite; not null.
    favourite: MaybeUndefined<bool>,
    /// The journal that it is in; null puts it into the default one.
    journal_id: MaybeUndefined<ID>,
    /// The time of its day, `HH:MM`; null removes it.
    entry_time: MaybeUndefined<String>,
    /// Where it was; null removes it.
    place: MaybeUndefined<PlaceInput>,
    /// The version that the change was made on; another one is a `CONFLICT`. Null: on any version.
    expected_version: Option<i32>,
}

impl UpdateJournalEntryInput {
    /// The entry's id and what changes. `default_book`: the id of the journal that stands for null, which is the user's.
    ///
    /// # Errors
    /// `invalid` for a version that cannot be, and for each null of what cannot be null.
    pub fn into_change(self, default_book: &str) -> Result<(String, journal::EntryChange), Error> {
        let mut changes = Changes::default();
        let expected_version = self.expected_version.map(u32::try_from).transpose().unwrap_or_else(|_| {
            changes.0.push(field("expectedVersion", Rule::range(1, i32::MAX), "Must be 1 or more."));
            None
        });
        let change = journal::EntryChange {
            title: changes.of("title", self.title),
            content: or_empty(self.content),
            mood: or_none(self.mood).map(|mood| mood.map(Into::into)),
            tags: or_empty(self.tags),
            entry_date: changes.of("entryDate", self.entry_date).map(|date| date.0),
            attachment_ids: or_empty(self.attachment_ids).map(texts),
            private: changes.of("private", self.private),
            pinned: changes.of("pinned", self.pinned),
            favourite: changes.of("favourite", self.favourite),
            book_id: or_none(self.journal_id).map(|id| id.map_or_else(|| default_book.to_owned(), Into::into)),
            entry_time: or_none(self.entry_time),
            place: or_none(self.place).map(|place| place.map(Into::into)),
            expected_version,
        };
        changes.finish().map(|()| (self.id.into(), change))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use async_graphql::{InputType, Value};
    use serde_json::{Value as Json, json};

    fn change(given: Json) -> Result<journal::EntryChange, Error> {
        let input = UpdateJournalEntryInput::parse(Some(Value::from_json(given).unwrap()));
        let input = input.unwrap_or_else(|error| panic!("{}", error.into_server_error(async_graphql::Pos::default())));
        input.into_change("user").map(|(_, change)| change)
    }

    #[test]
    fn null_empties_what_can_be_empty() {
        let emptied = change(json!({
            "id": "e", "content": null, "mood": null, "tags": null, "attachmentIds": null, "journalId": null, "entryTime": null,
            "place": null,
        }));
        let emptied = emptied.unwrap();
        assert_eq!((emptied.content.as_deref(), emptied.mood), (Some(""), Some(None)));
        assert_eq!((emptied.tags, emptied.attachment_ids), (Some(Vec::new()), Some(Vec::new())));
        assert_eq!(
            (emptied.book_id.as_deref(), emptied.entry_time, emptied.place),
            (Some("user"), Some(None), Some(None))
        );
        assert_eq!((emptied.title, emptied.entry_date, emptied.expected_version), (None, None, None));
        let kept = change(json!({"id": "e", "expectedVersion": null})).unwrap();
        assert_eq!((kept.content, kept.mood, kept.tags, kept.attachment_ids), (None, None, None, None));
        assert_eq!((kept.private, kept.pinned, kept.book_id, kept.entry_time), (None, None, None, None));
    }

    #[test]
    fn null_of_what_always_has_a_value_is_refused_with_all_of_them() {
        let refused =
            change(json!({"id": "e", "title": null, "entryDate": null, "private": null, "expectedVersion": -1}));
        let Err(Error::Invalid(fields)) = refused else { panic!("{refused:?}") };
        let broken: Vec<_> = fields.iter().map(|error| (error.field.as_str(), error.rule.as_str())).collect();
        assert_eq!(
            broken,
            [("expectedVersion", "range"), ("title", "required"), ("entryDate", "required"), ("private", "required")]
        );
    }
}
