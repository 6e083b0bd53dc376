//! Where records are that are only added, the audit trail's and the log's: `[audit-log]` and `[log.keep]` of the runtime
//! configuration.

use serde::{Deserialize, de::Error};
use serde_json::{Map, Value};

use super::mongo::MongoConfig;

/// `backend` may be absent: `"postgres"`.
#[derive(Debug, Clone, Deserialize)]
#[serde(try_from = "Map<String, Value>")]
pub enum Config {
    Postgres(PostgresConfig),
    Mongo(MongoConfig),
}

#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields, rename_all = "kebab-case", default)]
pub struct PostgresConfig {
    /// One with the platform's write migrations.
    pub database: String,
}

// === impl Config ===

impl Config {
    /// The database of the platform's that it needs.
    #[must_use]
    pub fn database(&self) -> Option<&String> {
        match self {
            Self::Postgres(config) => Some(&config.database),
            Self::Mongo(_) => None,
        }
    }
}

impl Default for Config {
    fn default() -> Self {
        Self::Postgres(PostgresConfig::default())
    }
}

impl TryFrom<Map<String, Value>> for Config {
    type Error = serde_json::Error;

    fn try_from(mut raw: Map<String, Value>) -> Result<Self, serde_json::Error> {
        let backend = raw.remove("backend").unwrap_or_else(|| "postgres".into());
        let rest = Value::Object(raw);
        match backend.as_str() {
            Some("postgres") => serde_json::from_value(rest).map(Self::Postgres),
            Some("mongodb") => serde_json::from_value(rest).map(Self::Mongo),
            _ => Err(Self::Error::custom(format!("backend: must be \"postgres\" or \"mongodb\", is {backend}"))),
        }
    }
}

// === impl PostgresConfig ===

impl Default for PostgresConfig {
    fn default() -> Self {
        Self { database: "write".into() }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    fn read(config: Value) -> Result<Config, String> {
        serde_json::from_value(config).map_err(|error| error.to_string())
    }

    #[test]
    fn records_are_in_the_write_database_unless_something_else_is_said() {
        assert_eq!(Config::default().database().map(String::as_str), Some("write"));
        assert_eq!(read(json!({})).unwrap().database().unwrap(), "write");
        assert_eq!(read(json!({ "database": "audit" })).unwrap().database().unwrap(), "audit");
        assert!(read(json!({ "backend": "mongodb", "url": "mongodb://host" })).unwrap().database().is_none());
    }

    #[test]
    fn settings_that_make_no_sense_are_refused_with_their_names() {
        for (config, says) in [
            (json!({ "backend": "mysql" }), r#"backend: must be "postgres" or "mongodb", is "mysql""#),
            (json!({ "backend": 3 }), "backend: must be"),
            (json!({ "backend": "mongodb" }), "missing field `url`"),
            (json!({ "url": "mongodb://host" }), "unknown field `url`"),
            (json!({ "backend": "mongodb", "url": "mongodb://host", "dsn": "x" }), "unknown field `dsn`"),
        ] {
            let error = read(config).unwrap_err();
            assert!(error.contains(says), "{error}");
        }
    }
}
