//! Mail that the platform sends: one trait, two back ends. `directory` writes each message into a folder,
//! where a developer reads it; `smtp` hands it to a server. Both send the same bytes, made in `mindflow_platform::mail`.
//!
//! Who a message is from is configuration: a component can neither choose a sender nor add a header that is
//! not in [`HEADERS`].

mod directory;
mod smtp;

pub use mindflow_platform::mail::{HEADERS, HEADERS_MAX, HTML_BYTES_MAX, Message, SUBJECT_CHARS_MAX, TEXT_BYTES_MAX};

use crate::{clock::Clock, secret::Secret};
use async_trait::async_trait;
use lettre::message::Mailbox;
use mindflow_platform::{
    broken_rule::BrokenRule,
    mail::{NoSender, sender},
};
use serde::Deserialize;
use std::{
    path::{Path, PathBuf},
    sync::Arc,
};

/// Sends mail.
#[async_trait]
pub trait Mailer: Send + Sync {
    /// `Ok`: the message is on its way and no longer ours. The same id twice is the same message; a
    /// directory keeps it once, a server cannot know.
    async fn send(&self, message: &Message) -> Result<(), Error>;
}

/// Why a message was not sent.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum Error {
    /// It breaks a rule and never can be sent.
    #[error("{field}: {rule}")]
    Invalid { field: &'static str, rule: String },
    /// The server refused this message or its recipient for good (5xx).
    #[error("the mail server refused the message: {0}")]
    Rejected(String),
    /// Not now: no connection, no log-in, or the server asks for later (4xx).
    #[error("mail cannot be sent now: {0}")]
    Unavailable(String),
}

impl From<BrokenRule> for Error {
    fn from(BrokenRule { field, rule }: BrokenRule) -> Self {
        Self::Invalid { field, rule }
    }
}

/// Where mail goes: `[mail]` of the runtime configuration.
#[derive(Debug, Clone, Deserialize)]
#[serde(tag = "backend", rename_all = "kebab-case")]
pub enum Config {
    Directory(DirectoryConfig),
    Smtp(SmtpConfig),
}

#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields, rename_all = "kebab-case", default)]
pub struct DirectoryConfig {
    /// The sender, such as `MindFlow <no-reply@example.org>`.
    pub from: String,
}

impl Default for DirectoryConfig {
    fn default() -> Self {
        Self { from: FROM_DEFAULT.into() }
    }
}

#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields, rename_all = "kebab-case")]
pub struct SmtpConfig {
    pub from: String,
    pub host: String,
    /// 465 with `tls = "implicit"`, 587 with `"starttls"`, 25 with `"none"`, when absent.
    pub port: Option<u16>,
    #[serde(default)]
    pub tls: Tls,
    /// Certificates of authorities to trust besides the public ones, in PEM: for a server of one's own.
    pub ca_file: Option<PathBuf>,
    pub username: Option<String>,
    pub password: Option<Secret>,
}

/// How the connection is protected.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Tls {
    /// Begins in the clear, and is given up unless the server takes STARTTLS.
    #[default]
    Starttls,
    /// From the first byte (RFC 8314).
    Implicit,
    /// Not at all: for a server on this machine.
    None,
}

/// `.invalid` never resolves (RFC 6761): real mail needs a configured sender.
const FROM_DEFAULT: &str = "MindFlow <no-reply@mindflow.invalid>";

impl Default for Config {
    fn default() -> Self {
        Self::Directory(DirectoryConfig::default())
    }
}

impl Config {
    fn from(&self) -> Result<Mailbox, OpenError> {
        let from = match self {
            Self::Directory(directory) => &directory.from,
            Self::Smtp(smtp) => &smtp.from,
        };
        sender(from).map_err(OpenError::From)
    }

    /// The sender's address alone, as a contact of the platform's operator.
    ///
    /// # Errors
    /// It is no address.
    pub fn contact(&self) -> Result<String, OpenError> {
        self.from().map(|from| from.email.to_string())
    }
}

/// Why a back end cannot be opened.
#[derive(Debug, thiserror::Error)]
pub enum OpenError {
    #[error("[mail] from: {0}")]
    From(NoSender),
    #[error("[mail] username and password go together; one of them is missing")]
    HalfCredentials,
    #[error("[mail] tls = \"none\" would send the password in the clear; use \"starttls\" or \"implicit\"")]
    PasswordInTheClear,
    #[error("[mail] ca-file {}: {reason}", path.display())]
    Authorities { path: PathBuf, reason: String },
    #[error("[mail] host {host:?}: {reason}")]
    Server { host: String, reason: String },
    #[error("[mail] cannot make the folder {folder}")]
    Folder {
        folder: String,
        #[source]
        source: std::io::Error,
    },
}

/// Opens the back end; a directory is `mail` in the data directory.
///
/// # Errors
/// A setting that makes no sense. Whether the server answers is seen at the first message.
pub fn open(config: &Config, data_dir: &Path, clock: Clock) -> Result<Arc<dyn Mailer>, OpenError> {
    let from = config.from()?;
    Ok(match config {
        Config::Directory(_) => Arc::new(directory::Directory::open(data_dir.join("mail"), from, clock)?),
        Config::Smtp(smtp) => Arc::new(smtp::Smtp::open(smtp, from, clock)?),
    })
}
