//! The back ends that a runtime configuration names, opened: databases, buckets, topics and keys.

use crate::manifest::{Manifest, RuntimeConfig};
use mindflow_backends::{
    archive::store::StoreError,
    audit::{self, AuditLog},
    blob::{self, Container},
    clock::Clock,
    delivery::{self, Backend, DeadLetters},
    embeddings::{self, Embeddings},
    key_value::{self, KeyValue},
    keys::{self, Keyring, PostgresKeys},
    logs::{self, LogStore},
    mail::{self, Mailer},
    postgres::{
        self, Database, DatabaseConfig, migrate, server::EmbeddedServer, server::ServerError, server::ServerOptions,
    },
    realtime::{self, Realtime},
    search_index::{self, SearchIndex},
    web_push::{self, WebPush},
};
use std::{
    collections::{BTreeMap, BTreeSet},
    path::PathBuf,
    sync::Arc,
    time::Duration,
};
use tokio::sync::Mutex;

/// Everything that outlives a request.
pub struct Stores {
    server: Mutex<Option<EmbeddedServer>>,
    pub databases: BTreeMap<String, Database>,
    pub buckets: BTreeMap<String, Arc<dyn KeyValue>>,
    pub containers: BTreeMap<String, Container>,
    pub realtime: Arc<dyn Realtime>,
    pub keyring: Arc<Keyring>,
    /// The queues of events, opened once: for delivery and for operators.
    pub queues: Option<Arc<dyn Backend>>,
    pub dead_letters: Option<Arc<dyn DeadLetters>>,
    pub mailer: Arc<dyn Mailer>,
    pub web_push: Arc<WebPush>,
    pub search_indexes: BTreeMap<String, Arc<dyn SearchIndex>>,
    /// None: the platform has no model.
    pub embeddings: Option<Arc<dyn Embeddings>>,
    pub audit: Arc<dyn AuditLog>,
    pub logs: Arc<dyn LogStore>,
    pub clock: Clock,
}

