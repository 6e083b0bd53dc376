//! How a MongoDB is reached: the settings that all who keep something there share.

use std::time::Duration;

use mongodb::error::Error as MongoError;
use mongodb::options::{Acknowledgment, ClientOptions, ReadPreference, SelectionCriteria, WriteConcern};
use mongodb::{Client, Database};
use serde::Deserialize;

use crate::secret::Secret;

/// The longest name that MongoDB takes for a database.
const NAME_MAX: usize = 63;
/// For the choice of a server, and for a connection: less than an answer may take, so that the reason is told.
const CONNECT_WITHIN: Duration = Duration::from_secs(3);

#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields, rename_all = "kebab-case")]
pub struct MongoConfig {
    /// Such as `mongodb://user:password@host:27017/?tls=true`.
    pub url: Secret,
    #[serde(default = "default_database")]
    pub database: String,
}

/// Why a MongoDB cannot be used; begins with the setting that is to blame.
#[derive(Debug, thiserror::Error)]
pub enum OpenError {
    #[error("database: {0:?} is no name for MongoDB: 1 to {NAME_MAX} of a-z, A-Z, 0-9, `_` and `-`")]
    Name(String),
    #[error("url: is no address of a MongoDB, such as \"mongodb://user:password@host:27017/?tls=true\"")]
    Url(#[source] Box<MongoError>),
    #[error("url: the MongoDB there cannot be used")]
    Server(#[source] Box<MongoError>),
}

fn default_database() -> String {
    "mindflow".into()
}

/// The database, with at most so many connections. Nothing is asked of the server yet.
///
/// # Errors
/// The URL or the name is none.
pub(crate) async fn open(config: &MongoConfig, connections_max: u32) -> Result<Database, OpenError> {
    config.check()?;
    let parsed = ClientOptions::parse(config.url.reveal()).await;
    let mut options = parsed.map_err(|error| OpenError::Url(Box::new(error)))?;
    options.app_name = Some("mindflow".into());
    options.server_selection_timeout = Some(CONNECT_WITHIN);
    options.connect_timeout = Some(CONNECT_WITHIN);
    options.max_pool_size = Some(connections_max);
    // What was written a moment ago, only the primary surely has.
    options.selection_criteria = Some(SelectionCriteria::ReadPreference(ReadPreference::Primary));
    // What has been acknowledged is on the disks of a majority.
    let majority = WriteConcern::builder().w(Acknowledgment::Majority).journal(true).w_timeout(CONNECT_WITHIN);
    options.write_concern = Some(majority.build());
    Ok(Client::with_options(options).map_err(OpenError::server)?.database(&config.database))
}

// === impl OpenError ===

impl OpenError {
    pub(crate) fn server(error: MongoError) -> Self {
        Self::Server(Box::new(error))
    }
}

// === impl MongoConfig ===

impl MongoConfig {
    /// The server would refuse another name with an error that names no setting.
    fn check(&self) -> Result<(), OpenError> {
        let usable = |byte: u8| byte.is_ascii_alphanumeric() || byte == b'_' || byte == b'-';
        let name = &self.database;
        let fits = (1..=NAME_MAX).contains(&name.len()) && name.bytes().all(usable);
        if fits { Ok(()) } else { Err(OpenError::Name(name.clone())) }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    #[test]
    fn a_database_has_a_name_that_mongodb_takes_and_the_url_is_never_shown() {
        let named = |database: &str| {
            let config = json!({ "url": "mongodb://me:hunter2@host", "database": database });
            let config: MongoConfig = serde_json::from_value(config).unwrap();
            assert!(!format!("{config:?}").contains("hunter2"));
            config.check()
        };
        for good in ["mindflow", "Mind_flow-2", &"a".repeat(NAME_MAX)] {
            assert!(named(good).is_ok(), "{good}");
        }
        for bad in ["", "a.b", "a b", "$a", "é", &"a".repeat(NAME_MAX + 1)] {
            assert!(named(bad).unwrap_err().to_string().starts_with("database:"), "{bad}");
        }
    }
}
