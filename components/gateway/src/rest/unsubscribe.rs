//! The unsubscribe link of every mail. A mail program posts to it (RFC 8058: one click, no login); a person who follows
//! it gets a page with one button, since programs that check links in mails must not unsubscribe the user.

use crate::failure::Failure;
use crate::services::notices;
use crate::viewer::Viewer;
use crate::web::{Response, page};
use http::StatusCode;

const FORM: &str = r#"<form method="post">
<input type="hidden" name="List-Unsubscribe" value="One-Click">
<p><button>No more e-mail from MindFlow</button></p>
</form>"#;
const DONE: &str = "You get no more e-mail from MindFlow. Your notification preferences turn it on again.\n";

pub fn page() -> Response {
    page::respond(StatusCode::OK, FORM)
}

/// # Errors
/// 404 for a token that this platform has not issued.
pub async fn unsubscribe(viewer: &Viewer, token: String) -> Result<Response, Failure> {
    notices::unsubscribe(viewer.context(), token).await?;
    Ok(Response::text(StatusCode::OK, "text/plain; charset=utf-8", DONE).header("cache-control", "no-store"))
}
