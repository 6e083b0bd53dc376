//! The second factor of a login. A login itself is REST's (`/auth/login`).

use crate::graphql::scope;
use crate::graphql::types::second_factor::{RecoveryCodes, TotpSecret};
use crate::rate;
use crate::services::accounts;
use async_graphql::{Context, Object, Result};

/// Its changes.
#[derive(Default)]
pub struct SecondFactorWrites;

#[Object]
impl SecondFactorWrites {
    /// Begins to set up a second factor: one-time passwords by time (TOTP, RFC 6238) of six digits, every 30 seconds. Logins ask for them
    /// from `confirmTotp` on. `CONFLICT` when they do so already, `FORBIDDEN` until the address is confirmed. Five wrong passwords of a
    /// session lock this for 15 minutes.
    /// Null, with an error, when it was not done; what was done before it stays so.
    async fn begin_totp(
        &self,
        ctx: &Context<'_>,
        #[graphql(desc = "The current password. Send it as a variable.")] password: String,
    ) -> Result<Option<TotpSecret>> {
        let secret = scope::with(ctx, |scope| async move {
            let context = scope.viewer.presented()?;
            rate::of_guess(&scope.viewer).await?;
            accounts::begin_totp(context, password).await
        });
        Ok(Some(secret.await?.into()))
    }

    /// Sets the second factor up by a first code of the device. All other sessions end. Answers the recovery codes.
    /// Null, with an error, when it was not done; what was done before it stays so.
    async fn confirm_totp(
        &self,
        ctx: &Context<'_>,
        #[graphql(desc = "Six digits of the device.")] code: String,
    ) -> Result<Option<RecoveryCodes>> {
        let codes =
            scope::with(ctx, |scope| async move { accounts::confirm_totp(scope.viewer.presented()?, code).await });
        Ok(Some(RecoveryCodes { recovery_codes: codes.await? }))
    }

    /// Takes the second factor away, with its recovery codes: logins ask for the password alone.
    /// Null, with an error, when it was not done; what was done before it stays so.
    async fn disable_totp(
        &self,
        ctx: &Context<'_>,
        #[graphql(desc = "The current password. Send it as a variable.")] password: String,
        #[graphql(desc = "Six digits of the device, or a recovery code.")] code: String,
    ) -> Result<Option<bool>> {
        scope::with(ctx, |scope| async move {
            let context = scope.viewer.presented()?;
            rate::of_guess(&scope.viewer).await?;
            accounts::disable_totp(context, password, code).await
        })
        .await?;
        Ok(Some(true))
    }

    /// Makes ten new recovery codes; the former ones are not valid any more.
    /// Null, with an error, when it was not done; what was done before it stays so.
    async fn regenerate_recovery_codes(
        &self,
        ctx: &Context<'_>,
        #[graphql(desc = "The current password. Send it as a variable.")] password: String,
        #[graphql(desc = "Six digits of the device, or a recovery code.")] code: String,
    ) -> Result<Option<RecoveryCodes>> {
        let codes = scope::with(ctx, |scope| async move {
            let context = scope.viewer.presented()?;
            rate::of_guess(&scope.viewer).await?;
            accounts::regenerate_recovery_codes(context, password, code).await
        });
        Ok(Some(RecoveryCodes { recovery_codes: codes.await? }))
    }
}
