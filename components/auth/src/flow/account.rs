//! Changes to an account: one's own profile, and by admins the roles of anybody. Each commits with the
//! event that carries the account as it is then; a change to what already is writes nothing. A change of roles or of the time
//! zone holds for the user's sessions when it is answered: they are renewed after the commit, also when nothing was changed,
//! so that a change that failed half-way is complete when it is asked for again.

use super::session::{Authenticated, authenticate};
use crate::{
    account::{Account, Consent},
    role::{self, Role, Roles},
    store::{
        accounts::{self, DATABASE},
        sessions::Sessions,
    },
    validation,
};
use mindflow_events::Payload;
use mindflow_guest::{
    call::{CallContext, Error},
    clock,
    failure::conflict,
    id,
    journal::Mark,
    rules::Rule,
    sql::{self, Abort, Identity, Tx},
};
use uuid::Uuid;

/// An account as it is after a change.
pub struct Changed {
    pub account: Account,
    /// The event; none when nothing was to be changed.
    pub mark: Option<Mark>,
}

pub async fn update_profile(
    context: &CallContext,
    display_name: Option<&str>,
    timezone: Option<&str>,
    ai_consent: Option<bool>,
) -> Result<Changed, Error> {
    let Authenticated { caller, sessions, .. } = authenticate(context).await?;
    let edit = validation::profile(display_name, timezone).map_err(Error::Invalid)?;
    let now_us = clock::now_us();
    let changed = sql::transaction(DATABASE, &caller.identity(), async |tx| {
        change(tx, context, caller.user_id, |account| {
            let mut next = account.clone();
            if let Some(given) = ai_consent {
                next.ai_consent = Consent::said(account.ai_consent, given, now_us);
            }
            next.display_name = edit.display_name.clone().unwrap_or(next.display_name);
            next.timezone = edit.timezone.map_or(next.timezone, str::to_owned);
            next
        })
        .await
    })
    .await?;
    if edit.timezone.is_some() {
        // From the next request on, days are those of the new zone.
        sessions.renew(caller.user_id).await?;
    }
    note(&sessions, &[caller.user_id], &changed).await;
    Ok(changed)
}

/// The caller's account.
pub async fn own(context: &CallContext) -> Result<Account, Error> {
    let Authenticated { caller, .. } = authenticate(context).await?;
    of(caller.user_id).await
}

/// An account that there must be.
pub async fn of(user_id: Uuid) -> Result<Account, Error> {
    accounts::by_id(user_id).await?.ok_or_else(no_such_user)
}

/// Has reads of these users wait until the views have the change. Without the store they may show what was before; the change is
/// not affected.
pub async fn note(sessions: &Sessions, users: &[Uuid], changed: &Changed) {
    let Some(mark) = &changed.mark else { return };
    for user in users {
        if let Err(error) = sessions.note_written(*user, std::slice::from_ref(mark)).await {
            eprintln!("warn a change of an account was not noted for its readers: {error:?}");
        }
    }
}

pub async fn set_roles(
    context: &CallContext,
    user_id: &str,
    roles: impl IntoIterator<Item = Role>,
) -> Result<Changed, Error> {
    let Authenticated { caller, roles: own, .. } = authenticate(context).await?;
    if !own.contains(&Role::Admin) {
        return Err(admins_only());
    }
    let user_id = id::parse(user_id.trim()).ok_or_else(no_such_user)?;
    let roles = role::with_user(roles);
    if locks_oneself_out(caller.user_id, user_id, &roles) {
        let text = "You cannot take the admin role from yourself. Ask another admin to do it.";
        return Err(conflict("roles", Rule::Locked, text));
    }
    let sessions = Sessions::within_reach().await?;
    let changed = sql::transaction(DATABASE, &caller.identity(), async |tx| {
        // The session is a copy of the account as it was.
        let is_admin =
            accounts::read(tx, caller.user_id).await?.is_some_and(|account| account.roles.contains(&Role::Admin));
        if !is_admin {
            return Err(Abort::Call(admins_only()));
        }
        change(tx, context, user_id, |account| Account { roles: roles.clone(), ..account.clone() }).await
    })
    .await?;
    sessions.renew(user_id).await?;
    // The administrator reads it, and so does the user.
    note(&sessions, &[caller.user_id, user_id], &changed).await;
    Ok(changed)
}

/// For the operator, who has the right by being at the command line.
pub async fn change_roles(
    context: &CallContext,
    user_id: Uuid,
    next: impl Fn(&Roles) -> Roles,
) -> Result<Account, Error> {
    let sessions = Sessions::within_reach().await?;
    let changed = sql::transaction(DATABASE, &Identity::Service, async |tx| {
        change(tx, context, user_id, |account| Account { roles: next(&account.roles), ..account.clone() }).await
    })
    .await?;
    sessions.renew(user_id).await?;
    note(&sessions, &[user_id], &changed).await;
    Ok(changed.account)
}

/// Locks the account, makes of it what `next` says, and publishes that when it is something else than before.
pub async fn change(
    tx: &Tx,
    context: &CallContext,
    id: Uuid,
    next: impl Fn(&Account) -> Account,
) -> Result<Changed, Abort> {
    let before = accounts::lock(tx, id).await?.ok_or_else(no_such_user)?;
    let after = next(&before);
    let mut mark = None;
    if after != before {
        let sequence = accounts::update(tx, &before, &after, clock::now_us()).await?;
        accounts::publish(tx, context, &Payload::UserUpdated(after.in_events()), sequence).await?;
        mark = Some(Mark::user(id, sequence));
    }
    Ok(Changed { account: after, mark })
}

/// Without this an admin's slip could leave the platform without any.
fn locks_oneself_out(caller: Uuid, target: Uuid, roles: &Roles) -> bool {
    caller == target && !roles.contains(&Role::Admin)
}

fn admins_only() -> Error {
    Error::Forbidden("Only an admin may change roles.".into())
}

pub fn no_such_user() -> Error {
    Error::NotFound("There is no such user.".into())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_admin_cannot_take_the_admin_role_from_themselves() {
        let (admin, other) = (Uuid::from_u128(1), Uuid::from_u128(2));
        let without = Roles::from([Role::User, Role::Premium]);
        assert!(locks_oneself_out(admin, admin, &without));
        assert!(!locks_oneself_out(admin, other, &without));
        assert!(!locks_oneself_out(admin, admin, &Roles::from([Role::User, Role::Admin])));
    }
}
