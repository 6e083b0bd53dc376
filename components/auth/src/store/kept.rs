//! Sessions and lockouts as the write database keeps them, for when the key-value store has lost them. What is
//! ended here never comes back; what is only there counts until the key-value store forgets it.

use super::accounts::DATABASE;
use crate::{account::TIMEZONE_DEFAULT, role, session::Session};
use mindflow_guest::{
    call::Error,
    failure::internal,
    params,
    sql::{self, Abort, Identity, Json, Row, Time, Tx},
};
use uuid::Uuid;

/// As many as the key-value store lists of a user.
const SESSIONS_MAX: i64 = 1_000;
/// Expired rows that a write of the same table deletes. More than it adds, so that their number falls.
const SWEPT_PER_WRITE: i64 = 10;
/// Sessions that one login ends at most, after the setting was lowered; the next logins end the others.
const ENDED_PER_LOGIN: i64 = 20;

/// A session with its user's current roles, time zone and address; `$condition` follows. The copies in `value` may be older.
macro_rules! select_session {
    ($condition:literal) => {
        concat!(
            "SELECT s.id, s.value, ARRAY(SELECT r.role FROM auth.user_roles r WHERE r.user_id = s.user_id) AS roles,
                u.timezone, u.email, u.email_confirmed_at IS NOT NULL AS email_confirmed
             FROM auth.sessions s LEFT JOIN auth.users u ON u.id = s.user_id WHERE ",
            $condition
        )
    };
}

/// Keeps a new session, in the transaction that makes it one. Takes away some that are over.
pub async fn add(tx: &Tx, id: Uuid, session: &Session, now_us: i64) -> Result<(), Abort> {
    tx.execute(
        "DELETE FROM auth.sessions WHERE id IN (SELECT id FROM auth.sessions WHERE expires_at <= $1 ORDER BY expires_at LIMIT $2)",
        params![Time(now_us), SWEPT_PER_WRITE],
    )
    .await?;
    tx.execute(
        "INSERT INTO auth.sessions (id, user_id, value, expires_at) VALUES ($1, $2, $3, $4)",
        params![id, session.user_id, json(session)?, Time(session.expires_at)],
    )
    .await?;
    Ok(())
}

/// Ends the user's sessions that are too many with this one, those first that were not used for the longest time.
pub async fn make_room(tx: &Tx, id: Uuid, session: &Session, sessions_max: u32) -> Result<Vec<Uuid>, Abort> {
    let others_max = i64::from(sessions_max.saturating_sub(1));
    let rows = tx
        .query(
            "DELETE FROM auth.sessions WHERE id IN (
                SELECT id FROM auth.sessions WHERE user_id = $1 AND id <> $2
                ORDER BY (value->>'lastUsedAt')::bigint DESC, id OFFSET $3 LIMIT $4
             ) RETURNING id",
            params![session.user_id, id, others_max, ENDED_PER_LOGIN],
        )
        .await?;
    Ok(rows.iter().map(|row| row.get("id")).collect::<Result<_, _>>()?)
}

/// Puts `next` in the place of `before`; not when that session has ended or was refreshed by another.
pub async fn replace(id: Uuid, before: &Session, next: &Session) -> Result<bool, Error> {
    let rows = sql::transaction(DATABASE, &Identity::Service, async |tx| {
        Ok(tx
            .execute(
                "UPDATE auth.sessions SET value = $3, expires_at = $4 WHERE id = $1 AND value->>'refreshHash' = $2",
                params![id, before.refresh_hash(), json(next)?, Time(next.expires_at)],
            )
            .await?)
    })
    .await?;
    Ok(rows > 0)
}

/// Ends a session.
pub async fn end(id: Uuid) -> Result<(), Error> {
    sql::transaction(DATABASE, &Identity::Service, async |tx| {
        tx.execute("DELETE FROM auth.sessions WHERE id = $1", params![id]).await?;
        Ok(())
    })
    .await
}

