//! The vocabulary of the journal: every event with its name, its version and its payload. Producers build a
//! [`Payload`], consumers [`decode`](Payload::decode) one and match on it; neither spells a name or declares a field.
//!
//! # Changing a payload
//!
//! Events are archived for good and replayed, so an old payload must decode with new code, and a new one with code
//! that is a version behind:
//!
//! - Members that a type does not know are ignored.
//! - A new field has `#[serde(default)]` or is an `Option`: older events lack it.
//! - A field is never renamed, and never changes its JSON type. That would be a new version of the event.
//!
//! `fixtures/` has one event of each kind as it is stored today. A fixture is never edited; a new shape gets a new one.

mod account;
mod analysis;
mod book;
mod decode;
mod entry;
mod erasure;
mod mood;
mod notice;
mod notification;
mod place;
pub mod redaction;
mod tag;
#[cfg(test)]
mod tests;
mod value;

pub use account::{Account, AccountMailRequested, CredentialsChanged, LoggedIn};
pub use analysis::{AnalysisFailed, FailureReason, INSIGHT_KINDS, Insight, Insights, Quote};
pub use book::{Book, DEFAULT_BOOK};
pub use decode::BadEvent;
pub use entry::{Analysis, Entry, EntryDeleted, EntryWritten, Reason};
pub use erasure::{
    AccountErased, DeletionCancelled, DeletionRequested, EntryPurged, Erasure, ErasureCompleted, FIRST_PASS,
    KeysDestroyed, LAST_PASS, REMAINS,
};
pub use mood::Mood;
pub use notice::{Notice, NoticeKind, SessionEnded, UserNotice, notice_topic};
pub use notification::{NotificationRequested, WEBHOOK_EVENTS};
pub use place::{Degrees, Place};
pub use tag::{MoodRecorded, MoodTakenBack, Tag, TagCreated, TagDeleted, TagRenamed};
pub use value::{Date, Time};

use decode::Decode;
use uuid::Uuid;

/// Declares the events: `Name(PayloadType) "version"`, in alphabetical order.
macro_rules! events {
    ($($name:ident($payload:ty) $version:literal),* $(,)?) => {
        /// The events by name.
        #[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
        pub enum Kind {
            $($name),*
        }

        impl Kind {
            /// In alphabetical order.
            pub const ALL: &[Self] = &[$(Self::$name),*];

            pub const fn name(self) -> &'static str {
                match self { $(Self::$name => stringify!($name)),* }
            }

            /// `None` for an event that this version does not know.
            pub fn of(event_type: &str) -> Option<Self> {
                match event_type {
                    $(stringify!($name) => Some(Self::$name),)*
                    _ => None,
                }
            }
        }

        /// One event of each kind, as it is stored today: for tests of producers and consumers.
        #[cfg(any(test, feature = "fixtures"))]
        pub fn fixture(kind: Kind) -> &'static str {
            match kind {
                $(Kind::$name => include_str!(concat!("../fixtures/", stringify!($name), ".json")).trim_ascii_end(),)*
            }
        }

        /// What an event says.
        #[derive(Debug, Clone, PartialEq)]
        pub enum Payload {
            $($name($payload)),*
        }

        impl Payload {
            pub fn kind(&self) -> Kind {
                match self { $(Self::$name(_) => Kind::$name),* }
            }

            /// Of the payload's shape.
            pub fn version(&self) -> &'static str {
                match self { $(Self::$name(_) => $version),* }
            }

            /// The aggregate that the event is of. Its events are delivered in order.
            pub fn partition_key(&self) -> String {
                match self { $(Self::$name(payload) => payload.partition_key()),* }
            }

            /// The user whom the event concerns, where the payload says it.
            pub fn user_id(&self) -> Option<Uuid> {
                match self { $(Self::$name(payload) => payload.user_id()),* }
            }

            /// As the event carries it.
            ///
            /// # Errors
            /// The payload holds a value that only a decoder may make, such as [`Reason::Other`].
            pub fn to_json(&self) -> serde_json::Result<String> {
                match self { $(Self::$name(payload) => serde_json::to_string(payload)),* }
            }

            /// # Errors
            /// The payload does not have the shape of its event. Another attempt would not change that.
            pub fn decode(kind: Kind, version: &str, json: &str) -> Result<Self, BadEvent> {
                match kind {
                    $(Kind::$name => <$payload>::decode(json).map(Self::$name),)*
                }
                .map_err(|defect| defect.of(kind.name(), version))
            }
        }
    };
}

/// Under which key a payload is kept; once that is destroyed, it can no longer be read.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Subject {
    /// That of the event's own aggregate.
    Itself,
    /// That of another aggregate, as [`Payload::partition_key`] would name it.
    Aggregate(String),
    /// None: it has only ids, times and numbers.
    Unsealed,
}

