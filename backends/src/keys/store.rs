//! Where the keys are kept: the table `mindflow.signing_keys` of the write database.

use std::fmt;
use std::sync::Arc;
use std::time::{Duration, SystemTime, UNIX_EPOCH};

use async_trait::async_trait;
use aws_lc_rs::rand;
use deadpool_postgres::ClientWrapper;
use mindflow_platform::jwt::{NONCE_BYTES, Wrapping};

use super::key::Key;
use crate::database::postgres::Database;
use crate::error::chain;

/// Keeps the keys for all replicas.
#[async_trait]
pub trait KeyStore: Send + Sync {
    async fn load(&self) -> Result<Vec<StoredKey>, StoreError>;

    /// Adds the key when there is none that signs. Of replicas that do so concurrently, one succeeds.
    async fn add_first(&self, key: &StoredKey) -> Result<(), StoreError>;

    /// Retires what signs now in favour of this key, and forgets what was retired up to
    /// `forget_until_us`. Atomic.
    async fn rotate(&self, key: &StoredKey, forget_until_us: i64) -> Result<(), StoreError>;
}

/// A row. It signs from `signs_from_us` until `retired_at_us`; all times are microseconds since 1970.
#[derive(Clone, PartialEq, Eq)]
pub struct StoredKey {
    pub kid: String,
    /// PKCS#8.
    pub private_pem: String,
    pub signs_from_us: i64,
    pub retired_at_us: Option<i64>,
}

impl fmt::Debug for StoredKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("StoredKey")
            .field("kid", &self.kid)
            .field("signs_from_us", &self.signs_from_us)
            .field("retired_at_us", &self.retired_at_us)
            .finish_non_exhaustive()
    }
}