/// Ends the user's sessions but this one. Answers those that have ended.
pub async fn end_others(tx: &Tx, user_id: Uuid, kept: Option<Uuid>) -> Result<Vec<Uuid>, Abort> {
    let statement = "DELETE FROM auth.sessions WHERE user_id = $1 AND id IS DISTINCT FROM $2::uuid RETURNING id";
    let rows = tx.query(statement, params![user_id, kept]).await?;
    Ok(rows.iter().map(|row| row.get("id")).collect::<Result<_, _>>()?)
}

/// The live session of that id.
pub async fn get(id: Uuid, now_us: i64) -> Result<Option<Session>, Error> {
    let statement = select_session!("s.id = $1 AND s.expires_at > $2");
    let rows = sql::query(DATABASE, Identity::Service, statement, params![id, Time(now_us)]).await?;
    rows.first().map(|row| read(row).map(|(_, session)| session)).transpose()
}

/// A user's live sessions.
pub async fn of_user(user_id: Uuid, now_us: i64) -> Result<Vec<(Uuid, Session)>, Error> {
    let statement = select_session!("s.user_id = $1 AND s.expires_at > $2 ORDER BY s.expires_at DESC LIMIT $3");
    let rows = sql::query(DATABASE, Identity::Service, statement, params![user_id, Time(now_us), SESSIONS_MAX]).await?;
    rows.iter().map(read).collect()
}

/// Keeps a lock, unless one that was there before still holds.
pub async fn lock(digest: &str, until_us: i64, now_us: i64) -> Result<(), Error> {
    sql::transaction(DATABASE, &Identity::Service, async |tx| {
        tx.execute(
            "DELETE FROM auth.login_locks WHERE email_digest IN
                (SELECT email_digest FROM auth.login_locks WHERE locked_until <= $1 ORDER BY locked_until LIMIT $2)",
            params![Time(now_us), SWEPT_PER_WRITE],
        )
        .await?;
        tx.execute(
            "INSERT INTO auth.login_locks AS l (email_digest, locked_until) VALUES ($1, $2)
             ON CONFLICT (email_digest) DO UPDATE SET locked_until = excluded.locked_until WHERE l.locked_until <= $3",
            params![digest, Time(until_us), Time(now_us)],
        )
        .await?;
        Ok(())
    })
    .await
}

/// Takes a lock away.
pub async fn unlock(digest: &str) -> Result<(), Error> {
    sql::transaction(DATABASE, &Identity::Service, async |tx| {
        tx.execute("DELETE FROM auth.login_locks WHERE email_digest = $1", params![digest]).await?;
        Ok(())
    })
    .await
}

/// When the lock of an address or a session ends, if there is one.
pub async fn locked_until(digest: &str, now_us: i64) -> Result<Option<i64>, Error> {
    let statement = "SELECT locked_until FROM auth.login_locks WHERE email_digest = $1 AND locked_until > $2";
    let rows = sql::query(DATABASE, Identity::Service, statement, params![digest, Time(now_us)]).await?;
    Ok(rows.first().map(|row| row.get::<Time>("locked_until")).transpose()?.map(|until| until.0))
}

fn json(session: &Session) -> Result<Json, Error> {
    serde_json::to_string(session).map(Json).map_err(internal)
}

fn read(row: Row<'_>) -> Result<(Uuid, Session), Error> {
    let Json(value) = row.get("value")?;
    let mut session: Session =
        serde_json::from_str(&value).map_err(|error| internal(format!("a kept session: {error}")))?;
    session.roles = role::with_user(role::known(&row.get::<Vec<String>>("roles")?));
    session.timezone = Some(row.get::<Option<String>>("timezone")?.unwrap_or_else(|| TIMEZONE_DEFAULT.to_owned()));
    session.email = row.get::<Option<String>>("email")?.unwrap_or(session.email);
    session.email_confirmed = Some(row.get("email_confirmed")?);
    Ok((row.get("id")?, session))
}
