//! A password that is compared with an account's, under the lockout of its address: wherever one is asked for, wrong ones count as
//! failed logins, so that no other way is open to guesses.

use super::account::no_such_user;
use crate::{
    password,
    services::hashing::PasswordMatch,
    settings::Settings,
    store::{
        accounts::{self, Stored},
        failures::Failures,
    },
    validation::EmailKey,
};
use mindflow_guest::{
    call::{CallContext, Error},
    failure::invalid,
    rules::Rule,
};
use uuid::Uuid;

/// Whether the password is that of the hash: `Right` or `Outdated`.
///
/// # Errors
/// `wrong` for any other password and when there is no hash, after the same work; `rate-limited` when the account is locked.
pub async fn compare(
    context: &CallContext,
    failures: &Failures,
    password: &str,
    hash: Option<String>,
    settings: Settings,
    wrong: impl FnOnce() -> Error,
) -> Result<PasswordMatch, Error> {
    let verdict = password::verify(context, password, hash, settings.bcrypt_cost).await?;
    if verdict == PasswordMatch::Wrong {
        return Err(failures.count(wrong()).await?);
    }
    // Again: others may have failed while this password was compared.
    if failures.check().await? {
        failures.forget().await?;
    }
    Ok(verdict)
}

/// The account of a user who has proven it again by the password, which came in this field.
///
/// # Errors
/// `invalid` for a wrong password, `rate-limited` when the account is locked.
pub async fn again(
    context: &CallContext,
    user_id: Uuid,
    field: &str,
    password: &str,
    settings: Settings,
) -> Result<Stored, Error> {
    let stored = accounts::with_password(user_id).await?.ok_or_else(no_such_user)?;
    let failures = Failures::of(&EmailKey::of(&stored.account.email)).await?;
    failures.check().await?;
    let wrong = || invalid(field, Rule::Wrong, "This is not the password of the account.");
    compare(context, &failures, password, Some(stored.password_hash.clone()), settings, wrong).await?;
    Ok(stored)
}
