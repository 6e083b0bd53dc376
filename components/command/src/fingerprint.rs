//! What a client asked to be written, in 32 bytes: kept with its mutation id, so that the same id with another content is
//! recognised. Two requests are the same when they would create the same entry: the order of the tags does not matter, and a
//! day that was left out is another request than any day, also tomorrow.

use crate::bindings::exports::mindflow::command::journal::NewEntry;
use mindflow_events::Mood;
use sha2::{Digest, Sha256};

/// Of the input as it was sent, its mutation id left out.
pub fn of(input: &NewEntry) -> Vec<u8> {
    let mut tags: Vec<&str> = input.tags.iter().map(String::as_str).collect();
    tags.sort_unstable();
    tags.dedup();
    let mut digest = Sha256::new();
    let mut part = |name: &str, texts: &[&str]| {
        digest.update(format!("{name} {}\n", texts.len()));
        for text in texts {
            // The length first: no text can pass for two.
            digest.update(format!("{}\n", text.len()));
            digest.update(text);
        }
    };
    let mood = input.mood.map(|mood| Mood::from(mood).name());
    let attachments: Vec<&str> = input.attachment_ids.iter().map(String::as_str).collect();
    part("title", &[&input.title]);
    part("content", &[&input.content]);
    part("mood", mood.as_deref().as_slice());
    part("tags", &tags);
    part("entryDate", input.entry_date.as_deref().as_slice());
    part("attachmentIds", &attachments);
    digest.finalize().to_vec()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::bindings::exports::mindflow::command::journal::Mood as WitMood;

    fn input() -> NewEntry {
        NewEntry {
            title: "A walk".into(),
            content: "Rain.".into(),
            mood: None,
            tags: vec!["b".into(), "a".into()],
            entry_date: None,
            attachment_ids: Vec::new(),
            client_mutation_id: Some("m-1".into()),
        }
    }

    #[test]
    fn the_same_request_is_recognised_whatever_its_id_and_the_order_of_its_tags() {
        let same = NewEntry { client_mutation_id: None, tags: vec!["a".into(), "b".into(), "a".into()], ..input() };
        assert_eq!(of(&same), of(&input()));
        assert_eq!(of(&same).len(), 32);
    }

    #[test]
    fn any_other_content_is_another_request() {
        let others = [
            NewEntry { title: "A run".into(), ..input() },
            NewEntry { content: "Sun.".into(), ..input() },
            NewEntry { title: "A walkR".into(), content: "ain.".into(), ..input() },
            NewEntry { mood: Some(WitMood::Calm), ..input() },
            NewEntry { tags: vec!["a".into()], ..input() },
            NewEntry { tags: vec!["ab".into()], ..input() },
            NewEntry { entry_date: Some("2026-11-29".into()), ..input() },
            NewEntry { attachment_ids: vec!["a".into()], ..input() },
        ];
        let mut seen: Vec<_> = others.iter().map(of).chain([of(&input())]).collect();
        seen.sort();
        seen.dedup();
        assert_eq!(seen.len(), others.len() + 1);
    }
}
