//! Accounts.

use crate::value::Time;
use serde::{Deserialize, Serialize};
use uuid::Uuid;

/// `UserRegistered` and `UserUpdated`: the whole account, so that a consumer needs no earlier event.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Account {
    pub user_id: Uuid,
    pub email: String,
    pub display_name: String,
    /// In words, so that a role of a later version does not spoil the event.
    pub roles: Vec<String>,
    /// IANA name.
    pub timezone: String,
    pub created_at: Time,
    /// Whether the address is known to be the user's. None in events from before addresses were confirmed: such accounts get mail.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub email_confirmed: Option<bool>,
    /// Whether services outside of the platform may read what the user writes. None until the user says it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub ai_consent: Option<bool>,
    /// When the user last said so.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub ai_consent_at: Option<Time>,
}

/// `AccountMailRequested`: a mail with a link that proves the address. It has neither the address nor the link, which the auth
/// service makes when the mail is sent: events are kept for good.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct AccountMailRequested {
    pub mail_id: Uuid,
    /// In words, so that one of a later version does not spoil the event: `confirmation`, `reset`, `change` or `changed`.
    pub mail: String,
    /// None where it is not known yet whether there is an account.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub user_id: Option<Uuid>,
}

/// `CredentialsChanged`: by what the user logs in. It has no secret.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct CredentialsChanged {
    pub user_id: Uuid,
    /// In words, so that one of a later version does not spoil the event: the constants below.
    pub change: String,
    /// Of the session in which it was done, where there is one.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub session_id: Option<Uuid>,
    pub at: Time,
}

impl CredentialsChanged {
    pub const PASSWORD_CHANGED: &str = "passwordChanged";
    /// By a link in a mail.
    pub const PASSWORD_RESET: &str = "passwordReset";
    pub const EMAIL_CHANGED: &str = "emailChanged";
    pub const SECOND_FACTOR_SET: &str = "secondFactorSet";
    pub const SECOND_FACTOR_REMOVED: &str = "secondFactorRemoved";
    pub const RECOVERY_CODES_REPLACED: &str = "recoveryCodesReplaced";
}

/// `UserLoggedIn`.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct LoggedIn {
    pub user_id: Uuid,
    pub session_id: Uuid,
    pub user_agent: Option<String>,
    pub at: Time,
}
