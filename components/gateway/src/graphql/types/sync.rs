//! What has changed, for devices that were away.

use super::entry::{JournalEntry, Tag};
use super::journal::Journal;
use super::media::Media;
use super::mood::MoodRecord;
use super::reminder::Reminder;
use super::template::EntryTemplate;
use crate::services::devices::{self, ChangedThing};
use crate::services::{files, reminders};
use async_graphql::{Enum, ID, SimpleObject};
use std::collections::HashMap;

/// What was changed.
#[derive(Enum, Copy, Clone, Debug, PartialEq, Eq)]
pub enum SyncKind {
    /// An entry or a draft.
    Entry,
    /// A journal. The default one comes when it has been renamed.
    Journal,
    /// A tag. Its new name is a change of it alone; entries that lose it have changed as well.
    Tag,
    /// A mood that was recorded without an entry.
    Mood,
    /// A template.
    Template,
    /// A reminder.
    Reminder,
    /// An upload.
    Media,
}

/// A thing of the user's that was changed, as it is now. Several changes of one thing are one.
#[derive(SimpleObject)]
pub struct SyncChange {
    /// What it is.
    kind: SyncKind,
    /// Its id.
    id: ID,
    /// Whether it is gone: deleted, taken back, or purged. The fields below are null then; else the one of its kind is not. An entry that
    /// is brought back comes once more.
    deleted: bool,
    /// The entry or draft.
    entry: Option<JournalEntry>,
    /// The journal.
    journal: Option<Journal>,
    /// The tag.
    tag: Option<Tag>,
    /// The recorded mood.
    mood: Option<MoodRecord>,
    /// The template.
    template: Option<EntryTemplate>,
    /// The reminder.
    reminder: Option<Reminder>,
    /// The upload.
    media: Option<Media>,
}

/// Changes in the order in which they were made.
#[derive(SimpleObject)]
pub struct SyncPage {
    /// What was changed. There are fewer than were asked for where entries are long.
    changes: Vec<SyncChange>,
    /// Opaque; for the next call, also after an empty page.
    cursor: String,
    /// Whether more follow now.
    has_more: bool,
}

/// What other services have of the things of a page, by id.
#[derive(Default)]
pub struct Elsewhere {
    pub files: HashMap<String, files::File>,
    pub reminders: HashMap<String, reminders::Reminder>,
}

impl SyncPage {
    pub fn new(page: devices::ChangePage, mut elsewhere: Elsewhere) -> Self {
        let changes = page.changes.into_iter().map(|change| SyncChange::new(change, &mut elsewhere)).collect();
        Self { changes, cursor: page.cursor, has_more: page.has_more }
    }
}

impl SyncChange {
    fn new(devices::Change { kind, id, thing }: devices::Change, elsewhere: &mut Elsewhere) -> Self {
        let kind = SyncKind::from(kind);
        let mut change = Self {
            kind,
            deleted: false,
            entry: None,
            journal: None,
            tag: None,
            mood: None,
            template: None,
            reminder: None,
            media: None,
            id: id.clone().into(),
        };
        match thing {
            ChangedThing::Gone => change.deleted = true,
            ChangedThing::Entry(entry) => change.entry = Some(JournalEntry::kept(entry)),
            ChangedThing::Book(book) => change.journal = Some(book.into()),
            ChangedThing::Tag(tag) => change.tag = Some(tag.into()),
            ChangedThing::Mood(mood) => change.mood = Some(mood.into()),
            ChangedThing::Template(template) => change.template = Some(template.into()),
            // What is not there any more has changed once more, and comes again.
            ChangedThing::Elsewhere => {
                change.media = elsewhere.files.remove(&id).map(Into::into);
                change.reminder = elsewhere.reminders.remove(&id).map(Into::into);
                change.deleted = change.media.is_none() && change.reminder.is_none();
            }
        }
        change
    }
}

impl From<devices::ChangedKind> for SyncKind {
    fn from(kind: devices::ChangedKind) -> Self {
        match kind {
            devices::ChangedKind::Entry => Self::Entry,
            devices::ChangedKind::Book => Self::Journal,
            devices::ChangedKind::Tag => Self::Tag,
            devices::ChangedKind::Mood => Self::Mood,
            devices::ChangedKind::Template => Self::Template,
            devices::ChangedKind::Reminder => Self::Reminder,
            devices::ChangedKind::Media => Self::Media,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn change(kind: devices::ChangedKind, thing: ChangedThing) -> devices::Change {
        devices::Change { kind, id: "x".into(), thing }
    }

    #[test]
    fn what_is_gone_says_so_and_what_another_service_no_longer_has_as_well() {
        let gone = SyncChange::new(change(devices::ChangedKind::Tag, ChangedThing::Gone), &mut Elsewhere::default());
        assert!(gone.deleted && gone.tag.is_none() && gone.kind == SyncKind::Tag);
        let reminder = reminders::Reminder {
            id: "x".into(),
            weekdays: vec![reminders::Weekday::Monday],
            time_of_day: "18:05".into(),
            channel: reminders::Channel::Push,
            active: true,
            created_at: 0,
        };
        let mut elsewhere = Elsewhere::default();
        elsewhere.reminders.insert("x".into(), reminder);
        let there = || change(devices::ChangedKind::Reminder, ChangedThing::Elsewhere);
        let kept = SyncChange::new(there(), &mut elsewhere);
        assert!(!kept.deleted && kept.reminder.is_some() && kept.media.is_none());
        assert!(SyncChange::new(there(), &mut Elsewhere::default()).deleted);
    }
}
