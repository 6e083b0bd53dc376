//! The answer to a caller: JSON, and a status by which a clock sees whether it must look at it.

use serde_json::json;
use wasip3::http::types::{ErrorCode, Response};

use crate::request::{Call, NoCall};
use crate::{background, work};
use mindflow_spin_guest::{error::chain, json};

/// # Errors
/// The answer's head is none, which does not happen.
pub async fn to(call: Result<Call, NoCall>) -> Result<Response, ErrorCode> {
    match call {
        Err(NoCall::Path) => json::answer(404, &json!({"error": "there are /drain and /schedules"})),
        Err(NoCall::Method) => json::answer(405, &json!({"error": "use POST"})),
        Ok(Call { what, in_background: true }) => {
            background::begin(what);
            json::answer(202, &json!({}))
        }
        Ok(Call { what, in_background: false }) => match work::of(what).await {
            Ok(done) => json::answer(200, &done),
            Err(error) => {
                error.print();
                json::answer(503, &json!({"error": chain(&error)}))
            }
        },
    }
}
