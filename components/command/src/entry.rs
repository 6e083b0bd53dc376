//! A journal entry as the service stores it, and the result of a change.

use crate::tag_name::TagName;
use mindflow_events::{Date, Entry, Mood, Place, Time};
use mindflow_guest::{call::Error, failure::conflict, rules::Rule, text};
use unicode_segmentation::UnicodeSegmentation;
use uuid::Uuid;

/// An entry as the service stores it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Stored {
    pub entry: Entry,
    /// Of the entry's last event, from 1.
    pub event_sequence: u64,
    pub deleted_at: Option<Time>,
}

/// Valid new values of some fields; `None` leaves a field as it is.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Change {
    pub title: Option<String>,
    pub content: Option<String>,
    /// `Some(None)` removes the mood.
    pub mood: Option<Option<Mood>>,
    /// All tags of the entry from now on, deduplicated.
    pub tags: Option<Vec<TagName>>,
    pub entry_date: Option<Date>,
    /// All attachments from now on, in their order.
    pub attachment_ids: Option<Vec<Uuid>>,
    pub private: Option<bool>,
    pub pinned: Option<bool>,
    pub favourite: Option<bool>,
    /// `Some(None)`: into the default one.
    pub book_id: Option<Option<Uuid>>,
    /// `Some(None)` removes it.
    pub entry_time: Option<Option<String>>,
    /// `Some(None)` removes it.
    pub place: Option<Option<Place>>,
}

/// Words by Unicode's rules (UAX #29), so that they count in every language with spaces between them. Fillers that are letters by
/// these rules, and are not seen, are none.
pub fn word_count(content: &str) -> u32 {
    let words = content.unicode_words().filter(|word| !text::is_blank(word));
    u32::try_from(words.count()).unwrap_or(u32::MAX)
}

/// Whether there is nothing in it besides its title: nothing of the content is seen, and there is no attachment.
pub fn is_empty(entry: &Entry) -> bool {
    entry.attachment_ids.is_empty() && text::is_blank(&entry.content)
}

/// A deleted entry as it can come back, without the files that are `gone`.
///
/// # Errors
/// `conflict` when nothing of it is left.
pub fn restored(mut entry: Entry, gone: &[Uuid]) -> Result<Entry, Error> {
    entry.attachment_ids.retain(|id| !gone.contains(id));
    if is_empty(&entry) {
        let text = "Nothing of this entry is left: it has no text, and its files were deleted. Write another one.";
        return Err(conflict("id", Rule::Blank, text));
    }
    Ok(entry)
}

// === impl Change ===

impl Change {
    /// The entry with the new values. Its tags stay: they are taken by name from the database.
    pub fn of(self, mut entry: Entry) -> Entry {
        if let Some(title) = self.title {
            entry.title = title;
        }
        if let Some(content) = self.content {
            entry.word_count = word_count(&content);
            entry.content = content;
        }
        if let Some(mood) = self.mood {
            entry.mood = mood;
        }
        if let Some(date) = self.entry_date {
            entry.entry_date = date;
        }
        if let Some(ids) = self.attachment_ids {
            entry.attachment_ids = ids;
        }
        entry.private = self.private.unwrap_or(entry.private);
        entry.pinned = self.pinned.unwrap_or(entry.pinned);
        entry.favourite = self.favourite.unwrap_or(entry.favourite);
        entry.book_id = self.book_id.unwrap_or(entry.book_id);
        if let Some(time) = self.entry_time {
            entry.entry_time = time;
        }
        if let Some(place) = self.place {
            entry.place = place;
        }
        entry
    }

    /// The names of the tags that the entry is to have, when it has others.
    pub fn new_tags(&self, entry: &Entry) -> Option<&[TagName]> {
        self.tags.as_deref().filter(|tags| !are_tags_of(tags, entry))
    }
}

