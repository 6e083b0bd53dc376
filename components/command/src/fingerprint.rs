//! What a client asked to be written, in 32 bytes: kept with its mutation id, so that the same id with another content is
//! recognised. Two requests are the same when they would create the same entry, however their texts are encoded and in whatever
//! order and case they name the tags. A day that was left out is another request than any day, also tomorrow.

use crate::bindings::exports::mindflow::command::journal::{NewEntry, Place};
use crate::tag_name::TagName;
use mindflow_events::{Entry, Mood};
use sha2::{Digest, Sha256};
use uuid::Uuid;

/// Of a new entry that keeps the rules, as it is written. `names_day`: whether the request says which day it is about; `names_id`: whether
/// it says the entry's id.
pub fn of(entry: &Entry, tags: &[TagName], names_day: bool, names_id: bool) -> Vec<u8> {
    Parts {
        id: names_id.then(|| entry.id.to_string()),
        title: &entry.title,
        content: &entry.content,
        mood: entry.mood,
        // Distinct, and in their order.
        tags: tags.iter().map(TagName::key).collect(),
        entry_date: names_day.then(|| entry.entry_date.to_string()),
        attachment_ids: entry.attachment_ids.iter().map(Uuid::to_string).collect(),
        private: entry.private,
        draft: entry.draft,
        pinned: entry.pinned,
        favourite: entry.favourite,
        book_id: entry.book_id.map(|id| id.to_string()),
        entry_time: entry.entry_time.clone(),
        place: entry.place.as_ref().map(|place| Place::from(place.clone())),
    }
    .digest()
}

/// Of a request as it was sent, before anything was brought into its form: what hosts of an earlier release have kept.
pub fn of_sent(input: &NewEntry) -> Vec<u8> {
    let mut tags: Vec<&str> = input.tags.iter().map(String::as_str).collect();
    tags.sort_unstable();
    tags.dedup();
    Parts {
        id: input.id.clone(),
        title: &input.title,
        content: &input.content,
        mood: input.mood.map(Mood::from),
        tags,
        entry_date: input.entry_date.clone(),
        attachment_ids: input.attachment_ids.clone(),
        private: input.private,
        draft: input.draft,
        pinned: input.pinned,
        favourite: input.favourite,
        book_id: input.book_id.clone(),
        entry_time: input.entry_time.clone(),
        place: input.place.clone(),
    }
    .digest()
}

/// What an entry is made of.
struct Parts<'a> {
    id: Option<String>,
    title: &'a str,
    content: &'a str,
    mood: Option<Mood>,
    tags: Vec<&'a str>,
    entry_date: Option<String>,
    attachment_ids: Vec<String>,
    private: bool,
    draft: bool,
    pinned: bool,
    favourite: bool,
    book_id: Option<String>,
    entry_time: Option<String>,
    place: Option<Place>,
}

