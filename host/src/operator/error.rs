//! Why a request of an operator failed.

use crate::{
    application::ApplicationError, capability::OpenError, data_dir::DataDirError, engine::CallFailure, link::LinkError,
    manifest::ManifestError, platform::SwapError, start_error::StartError,
};
use mindflow_backends::{
    data_keys::{KeyError, kept::KeptError},
    database::{postgres::migrate::MigrateError, sql},
    delivery::{
        DeadLetterIdError, QueueError,
        archive::{ArchiveError, MonthError},
        hold::HoldError,
        replay::ReplayError,
    },
    keys,
    records::{audit::AuditError, logs::LogsError},
    stores::objects::StoreError,
};
use std::io;

/// Each step that can fail. Printed with its causes as one line.
#[derive(Debug, thiserror::Error)]
pub enum OperatorError {
    #[error(transparent)]
    DataKeys(#[from] KeyError),
    #[error("payloads in clear")]
    Kept(#[from] KeptError),
    #[error("another host is sealing payloads that were kept in clear; try again when it is done")]
    BeingSealed,
    #[error(transparent)]
    Manifest(#[from] ManifestError),
    #[error(transparent)]
    DataDir(#[from] DataDirError),
    #[error(transparent)]
    Application(#[from] ApplicationError),
    #[error(transparent)]
    Start(#[from] StartError),
    #[error("no host runs on {0}; start it with `mindflow up`, or name its --data-dir")]
    NotRunning(String),
    #[error("another mindflow runs on {0}; stop it, or choose another --data-dir")]
    AlreadyServed(String),
    #[error("another mindflow has started, stopped or worked on {0} for too long; try again when it has ended")]
    StillClaimed(String),
    #[error("{path} belongs to another user (uid {owner}); run the command as that user")]
    ForeignDirectory { path: String, owner: u32 },
    #[error(
        "a process of another user (uid {user}) listens on the control socket in {path}; end it, or choose another --data-dir"
    )]
    ForeignHost { path: String, user: u32 },
    #[error("the running host has ended")]
    Ended,
    #[error("the running host did not answer")]
    NoAnswer(#[source] Box<dyn std::error::Error + Send + Sync>),
    /// The running host's own words.
    #[error("{0}")]
    Remote(String),
    /// A rule of the request is broken; the text names the argument and the rule.
    #[error("{0}")]
    Invalid(String),
    #[error("the request cannot be read")]
    Request(#[source] Box<dyn std::error::Error + Send + Sync>),
    #[error("{path}")]
    File {
        path: String,
        #[source]
        source: io::Error,
    },
    #[error(transparent)]
    Swap(#[from] SwapError),
    #[error("there is no command `{0}`")]
    UnknownCommand(String),
    /// The component's own words.
    #[error("{0}")]
    Refused(String),
    #[error(transparent)]
    Call(#[from] CallFailure),
    #[error("the component's answer is not JSON")]
    Answer(#[source] serde_json::Error),
    #[error(transparent)]
    Keys(#[from] keys::Error),
    #[error("this platform delivers no events")]
    NoEvents,
    #[error("this platform keeps no events")]
    NoArchive,
    #[error(transparent)]
    DeadLetterId(#[from] DeadLetterIdError),
    #[error("there is no dead letter {0}; `mindflow dead-letters list` lists them")]
    NoDeadLetter(String),
    #[error(transparent)]
    Queue(#[from] QueueError),
    #[error("--{argument}")]
    Month {
        argument: &'static str,
        #[source]
        source: MonthError,
    },
    #[error("[archive]")]
    ArchiveStore(#[source] StoreError),
    #[error(transparent)]
    Archive(#[from] ArchiveError),
    #[error(transparent)]
    Audit(#[from] AuditError),
    #[error("record {number}")]
    Record {
        number: u64,
        #[source]
        source: serde_json::Error,
    },
    #[error(transparent)]
    Logs(#[from] LogsError),
    #[error("there is no component `{0}`")]
    NoComponent(String),
    #[error("there is no consumer `{name}`; there are {known}")]
    UnknownConsumer { name: String, known: String },
    #[error(transparent)]
    Hold(#[from] HoldError),
    #[error(transparent)]
    Replay(#[from] ReplayError),
    #[error(
        "what `{0}` stores does not follow from its events alone, and --apply would remove the rest; the manifest says `projection = true` of a subscription for which it does"
    )]
    NoProjection(String),
    #[error("the manifest names no migrations of database `{0}`")]
    NoMigrations(String),
    #[error(transparent)]
    Link(#[from] LinkError),
    #[error(transparent)]
    ScratchDatabase(#[from] sql::Error),
    #[error(transparent)]
    Migrate(#[from] MigrateError),
    #[error(transparent)]
    Open(#[from] OpenError),
}
