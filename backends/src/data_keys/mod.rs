//! The keys under which payloads of events are kept, in a store of their own: a file of the data directory ([`mod@file`]), or a
//! PostgreSQL database that has nothing else ([`database`]). What they are and how they seal is in [`mindflow_platform::data_keys`].
//!
//! [`Keeper`] is what a host has of it. [`destroyed`] keeps the list of what was erased in a second place, and [`kept`] seals what
//! was written before there were keys.

mod database;
pub mod destroyed;
mod file;
pub mod kept;
mod memory;

use std::path::{Path, PathBuf};
use std::sync::Arc;

use async_trait::async_trait;
use mindflow_platform::sealing::SealingError;
use serde::Deserialize;
use uuid::Uuid;

pub use mindflow_platform::data_keys::{
    AGGREGATE_BYTES_MAX, About, Clear, Damaged, DataKeys, KeyError, KeyStore, Opened, SEALED, SealError, Sealed,
    Subject,
};
pub use mindflow_platform::sealing::Keys;

use self::database::DatabaseKeys;
use self::destroyed::{Destroyed, DestroyedError};
use self::file::FileKeys;
use self::kept::{KeptError, Progress, Until};
use crate::database::postgres::{self, Database, DatabaseConfig, PostgresConfig};
use crate::delivery::Event;
use crate::secret::Secret;

/// In the data directory.
pub const FILE: &str = "data-keys.redb";
/// Of the runtime configuration.
pub const SECTION: &str = "data-keys";

/// `[data-keys]`: where the keys are under which payloads of events are kept.
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields, rename_all = "kebab-case", default)]
pub struct Config {
    /// A PostgreSQL database for the keys alone, the same for all replicas; not one of `[databases]`, whose backups must not have
    /// them. Without it the keys are in `data-keys.redb` of the data directory, for one host.
    pub dsn: Option<Secret>,
    /// PEM with the authorities to trust besides the public ones.
    pub ca_file: Option<PathBuf>,
    /// Goes on with these keys where the event log was kept under others, which are lost: what is there can never be read again.
    pub replace_lost_keys: bool,
    /// Whether payloads are sealed. Not while hosts of a release run that cannot open them; what is kept in clear meanwhile is sealed
    /// later.
    pub seal: bool,
}

impl Default for Config {
    fn default() -> Self {
        Self { dsn: None, ca_file: None, replace_lost_keys: false, seal: true }
    }
}

/// What a store of keys does for its host, in addition to sealing and opening.
#[async_trait]
pub trait Store: KeyStore {
    /// Which keys these are.
    async fn id(&self) -> Result<Uuid, KeyError>;

    /// All that was destroyed.
    async fn destroyed(&self) -> Result<Vec<Destroyed>, KeyError>;

    /// What is wrong with it.
    async fn health(&self) -> Result<(), String>;

    /// The last call.
    async fn close(&self);
}

/// Why the keys cannot be opened.
#[derive(Debug, thiserror::Error)]
pub enum OpenError {
    #[error(transparent)]
    Database(#[from] postgres::OpenError),
    #[error(
        "data-keys.dsn: leads to a database with other tables of the platform, whose backups would have the keys; make one for the keys alone"
    )]
    Shared,
    #[error(
        "the file of data keys {path} is in use by another process; stop the other `mindflow` on this data directory"
    )]
    Locked { path: PathBuf },
    #[error(
        "the file of data keys {path} cannot be used; check its permissions and the free space, or restore it from its backup"
    )]
    File {
        path: PathBuf,
        #[source]
        source: Box<redb::Error>,
    },
    #[error("the master key of the data keys")]
    Master(#[from] SealingError),
    #[error(transparent)]
    Keys(#[from] KeyError),
    #[error("the list of destroyed keys")]
    Destroyed(#[from] DestroyedError),
    #[error(
        "the event log is kept under the keys of another store ({log}) than that of [data-keys] ({here}): replicas need one, by data-keys.dsn; after a restore, bring back the keys as well. If they are lost for good, and with them what the log says, set data-keys.replace-lost-keys = true"
    )]
    OtherKeys { log: Uuid, here: Uuid },
}

/// The keys of a platform with one event log.
pub struct Keeper {
    keys: Arc<DataKeys>,
    store: Arc<dyn Store>,
    /// Of the event log.
    log: Database,
    seals: bool,
}

// === impl Keeper ===

impl Keeper {
    /// Opens the store, and destroys again what the list says was destroyed. `log`: the database of the event log, migrated.
    ///
    /// # Errors
    /// The store cannot be opened, or is not the one under whose keys the log is.
    pub async fn open(config: &Config, data_dir: &Path, master: &Keys, log: Database) -> Result<Self, OpenError> {
        let (keys, store) = open(config, data_dir, master).await?;
        let keeper = Self { keys, store, log, seals: config.seal };
        let here = keeper.store.id().await?;
        if let Some(log) = destroyed::bind(&keeper.log, here, config.replace_lost_keys).await? {
            return Err(OpenError::OtherKeys { log, here });
        }
        keeper.apply().await?;
        Ok(keeper)
    }

