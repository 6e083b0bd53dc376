//! What the application is (`spin.toml`) and where it runs (`runtime-config/*.toml`).
//!
//! One manifest serves Spin and this host: Spin ignores the `tool` tables, which carry what only this
//! host needs. Everything is checked here, once, so that a mistake stops the start with a line that
//! says what is wrong, where, and how to mend it.

mod alarm;
mod bytes;
mod check;
mod environment;
mod hidden;
mod http;
mod listen;
mod misspelt;
mod network;
mod routes;
mod runtime_config;
mod spin;
pub mod texts;
mod values;
mod variables;

pub use alarm::{AlarmError, AlarmSettings, Secret, WebhookUrl};
pub use bytes::Bytes;
pub use environment::with_variables;
pub use http::{ForwardingHeader, HttpSettings};
pub use listen::ListenAddress;
pub use network::Network;
pub use routes::Routes;
pub use runtime_config::{EventsSettings, RuntimeConfig};
pub use spin::{
    Call, Command, ComponentEntry, ComponentTool, Manifest, ScheduleEntry, SubscriptionEntry, WebSocketRoute,
};
pub use variables::Variables;

use std::path::{Path, PathBuf};

/// Why the manifest or the configuration cannot be used. Each is one line.
#[derive(Debug, thiserror::Error)]
pub enum ManifestError {
    #[error("cannot read {}", path.display())]
    Read {
        path: PathBuf,
        #[source]
        source: std::io::Error,
    },
    #[error("{}{line}: {message}", path.display())]
    Syntax { path: PathBuf, line: String, message: String },
    #[error("{}: {rule}", path.display())]
    Invalid { path: PathBuf, rule: RuleError },
}

/// A rule of the manifest or the configuration that is broken: where, and how to mend it.
#[derive(Debug, thiserror::Error)]
#[error("{0}")]
pub struct RuleError(String);

impl RuleError {
    fn within(self, place: impl std::fmt::Display) -> Self {
        Self(format!("{place} {self}"))
    }
}

impl From<String> for RuleError {
    fn from(text: String) -> Self {
        Self(text)
    }
}

impl From<&str> for RuleError {
    fn from(text: &str) -> Self {
        Self(text.to_owned())
    }
}

impl Manifest {
    /// Reads and checks a manifest. Component files are found relative to it.
    ///
    /// # Errors
    /// One line that names the file, the line or the table, and what to change.
    pub fn load(path: &Path) -> Result<Self, ManifestError> {
        let manifest = Self::read(path)?;
        check::check(&manifest).map_err(|rule| ManifestError::invalid(path, rule))?;
        Ok(manifest)
    }
}

impl ManifestError {
    fn syntax(path: &Path, text: &str, error: &toml::de::Error) -> Self {
        Self::at(path, text, error.span().map(|span| span.start), error.message().replace('\n', " "))
    }

    /// `start`: where in the text the broken part begins.
    fn at(path: &Path, text: &str, start: Option<usize>, message: String) -> Self {
        let line = start
            .and_then(|start| text.get(..start))
            .map(|before| format!(" line {}", before.matches('\n').count() + 1))
            .unwrap_or_default();
        Self::Syntax { path: path.to_owned(), line, message }
    }

    fn invalid(path: &Path, rule: impl Into<RuleError>) -> Self {
        Self::Invalid { path: path.to_owned(), rule: rule.into() }
    }
}
