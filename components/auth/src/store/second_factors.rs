//! Second factors in the write database: secrets sealed by the host, recovery codes as hashes.

use super::accounts::DATABASE;
use mindflow_guest::{
    call::Error,
    failure::internal,
    params, sealing,
    sql::{self, Abort, Identity, Time, Tx},
};
use uuid::Uuid;

/// A secret as it is stored.
pub struct Kept {
    sealed_secret: Vec<u8>,
    pub confirmed: bool,
}

impl Kept {
    /// The secret itself.
    pub async fn open(&self, user_id: Uuid) -> Result<Vec<u8>, Error> {
        sealing::open(self.sealed_secret.clone(), context(user_id)).await.map_err(refused)
    }
}

/// For the column `sealed_secret`.
pub async fn seal(user_id: Uuid, secret: &[u8]) -> Result<Vec<u8>, Error> {
    sealing::seal(secret.to_vec(), context(user_id)).await.map_err(refused)
}

/// A secret that is copied to another user's row opens nothing there.
fn context(user_id: Uuid) -> String {
    format!("second-factor:{user_id}")
}

fn refused(error: sealing::Error) -> Error {
    internal(format!("the secret of a second factor: {error:?}"))
}

pub async fn of_user(user_id: Uuid) -> Result<Option<Kept>, Error> {
    let statement =
        "SELECT sealed_secret, confirmed_at IS NOT NULL AS confirmed FROM auth.second_factors WHERE user_id = $1";
    let rows = sql::query(DATABASE, Identity::Service, statement, params![user_id]).await?;
    let Some(row) = rows.first() else { return Ok(None) };
    Ok(Some(Kept { sealed_secret: row.get("sealed_secret")?, confirmed: row.get("confirmed")? }))
}

/// Keeps a secret that is to be confirmed, in place of one that was not. Not while the user has a confirmed one.
pub async fn begin(user_id: Uuid, sealed_secret: Vec<u8>, now_us: i64) -> Result<bool, Error> {
    let kept = sql::transaction(DATABASE, &Identity::Service, async |tx| {
        Ok(tx
            .execute(
                "INSERT INTO auth.second_factors AS f (user_id, sealed_secret, created_at) VALUES ($1, $2, $3)
                 ON CONFLICT (user_id) DO UPDATE SET sealed_secret = excluded.sealed_secret, created_at = excluded.created_at,
                    last_step = 0
                 WHERE f.confirmed_at IS NULL",
                params![user_id, sealed_secret.clone(), Time(now_us)],
            )
            .await?)
    })
    .await?;
    Ok(kept > 0)
}

/// From now on logins ask for it. Not when they do so already, nor when another secret has taken the place of this one.
pub async fn confirm(tx: &Tx, user_id: Uuid, kept: &Kept, step: i64, now_us: i64) -> Result<bool, Abort> {
    let statement = "UPDATE auth.second_factors SET confirmed_at = $3, last_step = $2
        WHERE user_id = $1 AND confirmed_at IS NULL AND sealed_secret = $4";
    Ok(tx.execute(statement, params![user_id, step, Time(now_us), kept.sealed_secret.clone()]).await? > 0)
}

/// Uses up the code of that time step, and those before it. Not when it was used.
pub async fn spend_step(user_id: Uuid, step: i64) -> Result<bool, Error> {
    let statement = "UPDATE auth.second_factors SET last_step = $2
        WHERE user_id = $1 AND confirmed_at IS NOT NULL AND last_step < $2";
    changes(statement, params![user_id, step]).await
}

/// Uses up a recovery code. Not when there is none of this hash.
pub async fn spend_recovery_code(user_id: Uuid, hash: [u8; 32]) -> Result<bool, Error> {
    let statement = "DELETE FROM auth.recovery_codes WHERE user_id = $1 AND code_hash = $2";
    changes(statement, params![user_id, hash.to_vec()]).await
}

async fn changes(statement: &str, params: Vec<sql::Value>) -> Result<bool, Error> {
    let changed =
        sql::transaction(DATABASE, &Identity::Service, async |tx| Ok(tx.execute(statement, params.clone()).await?));
    Ok(changed.await? > 0)
}

/// These recovery codes in place of all others.
pub async fn replace_recovery_codes(tx: &Tx, user_id: Uuid, hashes: &[[u8; 32]]) -> Result<(), Abort> {
    tx.execute("DELETE FROM auth.recovery_codes WHERE user_id = $1", params![user_id]).await?;
    for hash in hashes {
        let statement = "INSERT INTO auth.recovery_codes (user_id, code_hash) VALUES ($1, $2)";
        tx.execute(statement, params![user_id, hash.to_vec()]).await?;
    }
    Ok(())
}

/// Takes the second factor away, with its recovery codes.
pub async fn remove(tx: &Tx, user_id: Uuid) -> Result<(), Abort> {
    tx.execute("DELETE FROM auth.second_factors WHERE user_id = $1", params![user_id]).await?;
    Ok(())
}