    /// Seals and opens.
    #[must_use]
    pub fn keys(&self) -> &Arc<DataKeys> {
        &self.keys
    }

    /// Whether payloads are sealed; those that are sealed can be opened in any case.
    #[must_use]
    pub fn seals(&self) -> bool {
        self.seals
    }

    /// Destroys all keys of a user, or that of one aggregate. It is noted in the second place first, so that a host that ends in
    /// between does the rest at its next start. `false`: it was done before.
    ///
    /// # Errors
    /// Keys may still be there.
    pub async fn destroy(&self, user_id: Uuid, aggregate: Option<&str>) -> Result<bool, OpenError> {
        destroyed::note(&self.log, &[Destroyed { user_id, aggregate: aggregate.map(ToOwned::to_owned) }]).await?;
        crate::failpoint!("after-erasure-noted");
        Ok(self.keys.destroy_each(&[(user_id, aggregate)]).await? > 0)
    }

    /// Completes each list of what was destroyed from the other.
    async fn apply(&self) -> Result<(), OpenError> {
        let here = self.store.destroyed().await?;
        let noted = destroyed::noted(&self.log).await?;
        let is_missing = |of: &[Destroyed]| {
            let there: std::collections::BTreeSet<Destroyed> = of.iter().cloned().collect();
            move |destroyed: &&Destroyed| !there.contains(*destroyed)
        };
        let again = noted.iter().filter(is_missing(&here)).map(|one| (one.user_id, one.aggregate.as_deref()));
        let again: Vec<_> = again.collect();
        if !again.is_empty() {
            self.keys.destroy_each(&again).await?;
            tracing::warn!(keys = again.len(), "data keys that a backup had brought back were destroyed again");
        }
        let unnoted: Vec<_> = here.iter().filter(is_missing(&noted)).cloned().collect();
        Ok(destroyed::note(&self.log, &unnoted).await?)
    }

    /// Seals events that are in clear, as the log says to whom they belong.
    ///
    /// # Errors
    /// The store's, or the log's.
    pub async fn seal(&self, events: &mut [Event]) -> Result<(), OpenError> {
        let is_clear = |event: &Event| event.metadata.user_id.is_some() && !event.payload.contains_key(SEALED);
        if !self.seals || !events.iter().any(is_clear) {
            return Ok(());
        }
        let partition_keys: Vec<_> = events.iter().map(|event| event.partition_key.clone()).collect();
        let subjects = kept::subjects(&self.log, &partition_keys).await?;
        Ok(self.keys.seal_events(events, &subjects).await?)
    }

    /// Seals what the log has in clear, unless another replica does. Can be ended at any moment and called again.
    ///
    /// # Errors
    /// What was done stays done.
    pub async fn seal_kept(
        &self,
        until: Until,
        progress: &(dyn Fn(Progress) + Send + Sync),
    ) -> Result<Option<Progress>, KeptError> {
        kept::seal(&self.log, &self.keys, until, progress).await
    }

    /// What is wrong with the store.
    ///
    /// # Errors
    /// In words for an operator.
    pub async fn health(&self) -> Result<(), String> {
        self.store.health().await
    }

    pub async fn close(&self) {
        self.store.close().await;
    }
}

/// The keys alone, without the log that is kept under them.
///
/// # Errors
/// The store cannot be opened.
pub async fn open(
    config: &Config,
    data_dir: &Path,
    master: &Keys,
) -> Result<(Arc<DataKeys>, Arc<dyn Store>), OpenError> {
    let store: Arc<dyn Store> = match &config.dsn {
        Some(dsn) => Arc::new(DatabaseKeys::open(&database_config(dsn, config.ca_file.clone())).await?),
        None => Arc::new(FileKeys::open(data_dir.join(FILE)).await?),
    };
    let key_store: Arc<dyn KeyStore> = store.clone();
    Ok((Arc::new(DataKeys::new(key_store, master)?), store))
}

fn database_config(dsn: &Secret, ca_file: Option<PathBuf>) -> DatabaseConfig {
    DatabaseConfig::Postgres(PostgresConfig {
        dsn: dsn.reveal().to_owned(),
        direct_dsn: None,
        replica_dsn: None,
        pool_max: None,
        ca_file,
        statement_timeout_ms: None,
    })
}

fn randomise(bytes: &mut [u8]) -> Result<(), KeyError> {
    aws_lc_rs::rand::fill(bytes).map_err(|_| KeyError("there is no randomness".to_owned()))
}
