//! Devices that were away.

use crate::graphql::scope::{self, SharedScope};
use crate::graphql::types::page;
use crate::graphql::types::sync::{Elsewhere, SyncPage};
use crate::services::devices::{Change, ChangedKind, ChangedThing};
use crate::services::reminders;
use async_graphql::{Context, Object, Result};
use futures::future::try_join_all;
use mindflow_guest::call::Error;

/// What has changed.
#[derive(Default)]
pub struct DeviceReads;

#[Object]
impl DeviceReads {
    /// The user's own things that have changed since the cursor, in the order of the changes; without one, all of them. A device keeps
    /// the cursor of the last page that it has stored, and continues until `hasMore` is false: then it has what the server has, including
    /// what was written meanwhile. What a page says of a thing replaces what the device has of it. A cursor that is too old (deletions
    /// are known for 90 days) is `BAD_USER_INPUT` with the rule `forgotten`: begin without one, and remove what does not come.
    /// Null, with an error, when it cannot be read; the other fields of the answer are there.
    async fn changes_since(
        &self,
        ctx: &Context<'_>,
        #[graphql(desc = "That of the page before.")] cursor: Option<String>,
        #[graphql(desc = "How many, 1 to 100.", default_with = "Some(100)")] first: Option<i32>,
    ) -> Result<Option<SyncPage>> {
        let page = scope::with(ctx, |scope| async move {
            let page = scope.changes(cursor, page::size("first", first, 100)?).await?;
            let elsewhere = elsewhere(&scope, &page.changes).await?;
            Ok(SyncPage::new(page, elsewhere))
        });
        page.await.map(Some)
    }
}

/// What other services have.
async fn elsewhere(scope: &SharedScope, changes: &[Change]) -> std::result::Result<Elsewhere, Error> {
    let of_kind = |kind: ChangedKind| {
        let there = changes.iter().filter(move |change| change.kind == kind && change.thing == ChangedThing::Elsewhere);
        there.map(|change| change.id.clone())
    };
    let files = try_join_all(of_kind(ChangedKind::Media).map(|id| scope.files.load(id))).await?;
    let reminders = if of_kind(ChangedKind::Reminder).next().is_some() {
        reminders::all(scope.viewer.proven().await?).await?
    } else {
        Vec::new()
    };
    Ok(Elsewhere {
        files: files.into_iter().flatten().map(|file| (file.id.clone(), file)).collect(),
        reminders: reminders.into_iter().map(|reminder| (reminder.id.clone(), reminder)).collect(),
    })
}
