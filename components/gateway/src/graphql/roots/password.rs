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
    /// Changes the password. All other sessions end; the one that asks goes on. A wrong `currentPassword` counts as a failed login.
    /// Null, with an error, when it was not done; what was done before it stays so.
    async fn change_password(
        &self,
        ctx: &Context<'_>,
        #[graphql(desc = "The password of now, and the next one.")] input: ChangePasswordInput,
    ) -> Result<Option<bool>> {
        scope::with(ctx, |scope| async move {
            let context = scope.viewer.proven().await?;
            rate::of_guess(&scope.viewer).await?;
            accounts::change_password(context, input.current_password, input.new_password).await
        })
        .await?;
        Ok(Some(true))
    }
}
