//! A second factor: how a user sets one up and takes it away, and the codes that a login asks for. Every code is good once, and how
//! many a user may try is limited, right or wrong.

use super::{
    credentials::changed,
    proof,
    session::{Authenticated, authenticate, unconfirmed},
};
use crate::{
    entropy,
    settings::Settings,
    store::{
        accounts::{self, DATABASE},
        kept, second_factors,
        sessions::Sessions,
    },
    totp::{self, Code, Device},
};
use mindflow_events::CredentialsChanged;
use mindflow_guest::{
    call::{CallContext, Error},
    clock,
    failure::{conflict, internal, invalid},
    rate_limits::{self, Holder},
    rules::Rule,
    sql::{self, Abort, Identity, Tx},
};
use uuid::Uuid;

/// The limit in the manifest.
const LIMIT: &str = "second-factor";
/// Of a code.
pub const WRONG: &str = "This code is not right, or it was used before.";

/// What a device is set up by.
pub struct Begun {
    pub secret: String,
    pub uri: String,
}

pub async fn begin(context: &CallContext, password: &str) -> Result<Begun, Error> {
    let Authenticated { caller, session_id, .. } = authenticate(context).await?;
    let settings = Settings::load().await.map_err(internal)?;
    let account = proof::again(context, (caller.user_id, session_id), "password", password, settings).await?.account;
    if !account.email_confirmed {
        // Who registered the address may be a stranger. With a second factor of theirs, its user could not log in after a reset of the
        // password.
        return Err(unconfirmed());
    }
    let secret = entropy::bytes::<{ totp::SECRET_BYTES }>().map_err(internal)?;
    let device = Device::new(&secret, &account.email).map_err(internal)?;
    let begun = Begun { secret: device.secret(), uri: device.uri().map_err(internal)? };
    let sealed = second_factors::seal(account.id, &secret).await?;
    if second_factors::begin(account.id, sealed, clock::now_us()).await? { Ok(begun) } else { Err(is_set()) }
}

/// A first code shows that the device has the secret. Sessions that were opened without it end, but for this one.
pub async fn confirm(context: &CallContext, code: &str) -> Result<Vec<String>, Error> {
    let Authenticated { caller, session_id, .. } = authenticate(context).await?;
    let user_id = caller.user_id;
    take(user_id).await?;
    let begun = || conflict("code", Rule::NotFound, "No second factor is being set up: begin with that.");
    let kept_secret = second_factors::of_user(user_id).await?.ok_or_else(begun)?;
    if kept_secret.confirmed {
        return Err(is_set());
    }
    let now_us = clock::now_us();
    let device = Device::new(&kept_secret.open(user_id).await?, &caller.email).map_err(internal)?;
    let step = match Code::of(code) {
        Code::Digits(digits) => device.step_of(&digits, now_us),
        Code::Recovery(_) => None,
    };
    let step = step.ok_or_else(wrong)?;
    let (codes, hashes) = recovery_codes(user_id)?;
    let sessions = Sessions::within_reach().await?;
    let change = changed(user_id, CredentialsChanged::SECOND_FACTOR_SET, Some(session_id), now_us);
    let ended = sql::transaction(DATABASE, &Identity::Service, async |tx| {
        if !second_factors::confirm(tx, user_id, &kept_secret, step, now_us).await? {
            return Err(Abort::Call(set_meanwhile()));
        }
        second_factors::replace_recovery_codes(tx, user_id, &hashes).await?;
        accounts::note_change(tx, context, change.clone()).await?;
        kept::end_others(tx, user_id, Some(session_id)).await
    })
    .await?;
    sessions.forget_others(user_id, Some(session_id), ended).await?;
    Ok(codes)
}

pub async fn disable(context: &CallContext, password: &str, code: &str) -> Result<(), Error> {
    let Authenticated { caller, session_id, .. } = authenticate(context).await?;
    prove_again(context, (caller.user_id, session_id), password, code).await?;
    let change = changed(caller.user_id, CredentialsChanged::SECOND_FACTOR_REMOVED, Some(session_id), clock::now_us());
    sql::transaction(DATABASE, &Identity::Service, async |tx| {
        lock(tx, caller.user_id).await?;
        second_factors::remove(tx, caller.user_id).await?;
        accounts::note_change(tx, context, change.clone()).await
    })
    .await
}

/// For a user who has lost the device and the recovery codes; the operator has the right by being at the command line. Answers whether
/// there was one.
pub async fn take_away(context: &CallContext, user_id: Uuid) -> Result<bool, Error> {
    let change = changed(user_id, CredentialsChanged::SECOND_FACTOR_REMOVED, None, clock::now_us());
    sql::transaction(DATABASE, &Identity::Service, async |tx| {
        let had_one = accounts::lock(tx, user_id).await?.is_some_and(|account| account.second_factor);
        second_factors::remove(tx, user_id).await?;
        if had_one {
            accounts::note_change(tx, context, change.clone()).await?;
        }
        Ok(had_one)
    })
    .await
}

