//! What happened on the platform, for administrators.

use crate::graphql::scope::ask_as_admin;
use crate::graphql::types::audit::AuditConnection;
use crate::graphql::types::page;
use crate::graphql::types::scalars::DateTime;
use crate::services::audit;
use async_graphql::{Context, ID, Object, Result};
use mindflow_guest::journal::PageRequest;

/// The audit trail.
#[derive(Default)]
pub struct AuditReads;

#[Object]
impl AuditReads {
    /// Every event of the platform, the last one received first. What users wrote is not shown. For administrators.
    /// Null, with an error, when it cannot be read; the other fields of the answer are there.
    #[expect(clippy::too_many_arguments, reason = "the arguments of the public schema")]
    async fn audit_log(
        &self,
        ctx: &Context<'_>,
        #[graphql(desc = "How many, 1 to 100.", default_with = "Some(50)")] first: Option<i32>,
        #[graphql(desc = "After this cursor.")] after: Option<String>,
        #[graphql(desc = "Only events about this user.")] user_id: Option<ID>,
        #[graphql(desc = "Only events of this type, such as `JournalEntryCreated`.")] event_type: Option<String>,
        #[graphql(desc = "Only events of then or later.")] from: Option<DateTime>,
        #[graphql(desc = "Only events before.")] to: Option<DateTime>,
    ) -> Result<Option<AuditConnection>> {
        let page = ask_as_admin(ctx, |context| async move {
            let filter = audit::Filter {
                user_id: user_id.map(Into::into),
                event_type,
                since: from.map(|time| time.0),
                until: to.map(|time| time.0),
            };
            let page = audit::audit_log(context, filter, PageRequest { first: page::size("first", first, 50)?, after })
                .await?;
            AuditConnection::try_from(page)
        });
        page.await.map(Some)
    }
}
