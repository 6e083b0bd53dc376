//! Read-your-writes consistency. The read side applies a write some hundred milliseconds later; a user who has just written must
//! not read what was before, in entries, lists, tags, quotas or figures.
//!
//! Each write answers the marks of its events. The auth service keeps a user's marks for some seconds and answers them with the
//! proof of the token, which every request needs anyway: so a request of a user who has written nothing costs nothing more, and
//! one who has is known on every replica, in every session and on every transport. Before a call for views, these are asked
//! whether they show the marks, and the call waits until they do. An instance remembers that they do, so that the user's next
//! requests ask nothing. Clients carry nothing besides their access token.

use crate::services::accounts;
use crate::viewer::Viewer;
use mindflow_guest::journal::Mark;

/// Has the caller's reads wait for what was just written, in this request and in the next ones. If that fails they may show what was
/// before; the write is not affected.
pub async fn written(viewer: &Viewer, marks: Vec<Mark>) {
    viewer.own_writes().add(&marks);
    if let Err(error) = accounts::note_written(viewer.context(), marks).await {
        eprintln!("warn correlation_id={} a write was not noted for later reads: {error:?}", viewer.correlation_id());
    }
}
