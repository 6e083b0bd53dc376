//! Accounts in the write database, schema `auth`.

use crate::{
    account::{Account, Consent},
    password::Hashed,
    role::{self, Roles},
    validation::EmailKey,
};
use mindflow_events::{CredentialsChanged, Payload};
use mindflow_guest::{
    call::{CallContext, Error},
    event,
    failure::{conflict, internal},
    params,
    rules::Rule,
    sql::{self, Abort, Identity, Row, RowError, Rows, Time, Tx},
};
use uuid::Uuid;

/// The database's name in the manifest.
pub const DATABASE: &str = "write";
/// The constraint that keeps an address to one account.
const EMAIL_IS_UNIQUE: &str = "users_email_key_is_unique";
/// Accounts read together for a list: well below the 10,000 rows that a query may return.
const PAGE_ROWS: i64 = 1_000;

/// `SELECT` of an account with its roles; `$condition` follows.
macro_rules! select_account {
    ($condition:literal) => {
        concat!(
            "SELECT u.id, u.email, u.display_name, u.timezone, u.created_at, u.password_hash, u.password_formed, u.password_version,
                    u.email_confirmed_at IS NOT NULL AS email_confirmed, u.ai_consent, u.ai_consent_at,
                    EXISTS (SELECT FROM auth.second_factors f
                        WHERE f.user_id = u.id AND f.confirmed_at IS NOT NULL) AS second_factor,
                    (SELECT e.due_at FROM auth.erasures e WHERE e.user_id = u.id AND e.entry_id IS NULL) AS deletion_due_at,
                    ARRAY(SELECT r.role FROM auth.user_roles r WHERE r.user_id = u.id) AS roles
             FROM auth.users u WHERE ",
            $condition
        )
    };
}

/// An account with what proves its owner.
pub struct Stored {
    pub account: Account,
    pub password_hash: Hashed,
    /// Rises when the password is changed.
    pub password_version: i64,
}

fn read_account(row: Row<'_>) -> Result<Account, RowError> {
    Ok(Account {
        id: row.get("id")?,
        email: row.get("email")?,
        display_name: row.get("display_name")?,
        roles: role::with_user(role::known(&row.get::<Vec<String>>("roles")?)),
        timezone: row.get("timezone")?,
        created_at_us: row.get::<Time>("created_at")?.0,
        email_confirmed: row.get("email_confirmed")?,
        second_factor: row.get("second_factor")?,
        ai_consent: match (row.get("ai_consent")?, row.get::<Option<Time>>("ai_consent_at")?) {
            (Some(given), Some(Time(at_us))) => Some(Consent { given, at_us }),
            _ => None,
        },
        deletion_due_at_us: row.get::<Option<Time>>("deletion_due_at")?.map(|Time(at_us)| at_us),
    })
}

fn read_stored(row: Row<'_>) -> Result<Stored, RowError> {
    Ok(Stored {
        account: read_account(row)?,
        password_hash: Hashed { text: row.get("password_hash")?, formed: row.get("password_formed")? },
        password_version: row.get("password_version")?,
    })
}

/// Of the event of a registration.
pub const FIRST_SEQUENCE: u64 = 1;

/// The account of an address, with its password's hash.
pub async fn by_email(email: &EmailKey) -> Result<Option<Stored>, Error> {
    let statement = select_account!("u.email_key = ANY ($1)");
    let rows = sql::query(DATABASE, Identity::Service, statement, params![keys(email)]).await?;
    Ok(of_address(&rows, email)?)
}

/// The same in a transaction.
pub async fn find(tx: &Tx, email: &EmailKey) -> Result<Option<Stored>, Abort> {
    let rows = tx.query(select_account!("u.email_key = ANY ($1)"), params![keys(email)]).await?;
    Ok(of_address(&rows, email)?)
}

fn keys(email: &EmailKey) -> Vec<String> {
    email.former().into_iter().chain([email.as_str().to_owned()]).collect()
}

/// What an earlier build kept two addresses by is the key of the one that it was made for.
fn of_address(rows: &Rows, email: &EmailKey) -> Result<Option<Stored>, RowError> {
    let found = rows.map(read_stored)?;
    Ok(found.into_iter().find(|stored| email.former().is_none() || EmailKey::of(&stored.account.email) == *email))
}

