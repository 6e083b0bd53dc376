//! A scratch database next to one of the platform's, on the same server: made empty, and dropped when it has
//! served. For replays that build a projection without touching the live one.

use std::sync::{Arc, OnceLock};

use super::pool::{Endpoint, Pools};
use super::{Database, Inner};
use crate::database::sql::Error;

/// PostgreSQL cuts longer names off.
const NAME_BYTES_MAX: usize = 63;
/// Connections of a component: a replay works on some entities concurrently, and has no other user.
const POOL_MAX: usize = 16;

// === impl Database ===

impl Database {
    /// Makes the empty database `{this one}_{suffix}`; one of this name that was left over is dropped first.
    /// It has the same name for grants, and the same owner.
    ///
    /// # Errors
    /// The server's, such as for a login that may not create databases.
    pub async fn create_scratch(&self, suffix: &str) -> Result<Self, Error> {
        let name = self.scratch_name(suffix)?;
        self.drop_scratch(suffix).await?;
        self.session().await?.batch_execute(&format!("CREATE DATABASE {}", quoted(&name))).await?;
        // A pooler knows only databases of its configuration.
        let endpoint = self.direct();
        let mut settings = endpoint.settings().clone();
        settings.dbname(&name);
        let pools = Pools::new(Endpoint::new(endpoint.key(), settings, endpoint.tls()), POOL_MAX)
            .map_err(|error| Error::Other(error.to_string()))?;
        let inner = Inner {
            name: self.inner.name.clone(),
            pools,
            direct: None,
            replica: None,
            statement_timeout_ms: self.inner.statement_timeout_ms,
            is_private: self.inner.is_private,
            published_bell: OnceLock::new(),
        };
        Ok(Self { inner: Arc::new(inner), asker: self.asker.clone() })
    }

    /// Drops the database that [`Database::create_scratch`] made, and ends its connections.
    ///
    /// # Errors
    /// The server's.
    pub async fn drop_scratch(&self, suffix: &str) -> Result<(), Error> {
        let name = self.scratch_name(suffix)?;
        let drop = format!("DROP DATABASE IF EXISTS {} WITH (FORCE)", quoted(&name));
        Ok(self.session().await?.batch_execute(&drop).await?)
    }

    fn scratch_name(&self, suffix: &str) -> Result<String, Error> {
        let own = self.direct().settings().get_dbname().unwrap_or_default();
        let name = format!("{own}_{suffix}");
        if name.len() > NAME_BYTES_MAX {
            return Err(Error::Other(format!("a database `{name}` would have a name of over {NAME_BYTES_MAX} bytes")));
        }
        Ok(name)
    }
}

fn quoted(name: &str) -> String {
    format!("\"{}\"", name.replace('"', "\"\""))
}
