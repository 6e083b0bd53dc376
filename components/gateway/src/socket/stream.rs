//! A subscription over server-sent events on its way from its HTTP request to the connection that the host makes of it. The
//! request has proven the caller and checked the operation, so the connection begins with its subscription.

use super::kept;
use super::protocol::STREAM;
use super::work::Notices;
use crate::change_feed::Start;
use crate::failure::Failure;
use crate::graphql::workarounds::params::Params;
use crate::viewer::Viewer;
use serde::{Deserialize, Serialize};

/// The protocol of such a connection, by the name that clients have for it (GraphQL over SSE, distinct connections mode).
pub const EVENTS: &str = "graphql-sse";

/// What the connection needs besides the head of the request, which the host gives it. It has no token.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Stream {
    pub topic: String,
    /// None from an older version: from now on.
    #[serde(default)]
    pub after: Option<String>,
    pub user_id: String,
    /// When the token expires.
    pub expires_us: i64,
    pub notices: Notices,
}

/// The first message to the connection.
///
/// # Errors
/// The caller is not proven, or the operation's text is no longer known.
pub async fn hand_over(params: Params, start: Start, viewer: &Viewer) -> Result<Vec<u8>, Failure> {
    let caller = viewer.caller().await?;
    let notices = Notices::of(STREAM.to_owned(), params).await?;
    let Start { topic, after } = start;
    let (after, user_id, expires_us) = (Some(after), caller.user_id, caller.expires_at);
    Ok(kept::write(&Stream { topic, after, user_id, expires_us, notices }))
}
