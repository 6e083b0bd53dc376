//! A database that the platform may use: the administrator's connections for the platform's own work,
//! and one pool for each component, logged in as that component's role, so that nothing a component
//! says can reach another component's tables. The server may go away and come back: connections that
//! broke leave their pool, and every wait has a bound.

mod config;
pub mod migrate;
pub(crate) mod pool;
pub mod roles;
pub mod scratch;
pub mod server;

use std::sync::{Arc, OnceLock};
use std::time::Duration;

use deadpool_postgres::Client;
use futures::StreamExt;
use tokio::sync::{Notify, mpsc};
use tokio::task::JoinHandle;
use tokio_postgres::AsyncMessage;

pub use config::{
    ADMIN_POOL_MAX, CONNECT_TIMEOUT, ConfigError, DatabaseConfig, EmbeddedConfig, POOL_MAX_DEFAULT, PostgresConfig,
    STATEMENT_TIMEOUT_MS_DEFAULT,
};

use crate::database::sql::Error;
use pool::{Endpoint, Pools, Replica};
use server::EmbeddedServer;

/// How long [`Database::health`] waits for its answer.
const HEALTH_TIMEOUT: Duration = Duration::from_secs(3);

/// Notifications that a listener may be behind before it loses them. They only say "look": a lost one
/// costs a poll.
pub const NOTIFICATIONS_MAX: usize = 1_024;

/// A named database. Cheap to clone.
#[derive(Clone)]
pub struct Database {
    inner: Arc<Inner>,
}

struct Inner {
    name: String,
    pools: Pools,
    replica: Option<Replica>,
    statement_timeout_ms: u32,
    /// Rung after commits that published, where this process relays events itself.
    published_bell: OnceLock<Arc<Notify>>,
}

/// A connection of one's own, for `LISTEN`.
pub struct Listener {
    pub client: tokio_postgres::Client,
    /// What the server sends unasked; ends when the connection does.
    pub notifications: mpsc::Receiver<tokio_postgres::Notification>,
    connection: JoinHandle<()>,
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
        let (primary, replica, dsn_key) = match config {
            DatabaseConfig::Embedded(_) => {
                let server = server.ok_or_else(|| OpenError::NoServer { key: format!("{key}.backend") })?;
                let database = format!("mindflow_{name}");
                create_database(server, &database).await?;
                let settings = server.connection(&database);
                (Endpoint::new(settings, config::tls_connector(key, None)?), None, key.to_owned())
            }
            DatabaseConfig::Postgres(postgres) => {
                let dsn_key = format!("{key}.dsn");
                let tls = config::tls_connector(key, postgres.ca_file.as_ref())?;
                let primary = Endpoint::new(config::parse_dsn(&dsn_key, &postgres.dsn)?, tls.clone());
                let replica = match &postgres.replica_dsn {
                    Some(dsn) => {
                        let settings = config::parse_dsn(&format!("{key}.replica-dsn"), dsn)?;
                        Some(Replica::new(Endpoint::new(settings, tls), pool_max)?)
                    }
                    None => None,
                };
                (primary, replica, dsn_key)
            }
        };
        let address = primary.address();
        let inner = Inner {
            name: name.to_owned(),
            pools: Pools::new(primary, pool_max)?,
            replica,
            statement_timeout_ms: config.statement_timeout_ms(),
            published_bell: OnceLock::new(),
        };
        let database = Self { inner: Arc::new(inner) };
        database.health().await.map_err(|reason| OpenError::Unreachable { key: dsn_key, address, reason })?;
        Ok(database)
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
        Listener::connect(self.inner.pools.endpoint()).await
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

// === impl Listener ===

impl Listener {
    async fn connect(endpoint: &Endpoint) -> Result<Self, Error> {
        let connecting = endpoint.settings().connect(endpoint.tls());
        let (client, mut connection) = tokio::time::timeout(CONNECT_TIMEOUT, connecting)
            .await
            .map_err(|_| Error::Unavailable("connecting took too long".to_owned()))?
            .map_err(Error::from)?;
        let (sender, notifications) = mpsc::channel(NOTIFICATIONS_MAX);
        let connection = tokio::spawn(async move {
            let mut messages = futures::stream::poll_fn(move |context| connection.poll_message(context));
            while let Some(message) = messages.next().await {
                match message {
                    // A full channel means that the listener has not looked yet at what is there.
                    Ok(AsyncMessage::Notification(notification)) => {
                        if let Err(mpsc::error::TrySendError::Closed(_)) = sender.try_send(notification) {
                            break;
                        }
                    }
                    Ok(_) => {}
                    Err(error) => {
                        tracing::debug!(%error, "a listening connection ended");
                        break;
                    }
                }
            }
        });
        Ok(Self { client, notifications, connection })
    }
}

impl Drop for Listener {
    fn drop(&mut self) {
        self.connection.abort();
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
