//! `runtime-config/*.toml`: which back end serves each name of the manifest, and how the host listens.
//! Any setting may come from the environment: `MINDFLOW_DATABASES__WRITE__DSN` is `databases.write.dsn`.

use super::{ManifestError, alarm::AlarmSettings};
use figment::{
    Figment,
    providers::{Env, Format, Toml},
};
use mindflow_backends::{
    archive, delivery, embeddings, key_value, logs::Level, mail, postgres, realtime, records, search_index,
};
use serde::{Deserialize, Deserializer};
use std::{
    collections::BTreeMap,
    net::SocketAddr,
    path::{Path, PathBuf},
};

/// Everything that differs between environments.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields, rename_all = "kebab-case")]
pub struct RuntimeConfig {
    /// The file it came from.
    #[serde(skip)]
    pub path: PathBuf,
    #[serde(default = "default_listen")]
    pub listen: SocketAddr,
    #[serde(default = "default_data_dir")]
    pub data_dir: PathBuf,
    /// Whether the start brings the databases' schemas up to date.
    #[serde(default = "yes")]
    pub migrate: bool,
    pub databases: BTreeMap<String, postgres::DatabaseConfig>,
    #[serde(default)]
    pub key_value: BTreeMap<String, key_value::Config>,
    /// Where containers of files are; the folder `blob/NAME` of the data directory for one that is absent.
    #[serde(default)]
    pub blob: BTreeMap<String, archive::store::Config>,
    #[serde(default)]
    pub search_index: BTreeMap<String, search_index::Config>,
    /// What tells the meaning of texts; nothing when absent.
    #[serde(default)]
    pub embeddings: embeddings::Config,
    #[serde(default)]
    pub realtime: RealtimeSettings,
    #[serde(default)]
    pub events: EventsSettings,
    /// Where copies of the event archive go; the folder `archive` of the data directory when absent.
    #[serde(default)]
    pub archive: Option<archive::store::Config>,
    #[serde(default)]
    pub keys: DatabaseName,
    #[serde(default)]
    pub audit_log: records::Config,
    #[serde(default)]
    pub mail: mail::Config,
    #[serde(default)]
    pub outbound: OutboundSettings,
    #[serde(default)]
    pub http: HttpSettings,
    #[serde(default)]
    pub log: LogSettings,
    /// What of it is kept for operators, and where.
    #[serde(default)]
    pub logs: LogsSettings,
    /// Values for the manifest's variables.
    #[serde(default)]
    pub variables: BTreeMap<String, String>,
}

/// Where realtime topics live.
#[derive(Debug, Clone, Deserialize)]
#[serde(transparent)]
pub struct RealtimeSettings(pub realtime::Config);

impl Default for RealtimeSettings {
    fn default() -> Self {
        Self(realtime::Config::Local {})
    }
}

/// Where events are kept and queued.
#[derive(Debug, Clone, Deserialize)]
#[serde(try_from = "RawEvents")]
pub struct EventsSettings {
    /// The database of the outbox and the archive.
    pub database: String,
    pub queue: delivery::Config,
    /// `[events.alarm]`: whom to tell of dead letters.
    pub alarm: Option<AlarmSettings>,
}

/// As it is written: the queue's keys stand beside the database's name.
#[derive(Deserialize)]
struct RawEvents {
    database: Option<String>,
    alarm: Option<AlarmSettings>,
    #[serde(flatten)]
    queue: serde_json::Map<String, serde_json::Value>,
}

impl TryFrom<RawEvents> for EventsSettings {
    type Error = serde_json::Error;

    fn try_from(mut raw: RawEvents) -> Result<Self, Self::Error> {
        raw.queue.entry("backend").or_insert_with(|| "postgres".into());
        let queue = serde_json::from_value(serde_json::Value::Object(raw.queue))?;
        Ok(Self { database: raw.database.unwrap_or_else(|| DatabaseName::default().database), queue, alarm: raw.alarm })
    }
}

impl Default for EventsSettings {
    fn default() -> Self {
        Self { database: DatabaseName::default().database, queue: delivery::Config::Postgres {}, alarm: None }
    }
}

/// The database that holds the signing keys.
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields, rename_all = "kebab-case", default)]
pub struct DatabaseName {
    pub database: String,
}

impl Default for DatabaseName {
    fn default() -> Self {
        Self { database: "write".into() }
    }
}

/// What components may reach beyond the platform.
#[derive(Debug, Clone, Default, Deserialize)]
#[serde(deny_unknown_fields, rename_all = "kebab-case", default)]
pub struct OutboundSettings {
    /// Addresses and ports that count as public although they are not, without TLS too: for tests and for
    /// receivers of your own on a private network. Whoever may enter an address can reach them.
    pub allow_private: Vec<SocketAddr>,
}

/// Limits of the HTTP trigger.
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields, rename_all = "kebab-case", default)]
pub struct HttpSettings {
    /// The largest request body, whatever the component itself allows.
    pub body_max: Bytes,
    /// Until a client has sent its request's head, in milliseconds.
    pub header_timeout_ms: u64,
    /// Connections at once.
    pub connections_max: usize,
    /// How long a stop waits for requests under way, in milliseconds.
    pub drain_ms: u64,
    /// Whether `/metrics` is served, to this machine and its private network only.
    pub metrics: bool,
}

