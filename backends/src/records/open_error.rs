//! Why a store of records cannot be opened.

use mongodb::error::Error as MongoError;

/// The longest name that MongoDB takes for a database.
pub(super) const NAME_MAX: usize = 63;

/// Begins with the section of the runtime configuration, and with the setting that is wrong.
#[derive(Debug, thiserror::Error)]
pub enum OpenError {
    #[error("[{section}] database: there is no [databases.{name}]")]
    NoDatabase { section: &'static str, name: String },
    #[error("[{section}] database: {name:?} is no name for MongoDB: 1 to {NAME_MAX} of a-z, A-Z, 0-9, `_` and `-`")]
    Name { section: &'static str, name: String },
    #[error("[{section}] url: is no address of a MongoDB, such as \"mongodb://user:password@host:27017/?tls=true\"")]
    Url { section: &'static str, source: Box<MongoError> },
    #[error("[{section}] url: the MongoDB there cannot be used")]
    Server { section: &'static str, source: Box<MongoError> },
}

// === impl OpenError ===

impl OpenError {
    pub(super) fn server(section: &'static str) -> impl Fn(MongoError) -> Self {
        move |error| Self::Server { section, source: Box::new(error) }
    }
}