/// Why the keys cannot be read or written now.
#[derive(Debug, thiserror::Error)]
pub enum StoreError {
    #[error("no connection to the write database")]
    Connect(#[source] crate::database::sql::Error),
    #[error("the write database refused")]
    Statement(#[from] tokio_postgres::Error),
    #[error("the write database did not answer within {} s", ANSWER_WITHIN.as_secs())]
    Timeout,
}

/// Ten times what a replica under load needs, and less than a request's deadline.
const ANSWER_WITHIN: Duration = Duration::from_secs(3);

/// Keys of which the forms for adapters elsewhere are missing, or wrapped with another secret than ours ($1, its name).
const UNSHARED: &str = "SELECT kid FROM mindflow.signing_keys WHERE public_jwk IS NULL \
    OR ($1::bytea IS NOT NULL AND substring(wrapped_pem FROM 1 FOR octet_length($1)) IS DISTINCT FROM $1)";
const SHARE: &str =
    "UPDATE mindflow.signing_keys SET public_jwk = $2, wrapped_pem = coalesce($3, wrapped_pem) WHERE kid = $1";

/// The keys in Postgres.
#[derive(Clone)]
pub struct PostgresKeys {
    database: Database,
    wrapping: Option<Arc<Wrapping>>,
}

/// A key as adapters elsewhere have it.
struct Shared {
    public_jwk: String,
    wrapped_pem: Option<Vec<u8>>,
}

// === impl PostgresKeys ===

impl PostgresKeys {
    /// `database`: the write database, migrated. Without `wrapping` private keys are for administrators there alone.
    pub fn new(database: Database, wrapping: Option<Wrapping>) -> Self {
        Self { database, wrapping: wrapping.map(Arc::new) }
    }

    async fn load_now(&self) -> Result<Vec<StoredKey>, StoreError> {
        let client = self.database.admin().await.map_err(StoreError::Connect)?;
        let rows =
            client.query("SELECT kid, private_pem, signs_from, retired_at FROM mindflow.signing_keys", &[]).await?;
        let keys = rows.iter().map(|row| {
            let retired_at: Option<SystemTime> = row.try_get(3)?;
            Ok(StoredKey {
                kid: row.try_get(0)?,
                private_pem: row.try_get(1)?,
                signs_from_us: to_us(row.try_get(2)?),
                retired_at_us: retired_at.map(to_us),
            })
        });
        let keys = keys.collect::<Result<Vec<_>, StoreError>>()?;
        // Here nothing depends on it.
        if let Err(error) = self.share(&client, &keys).await {
            tracing::warn!(error = chain(&error), "signing keys could not be shared with adapters elsewhere");
        }
        Ok(keys)
    }

    /// Keys of a host without the secret, or with a former one, are shared by the next reading.
    async fn share(&self, client: &ClientWrapper, keys: &[StoredKey]) -> Result<(), StoreError> {
        let name = self.wrapping.as_ref().map(|wrapping| wrapping.name());
        for row in client.query(UNSHARED, &[&name]).await? {
            let kid: String = row.try_get(0)?;
            if let Some(shared) = keys.iter().find(|key| key.kid == kid).and_then(|key| self.shared(key)) {
                client.execute(SHARE, &[&kid, &shared.public_jwk, &shared.wrapped_pem]).await?;
            }
        }
        Ok(())
    }

    /// `None` for what is no key, which the keyring complains about.
    fn shared(&self, key: &StoredKey) -> Option<Shared> {
        let public_jwk = Key::read(&key.private_pem).ok()?.jwk.to_json().to_string();
        let wrapped_pem = match &self.wrapping {
            Some(wrapping) => {
                let mut nonce = [0; NONCE_BYTES];
                rand::fill(&mut nonce).ok()?;
                Some(wrapping.wrap(&key.kid, &key.private_pem, nonce).ok()?)
            }
            None => None,
        };
        Some(Shared { public_jwk, wrapped_pem })
    }

    async fn write(&self, key: &StoredKey, change: Change) -> Result<(), StoreError> {
        let mut client = self.database.admin().await.map_err(StoreError::Connect)?;
        let transaction = client.transaction().await?;
        // Replicas that write concurrently do so one after the other; reads go on.
        transaction.batch_execute("LOCK TABLE mindflow.signing_keys IN SHARE ROW EXCLUSIVE MODE").await?;
        let signs_from = from_us(key.signs_from_us);
        match change {
            Change::First => {
                let signs = "SELECT 1 FROM mindflow.signing_keys WHERE retired_at IS NULL LIMIT 1";
                if transaction.query_opt(signs, &[]).await?.is_some() {
                    return Ok(());
                }
            }
            Change::Rotation { forget_until_us } => {
                let retire = "UPDATE mindflow.signing_keys SET retired_at = $1 WHERE retired_at IS NULL";
                transaction.execute(retire, &[&signs_from]).await?;
                let forget = "DELETE FROM mindflow.signing_keys WHERE retired_at <= $1";
                transaction.execute(forget, &[&from_us(forget_until_us)]).await?;
            }
        }
        let shared = self.shared(key);
        let (public_jwk, wrapped_pem) =
            shared.map(|shared| (Some(shared.public_jwk), shared.wrapped_pem)).unwrap_or_default();
        transaction
            .execute(
                "INSERT INTO mindflow.signing_keys (kid, private_pem, created_at, signs_from, public_jwk, wrapped_pem) \
                 VALUES ($1, $2, $3, $3, $4, $5)",
                &[&key.kid, &key.private_pem, &signs_from, &public_jwk, &wrapped_pem],
            )
            .await?;
        Ok(transaction.commit().await?)
    }
}

enum Change {
    First,
    Rotation { forget_until_us: i64 },
}

#[async_trait]
impl KeyStore for PostgresKeys {
    async fn load(&self) -> Result<Vec<StoredKey>, StoreError> {
        within(self.load_now()).await
    }

    async fn add_first(&self, key: &StoredKey) -> Result<(), StoreError> {
        within(self.write(key, Change::First)).await
    }

    async fn rotate(&self, key: &StoredKey, forget_until_us: i64) -> Result<(), StoreError> {
        within(self.write(key, Change::Rotation { forget_until_us })).await
    }
}

async fn within<T>(answer: impl Future<Output = Result<T, StoreError>>) -> Result<T, StoreError> {
    tokio::time::timeout(ANSWER_WITHIN, answer).await.unwrap_or(Err(StoreError::Timeout))
}

fn from_us(us: i64) -> SystemTime {
    UNIX_EPOCH + Duration::from_micros(u64::try_from(us).unwrap_or_default())
}

fn to_us(time: SystemTime) -> i64 {
    let since = time.duration_since(UNIX_EPOCH).unwrap_or_default();
    i64::try_from(since.as_micros()).unwrap_or(i64::MAX)
}
