//! `runtime-config/*.toml`: which back end serves each name of the manifest, and how the host listens. Each capability
//! declares its own table; here are the tables of the host itself.
//! Any setting may come from the environment: `MINDFLOW_DATABASES__WRITE__DSN` is `databases.write.dsn`.

use super::{
    HttpSettings, ListenAddress, Manifest, ManifestError, alarm::AlarmSettings, environment::Environment,
    misspelt::Known, texts,
};
use crate::{
    capability::Settings,
    observe::settings::{KeepSettings, LogSettings},
};
use figment::{Figment, providers::Serialized, value::Dict};
use mindflow_backends::{delivery, stores::objects};
use serde::Deserialize;
use serde_aux::serde_introspection::serde_introspect;
use std::{
    collections::BTreeMap,
    net::SocketAddr,
    path::{Path, PathBuf},
};

/// The table of what is kept of the log; how it was called, and which of its settings were called otherwise.
const KEEP: &str = "log.keep";
const FORMER_KEEP: &str = "logs";
const FORMER_KEEP_KEYS: [(&str, &str); 2] = [("store", "enabled"), ("keep-days", "days")];

/// Everything that differs between environments.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields, rename_all = "kebab-case")]
pub struct RuntimeConfig {
    /// The file it came from.
    #[serde(skip)]
    pub path: PathBuf,
    #[serde(default = "default_listen")]
    pub listen: ListenAddress,
    #[serde(default = "default_data_dir")]
    pub data_dir: PathBuf,
    /// Where compiled components are kept, for all data directories of this machine. `mindflow/compiled` in
    /// the user's cache folder when absent. Code in it is trusted.
    #[serde(default)]
    pub compiled_cache: Option<PathBuf>,
    /// Whether the start brings the databases' schemas up to date.
    #[serde(default = "yes")]
    pub migrate: bool,
    /// Whether the host starts on a schema with migrations that it does not know, as while a newer version replaces it.
    /// They must only add: a migration named `NNNN_contract_….sql` stops the start all the same.
    #[serde(default)]
    pub allow_newer_schema: bool,
    #[serde(default)]
    pub events: EventsSettings,
    /// Where copies of the event archive go; the folder `archive` of the data directory when absent.
    #[serde(default)]
    pub archive: Option<objects::Config>,
    #[serde(default)]
    pub http: HttpSettings,
    #[serde(default)]
    pub log: LogSettings,
    /// The former name of `[log.keep]`.
    #[serde(default)]
    logs: Option<KeepSettings>,
    /// Values for the manifest's variables.
    #[serde(default)]
    pub variables: BTreeMap<String, String>,
    /// The tables that belong to capabilities, such as `[databases]` and `[mail]`.
    #[serde(skip)]
    pub capabilities: Settings,
}

/// Where events are kept and queued.
#[derive(Debug, Clone, Deserialize)]
#[serde(try_from = "RawEvents")]
pub struct EventsSettings {
    /// The database of the event log.
    pub database: String,
    pub queue: delivery::Config,
    /// `[events.alarm]`: the webhook that receives an alarm for each dead letter.
    pub alarm: Option<AlarmSettings>,
}

/// The table as it is written: the queue's keys are in the same table as the database's name.
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
        Ok(Self { database: raw.database.unwrap_or_else(default_database), queue, alarm: raw.alarm })
    }
}

impl Default for EventsSettings {
    fn default() -> Self {
        Self { database: default_database(), queue: delivery::Config::Postgres {}, alarm: None }
    }
}

fn default_listen() -> ListenAddress {
    SocketAddr::from(([127, 0, 0, 1], 3000)).into()
}

fn default_database() -> String {
    "write".into()
}

fn default_data_dir() -> PathBuf {
    PathBuf::from(".mindflow")
}

fn yes() -> bool {
    true
}

