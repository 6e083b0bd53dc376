//! A password that is compared with an account's, under a lockout: wherever one is asked for, five wrong ones are the last for fifteen minutes.
//! A login's count for its address; those within a session count for the session, so that who knows an address cannot keep its user from
//! changing the password.

use super::account::no_such_user;
use crate::{
    password::{self, Attempt},
    services::hashing::PasswordMatch,
    settings::Settings,
    store::{
        accounts::{self, Stored},
        failures::Failures,
    },
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
/// `wrong` for any other password and when there is no hash, after the same work; `rate-limited` when the lockout has begun meanwhile.
pub async fn compare(
    context: &CallContext,
    failures: &Failures,
    attempt: &Attempt<'_>,
    settings: Settings,
    wrong: impl FnOnce() -> Error,
) -> Result<PasswordMatch, Error> {
    let verdict = password::verify(context, attempt, settings.bcrypt_cost).await?;
    if verdict == PasswordMatch::Wrong {
        return Err(failures.count(wrong()).await?);
    }
    // Again: others may have failed while this password was compared.
    if failures.check().await? > 0 {
        failures.forget().await?;
    }
    Ok(verdict)
}

/// The account of a session's user who has proven it again by the password, which came in this field.
///
/// # Errors
/// `invalid` for a wrong password, `rate-limited` after five of the session.
pub async fn again(
    context: &CallContext,
    (user_id, session_id): (Uuid, Uuid),
    field: &str,
    password: &str,
    settings: Settings,
) -> Result<Stored, Error> {
    let failures = Failures::of_session(session_id).await?;
    let failed_before = failures.check().await?;
    let stored = accounts::with_password(user_id).await?.ok_or_else(no_such_user)?;
    let attempt = Attempt { password, stored: Some(stored.password_hash.clone()), failed_before };
    let wrong = || invalid(field, Rule::Wrong, "This is not the password of the account.");
    compare(context, &failures, &attempt, settings, wrong).await?;
    Ok(stored)
}
