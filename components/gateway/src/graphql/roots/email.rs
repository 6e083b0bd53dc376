//! The address of an account: whether it is the user's, and another one.

use crate::graphql::scope;
use crate::rate;
use crate::services::accounts;
use async_graphql::{Context, Object, Result};

/// Its changes.
#[derive(Default)]
pub struct EmailWrites;

#[Object]
impl EmailWrites {
    /// Mails a link to the user's address that confirms it, good for 24 hours. The link opens a page of this platform; an application can
    /// take the token at its end instead (`confirmEmail`). Sends nothing when the address is confirmed already.
    /// Null, with an error, when it was not done; what was done before it stays so.
    async fn request_email_confirmation(&self, ctx: &Context<'_>) -> Result<Option<bool>> {
        scope::with(ctx, |scope| async move {
            let context = scope.viewer.presented()?;
            rate::of_account_mail(&scope.viewer).await?;
            accounts::request_email_confirmation(context).await
        })
        .await?;
        Ok(Some(true))
    }

    /// Confirms an address by the token of the mailed link. No login is needed. `NOT_FOUND` for a token that is not good any more.
    /// Null, with an error, when it was not done; what was done before it stays so.
    async fn confirm_email(
        &self,
        ctx: &Context<'_>,
        #[graphql(desc = "The end of the link.")] token: String,
    ) -> Result<Option<bool>> {
        scope::with(ctx, |scope| async move {
            let confirmed = accounts::confirm_email(scope.viewer.context(), token).await;
            scope.viewer.renew();
            rate::of_link(&scope.viewer, confirmed).await
        })
        .await?;
        Ok(Some(true))
    }

    /// Mails a link to the address that the account is to have, good for 24 hours. Until it is followed the account has the former one.
    /// Five wrong passwords of a session lock this for 15 minutes; `CONFLICT` when another account has the address.
    /// Null, with an error, when it was not done; what was done before it stays so.
    async fn request_email_change(
        &self,
        ctx: &Context<'_>,
        #[graphql(desc = "The address that the account is to have.")] new_email: String,
        #[graphql(desc = "The current password. Send it as a variable.")] password: String,
    ) -> Result<Option<bool>> {
        scope::with(ctx, |scope| async move {
            let context = scope.viewer.presented()?;
            rate::of_guess(&scope.viewer).await?;
            rate::of_account_mail(&scope.viewer).await?;
            accounts::request_email_change(context, new_email, password).await
        })
        .await?;
        Ok(Some(true))
    }

    /// Gives an account the address that the link was mailed to, by the link's token. No login is needed, and the sessions go on. The
    /// former address gets a notice, if it was confirmed. `NOT_FOUND` for a token that is not good any more.
    /// Null, with an error, when it was not done; what was done before it stays so.
    async fn confirm_email_change(
        &self,
        ctx: &Context<'_>,
        #[graphql(desc = "The end of the link.")] token: String,
    ) -> Result<Option<bool>> {
        scope::with(ctx, |scope| async move {
            let confirmed = accounts::confirm_email_change(scope.viewer.context(), token).await;
            scope.viewer.renew();
            rate::of_link(&scope.viewer, confirmed).await
        })
        .await?;
        Ok(Some(true))
    }
}
