//! The operator's command `users`: who there is, who may do what, and help for a user whose account is in other hands. The first
//! admin is made here.

use super::{account, second_factor, session};
use crate::{
    account::Account,
    role::{self, Role},
    store::accounts,
    validation::EmailKey,
};
use mindflow_guest::{
    call::{CallContext, Credential, Error},
    clock, id,
};
use serde::Serialize;

const COMMAND: &str = "users";
const USAGE: &str = "users list | users grant EMAIL ROLE | users revoke EMAIL ROLE | users end-sessions EMAIL | users remove-second-factor EMAIL";

/// One account as the command line shows it.
#[derive(Debug, Serialize)]
#[serde(rename_all = "camelCase")]
struct Shown {
    id: uuid::Uuid,
    email: String,
    display_name: String,
    roles: role::Roles,
    created_at: String,
}

impl From<Account> for Shown {
    fn from(account: Account) -> Self {
        Self {
            id: account.id,
            email: account.email,
            display_name: account.display_name,
            roles: account.roles,
            created_at: clock::rfc3339(account.created_at_us),
        }
    }
}

/// An account whose sessions have ended.
#[derive(Debug, Serialize)]
#[serde(rename_all = "camelCase")]
struct SignedOut {
    id: uuid::Uuid,
    email: String,
    /// How many there were.
    ended_sessions: u32,
}

/// An account without a second factor.
#[derive(Debug, Serialize)]
#[serde(rename_all = "camelCase")]
struct Simplified {
    id: uuid::Uuid,
    email: String,
    /// Whether it had one.
    removed: bool,
}

/// What the operator asks for.
#[derive(Debug, Clone, PartialEq, Eq)]
enum Request {
    List,
    Grant { email: String, role: Role },
    Revoke { email: String, role: Role },
    EndSessions { email: String },
    RemoveSecondFactor { email: String },
}

/// A request that cannot be carried out; the text is the one line that the operator sees.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
enum Refusal {
    #[error("auth has no command `{0}`; it has: {USAGE}")]
    Command(String),
    #[error("usage: {USAGE}")]
    Arguments,
    #[error("there is no role `{0}`; roles are {names}", names = role::NAMES)]
    Role(String),
    #[error("the role `user` cannot be revoked: every account has it; premium and admin can")]
    RoleOfAll,
    #[error("no account has the e-mail address {0}; `users list` shows all accounts")]
    Email(String),
    #[error("{0}")]
    Failed(String),
}

impl From<Error> for Refusal {
    fn from(error: Error) -> Self {
        let text = match error {
            Error::Invalid(fields) => fields
                .into_iter()
                .map(|field| format!("{}: {}", field.field, field.message))
                .collect::<Vec<_>>()
                .join(" "),
            Error::Conflict(broken) => broken.message,
            Error::RateLimited(throttled) => throttled.message,
            Error::QuotaExceeded(full) => full.message,
            Error::Unavailable(text) => format!("unavailable: {text}"),
            Error::Unauthenticated(text)
            | Error::Forbidden(text)
            | Error::NotFound(text)
            | Error::TooCostly(text)
            | Error::Internal(text) => text,
        };
        Self::Failed(one_line(&text))
    }
}

/// Executes a command of the operator; answers JSON.
///
/// # Errors
/// One line that says what is wrong.
pub async fn run(command: &str, arguments: &[String]) -> Result<String, String> {
    execute(command, arguments).await.map_err(|refusal| refusal.to_string())
}

async fn execute(command: &str, arguments: &[String]) -> Result<String, Refusal> {
    let answer = match parse(command, arguments)? {
        Request::List => {
            let accounts: Vec<Shown> = accounts::all().await?.into_iter().map(Shown::from).collect();
            serde_json::to_string(&accounts)
        }
        Request::Grant { email, role } => {
            let account = change(&email, |roles| roles.iter().copied().chain([role]).collect()).await?;
            serde_json::to_string(&Shown::from(account))
        }
        Request::Revoke { email, role } => {
            let account = change(&email, |roles| roles.iter().copied().filter(|held| *held != role).collect()).await?;
            serde_json::to_string(&Shown::from(account))
        }
        Request::RemoveSecondFactor { email } => {
            let Account { id, email, .. } = found(&email).await?;
            let removed = second_factor::take_away(&call(), id).await?;
            serde_json::to_string(&Simplified { id, email, removed })
        }
        Request::EndSessions { email } => {
            let Account { id, email, .. } = found(&email).await?;
            serde_json::to_string(&SignedOut { id, email, ended_sessions: session::end_all(id).await? })
        }
    };
    answer.map_err(|error| Refusal::Failed(error.to_string()))
}

async fn change(email: &str, next: impl Fn(&role::Roles) -> role::Roles) -> Result<Account, Refusal> {
    let id = found(email).await?.id;
    Ok(account::change_roles(&call(), id, next).await?)
}

