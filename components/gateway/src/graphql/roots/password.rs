//! The password.

use crate::graphql::scope;
use crate::graphql::types::password::ChangePasswordInput;
use crate::rate;
use crate::services::accounts;
use async_graphql::{Context, Object, Result};

/// Its changes.
#[derive(Default)]
pub struct PasswordWrites;

#[Object]
impl PasswordWrites {
    /// Changes the password. All other sessions end; the one that asks goes on. Five wrong ones of a session lock this
    /// for 15 minutes.
    /// Null, with an error, when it was not done; what was done before it stays so.
    async fn change_password(
        &self,
        ctx: &Context<'_>,
        #[graphql(desc = "The current password, and the new one.")] input: ChangePasswordInput,
    ) -> Result<Option<bool>> {
        scope::with(ctx, |scope| async move {
            let context = scope.viewer.presented()?;
            rate::of_guess(&scope.viewer).await?;
            accounts::change_password(context, input.current_password, input.new_password).await
        })
        .await?;
        Ok(Some(true))
    }

    /// Mails a link to the account of this address with which its password can be set, good for 30 minutes and once. Where the address is not
    /// confirmed, the link confirms it, and a further mail is asked for then. The answer is the same when there is no such account; no
    /// login is needed.
    /// Null, with an error, when it was not done; what was done before it stays so.
    async fn request_password_reset(
        &self,
        ctx: &Context<'_>,
        #[graphql(desc = "The address of the account.")] email: String,
    ) -> Result<Option<bool>> {
        scope::with(ctx, |scope| async move {
            rate::of_account_mail(&scope.viewer).await?;
            accounts::request_password_reset(scope.viewer.context(), email).await
        })
        .await?;
        Ok(Some(true))
    }

    /// Sets the password by the token of the mailed link. All sessions end, and so does a lockout. No login is needed. `NOT_FOUND` for a
    /// token that is not good any more.
    /// Null, with an error, when it was not done; what was done before it stays so.
    async fn reset_password(
        &self,
        ctx: &Context<'_>,
        #[graphql(desc = "The end of the link.")] token: String,
        #[graphql(desc = "8 to 72 bytes, and none that many people use. Send it as a variable.")] new_password: String,
    ) -> Result<Option<bool>> {
        scope::with(ctx, |scope| async move {
            rate::of_guess(&scope.viewer).await?;
            let reset = accounts::reset_password(scope.viewer.context(), token, new_password).await;
            // The session that asks may be the user's, and has ended then.
            scope.viewer.renew();
            rate::of_link(&scope.viewer, reset).await
        })
        .await?;
        Ok(Some(true))
    }
}
