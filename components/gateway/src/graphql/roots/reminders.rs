//! Reminders to write.

use crate::graphql::scope::ask;
use crate::graphql::types::reminder::{Reminder, ReminderInput};
use crate::services::reminders;
use async_graphql::{Context, ID, Object, Result};

/// What reminds the user.
#[derive(Default)]
pub struct ReminderReads;

#[Object]
impl ReminderReads {
    /// The user's reminders, the oldest first; at most 21.
    /// Null, with an error, when it cannot be read; the other fields of the answer are there.
    async fn reminders(&self, ctx: &Context<'_>) -> Result<Option<Vec<Reminder>>> {
        Ok(Some(ask(ctx, reminders::all).await?.into_iter().map(Into::into).collect()))
    }
}

/// Its changes.
#[derive(Default)]
pub struct ReminderWrites;

#[Object]
impl ReminderWrites {
    /// Creates a reminder.
    /// Null, with an error, when it was not done; what was done before it stays so.
    async fn create_reminder(
        &self,
        ctx: &Context<'_>,
        #[graphql(desc = "The reminder.")] input: ReminderInput,
    ) -> Result<Option<Reminder>> {
        Ok(Some(ask(ctx, |context| reminders::create(context, input.into())).await?.into()))
    }

    /// Changes a reminder: it is as the input says from now on.
    /// Null, with an error, when it was not done; what was done before it stays so.
    async fn update_reminder(
        &self,
        ctx: &Context<'_>,
        #[graphql(desc = "The reminder's id.")] id: ID,
        #[graphql(desc = "The whole reminder.")] input: ReminderInput,
    ) -> Result<Option<Reminder>> {
        Ok(Some(ask(ctx, |context| reminders::update(context, id.into(), input.into())).await?.into()))
    }

    /// Deletes a reminder.
    /// Null, with an error, when it was not done; what was done before it stays so.
    async fn delete_reminder(
        &self,
        ctx: &Context<'_>,
        #[graphql(desc = "The reminder's id.")] id: ID,
    ) -> Result<Option<bool>> {
        ask(ctx, |context| reminders::delete(context, id.into())).await.map(|()| Some(true))
    }
}
