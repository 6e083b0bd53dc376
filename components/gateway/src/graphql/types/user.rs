//! Users as clients see them.

use super::scalars::DateTime;
use super::storage::Storage;
use crate::graphql::scope::{self, SharedScope};
use crate::services::{accounts, reads};
use crate::settings;
use async_graphql::{ComplexObject, Context, Enum, ID, Result, SimpleObject};
use mindflow_guest::call::Error;

/// What a user may do.
#[derive(Enum, Copy, Clone, Debug, PartialEq, Eq)]
#[graphql(remote = "crate::services::accounts::Role")]
pub enum Role {
    /// Keeps a journal; every account has this role.
    User,
    /// Writes without a monthly limit and gets AI insights.
    Premium,
    /// Manages accounts and sees the platform's figures, not other users' entries.
    Admin,
}

/// An account.
#[derive(SimpleObject)]
#[graphql(complex)]
pub struct User {
    /// A UUID.
    #[graphql(owned)]
    pub id: ID,
    /// The address that the user logs in with.
    email: String,
    /// How the user wants to be called.
    display_name: String,
    /// All roles, `USER` among them.
    roles: Vec<Role>,
    /// When the account was made.
    created_at: DateTime,
    /// IANA name, such as `Europe/Berlin`.
    timezone: String,
    #[graphql(skip)]
    known_quota: Option<reads::Quota>,
    /// As the auth service answered it.
    #[graphql(skip)]
    known_account: Option<accounts::User>,
}

/// How many new entries a calendar month (UTC) has room for.
#[derive(SimpleObject)]
pub struct Quota {
    /// Null: without a limit.
    limit: Option<u32>,
    /// New entries this month.
    used: u32,
    /// When the next month begins; null without a limit.
    resets_at: Option<DateTime>,
}

impl From<reads::Quota> for Quota {
    fn from(quota: reads::Quota) -> Self {
        Self { limit: quota.limit, used: quota.used, resets_at: quota.resets_at.map(DateTime) }
    }
}

#[ComplexObject]
impl User {
    /// How much room this month has for new entries.
    /// Null, with an error, when it cannot be read; the account is there.
    async fn quota(&self, ctx: &Context<'_>) -> Result<Option<Quota>> {
        if let Some(quota) = &self.known_quota {
            return Ok(Some((*quota).into()));
        }
        let (id, email) = (self.id.to_string(), self.email.clone());
        let quota = scope::with(ctx, |scope| read_quota(scope, id, email)).await?;
        Ok(Some(quota.into()))
    }

    /// How much is kept for the user, and how much may be. Null of other users, and, with an error, when it cannot be read.
    async fn storage(&self, ctx: &Context<'_>) -> Result<Option<Storage>> {
        let id = self.id.to_string();
        let own = |scope: SharedScope| async move { Ok(scope.viewer.caller().await?.user_id == id) };
        Ok(scope::with(ctx, own).await?.then_some(Storage))
    }

    /// Whether services outside of the platform (Claude, and one that embeds texts) may read what the user writes, private entries
    /// excepted: as the user last said with `updateProfile(aiConsent:)`, and before that as the platform is set up. Without it the platform's
    /// own analyser reads them. Null of other users, and, with an error, when it cannot be read.
    async fn ai_consent(&self, ctx: &Context<'_>) -> Result<Option<bool>> {
        let Some(account) = self.own_account(ctx).await? else { return Ok(None) };
        match account.ai_consent {
            Some(said) => Ok(Some(said.given)),
            None => scope::with(ctx, |_| is_assumed()).await.map(Some),
        }
    }

    /// When the user last said whether they may; null until then: a client that asks does so now. Null of other users, and, with an
    /// error, when it cannot be read.
    async fn ai_consent_at(&self, ctx: &Context<'_>) -> Result<Option<DateTime>> {
        let said = self.own_account(ctx).await?.and_then(|account| account.ai_consent);
        Ok(said.map(|said| DateTime(said.at)))
    }

    /// Whether the address is known to be the user's. Until it is, no other mail is sent there than the one that confirms it. Null of other
    /// users, and, with an error, when it cannot be read.
    async fn email_confirmed(&self, ctx: &Context<'_>) -> Result<Option<bool>> {
        Ok(self.own_account(ctx).await?.map(|account| account.email_confirmed))
    }

    /// Whether a login asks for a code as well. Null of other users, and, with an error, when it cannot be read.
    async fn second_factor(&self, ctx: &Context<'_>) -> Result<Option<bool>> {
        Ok(self.own_account(ctx).await?.map(|account| account.second_factor))
    }

    /// When the account goes, with all that is the user's; null while the user has not asked for that with `deleteAccount`, and after
    /// `cancelAccountDeletion`. Null of other users, and, with an error, when it cannot be read.
    async fn deletion_due_at(&self, ctx: &Context<'_>) -> Result<Option<DateTime>> {
        Ok(self.own_account(ctx).await?.and_then(|account| account.deletion_due_at).map(DateTime))
    }
}

impl User {
    /// The account as the auth service has it; `None` of other users.
    async fn own_account(&self, ctx: &Context<'_>) -> Result<Option<accounts::User>> {
        let (id, known) = (self.id.to_string(), self.known_account.clone());
        scope::with(ctx, |scope| async move {
            if scope.viewer.caller().await?.user_id != id {
                return Ok(None);
            }
            match known {
                Some(account) => Ok(Some(account)),
                None => scope.account.load(()).await.map(Some),
            }
        })
        .await
    }
}

/// What holds of users who have not said it.
async fn is_assumed() -> Result<bool, Error> {
    settings::load().await.ai_consent_assumed.clone().map_err(Error::Internal)
}

/// Of an account that the auth service answered, which knows nothing of entries. The roles decide on the limit: those of an account
/// that was just changed are waited for.
async fn read_quota(scope: SharedScope, id: String, email: String) -> Result<reads::Quota, Error> {
    if scope.viewer.caller().await?.user_id == id {
        return Ok(scope.profile().await?.quota);
    }
    let page = reads::PageRequest { first: 100, after: None };
    scope.viewer.await_views().await;
    let found = reads::users(scope.viewer.context(), Some(email), page).await?;
    let profile = found.edges.into_iter().map(|edge| edge.node).find(|profile| profile.id == id);
    profile
        .map(|profile| profile.quota)
        .ok_or_else(|| Error::NotFound("The user's figures are not there yet.".to_owned()))
}

impl From<reads::Profile> for User {
    fn from(profile: reads::Profile) -> Self {
        Self {
            id: profile.id.into(),
            email: profile.email,
            display_name: profile.display_name,
            roles: profile.roles.into_iter().map(|role| accounts::Role::from(role).into()).collect(),
            created_at: DateTime(profile.created_at),
            timezone: profile.timezone,
            known_quota: Some(profile.quota),
            known_account: None,
        }
    }
}

impl From<accounts::User> for User {
    fn from(user: accounts::User) -> Self {
        let known_account = Some(user.clone());
        Self {
            id: user.id.into(),
            email: user.email,
            display_name: user.display_name,
            roles: user.roles.into_iter().map(Into::into).collect(),
            created_at: DateTime(user.created_at),
            timezone: user.timezone,
            known_quota: None,
            known_account,
        }
    }
}