impl Parts<'_> {
    fn digest(&self) -> Vec<u8> {
        let mut digest = Sha256::new();
        let mut part = |name: &str, texts: &[&str]| {
            digest.update(format!("{name} {}\n", texts.len()));
            for text in texts {
                // The length first: no text can pass for two.
                digest.update(format!("{}\n", text.len()));
                digest.update(text);
            }
        };
        let mood = self.mood.map(Mood::name);
        let attachments: Vec<&str> = self.attachment_ids.iter().map(String::as_str).collect();
        part("title", &[self.title]);
        part("content", &[self.content]);
        part("mood", mood.as_deref().as_slice());
        part("tags", &self.tags);
        part("entryDate", self.entry_date.as_deref().as_slice());
        part("attachmentIds", &attachments);
        // What was kept before entries could be all of this is that of one that is not.
        for (name, is_so) in
            [("private", self.private), ("draft", self.draft), ("pinned", self.pinned), ("favourite", self.favourite)]
        {
            if is_so {
                part(name, &[]);
            }
        }
        for (name, text) in [("id", &self.id), ("journalId", &self.book_id), ("entryTime", &self.entry_time)] {
            if let Some(text) = text {
                part(name, &[text]);
            }
        }
        if let Some(Place { name, latitude, longitude }) = &self.place {
            let [latitude, longitude] =
                [latitude, longitude].map(|angle| angle.map(|angle| angle.to_string()).unwrap_or_default());
            part("place", &[name.as_deref().unwrap_or_default(), &latitude, &longitude]);
        }
        digest.finalize().to_vec()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::bindings::exports::mindflow::command::journal::Mood as WitMood;
    use crate::validation;
    use jiff::tz::TimeZone;

    /// 2026-11-23T05:30:00Z.
    const NOW_US: i64 = 1_795_411_800_000_000;
    const PHOTO: &str = "0190f3b2-7c1d-7a45-9d1e-0123456789ab";

    fn input() -> NewEntry {
        NewEntry {
            id: None,
            title: "Caf\u{e9}".into(),
            content: "Cr\u{e8}me br\u{fb}l\u{e9}e.".into(),
            mood: None,
            tags: vec!["b\u{fc}ro".into(), "a".into()],
            entry_date: None,
            attachment_ids: vec![PHOTO.into()],
            client_mutation_id: Some("m-1".into()),
            private: false,
            draft: false,
            pinned: false,
            favourite: false,
            book_id: None,
            entry_time: None,
            place: None,
        }
    }

    /// As the service keeps it.
    fn kept(input: &NewEntry) -> Vec<u8> {
        let draft = validation::new_entry(input.clone(), Uuid::from_u128(2), &TimeZone::UTC, NOW_US).unwrap();
        draft.mutation.unwrap().fingerprint
    }

    #[test]
    fn the_same_request_is_recognised_in_every_encoding_and_order() {
        let same = [
            NewEntry { client_mutation_id: Some("m-2".into()), ..input() },
            NewEntry { title: " Cafe\u{301}\u{a0}\u{200b}".into(), ..input() },
            NewEntry { content: "Cre\u{300}me bru\u{302}le\u{301}e.".into(), ..input() },
            NewEntry { tags: vec!["A ".into(), "Bu\u{308}ro".into(), "\u{202e}a".into()], ..input() },
            NewEntry { attachment_ids: vec![PHOTO.to_uppercase()], ..input() },
        ];
        assert_eq!(kept(&input()).len(), 32);
        for other in same {
            assert_eq!(kept(&other), kept(&input()), "{other:?}");
        }
    }

    #[test]
    fn any_other_content_is_another_request() {
        let others = [
            NewEntry { title: "A run".into(), ..input() },
            NewEntry { content: "Sun.".into(), ..input() },
            NewEntry { title: "Caf\u{e9}C".into(), content: "r\u{e8}me br\u{fb}l\u{e9}e.".into(), ..input() },
            NewEntry { content: "Cr\u{e8}me br\u{fb}l\u{e9}e. ".into(), ..input() },
            NewEntry { mood: Some(WitMood::Calm), ..input() },
            NewEntry { tags: vec!["a".into()], ..input() },
            NewEntry { tags: vec!["ab\u{fc}ro".into()], ..input() },
            // Today, but said.
            NewEntry { entry_date: Some("2026-11-23".into()), ..input() },
            NewEntry { attachment_ids: Vec::new(), ..input() },
            NewEntry { private: true, ..input() },
            NewEntry { id: Some(PHOTO.into()), ..input() },
            NewEntry { draft: true, ..input() },
            NewEntry { pinned: true, ..input() },
            NewEntry { favourite: true, ..input() },
            NewEntry { book_id: Some(PHOTO.into()), ..input() },
            NewEntry { entry_time: Some("18:05".into()), ..input() },
            NewEntry { place: Some(Place { name: Some("18:05".into()), latitude: None, longitude: None }), ..input() },
        ];
        let mut seen: Vec<_> = others.iter().map(kept).chain([kept(&input())]).collect();
        seen.sort();
        seen.dedup();
        assert_eq!(seen.len(), others.len() + 1);
    }

    #[test]
    fn what_was_kept_of_a_request_in_its_form_is_kept_of_it_still() {
        assert_eq!(of_sent(&input()), kept(&input()));
        // Of one that is not in its form, it has to be compared as it was sent.
        let decomposed = NewEntry { title: "Cafe\u{301}".into(), ..input() };
        assert_ne!(of_sent(&decomposed), kept(&decomposed));
    }
}