/// The account of an id, as the service sees it.
pub async fn by_id(id: Uuid) -> Result<Option<Account>, Error> {
    let rows = sql::query(DATABASE, Identity::Service, select_account!("u.id = $1"), params![id]).await?;
    Ok(rows.first().map(read_account).transpose()?)
}

/// The same, with its password's hash.
pub async fn with_password(id: Uuid) -> Result<Option<Stored>, Error> {
    let rows = sql::query(DATABASE, Identity::Service, select_account!("u.id = $1"), params![id]).await?;
    Ok(rows.first().map(read_stored).transpose()?)
}

/// All accounts, oldest first.
pub async fn all() -> Result<Vec<Account>, Error> {
    let mut accounts: Vec<Account> = Vec::new();
    loop {
        let after = accounts.last().map_or(Uuid::nil(), |account| account.id);
        let statement = select_account!("u.id > $1 ORDER BY u.id LIMIT $2");
        let page = sql::query(DATABASE, Identity::Service, statement, params![after, PAGE_ROWS]).await?;
        let more = i64::try_from(page.len()) == Ok(PAGE_ROWS);
        accounts.extend(page.map(read_account)?);
        if !more {
            return Ok(accounts);
        }
    }
}

/// Adds the account with its roles; its event is the first of its sequence.
pub async fn insert(tx: &Tx, account: &Account, email: &EmailKey, password_hash: &str) -> Result<u64, Abort> {
    tx.execute(
        "INSERT INTO auth.users (id, email, email_key, password_hash, password_formed, display_name, timezone, created_at, updated_at, event_sequence)
         VALUES ($1, $2, $3, $4, true, $5, $6, $7, $7, $8)",
        params![
            account.id,
            &account.email,
            email.as_str(),
            password_hash,
            &account.display_name,
            &account.timezone,
            Time(account.created_at_us),
            FIRST_SEQUENCE
        ],
    )
    .await
    .map_err(|error| unless_taken(error, "email"))?;
    give_roles(tx, account.id, &account.roles).await?;
    Ok(FIRST_SEQUENCE)
}

/// The one answer to an address that another account has.
pub fn email_taken(field: &str) -> Error {
    conflict(field, Rule::Taken, "That e-mail address is already registered.")
}

fn unless_taken(error: sql::Error, field: &str) -> Abort {
    match sql::violated_constraint(&error) {
        Some(EMAIL_IS_UNIQUE) => Abort::Call(email_taken(field)),
        _ => Abort::Database(error),
    }
}

/// Gives a locked account another address, which is confirmed; returns the sequence of its event.
pub async fn set_email(tx: &Tx, account: &Account, key: &EmailKey, now_us: i64) -> Result<u64, Abort> {
    let statement = "UPDATE auth.users SET email = $2, email_key = $3, email_confirmed_at = $4, updated_at = $4,
            event_sequence = event_sequence + 1
        WHERE id = $1 RETURNING event_sequence";
    let rows = tx
        .query(statement, params![account.id, &account.email, key.as_str(), Time(now_us)])
        .await
        .map_err(|error| unless_taken(error, "newEmail"))?;
    let row = rows.first().ok_or_else(|| internal("an account that was locked cannot be updated"))?;
    Ok(row.get("event_sequence")?)
}

/// Publishes a change of what a locked account's user logs in by.
pub async fn note_change(tx: &Tx, context: &CallContext, change: CredentialsChanged) -> Result<(), Abort> {
    let sequence = next_sequence(tx, change.user_id).await?;
    publish(tx, context, &Payload::CredentialsChanged(change), sequence).await
}

/// Of the next event of a locked account.
pub async fn next_sequence(tx: &Tx, user_id: Uuid) -> Result<u64, Abort> {
    let statement = "UPDATE auth.users SET event_sequence = event_sequence + 1 WHERE id = $1 RETURNING event_sequence";
    let rows = tx.query(statement, params![user_id]).await?;
    let row = rows.first().ok_or_else(|| internal("an account that was locked cannot be updated"))?;
    Ok(row.get("event_sequence")?)
}

/// The account as it is now, locked until the transaction ends.
pub async fn lock(tx: &Tx, id: Uuid) -> Result<Option<Account>, Abort> {
    // Two statements: the second sees what others committed while the first waited for the lock.
    tx.query("SELECT id FROM auth.users WHERE id = $1 FOR UPDATE", params![id]).await?;
    read(tx, id).await
}