impl RuntimeConfig {
    /// Reads the file, then the environment over it. The environment has values of the manifest's variables, too, whose names are
    /// checked where there is a manifest.
    ///
    /// # Errors
    /// One line that names the file or the environment variables, the setting and the rule.
    pub fn load(path: &Path, manifest: Option<&Manifest>) -> Result<Self, ManifestError> {
        let text =
            std::fs::read_to_string(path).map_err(|source| ManifestError::Read { path: path.to_owned(), source })?;
        let table: toml::Table = toml::from_str(&text).map_err(|error| ManifestError::syntax(path, &text, &error))?;
        let invalid = |rule| ManifestError::invalid(path, rule);
        let keys = Self::keys();
        let known = Known::of(&keys).with(manifest);
        let mut environment = Environment::new(std::env::vars_os(), &known).map_err(invalid)?;
        let file = Figment::from(Serialized::defaults(table));
        if !file.contains(FORMER_KEEP) {
            environment = environment.renamed(FORMER_KEEP, KEEP, &FORMER_KEEP_KEYS).map_err(invalid)?;
        }
        let (mut config, has_keep) =
            environment.read(&file, |figment| Ok((Self::read(figment)?, figment.contains(KEEP)))).map_err(invalid)?;
        if let Some(keep) = config.logs.take() {
            if has_keep {
                let sets: Vec<&str> = environment.of_table(KEEP).collect();
                let by = if sets.is_empty() { String::new() } else { format!(", which {} sets", sets.join(", ")) };
                return Err(invalid(format!("[logs] is the former name of [log.keep]{by}; keep one of them").into()));
            }
            config.log.keep = keep;
        }
        // What has no keys in the configuration has them from there.
        let mut stores = config.archive.iter().chain(config.capabilities.blob.values());
        if stores.any(|store| matches!(store, objects::Config::S3 { .. })) {
            texts::check("AWS_").map_err(invalid)?;
        }
        path.clone_into(&mut config.path);
        Ok(config)
    }

    /// The top-level keys and tables, all of which the environment may set.
    fn keys() -> Vec<&'static str> {
        serde_introspect::<Self>().iter().copied().chain(Settings::keys()).collect()
    }

    /// The tables of capabilities first; what remains is the host's own.
    fn read(figment: &Figment) -> Result<Self, figment::Error> {
        let capabilities = Settings::read(figment)?;
        let mut own: Dict = figment.extract()?;
        own.retain(|key, _| Settings::keys().all(|taken| taken != key));
        Ok(Self { capabilities, ..Figment::from(Serialized::defaults(own)).extract()? })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read(text: &str) -> Result<RuntimeConfig, String> {
        let file = tempfile::NamedTempFile::new().unwrap();
        std::fs::write(&file, text).unwrap();
        RuntimeConfig::load(file.path(), None).map_err(|error| error.to_string())
    }

    #[test]
    fn every_table_is_a_setting_that_the_environment_may_set() {
        let keys = RuntimeConfig::keys();
        for key in ["listen", "compiled-cache", "databases", "audit-log", "key-value", "keys", "mail", "log", "logs"] {
            assert!(keys.contains(&key), "{key} is missing among {keys:?}");
        }
        assert!(!keys.contains(&"path") && !keys.contains(&"capabilities"), "{keys:?}");
    }

    #[test]
    fn the_former_table_of_kept_lines_is_still_read() {
        let keep = read("[logs]\nstore = false\nkeep-days = 3\nlevel = \"warn\"").unwrap().log.keep;
        assert_eq!((keep.enabled, keep.days, keep.level), (false, 3, mindflow_backends::records::logs::Level::Warn));
        let keep = read("[log.keep]\nenabled = false\ndays = 3").unwrap().log.keep;
        assert_eq!((keep.enabled, keep.days), (false, 3));
        let error = read("[log.keep]\ndays = 3\n[logs]\nkeep-days = 4").unwrap_err();
        assert!(error.contains("[log.keep]"), "{error}");
    }

    #[test]
    fn an_unknown_table_or_key_is_named() {
        assert!(read("[mial]\n").unwrap_err().contains("mial"));
        let error = read("[log]\nfilters = \"info\"").unwrap_err();
        assert!(error.contains("log") && error.contains("filters"), "{error}");
        let error = read("[mail]\nbackend = \"pigeon\"").unwrap_err();
        assert!(error.contains("mail"), "{error}");
    }

    #[test]
    fn a_setting_of_a_capability_is_named_by_its_whole_path() {
        let error = read("[key-value.cache]\nbackend = \"file\"\n[keys]\ndatabase = 1").unwrap_err();
        assert!(error.contains(": keys.database: "), "{error}");
    }
}