pub async fn regenerate(context: &CallContext, password: &str, code: &str) -> Result<Vec<String>, Error> {
    let Authenticated { caller, session_id, .. } = authenticate(context).await?;
    prove_again(context, (caller.user_id, session_id), password, code).await?;
    let (codes, hashes) = recovery_codes(caller.user_id)?;
    let change =
        changed(caller.user_id, CredentialsChanged::RECOVERY_CODES_REPLACED, Some(session_id), clock::now_us());
    sql::transaction(DATABASE, &Identity::Service, async |tx| {
        lock(tx, caller.user_id).await?;
        second_factors::replace_recovery_codes(tx, caller.user_id, &hashes).await?;
        accounts::note_change(tx, context, change.clone()).await
    })
    .await?;
    Ok(codes)
}

/// Uses up a code of the user's device, or a recovery code.
///
/// # Errors
/// `wrong` for any other; `rate-limited` after too many.
pub async fn spend(user_id: Uuid, email: &str, code: &str, wrong: impl FnOnce() -> Error) -> Result<(), Error> {
    take(user_id).await?;
    let Some(kept_secret) = second_factors::of_user(user_id).await?.filter(|kept| kept.confirmed) else {
        return Err(wrong());
    };
    let spent = match Code::of(code) {
        Code::Digits(digits) => {
            let device = Device::new(&kept_secret.open(user_id).await?, email).map_err(internal)?;
            match device.step_of(&digits, clock::now_us()) {
                Some(step) => second_factors::spend_step(user_id, step).await?,
                None => false,
            }
        }
        Code::Recovery(code) => {
            second_factors::spend_recovery_code(user_id, totp::recovery_hash(user_id, &code)).await?
        }
    };
    if spent { Ok(()) } else { Err(wrong()) }
}

/// The password and a code, for what would make the account weaker.
async fn prove_again(
    context: &CallContext,
    (user_id, session_id): (Uuid, Uuid),
    password: &str,
    code: &str,
) -> Result<(), Error> {
    let settings = Settings::load().await.map_err(internal)?;
    let account = proof::again(context, (user_id, session_id), "password", password, settings).await?.account;
    if !account.second_factor {
        return Err(is_none());
    }
    spend(user_id, &account.email, code, wrong).await
}

/// Changes of a second factor that there is, one after the other: of two that replace the recovery codes, both sets would be good.
async fn lock(tx: &Tx, user_id: Uuid) -> Result<(), Abort> {
    let has_one = accounts::lock(tx, user_id).await?.is_some_and(|account| account.second_factor);
    if has_one { Ok(()) } else { Err(Abort::Call(is_none())) }
}

/// As they are shown, and as they are stored.
fn recovery_codes(user_id: Uuid) -> Result<(Vec<String>, Vec<[u8; 32]>), Error> {
    let mut codes = Vec::new();
    let mut hashes = Vec::new();
    while codes.len() < totp::RECOVERY_CODES {
        let shown = totp::recovery_code(entropy::bytes().map_err(internal)?);
        if let Code::Recovery(code) = Code::of(&shown) {
            hashes.push(totp::recovery_hash(user_id, &code));
            codes.push(shown);
        }
    }
    Ok((codes, hashes))
}

async fn take(user_id: Uuid) -> Result<(), Error> {
    rate_limits::take(LIMIT, Holder::Named(user_id.to_string()), 1).await.map(drop)
}

fn wrong() -> Error {
    invalid("code", Rule::Wrong, WRONG)
}

fn set_meanwhile() -> Error {
    conflict("code", Rule::Taken, "Another request has set a second factor up or begun with that: begin again.")
}

fn is_none() -> Error {
    conflict("code", Rule::NotFound, "The account has no second factor.")
}

fn is_set() -> Error {
    conflict("secondFactor", Rule::Taken, "The account has a second factor already: remove it first.")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn ten_recovery_codes_are_made_each_with_the_hash_by_which_it_is_found() {
        let user_id = Uuid::from_u128(1);
        let (codes, hashes) = recovery_codes(user_id).unwrap();
        assert_eq!((codes.len(), hashes.len()), (10, 10));
        for (shown, hash) in codes.iter().zip(&hashes) {
            let Code::Recovery(code) = Code::of(shown) else { panic!("{shown}") };
            assert_eq!(totp::recovery_hash(user_id, &code), *hash);
        }
    }
}