/// What follows from the command has an id of its own.
fn call() -> CallContext {
    CallContext {
        credential: Credential::Anonymous,
        correlation_id: format!("operator-{}", id::random()),
        traceparent: None,
        deadline_ms: None,
    }
}

async fn found(email: &str) -> Result<Account, Refusal> {
    let found = accounts::by_email(&EmailKey::of(email)).await?;
    found.map(|stored| stored.account).ok_or_else(|| Refusal::Email(one_line(email)))
}

fn parse(command: &str, arguments: &[String]) -> Result<Request, Refusal> {
    if command != COMMAND {
        return Err(Refusal::Command(one_line(command)));
    }
    let words: Vec<&str> = arguments.iter().map(String::as_str).collect();
    match words.as_slice() {
        ["list"] => Ok(Request::List),
        ["grant", email, role] => Ok(Request::Grant { email: address(email)?, role: parse_role(role)? }),
        ["revoke", email, role] => match parse_role(role)? {
            Role::User => Err(Refusal::RoleOfAll),
            role => Ok(Request::Revoke { email: address(email)?, role }),
        },
        ["end-sessions", email] => Ok(Request::EndSessions { email: address(email)? }),
        ["remove-second-factor", email] => Ok(Request::RemoveSecondFactor { email: address(email)? }),
        _ => Err(Refusal::Arguments),
    }
}

fn parse_role(name: &str) -> Result<Role, Refusal> {
    Role::parse(name).ok_or_else(|| Refusal::Role(one_line(name)))
}

/// An account's address; text that cannot be one is no account's.
fn address(text: &str) -> Result<String, Refusal> {
    if crate::validation::is_email(text) { Ok(text.to_owned()) } else { Err(Refusal::Email(one_line(text))) }
}

fn one_line(text: &str) -> String {
    text.chars().map(|char| if char.is_control() { ' ' } else { char }).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn parsed(words: &[&str]) -> Result<Request, String> {
        let words: Vec<String> = words.iter().map(|word| (*word).to_owned()).collect();
        parse("users", &words).map_err(|refusal| refusal.to_string())
    }

    #[test]
    fn the_operators_words_are_understood() {
        assert_eq!(parsed(&["list"]), Ok(Request::List));
        assert_eq!(
            parsed(&["grant", "ann@example.org", "premium"]),
            Ok(Request::Grant { email: "ann@example.org".into(), role: Role::Premium })
        );
        assert_eq!(
            parsed(&["revoke", "ann@example.org", "ADMIN"]),
            Ok(Request::Revoke { email: "ann@example.org".into(), role: Role::Admin })
        );
        let ended = Request::EndSessions { email: "ann@example.org".into() };
        assert_eq!(parsed(&["end-sessions", "ann@example.org"]), Ok(ended));
        let removed = Request::RemoveSecondFactor { email: "ann@example.org".into() };
        assert_eq!(parsed(&["remove-second-factor", "ann@example.org"]), Ok(removed));
    }

    #[test]
    fn an_unknown_role_is_answered_with_those_that_there_are() {
        let error = parsed(&["grant", "ann@example.org", "owner"]).unwrap_err();
        assert_eq!(error, "there is no role `owner`; roles are user, premium, admin");
    }

    #[test]
    fn the_role_of_all_accounts_cannot_be_revoked() {
        assert!(parsed(&["revoke", "ann@example.org", "user"]).unwrap_err().contains("cannot be revoked"));
    }

    #[test]
    fn words_in_another_order_are_answered_with_the_usage() {
        for words in [
            &[][..],
            &["grant"],
            &["grant", "ann@example.org"],
            &["list", "all"],
            &["end-sessions"],
            &["make", "ann@example.org", "admin"],
        ] {
            assert_eq!(parsed(words).unwrap_err(), format!("usage: {USAGE}"));
        }
        assert!(parse("journals", &[]).unwrap_err().to_string().contains("auth has no command `journals`"));
    }

    #[test]
    fn a_refusal_is_one_line() {
        assert!(!parsed(&["grant", "ann\n@x", "admin"]).unwrap_err().contains('\n'));
        assert!(!Refusal::from(Error::Internal("a\nb".into())).to_string().contains('\n'));
    }

    #[test]
    fn an_account_is_shown_with_what_the_command_line_promises() {
        let shown = Shown::from(Account {
            id: uuid::Uuid::from_u128(1),
            email: "ann@example.org".into(),
            display_name: "Ann".into(),
            roles: role::Roles::from([Role::User]),
            timezone: "UTC".into(),
            created_at_us: 0,
            email_confirmed: true,
            second_factor: false,
            ai_consent: None,
            deletion_due_at_us: None,
        });
        assert_eq!(
            serde_json::to_string(&shown).unwrap(),
            r#"{"id":"00000000-0000-0000-0000-000000000001","email":"ann@example.org","displayName":"Ann","roles":["user"],"createdAt":"1970-01-01T00:00:00.000000Z"}"#
        );
    }
}
