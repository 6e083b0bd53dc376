//! What the application is (`spin.toml`) and where it runs (`runtime-config/*.toml`).
//!
//! One manifest serves Spin and this host: Spin ignores the `tool` tables, which carry what only this
//! host needs. Everything is checked here, once, so that a mistake stops the start with a line that
//! says what is wrong, where, and how to mend it.

mod alarm;
mod allow_list;
mod check;
mod routes;
mod runtime_config;
mod spin;
mod variables;

pub use alarm::{AlarmError, AlarmSettings, Secret, WebhookUrl};
pub use allow_list::{AllowList, AllowListError};
pub use routes::Routes;
pub use runtime_config::{Bytes, HttpSettings, LogFormat, LogSettings, LogsSettings, RealtimeSettings, RuntimeConfig};
pub use spin::{
    AuditGrant, Command, ComponentEntry, DatabaseAccess, Instances, InstancesMode, JwtGrant, Manifest, Missed,
    OutboundGrant, RealtimeGrant, ScheduleEntry, SubscriptionEntry, WebSocketRoute,
};
pub use variables::Variables;

use std::path::{Path, PathBuf};

/// Why the manifest or the configuration cannot be used. Each is one line.
#[derive(Debug, thiserror::Error)]
pub enum ManifestError {
    #[error("cannot read {}: {source}", path.display())]
    Read {
        path: PathBuf,
        #[source]
        source: std::io::Error,
    },
    #[error("{}{line}: {message}", path.display())]
    Syntax { path: PathBuf, line: String, message: String },
    #[error("{}: {message}", path.display())]
    Invalid { path: PathBuf, message: String },
}

impl ManifestError {
    fn syntax(path: &Path, text: &str, error: &toml::de::Error) -> Self {
        let line = error
            .span()
            .and_then(|span| text.get(..span.start))
            .map(|before| format!(" line {}", before.matches('\n').count() + 1))
            .unwrap_or_default();
        Self::Syntax { path: path.to_owned(), line, message: error.message().replace('\n', " ") }
    }

    fn invalid(path: &Path, message: impl Into<String>) -> Self {
        Self::Invalid { path: path.to_owned(), message: message.into() }
    }
}
