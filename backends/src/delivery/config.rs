//! Which store keeps the queues, as in `runtime-config` under `[events]`:
//!
//! ```toml
//! [events]
//! database = "write"
//! backend = "redis-streams"            # or "postgres", the default
//! url = "redis://127.0.0.1:6379/"
//! prefix = "mindflow:"
//! ```

use std::sync::Arc;

use serde::Deserialize;

use super::backend::Backend;
use super::log::LogQueue;
use super::postgres::Connections;
use super::redis_streams::{RedisStreams, StreamsConfig};
use crate::database::postgres::Database;
use crate::redis_server::RedisUrlError;

pub use super::redis_streams::{PARTITIONS_DEFAULT, PARTITIONS_MAX};

/// Where the queues are. The log of events is on Postgres with either.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
#[serde(tag = "backend", rename_all = "kebab-case", deny_unknown_fields)]
pub enum Config {
    /// In the database of the log.
    Postgres {},
    /// On a Redis (7.0 or later), shared by all replicas that give the same URL and prefix.
    RedisStreams(StreamsConfig),
}

/// Why the queues cannot be opened.
#[derive(Debug, thiserror::Error)]
pub enum OpenError {
    #[error(transparent)]
    Url(#[from] RedisUrlError),
    #[error("event queues have 1 to {PARTITIONS_MAX} partitions, not {0}")]
    Partitions(u32),
}

/// Opens the queues of `database`'s log. A Redis that is away does not fail it: calls fail until it is back.
/// Must be called within a Tokio runtime.
///
/// # Errors
/// When the configuration cannot be meant.
pub fn open(database: Database, config: &Config) -> Result<Arc<dyn Backend>, OpenError> {
    Ok(match config {
        Config::Postgres {} => Arc::new(LogQueue::new(Connections::new(database))),
        Config::RedisStreams(config) => {
            if !(1..=PARTITIONS_MAX).contains(&config.partitions) {
                return Err(OpenError::Partitions(config.partitions));
            }
            Arc::new(RedisStreams::open(database, config)?)
        }
    })
}

impl Default for Config {
    fn default() -> Self {
        Self::Postgres {}
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_back_end_is_chosen_by_name() {
        let read = |text: &str| toml_like(text).map_err(|error| error.to_string());
        assert_eq!(read(r#"{"backend":"postgres"}"#), Ok(Config::Postgres {}));
        let Ok(Config::RedisStreams(streams)) =
            read(r#"{"backend":"redis-streams","url":"redis://127.0.0.1:6379/","prefix":"mindflow:"}"#)
        else {
            panic!("a Redis is named");
        };
        assert_eq!((streams.prefix.as_str(), streams.partitions), ("mindflow:", PARTITIONS_DEFAULT));
        assert!(read(r#"{"backend":"redis-streams"}"#).unwrap_err().contains("url"));
    }

    fn toml_like(text: &str) -> Result<Config, serde_json::Error> {
        serde_json::from_str(text)
    }
}
