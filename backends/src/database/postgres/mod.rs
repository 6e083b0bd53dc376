//! A database that the platform may use: the administrator's connections for the platform's own work,
//! and one pool for each component, logged in as that component's role, so that nothing a component
//! says can reach another component's tables. The server may go away and come back: connections that
//! broke leave their pool, and every wait has a bound. A pooler in transaction mode may be before it: then what
//! needs a session of its own goes to the server directly.

mod catalogue;
mod config;
pub mod migrate;
pub(crate) mod pool;
mod pooler;
mod role_dsn;
pub mod roles;
pub mod scratch;
pub mod server;
mod session;
mod walls;

use std::sync::{Arc, OnceLock};
use std::time::Duration;

use deadpool_postgres::Client;
use tokio::sync::Notify;

pub use config::{
    ADMIN_POOL_MAX, CONNECT_TIMEOUT, ConfigError, DatabaseConfig, EmbeddedConfig, POOL_MAX_DEFAULT, PostgresConfig,
    STATEMENT_TIMEOUT_MS_DEFAULT,
};
pub use pooler::PoolerError;
pub use role_dsn::{RoleDsn, login_dsn};
pub use session::{Listener, NOTIFICATIONS_MAX, Session};

use crate::database::sql::{Error, Identity};
use crate::places::{Key, Origin};
use pool::{Endpoint, Pools, Replica};
use server::EmbeddedServer;

/// How long [`Database::health`] waits for its answer.
const HEALTH_TIMEOUT: Duration = Duration::from_secs(3);

/// A named database. Cheap to clone.
#[derive(Clone)]
pub struct Database {
    inner: Arc<Inner>,
    /// For whom components ask it as themselves.
    asker: Key,
}

struct Inner {
    name: String,
    pools: Pools,
    /// The server itself, where the pools lead to a pooler.
    direct: Option<Endpoint>,
    replica: Option<Replica>,
    statement_timeout_ms: u32,
    /// Of the private server, which is reached by its socket: there is no pooler before it.
    is_private: bool,
    /// Rung after commits that published, where this process relays events itself.
    published_bell: OnceLock<Arc<Notify>>,
}

