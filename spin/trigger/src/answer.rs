//! What a caller is told: JSON, and a status by which a clock sees whether it must look at it.

use serde_json::json;
use wasip3::http::types::{ErrorCode, Fields, Response};
use wasip3::{wit_future, wit_stream};

use crate::request::{Call, NoCall};
use crate::work::{self, WorkError};
use mindflow_spin_guest::error::chain;

/// # Errors
/// The answer's head is none, which does not happen.
pub async fn to(call: Result<Call, NoCall>) -> Result<Response, ErrorCode> {
    match call {
        Err(NoCall::Path) => json(404, &json!({"error": "there are /drain and /schedules"})),
        Err(NoCall::Method) => json(405, &json!({"error": "use POST"})),
        Ok(Call { what, in_background: true }) => {
            wit_bindgen::spawn_local(async move {
                if let Err(error) = work::of(what).await {
                    print(&error);
                }
            });
            json(202, &json!({}))
        }
        Ok(Call { what, in_background: false }) => match work::of(what).await {
            Ok(done) => json(200, &done),
            Err(error) => {
                print(&error);
                json(503, &json!({"error": chain(&error)}))
            }
        },
    }
}

fn print(error: &WorkError) {
    eprintln!("ERROR {}", crate::journal::one_line(&chain(error)));
}

fn json(status: u16, body: &impl serde::Serialize) -> Result<Response, ErrorCode> {
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
