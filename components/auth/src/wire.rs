//! Conversions between the service's types and those of its WIT interface. WIT types are used only here.

use crate::{
    account::Account,
    bindings::exports::mindflow::auth::{account_mails as mails, accounts as wit, erasures},
    challenge,
    flow::{
        account::Changed,
        erasure::{Deletion, Receipt},
        grant::Issued,
        login,
        mails::Prepared,
        register,
        second_factor::Begun,
        session::{Authenticated, Listed, Proven},
    },
    role::{Role, Roles},
    store::mails::Kind,
};

pub fn mail(prepared: Prepared) -> mails::Mail {
    let kind = match prepared.kind {
        Kind::Confirmation => mails::Kind::Confirmation,
        Kind::Reset => mails::Kind::Reset,
        Kind::Change => mails::Kind::Change,
        Kind::Changed => mails::Kind::Changed,
        Kind::Deletion => mails::Kind::Deletion,
    };
    let deletion = prepared.deletion.map(|deletion| (deletion.due_at_us, deletion.erasure_id.to_string()));
    mails::Mail { kind, to: prepared.to, token: prepared.token, deletion }
}

pub fn registration(registration: wit::Registration) -> register::Request {
    register::Request {
        email: registration.email,
        password: registration.password,
        display_name: registration.display_name,
        timezone: registration.timezone,
        user_agent: registration.user_agent,
    }
}

pub fn login(attempt: wit::LoginAttempt) -> login::Request {
    login::Request { email: attempt.email, password: attempt.password, user_agent: attempt.user_agent }
}

pub fn grant(issued: Issued) -> wit::Grant {
    wit::Grant {
        access_token: issued.access_token,
        expires_in_s: issued.access_token_s,
        refresh_token: issued.refresh_token.to_string(),
        refresh_expires_in_s: issued.refresh_token_s,
        user: user(issued.account),
    }
}

pub fn outcome(outcome: login::Outcome) -> wit::LoginOutcome {
    match outcome {
        login::Outcome::Granted(issued) => wit::LoginOutcome::Granted(grant(*issued)),
        login::Outcome::Challenged(token) => {
            wit::LoginOutcome::SecondFactor(wit::Challenge { token, expires_in_s: challenge::LIFETIME_S })
        }
    }
}

pub fn totp_secret(begun: Begun) -> wit::TotpSecret {
    wit::TotpSecret { secret: begun.secret, uri: begun.uri }
}

pub fn user(account: Account) -> wit::User {
    wit::User {
        id: account.id.to_string(),
        email: account.email,
        display_name: account.display_name,
        roles: roles(&account.roles),
        timezone: account.timezone,
        created_at: account.created_at_us,
        email_confirmed: account.email_confirmed,
        second_factor: account.second_factor,
        ai_consent: account.ai_consent.map(|consent| wit::Consent { given: consent.given, at: consent.at_us }),
        deletion_due_at: account.deletion_due_at_us,
    }
}

pub fn deletion(deletion: Deletion) -> erasures::Deletion {
    erasures::Deletion { erasure_id: deletion.erasure_id.to_string(), due_at: deletion.due_at_us }
}

pub fn receipt(receipt: Receipt) -> erasures::Receipt {
    let Receipt { erasure, erased, waiting, signed } = receipt;
    let erased = erased.into_iter().map(|erased| erasures::Erased {
        service: erased.service,
        store: erased.store,
        count: erased.count,
    });
    erasures::Receipt {
        id: erasure.id.to_string(),
        user_id: erasure.user_id.to_string(),
        entry_id: erasure.entry_id.map(|id| id.to_string()),
        requested_at: erasure.requested_at_us,
        due_at: erasure.due_at_us,
        keys_destroyed_at: erasure.keys_destroyed_at_us,
        completed_at: erasure.completed_at_us,
        erased: erased.collect(),
        waiting,
        signed,
    }
}

pub fn caller(authenticated: Authenticated) -> wit::Caller {
    let caller = authenticated.caller;
    wit::Caller {
        user_id: caller.user_id.to_string(),
        roles: roles(&authenticated.roles),
        email: authenticated.email,
        timezone: authenticated.timezone,
        session_id: authenticated.session_id.to_string(),
        expires_at: caller.exp.saturating_mul(1_000_000),
    }
}

pub fn proof(proven: Proven) -> wit::Proof {
    let mut authenticated = proven.authenticated;
    let written = authenticated.written.take();
    let written = written.map(|written| wit::Written { marks: written.marks, until: written.until_us });
    wit::Proof { caller: caller(authenticated), token: proven.token, written }
}

pub fn changed(changed: Changed) -> wit::ChangedUser {
    wit::ChangedUser { user: user(changed.account), mark: changed.mark }
}

pub fn session(listed: Listed) -> wit::Session {
    wit::Session {
        id: listed.id.to_string(),
        created_at: listed.session.created_at,
        last_used_at: listed.session.last_used_at,
        user_agent: listed.session.user_agent,
        current: listed.is_current,
    }
}

pub fn role(role: wit::Role) -> Role {
    match role {
        wit::Role::User => Role::User,
        wit::Role::Premium => Role::Premium,
        wit::Role::Admin => Role::Admin,
    }
}

fn roles(roles: &Roles) -> Vec<wit::Role> {
    let to_wit = |role: &Role| match role {
        Role::User => wit::Role::User,
        Role::Premium => wit::Role::Premium,
        Role::Admin => wit::Role::Admin,
    };
    roles.iter().map(to_wit).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_role_keeps_its_meaning_across_the_interface() {
        let all = Roles::from([Role::User, Role::Premium, Role::Admin]);
        assert_eq!(roles(&all).into_iter().map(role).collect::<Roles>(), all);
    }
}