/// Whether one entry differs from the other in its marks alone, if at all: where it is kept, and whether it is pinned or a favourite. They
/// are no part of its content.
pub fn is_marked_alone(changed: &Entry, entry: &Entry) -> bool {
    let Entry { pinned, favourite, book_id, .. } = *changed;
    *changed == Entry { pinned, favourite, book_id, ..entry.clone() }
}

/// Whether the entry has these tags and no others, however they are spelled.
fn are_tags_of(tags: &[TagName], entry: &Entry) -> bool {
    let held: Vec<_> = entry.tags.iter().map(|tag| TagName::new(&tag.name)).collect();
    tags.len() == held.len() && tags.iter().all(|tag| held.iter().any(|other| other.key() == tag.key()))
}

// === impl Stored ===

impl Stored {
    pub fn is_deleted(&self) -> bool {
        self.deleted_at.is_some()
    }

    /// The time of a change made now. The clocks of several hosts never turn an entry's time back.
    pub fn time_of_change(&self, now_us: i64) -> Time {
        self.entry.updated_at.max(Time(now_us))
    }
}

/// Refuses a change that was made to another version than the current one.
pub fn expect_version(version: u32, expected: Option<u32>) -> Result<(), Error> {
    match expected {
        Some(expected) if expected != version => Err(conflict(
            "expectedVersion",
            Rule::Version { expected, actual: version },
            format!(
                "The entry is at version {version}, not at version {expected} as expected: read it again and repeat the change."
            ),
        )),
        _ => Ok(()),
    }
}

/// One answer whether the entry does not exist, is deleted or belongs to another user: a stranger cannot distinguish these.
pub fn entry_not_found() -> Error {
    Error::NotFound("There is no such entry.".into())
}

pub fn tag_not_found() -> Error {
    Error::NotFound("There is no such tag.".into())
}

#[cfg(test)]
pub mod tests {
    use super::*;

    /// [`entry`] at event 4.
    pub fn sample() -> Stored {
        Stored { entry: entry(), event_sequence: 4, deleted_at: None }
    }

    /// An entry with two tags, a mood and an attachment, at version 3.
    pub fn entry() -> Entry {
        mindflow_events::fixture_entry().unwrap()
    }

    fn names(names: &[&str]) -> Option<Vec<TagName>> {
        Some(names.iter().map(|name| TagName::new(name)).collect())
    }

    #[test]
    fn a_change_to_what_is_there_is_no_change() {
        let entry = entry();
        let change = Change {
            title: Some(entry.title.clone()),
            content: Some(entry.content.clone()),
            mood: Some(entry.mood),
            tags: names(&["nature", "WORK"]),
            entry_date: Some(entry.entry_date),
            attachment_ids: Some(entry.attachment_ids.clone()),
            private: Some(entry.private),
            pinned: Some(entry.pinned),
            favourite: Some(entry.favourite),
            book_id: Some(entry.book_id),
            entry_time: Some(entry.entry_time.clone()),
            place: Some(entry.place.clone()),
        };
        for change in [change, Change::default()] {
            assert_eq!(change.new_tags(&entry), None);
            assert_eq!(change.of(entry.clone()), entry);
        }
    }

    #[test]
    fn only_the_fields_that_differ_are_changed() {
        let change = Change { title: Some("A walk".into()), mood: Some(None), ..Change::default() };
        assert_eq!(change.of(entry()), Entry { mood: None, ..entry() });
        let change = Change { private: Some(true), ..Change::default() };
        assert_eq!(change.of(entry()), Entry { private: true, ..entry() });
        let day: Date = "1999-12-31".parse().unwrap();
        let change = Change { entry_date: Some(day), ..Change::default() };
        assert_eq!(change.of(entry()), Entry { entry_date: day, ..entry() });
    }

    #[test]
    fn where_an_entry_is_kept_and_how_it_is_marked_is_no_part_of_its_content() {
        let change = Change { pinned: Some(true), book_id: Some(Some(Uuid::from_u128(8))), ..Change::default() };
        let marked = change.of(entry());
        assert!(is_marked_alone(&marked, &entry()) && is_marked_alone(&entry(), &entry()));
        assert!(!is_marked_alone(&Entry { entry_time: Some("18:05".into()), ..marked }, &entry()));
    }

