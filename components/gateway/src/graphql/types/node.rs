//! What can be read again by its id alone, for clients that keep their objects by id
//! (<https://graphql.org/learn/global-object-identification/>). Ids are UUIDs of their own in all of the platform.

use super::entry::{JournalEntry, Tag};
use super::media::Media;
use super::notification::Webhook;
use super::user::User;
use crate::graphql::scope::SharedScope;
use crate::services::notices;
use async_graphql::{ID, Interface};
use mindflow_guest::call::Error;

/// Something with an id that `node` reads again.
#[derive(Interface)]
#[graphql(field(name = "id", ty = "ID", desc = "A UUID."))]
pub enum Node {
    JournalEntry(JournalEntry),
    Media(Media),
    Tag(Tag),
    User(User),
    Webhook(Webhook),
}

/// The viewer's own thing of this id. The likeliest first: each kind is another call.
pub async fn find(scope: &SharedScope, id: &str) -> Result<Option<Node>, Error> {
    let caller = scope.viewer.caller().await?;
    let Some(id) = mindflow_guest::id::parse(id) else { return Ok(None) };
    let id = id.to_string();
    if caller.user_id == id {
        return Ok(Some(Node::User(scope.profile().await?.into())));
    }
    if let Some(entry) = scope.entry(id.clone()).await? {
        return Ok(Some(Node::JournalEntry(entry.into())));
    }
    if let Some(tag) = scope.tags().await?.into_iter().find(|tag| tag.id == id) {
        return Ok(Some(Node::Tag(tag.into())));
    }
    if let Some(file) = scope.files.load(id.clone()).await? {
        return Ok(Some(Node::Media(file.into())));
    }
    let webhooks = notices::webhooks(scope.viewer.proven().await?).await?;
    Ok(webhooks.into_iter().find(|webhook| webhook.id == id).map(|webhook| Node::Webhook(webhook.into())))
}