impl Default for HttpSettings {
    fn default() -> Self {
        Self {
            body_max: Bytes(11 << 20),
            header_timeout_ms: 10_000,
            connections_max: 10_000,
            drain_ms: 10_000,
            metrics: true,
        }
    }
}

#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields, rename_all = "kebab-case", default)]
pub struct LogSettings {
    /// `tracing` directives, such as `info,mindflow=debug`.
    pub filter: String,
    pub format: LogFormat,
}

impl Default for LogSettings {
    fn default() -> Self {
        Self { filter: format!("info,{}=warn", crate::observe::CALLS), format: LogFormat::Text }
    }
}

/// Lines that are kept: of hosts and components, for some days.
#[derive(Debug, Clone, Deserialize)]
#[serde(rename_all = "kebab-case", default)]
pub struct LogsSettings {
    pub store: bool,
    /// The least that is kept, whatever is printed.
    pub level: Level,
    #[serde(deserialize_with = "days")]
    pub keep_days: u32,
    #[serde(flatten)]
    pub backend: records::Config,
}

fn days<'de, D: Deserializer<'de>>(deserializer: D) -> Result<u32, D::Error> {
    match u32::deserialize(deserializer)? {
        0 => Err(serde::de::Error::custom("keep-days must be 1 or more; without any: store = false")),
        days => Ok(days),
    }
}

impl Default for LogsSettings {
    fn default() -> Self {
        Self { store: true, level: Level::Info, keep_days: 14, backend: records::Config::default() }
    }
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum LogFormat {
    Text,
    Json,
}

/// A number of bytes: `262144`, `"256KiB"`, `"10MiB"`.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Bytes(pub u64);

impl<'de> Deserialize<'de> for Bytes {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        #[derive(Deserialize)]
        #[serde(untagged)]
        enum Form {
            Number(u64),
            Text(String),
        }
        match Form::deserialize(deserializer)? {
            Form::Number(bytes) => Ok(Self(bytes)),
            Form::Text(text) => parse_bytes(&text).map(Self).ok_or_else(|| {
                serde::de::Error::custom(format!("{text:?} is no size; write such as \"256KiB\" or \"10MiB\""))
            }),
        }
    }
}

fn parse_bytes(text: &str) -> Option<u64> {
    let digits = text.find(|c: char| !c.is_ascii_digit()).unwrap_or(text.len());
    let (number, unit) = text.split_at_checked(digits)?;
    let shift = match unit.trim() {
        "" | "B" => 0,
        "KiB" => 10,
        "MiB" => 20,
        "GiB" => 30,
        _ => return None,
    };
    number.parse::<u64>().ok()?.checked_mul(1 << shift)
}

fn default_listen() -> SocketAddr {
    SocketAddr::from(([127, 0, 0, 1], 3000))
}

fn default_data_dir() -> PathBuf {
    PathBuf::from(".mindflow")
}

fn yes() -> bool {
    true
}

/// Top-level tables and keys that the environment may set; other `MINDFLOW_…` names are not settings.
const SETTINGS: [&str; 18] = [
    "listen",
    "data-dir",
    "migrate",
    "databases",
    "key-value",
    "blob",
    "search-index",
    "embeddings",
    "realtime",
    "events",
    "archive",
    "audit-log",
    "keys",
    "mail",
    "outbound",
    "http",
    "log",
    "variables",
];

impl RuntimeConfig {
    /// Reads the file, then the environment over it.
    ///
    /// # Errors
    /// One line that names the file or the environment variable, the setting and the rule.
    pub fn load(path: &Path) -> Result<Self, ManifestError> {
        let text =
            std::fs::read_to_string(path).map_err(|source| ManifestError::Read { path: path.to_owned(), source })?;
        toml::from_str::<toml::Table>(&text).map_err(|error| ManifestError::syntax(path, &text, &error))?;
        let environment = Env::prefixed("MINDFLOW_")
            .map(|key| key.as_str().to_ascii_lowercase().replace("__", ".").replace('_', "-").into())
            .filter(|key| key.as_str().split('.').next().is_some_and(|first| SETTINGS.contains(&first)));
        let mut config: Self = Figment::from(Toml::string(&text)).merge(environment).extract().map_err(|error| {
            let setting = error.path.join(".");
            let place = if setting.is_empty() { String::new() } else { format!("{setting}: ") };
            ManifestError::invalid(path, format!("{place}{}", error.kind))
        })?;
        path.clone_into(&mut config.path);
        Ok(config)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn sizes_take_binary_units() {
        assert_eq!(parse_bytes("262144"), Some(262_144));
        assert_eq!(parse_bytes("256KiB"), Some(262_144));
        assert_eq!(parse_bytes("10 MiB"), Some(10 << 20));
        assert_eq!(parse_bytes("10MB"), None);
    }
}