/// The account as it is now.
pub async fn read(tx: &Tx, id: Uuid) -> Result<Option<Account>, Abort> {
    Ok(read_whole(tx, id).await?.map(|stored| stored.account))
}

/// The same, with its password's hash.
pub async fn read_whole(tx: &Tx, id: Uuid) -> Result<Option<Stored>, Abort> {
    let rows = tx.query(select_account!("u.id = $1"), params![id]).await?;
    Ok(rows.first().map(read_stored).transpose()?)
}

/// Writes the name, the zone, the roles and whether the address is confirmed of a locked account; returns the sequence of its event.
pub async fn update(tx: &Tx, before: &Account, after: &Account, now_us: i64) -> Result<u64, Abort> {
    let taken: Vec<String> = before.roles.difference(&after.roles).map(|role| role.as_str().to_owned()).collect();
    if !taken.is_empty() {
        tx.execute("DELETE FROM auth.user_roles WHERE user_id = $1 AND role = ANY($2)", params![after.id, taken])
            .await?;
    }
    let given: Roles = after.roles.difference(&before.roles).copied().collect();
    if !given.is_empty() {
        give_roles(tx, after.id, &given).await?;
    }
    let rows = tx
        .query(
            "UPDATE auth.users SET display_name = $2, timezone = $3, updated_at = $4, event_sequence = event_sequence + 1,
                email_confirmed_at = CASE WHEN $5::boolean THEN coalesce(email_confirmed_at, $4) END,
                ai_consent = $6::boolean, ai_consent_at = $7::timestamptz
             WHERE id = $1 RETURNING event_sequence",
            params![
                after.id,
                &after.display_name,
                &after.timezone,
                Time(now_us),
                after.email_confirmed,
                after.ai_consent.map(|consent| consent.given),
                after.ai_consent.map(|consent| Time(consent.at_us)),
            ],
        )
        .await?;
    let row = rows.first().ok_or_else(|| internal("an account that was locked cannot be updated"))?;
    Ok(row.get("event_sequence")?)
}

/// Records a login; returns the sequence of its event, or `None` when the account no longer exists.
pub async fn note_login(tx: &Tx, id: Uuid, now_us: i64) -> Result<Option<u64>, Abort> {
    let rows = tx
        .query(
            "UPDATE auth.users SET last_login_at = $2, event_sequence = event_sequence + 1 WHERE id = $1 RETURNING event_sequence",
            params![id, Time(now_us)],
        )
        .await?;
    Ok(rows.first().map(|row| row.get("event_sequence")).transpose()?)
}

/// Replaces a password's hash by another of the same password, unless the password was changed meanwhile.
pub async fn rehash(tx: &Tx, id: Uuid, old: &str, new: &str) -> Result<(), Abort> {
    tx.execute(
        "UPDATE auth.users SET password_hash = $3, password_formed = true WHERE id = $1 AND password_hash = $2",
        params![id, old, new],
    )
    .await?;
    Ok(())
}

/// Puts another password in the place of one that was `version`, and publishes that. Not when it has been changed since.
pub async fn change_password(
    tx: &Tx,
    context: &CallContext,
    (id, version): (Uuid, i64),
    hash: &str,
    change: CredentialsChanged,
) -> Result<bool, Abort> {
    let changed = tx
        .query(
            "UPDATE auth.users SET password_hash = $3, password_formed = true, password_version = password_version + 1,
                updated_at = $4, event_sequence = event_sequence + 1
             WHERE id = $1 AND password_version = $2 RETURNING event_sequence",
            params![id, version, hash, change.at],
        )
        .await?;
    let Some(row) = changed.first() else { return Ok(false) };
    publish(tx, context, &Payload::CredentialsChanged(change), row.get("event_sequence")?).await?;
    Ok(true)
}

async fn give_roles(tx: &Tx, id: Uuid, roles: &Roles) -> Result<(), Abort> {
    let names: Vec<String> = roles.iter().map(|role| role.as_str().to_owned()).collect();
    tx.execute(
        "INSERT INTO auth.user_roles (user_id, role) SELECT $1::uuid, name FROM unnest($2::text[]) AS name ON CONFLICT DO NOTHING",
        params![id, names],
    )
    .await?;
    Ok(())
}

/// Publishes an event of the account in the transaction.
pub async fn publish(tx: &Tx, context: &CallContext, payload: &Payload, sequence: u64) -> Result<(), Abort> {
    tx.publish(event::of_call(context, payload, sequence)?).await?;
    Ok(())
}