/// Why the stores cannot be opened.
#[derive(Debug, thiserror::Error)]
pub enum StoresError {
    #[error("cannot make the data directory {}: {source}; choose another with --data-dir", path.display())]
    DataDir {
        path: PathBuf,
        #[source]
        source: std::io::Error,
    },
    #[error(transparent)]
    Server(#[from] ServerError),
    #[error(transparent)]
    Database(#[from] postgres::OpenError),
    #[error(transparent)]
    Migrate(#[from] migrate::MigrateError),
    #[error(transparent)]
    Bucket(#[from] key_value::OpenError),
    #[error("[blob.{name}] {}", crate::cli::line(source))]
    Container {
        name: String,
        #[source]
        source: StoreError,
    },
    #[error("[realtime] url: {0}")]
    Realtime(#[from] mindflow_backends::redis_server::RedisUrlError),
    #[error("[events] {0}")]
    Events(#[from] delivery::OpenError),
    #[error(transparent)]
    Keys(#[from] keys::Error),
    #[error(transparent)]
    Mail(#[from] mail::OpenError),
    #[error("web push: {0}")]
    WebPush(#[from] web_push::OpenError),
    #[error(transparent)]
    SearchIndex(#[from] search_index::OpenError),
    #[error(transparent)]
    Embeddings(#[from] embeddings::OpenError),
    #[error(transparent)]
    Logs(#[from] logs::OpenError),
    #[error(transparent)]
    Audit(#[from] audit::OpenError),
    #[error("there is no database `{0}` for the signing keys")]
    NoKeysDatabase(String),
}

/// How far the start brings the databases' schemas.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Schema {
    /// Up to date, by applying what is missing.
    Migrate,
    /// It must be up to date already.
    Require,
}

/// The databases alone: for migrations.
pub struct Databases {
    pub server: Option<EmbeddedServer>,
    pub databases: BTreeMap<String, Database>,
}

impl Databases {
    pub async fn open(config: &RuntimeConfig) -> Result<Self, StoresError> {
        std::fs::create_dir_all(&config.data_dir)
            .map_err(|source| StoresError::DataDir { path: config.data_dir.clone(), source })?;
        let binaries = config.databases.values().find_map(|database| match database {
            DatabaseConfig::Embedded(embedded) => Some(embedded.binaries.clone()),
            DatabaseConfig::Postgres(_) => None,
        });
        let server = match binaries {
            Some(binaries) => {
                Some(EmbeddedServer::start(ServerOptions { data_dir: config.data_dir.clone(), binaries }).await?)
            }
            None => None,
        };
        let mut databases = BTreeMap::new();
        for (name, settings) in &config.databases {
            let key = format!("databases.{name}");
            databases.insert(name.clone(), Database::open(name, &key, settings, server.as_ref()).await?);
        }
        Ok(Self { server, databases })
    }

    /// Brings each database that the manifest has migrations for to its newest schema, or checks that it is.
    /// Answers the names of the migrations applied.
    pub async fn prepare(&self, manifest: &Manifest, schema: Schema) -> Result<Vec<String>, StoresError> {
        let mut applied = Vec::new();
        for (name, directory) in &manifest.migrations {
            let Some(database) = self.databases.get(name) else { continue };
            match schema {
                Schema::Migrate => {
                    let roles = roles_in(manifest, name);
                    let report = migrate::migrate(database, directory, &roles).await?;
                    applied.extend(report.applied.into_iter().map(|file| format!("{name}/{file}")));
                }
                Schema::Require => migrate::require_current(database, directory).await?,
            }
        }
        Ok(applied)
    }

    pub async fn close(self) {
        for database in self.databases.values() {
            database.close();
        }
        if let Some(server) = self.server {
            server.stop().await;
        }
    }
}

/// The components that may use a database: each has a role of its own in it. So has the capability of search
/// indexes, to whose role migrations grant its tables alone.
pub(crate) fn roles_in(manifest: &Manifest, database: &str) -> Vec<String> {
    let users = manifest.components.values().filter(|entry| entry.sql.contains_key(database));
    let searching = manifest.components.values().any(|entry| !entry.search_index.is_empty());
    let capability = searching.then(|| search_index::POSTGRES_ROLE.to_owned());
    users.map(|entry| entry.name.clone()).chain(capability).collect()
}

/// Those that some component is granted.
fn containers(config: &RuntimeConfig, manifest: &Manifest) -> Result<BTreeMap<String, Container>, StoresError> {
    let names: BTreeSet<_> = manifest.components.values().flat_map(|entry| &entry.blob).collect();
    let open = |name: &String| match blob::open(config.blob.get(name), name, &config.data_dir) {
        Ok(container) => Ok((name.clone(), container)),
        Err(source) => Err(StoresError::Container { name: name.clone(), source }),
    };
    names.into_iter().map(open).collect()
}

impl Stores {
    pub async fn open(config: &RuntimeConfig, manifest: &Manifest, clock: Clock) -> Result<Self, StoresError> {
        let databases = Databases::open(config).await?;
        databases.prepare(manifest, if config.migrate { Schema::Migrate } else { Schema::Require }).await?;
        let Databases { server, databases } = databases;
        let mut buckets = BTreeMap::new();
        for (name, settings) in &config.key_value {
            buckets.insert(name.clone(), key_value::open(settings, name, &config.data_dir, clock.clone()).await?);
        }
        let containers = containers(config, manifest)?;
        let realtime = realtime::open(&config.realtime.0, clock.clone())?;
        // `Application::load` has checked that the name is configured.
        let keys_database = databases
            .get(&config.keys.database)
            .cloned()
            .ok_or_else(|| StoresError::NoKeysDatabase(config.keys.database.clone()))?;
        let mailer = mail::open(&config.mail, &config.data_dir, clock.clone())?;
        let web_push = WebPush::open(&keys_database, &config.mail.contact()?, clock.clone()).await?;
        let settings = keys::Settings {
            issuer: manifest.tokens.issuer.clone(),
            audience: manifest.tokens.audience.clone(),
            access_lifetime: Duration::from_secs(manifest.tokens.lifetime_s),
        };
        let keyring = Keyring::open(Arc::new(PostgresKeys::new(keys_database)), settings, clock.clone()).await?;
        let audit = audit::open(&config.audit_log, &databases, clock.clone()).await?;
        let queues = match databases.get(&config.events.database) {
            Some(database) => Some(delivery::open(database.clone(), &config.events.queue)?),
            None => None,
        };
        let mut search_indexes = BTreeMap::new();
        for (name, settings) in &config.search_index {
            search_indexes.insert(name.clone(), search_index::open(name, settings, &databases)?);
        }
        let logs = logs::open(&config.logs.backend, &databases).await?;
        let embeddings = embeddings::open(&config.embeddings, &config.data_dir).await?;
        let dead_letters = queues.clone().map(|queues| queues as Arc<dyn DeadLetters>);
        Ok(Self {
            server: Mutex::new(server),
            databases,
            buckets,
            containers,
            realtime,
            keyring,
            queues,
            dead_letters,
            mailer,
            web_push: Arc::new(web_push),
            search_indexes,
            embeddings,
            audit,
            logs,
            clock,
        })
    }

    /// Closes everything in the order that loses nothing.
    pub async fn close(&self) {
        self.realtime.close().await;
        if let Some(embeddings) = &self.embeddings {
            embeddings.close().await;
        }
        for bucket in self.buckets.values() {
            bucket.close().await;
        }
        Databases { server: self.server.lock().await.take(), databases: self.databases.clone() }.close().await;
    }

    /// Each back end with what is wrong with it, if anything. Not the search indexes: without them, all but searches
    /// goes on.
    pub async fn health(&self) -> BTreeMap<String, Result<(), String>> {
        let databases = futures::future::join_all(
            self.databases.iter().map(async |(name, database)| (format!("database:{name}"), database.health().await)),
        );
        let buckets = futures::future::join_all(self.buckets.iter().map(async |(name, bucket)| {
            (format!("key-value:{name}"), bucket.health().await.map_err(|error| error.to_string()))
        }));
        let containers = futures::future::join_all(self.containers.iter().map(async |(name, container)| {
            (format!("blob:{name}"), container.health().await.map_err(|error| error.to_string()))
        }));
        let realtime =
            async { ("realtime".to_owned(), self.realtime.health().await.map_err(|error| error.to_string())) };
        let (databases, buckets, containers, realtime) = futures::join!(databases, buckets, containers, realtime);
        databases.into_iter().chain(buckets).chain(containers).chain([realtime]).collect()
    }
}