    #[test]
    fn one_tag_more_fewer_or_other_is_a_change() {
        for tags in [&["nature", "work", "rain"][..], &["nature"], &[], &["nature", "rain"]] {
            let change = Change { tags: names(tags), ..Change::default() };
            assert!(change.new_tags(&entry()).is_some(), "{tags:?}");
        }
    }

    #[test]
    fn another_order_of_the_attachments_is_a_change() {
        let mut entry = entry();
        entry.attachment_ids.push(Uuid::from_u128(6));
        let reversed = entry.attachment_ids.iter().rev().copied().collect();
        let change = Change { attachment_ids: Some(reversed), ..Change::default() };
        assert_ne!(change.of(entry.clone()), entry);
    }

    #[test]
    fn a_changed_entry_has_the_new_values_and_keeps_the_others() {
        let change = Change { content: Some("Only sun".into()), ..Change::default() };
        let expected = Entry { content: "Only sun".into(), word_count: 2, ..entry() };
        assert_eq!(change.of(entry()), expected);
    }

    #[test]
    fn an_entry_is_empty_without_a_text_that_is_seen_and_a_file() {
        let of = |content: &str, attachment_ids| Entry { content: content.into(), attachment_ids, ..entry() };
        for blank in ["", " \n", "\u{200b}\u{3164}"] {
            assert!(is_empty(&of(blank, Vec::new())), "{blank:?}");
            assert!(!is_empty(&of(blank, vec![Uuid::from_u128(5)])), "{blank:?}");
        }
        assert!(!is_empty(&of(".", Vec::new())));
    }

    #[test]
    fn an_entry_comes_back_without_files_that_are_gone_unless_nothing_is_left() {
        let (kept, gone) = (Uuid::from_u128(5), Uuid::from_u128(6));
        let of = |content: &str, ids: &[Uuid]| Entry { content: content.into(), attachment_ids: ids.into(), ..entry() };
        assert_eq!(restored(of("Rain.", &[gone, kept]), &[gone]), Ok(of("Rain.", &[kept])));
        assert_eq!(restored(of("Rain.", &[gone]), &[gone]), Ok(of("Rain.", &[])));
        assert_eq!(restored(of(" ", &[gone, kept]), &[gone]), Ok(of(" ", &[kept])));
        for empty in [of(" ", &[gone]), of("\u{2060}", &[])] {
            let Err(Error::Conflict(error)) = restored(empty, &[gone]) else { panic!("a conflict") };
            assert_eq!((error.field.as_str(), error.rule.as_str()), ("id", "blank"));
        }
    }

    #[test]
    fn a_change_never_turns_an_entrys_time_back() {
        let Time(updated_at) = entry().updated_at;
        assert_eq!(sample().time_of_change(updated_at - 1), Time(updated_at));
        assert_eq!(sample().time_of_change(updated_at + 1), Time(updated_at + 1));
    }

    #[test]
    fn a_conflict_names_both_versions() {
        assert_eq!(expect_version(3, None), Ok(()));
        assert_eq!(expect_version(3, Some(3)), Ok(()));
        assert_eq!(
            expect_version(3, Some(2)),
            Err(conflict(
                "expectedVersion",
                Rule::Version { expected: 2, actual: 3 },
                "The entry is at version 3, not at version 2 as expected: read it again and repeat the change."
            ))
        );
    }

    #[test]
    fn words_are_counted_as_unicode_sees_them() {
        assert_eq!(word_count(""), 0);
        assert_eq!(word_count("  … — !\n"), 0);
        assert_eq!(word_count("\u{3164} \u{115f}\u{200b}"), 0);
        assert_eq!(word_count("Don't worry:\nit's 32.3 °C – schön, не так ли?"), 9);
    }
}
