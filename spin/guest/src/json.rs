//! Answers to HTTP requests in JSON.

use wasip3::http::types::{ErrorCode, Fields, Response};
use wasip3::{wit_future, wit_stream};

/// A whole answer; its body is written while the caller reads.
///
/// # Errors
/// The body cannot be written as JSON.
pub fn answer(status: u16, body: &impl serde::Serialize) -> Result<Response, ErrorCode> {
    let text = serde_json::to_vec(body).map_err(|error| ErrorCode::InternalError(Some(error.to_string())))?;
    let headers = Fields::new();
    let invalid = |_| ErrorCode::InternalError(Some("a header that is none".to_owned()));
    headers.set("content-type", &[b"application/json".to_vec()]).map_err(invalid)?;
    let (mut writer, reader) = wit_stream::new();
    let (trailers, no_trailers) = wit_future::new(|| Ok(None));
    let (response, _sent) = Response::new(headers, Some(reader), no_trailers);
    response
        .set_status_code(status)
        .map_err(|()| ErrorCode::InternalError(Some("a status that is none".to_owned())))?;
    wit_bindgen::spawn_local(async move {
        // A caller that is no longer there needs no answer.
        let _unread = writer.write_all(text).await;
        drop(writer);
        drop(trailers);
    });
    Ok(response)
}