impl Payload {
    /// What was made of an entry goes with the entry. What an erasure says of itself stays.
    pub fn subject(&self) -> Subject {
        let entry = |id: Uuid| Subject::Aggregate(format!("entry:{id}"));
        match self {
            Self::AIInsightsGenerated(insights) => entry(insights.entry_id),
            Self::AIAnalysisFailed(failed) => entry(failed.entry_id),
            Self::AccountErased(_)
            | Self::JournalEntryPurged(_)
            | Self::KeysDestroyed(_)
            | Self::ErasureCompleted(_) => Subject::Unsealed,
            _ => Subject::Itself,
        }
    }

    /// What is to be erased, where the event says so.
    pub fn erasure(&self) -> Option<Erasure> {
        match self {
            Self::AccountErased(erased) => Some(erased.into()),
            Self::JournalEntryPurged(purged) => Some(purged.into()),
            Self::KeysDestroyed(destroyed) => Some(destroyed.into()),
            _ => None,
        }
    }
}

/// The entry of the fixtures, which has a mood, two tags and an attachment.
///
/// # Errors
/// The fixture is no entry.
#[cfg(any(test, feature = "fixtures"))]
pub fn fixture_entry() -> serde_json::Result<Entry> {
    serde_json::from_str(fixture(Kind::JournalEntryCreated))
}

/// Which aggregate and which user a payload is of.
trait Aggregate {
    fn partition_key(&self) -> String;
    fn user_id(&self) -> Option<Uuid>;
}

macro_rules! aggregates {
    ($($payload:ty: |$it:ident| $aggregate:literal, $id:expr, $user:expr;)*) => {
        $(impl Aggregate for $payload {
            fn partition_key(&self) -> String {
                let $it = self;
                format!("{}:{}", $aggregate, $id)
            }

            fn user_id(&self) -> Option<Uuid> {
                let $it = self;
                let _ = $it;
                $user
            }
        })*
    };
}

aggregates! {
    Account: |it| "user", it.user_id, Some(it.user_id);
    AccountMailRequested: |it| "account-mail", it.mail_id, it.user_id;
    CredentialsChanged: |it| "user", it.user_id, Some(it.user_id);
    LoggedIn: |it| "user", it.user_id, Some(it.user_id);
    DeletionRequested: |it| "user", it.user_id, Some(it.user_id);
    DeletionCancelled: |it| "user", it.user_id, Some(it.user_id);
    // Not of the user or the entry: it waits for no event of theirs that failed.
    AccountErased: |it| "erasure", it.erasure_id, Some(it.user_id);
    EntryPurged: |it| "erasure", it.erasure_id, Some(it.user_id);
    KeysDestroyed: |it| "erasure", it.erasure_id, Some(it.user_id);
    ErasureCompleted: |it| "erasure-report", it.aggregate_id(), Some(it.user_id);
    EntryWritten: |it| "entry", it.entry.id, Some(it.entry.user_id);
    Book: |it| "book", it.book_id, Some(it.user_id);
    EntryDeleted: |it| "entry", it.id, Some(it.user_id);
    MoodRecorded: |it| "mood", it.mood_id, Some(it.user_id);
    MoodTakenBack: |it| "mood", it.mood_id, Some(it.user_id);
    TagCreated: |it| "tag", it.tag_id, Some(it.user_id);
    TagDeleted: |it| "tag", it.tag_id, Some(it.user_id);
    TagRenamed: |it| "tag", it.tag_id, Some(it.user_id);
    Insights: |it| "analysis", it.entry_id, Some(it.user_id);
    AnalysisFailed: |it| "analysis", it.entry_id, Some(it.user_id);
    NotificationRequested: |it| "send", it.send_id, None;
}

events! {
    AIAnalysisFailed(AnalysisFailed) "1.0",
    AIInsightsGenerated(Insights) "1.0",
    AccountDeletionCancelled(DeletionCancelled) "1.0",
    AccountDeletionRequested(DeletionRequested) "1.0",
    AccountErased(AccountErased) "1.0",
    AccountMailRequested(AccountMailRequested) "1.0",
    CredentialsChanged(CredentialsChanged) "1.0",
    ErasureCompleted(ErasureCompleted) "1.0",
    JournalCreated(Book) "1.0",
    JournalDeleted(Book) "1.0",
    JournalDraftSaved(EntryWritten) "1.0",
    JournalEntryCreated(EntryWritten) "1.0",
    JournalEntryDeleted(EntryDeleted) "1.0",
    JournalEntryPurged(EntryPurged) "1.0",
    JournalEntryUpdated(EntryWritten) "1.0",
    JournalRenamed(Book) "1.0",
    KeysDestroyed(KeysDestroyed) "1.0",
    MailRequested(NotificationRequested) "1.0",
    MoodRecorded(MoodRecorded) "1.0",
    MoodTakenBack(MoodTakenBack) "1.0",
    NotificationRequested(NotificationRequested) "1.0",
    PushRequested(NotificationRequested) "1.0",
    TagCreated(TagCreated) "1.0",
    TagDeleted(TagDeleted) "1.0",
    TagRenamed(TagRenamed) "1.0",
    UserLoggedIn(LoggedIn) "1.0",
    UserRegistered(Account) "1.0",
    UserUpdated(Account) "1.0",
    WebhookRequested(NotificationRequested) "1.0",
}