/// Why a database cannot be opened.
#[derive(Debug, thiserror::Error)]
pub enum OpenError {
    #[error(transparent)]
    Config(#[from] ConfigError),
    #[error("a pool of connections cannot be set up")]
    Pool(#[from] deadpool_postgres::BuildError),
    #[error("{key}: `embedded` needs the private server, which is not running")]
    NoServer { key: String },
    #[error("{key}: {address}: {reason}")]
    Unreachable { key: String, address: String, reason: String },
    #[error(transparent)]
    Pooler(#[from] PoolerError),
    /// The text has key and address.
    #[error("{0}")]
    Login(Error),
    #[error("database {database}: cannot be created: {reason}")]
    Create { database: String, reason: String },
    #[error("database name `{0}`: use lower-case letters, digits, `-` and `_`, at most 40 of them")]
    Name(String),
}

// === impl Database ===

impl Database {
    /// Opens the database `name`. `key` is where `config` was written, such as `databases.write`, for
    /// error messages. With the embedded backend the database is created when it is missing. Connects
    /// once, so that a wrong DSN is an error here and not at the first request.
    pub async fn open(
        name: &str,
        key: &str,
        config: &DatabaseConfig,
        server: Option<&EmbeddedServer>,
    ) -> Result<Self, OpenError> {
        let well_formed =
            name.bytes().all(|b| b.is_ascii_lowercase() || b.is_ascii_digit() || matches!(b, b'-' | b'_'));
        if name.is_empty() || name.len() > 40 || !well_formed {
            return Err(OpenError::Name(name.to_owned()));
        }
        let pool_max = config.pool_max(key)?;
        let (primary, direct, replica) = match config {
            DatabaseConfig::Embedded(_) => {
                let server = server.ok_or_else(|| OpenError::NoServer { key: format!("{key}.backend") })?;
                let database = format!("mindflow_{name}");
                create_database(server, &database).await?;
                let settings = server.connection(&database);
                (Endpoint::new(key, settings, config::tls_connector(key, None)?), None, None)
            }
            DatabaseConfig::Postgres(postgres) => {
                let dsn_key = format!("{key}.dsn");
                let tls = config::tls_connector(key, postgres.ca_file.as_ref())?;
                let endpoint = |key: &str, dsn: &str| -> Result<Endpoint, ConfigError> {
                    Ok(Endpoint::new(key, config::parse_dsn(key, dsn)?, tls.clone()))
                };
                let primary = endpoint(&dsn_key, &postgres.dsn)?;
                let direct = match &postgres.direct_dsn {
                    Some(dsn) => Some(endpoint(&format!("{key}.direct-dsn"), dsn)?.with_login_of(&primary)?),
                    None => None,
                };
                let replica = match &postgres.replica_dsn {
                    Some(dsn) => Some(Replica::new(endpoint(&format!("{key}.replica-dsn"), dsn)?, pool_max)?),
                    None => None,
                };
                (primary, direct, replica)
            }
        };
        let (dsn_key, address) = (primary.key().to_owned(), primary.address());
        let inner = Inner {
            name: name.to_owned(),
            pools: Pools::new(primary, pool_max)?,
            direct,
            replica,
            statement_timeout_ms: config.statement_timeout_ms(),
            is_private: config.is_embedded(),
            published_bell: OnceLock::new(),
        };
        let database = Self { inner: Arc::new(inner), asker: Key::Platform };
        database.health().await.map_err(|reason| OpenError::Unreachable { key: dsn_key, address, reason })?;
        if !database.inner.is_private {
            pooler::check(&database).await?;
        }
        Ok(database)
    }

    /// Checks that each component's connections are logged in as its role. Through a pooler they may not be.
    ///
    /// # Errors
    /// The first login that fails, or becomes another role.
    pub async fn check_logins(&self, components: &[String]) -> Result<(), OpenError> {
        if self.inner.is_private {
            return Ok(());
        }
        let logins = components.iter().map(|component| self.inner.pools.component(component, &Key::Platform));
        futures::future::try_join_all(logins).await.map(drop).map_err(OpenError::Login)
    }

    /// The same, asked because of a client's request or event; by the platform itself without one. Of a pool's connections each
    /// has a part ([`Share::Third`](crate::places::Share::Third)).
    #[must_use]
    pub fn asked_by(&self, origin: Option<&Origin>) -> Self {
        Self { inner: Arc::clone(&self.inner), asker: Key::of(origin) }
    }

    /// Whose connection a transaction for this identity takes: many users may be at one address, so a proven user counts for itself.
    pub(crate) fn asker(&self, identity: &Identity) -> Key {
        match identity {
            Identity::Caller { user_id, .. } => Key::Client(Origin::User(user_id.to_string().into())),
            Identity::Service => self.asker.clone(),
        }
    }

    /// The name by which the manifest grants it.
    pub fn name(&self) -> &str {
        &self.inner.name
    }

    /// Has commits that published ring `bell`, in place of a notification by the server: PostgreSQL
    /// serialises the commits of transactions that notify.
    pub fn ring_after_publishing(&self, bell: Arc<Notify>) {
        // The first relay of the process stays; a second one would find the same log by polling.
        let _ = self.inner.published_bell.set(bell);
    }

    pub(crate) fn published_bell(&self) -> Option<Arc<Notify>> {
        self.inner.published_bell.get().cloned()
    }

    /// A connection of the administrator's, from a pool of [`ADMIN_POOL_MAX`]; the wait is bounded.
    /// It is not bound by row-level security where the administrator is a superuser.
    pub async fn admin(&self) -> Result<Client, Error> {
        self.inner.pools.admin().await
    }

    /// A connection of one's own outside the pools, for `LISTEN`. Dropped, it closes.
    pub async fn listener(&self) -> Result<Listener, Error> {
        Listener::connect(self.direct()).await
    }

    /// An administrator's connection of one's own outside the pools, for what belongs to a session. Dropped, it closes.
    pub async fn session(&self) -> Result<Session, Error> {
        Session::connect(self.direct()).await
    }

    /// The server itself, without a pooler before it.
    fn direct(&self) -> &Endpoint {
        self.inner.direct.as_ref().unwrap_or_else(|| self.inner.pools.endpoint())
    }

    /// Whether the server answers, within [`HEALTH_TIMEOUT`]; the text says what is wrong.
    pub async fn health(&self) -> Result<(), String> {
        let ping = async {
            let client = self.admin().await?;
            client.simple_query("SELECT 1").await.map_err(Error::from)?;
            Ok::<_, Error>(())
        };
        match tokio::time::timeout(HEALTH_TIMEOUT, ping).await {
            Ok(Ok(())) => Ok(()),
            Ok(Err(error)) => Err(error.to_string()),
            Err(_) => Err(format!("no answer within {} s", HEALTH_TIMEOUT.as_secs())),
        }
    }

    /// Closes all pools: what waits for a connection fails, and idle connections close.
    pub fn close(&self) {
        self.inner.pools.close();
        if let Some(replica) = &self.inner.replica {
            replica.close();
        }
    }

    pub(crate) fn pools(&self) -> &Pools {
        &self.inner.pools
    }

    pub(crate) fn replica(&self) -> Option<&Replica> {
        self.inner.replica.as_ref()
    }

    /// Milliseconds that a component's statement may run.
    pub fn statement_timeout_ms(&self) -> u32 {
        self.inner.statement_timeout_ms
    }
}

impl std::fmt::Debug for Database {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Database")
            .field("name", &self.inner.name)
            .field("address", &self.inner.pools.endpoint().address())
            .finish_non_exhaustive()
    }
}

async fn create_database(server: &EmbeddedServer, database: &str) -> Result<(), OpenError> {
    let fail = |error: tokio_postgres::Error| OpenError::Create {
        database: database.to_owned(),
        reason: Error::from(error).to_string(),
    };
    let (client, connection) = server.connection("postgres").connect(tokio_postgres::NoTls).await.map_err(fail)?;
    let task = tokio::spawn(connection);
    let created = async {
        let there = client.query_opt("SELECT 1 FROM pg_database WHERE datname = $1", &[&database]).await?;
        if there.is_none() {
            client.batch_execute(&format!("CREATE DATABASE \"{database}\"")).await?;
        }
        Ok(())
    }
    .await;
    task.abort();
    match created {
        Err(error) if roles::already_there(&error) => Ok(()),
        other => other.map_err(fail),
    }
}
