//! Secrets of webhooks: sealed by the host's key, each for its own webhook. Those of earlier builds are in the clear until they are
//! used, or until the schedule `seal-secrets` comes by.

use crate::DATABASE;
use mindflow_guest::{
    call::Error,
    failure::internal,
    params, sealing,
    sql::{self, Identity},
};
use uuid::Uuid;

/// Rows of a transaction, so that it stays short.
const SEALED_PER_TRANSACTION: u32 = 100;

const UNSEALED: &str =
    "SELECT id, secret FROM notification.webhooks WHERE secret IS NOT NULL ORDER BY id LIMIT $1::bigint";
const SEAL: &str = "UPDATE notification.webhooks SET sealed_secret = $2::bytea, secret = NULL
    WHERE id = $1::uuid AND secret IS NOT NULL";

/// As the database has it.
#[derive(Clone, PartialEq, Eq)]
pub enum Secret {
    Sealed(Vec<u8>),
    /// Of an earlier build.
    Clear(String),
}

impl std::fmt::Debug for Secret {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("…")
    }
}

// === impl Secret ===

impl Secret {
    /// Of the two columns.
    pub fn of(clear: Option<String>, sealed: Option<Vec<u8>>) -> Option<Self> {
        sealed.map(Self::Sealed).or_else(|| clear.map(Self::Clear))
    }

    /// The secret itself. One that was in the clear is sealed in the database by then.
    pub async fn open(&self, webhook: Uuid) -> Result<String, Error> {
        match self {
            Self::Clear(secret) => {
                keep(webhook, secret).await?;
                Ok(secret.clone())
            }
            Self::Sealed(sealed) => {
                let opened = sealing::open(sealed.clone(), context(webhook)).await.map_err(refused)?;
                String::from_utf8(opened).map_err(|_| internal("the secret is no text"))
            }
        }
    }
}

/// For the column `sealed_secret`.
pub async fn seal(webhook: Uuid, secret: &str) -> Result<Vec<u8>, Error> {
    sealing::seal(secret.as_bytes().to_vec(), context(webhook)).await.map_err(refused)
}

/// Seals what earlier builds have left in the clear. Cut off, it goes on where it was.
pub async fn seal_all() -> Result<(), Error> {
    loop {
        let rows = sql::query(DATABASE, Identity::Service, UNSEALED, params![SEALED_PER_TRANSACTION]).await?;
        if rows.is_empty() {
            return Ok(());
        }
        for (webhook, secret) in rows.map(|row| Ok((row.get("id")?, row.get::<String>("secret")?)))? {
            keep(webhook, &secret).await?;
        }
    }
}

async fn keep(webhook: Uuid, secret: &str) -> Result<(), Error> {
    let sealed = seal(webhook, secret).await?;
    let keep = async |tx: &sql::Tx| Ok(tx.execute(SEAL, params![webhook, sealed.clone()]).await?);
    sql::transaction(DATABASE, &Identity::Service, keep).await.map(drop)
}

/// A secret that is copied to another webhook's row opens nothing there.
fn context(webhook: Uuid) -> String {
    format!("webhook:{webhook}")
}

fn refused(error: sealing::Error) -> Error {
    let reason = match error {
        sealing::Error::AccessDenied(reason)
        | sealing::Error::Invalid(reason)
        | sealing::Error::OtherKey(reason)
        | sealing::Error::Damaged(reason) => reason,
    };
    Error::Internal(format!("the webhook's secret: {reason}"))
}
