//! The connection to a MongoDB, and its settings.

use std::time::Duration;

use mongodb::options::{Acknowledgment, ClientOptions, ReadPreference, SelectionCriteria, WriteConcern};
use mongodb::{Client, Database};
use serde::Deserialize;

use super::open_error::{NAME_MAX, OpenError};
use crate::secret::Secret;

/// For the choice of a server, and for a connection: less than an answer may take, so that the reason is reported.
const CONNECT_WITHIN: Duration = Duration::from_secs(3);

#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields, rename_all = "kebab-case")]
pub struct MongoConfig {
    /// Such as `mongodb://user:password@host:27017/?tls=true`.
    pub url: Secret,
    #[serde(default = "default_database")]
    pub database: String,
}

fn default_database() -> String {
    "mindflow".into()
}

/// The database, with at most so many connections. Nothing is sent to the server yet.
///
/// # Errors
/// The URL or the name is not valid.
pub(super) async fn open(
    section: &'static str,
    config: &MongoConfig,
    connections_max: u32,
) -> Result<Database, OpenError> {
    config.check(section)?;
    let parsed = ClientOptions::parse(config.url.reveal()).await;
    let mut options = parsed.map_err(|error| OpenError::Url { section, source: Box::new(error) })?;
    options.app_name = Some("mindflow".into());
    options.server_selection_timeout = Some(CONNECT_WITHIN);
    options.connect_timeout = Some(CONNECT_WITHIN);
    options.max_pool_size = Some(connections_max);
    // What was written a moment ago, only the primary surely has.
    options.selection_criteria = Some(SelectionCriteria::ReadPreference(ReadPreference::Primary));
    // What has been acknowledged is on the disks of a majority.
    let majority = WriteConcern::builder().w(Acknowledgment::Majority).journal(true).w_timeout(CONNECT_WITHIN);
    options.write_concern = Some(majority.build());
    Ok(Client::with_options(options).map_err(OpenError::server(section))?.database(&config.database))
}

// === impl MongoConfig ===

impl MongoConfig {
    /// The server would refuse another name with an error that names no setting.
    fn check(&self, section: &'static str) -> Result<(), OpenError> {
        let usable = |byte: u8| byte.is_ascii_alphanumeric() || byte == b'_' || byte == b'-';
        let name = &self.database;
        let fits = (1..=NAME_MAX).contains(&name.len()) && name.bytes().all(usable);
        if fits { Ok(()) } else { Err(OpenError::Name { section, name: name.clone() }) }
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
            config.check("logs")
        };
        for good in ["mindflow", "Mind_flow-2", &"a".repeat(NAME_MAX)] {
            assert!(named(good).is_ok(), "{good}");
        }
        for bad in ["", "a.b", "a b", "$a", "é", &"a".repeat(NAME_MAX + 1)] {
            assert!(named(bad).unwrap_err().to_string().starts_with("[logs] database:"), "{bad}");
        }
    }
}
