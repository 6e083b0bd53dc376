//! Where a user is logged in.

use crate::graphql::scope;
use crate::graphql::types::session::Session;
use crate::services::accounts;
use async_graphql::{Context, ID, Object, Result};

/// The sessions.
#[derive(Default)]
pub struct SessionReads;

#[Object]
impl SessionReads {
    /// The user's sessions, the last used first. `storage.sessions` says how many there may be.
    /// Null, with an error, when it cannot be read; the other fields of the answer are there.
    async fn sessions(&self, ctx: &Context<'_>) -> Result<Option<Vec<Session>>> {
        let values = scope::values(ctx);
        let sessions = scope::with(ctx, |scope| async move {
            let sessions = accounts::sessions(scope.viewer.presented()?).await?;
            scope.meter.rows(sessions.len(), values)?;
            Ok(sessions)
        });
        Ok(Some(sessions.await?.into_iter().map(Into::into).collect()))
    }
}

/// Their ends.
#[derive(Default)]
pub struct SessionWrites;

#[Object]
impl SessionWrites {
    /// Ends one of the user's sessions: its tokens are refused from now on, and its connections are closed. `NOT_FOUND` when there is
    /// none with this id. The session that asks can be ended too; nothing that follows in the request is done then.
    /// Null, with an error, when it was not done; what was done before it stays so.
    async fn end_session(
        &self,
        ctx: &Context<'_>,
        #[graphql(desc = "The session's id.")] id: ID,
    ) -> Result<Option<bool>> {
        scope::with(ctx, |scope| async move {
            let ended = accounts::revoke_session(scope.viewer.presented()?, id.into()).await;
            // It may be the one that asks.
            scope.viewer.renew();
            ended
        })
        .await?;
        Ok(Some(true))
    }

    /// Ends all of the user's sessions but the one that asks. Answers how many there were.
    /// Null, with an error, when it was not done; what was done before it stays so.
    async fn end_other_sessions(&self, ctx: &Context<'_>) -> Result<Option<u32>> {
        scope::with(ctx, |scope| async move { accounts::end_other_sessions(scope.viewer.presented()?).await })
            .await
            .map(Some)
    }
}
