//! Does with search indexes, the audit trail and dead letters what a test says: the body of a request is one call as JSON, and
//! so is the answer, `{"ok": …}` or `{"error": […]}` with the error's case and text.

mod audit;
mod letters;
mod search;

use http::StatusCode;
use mindflow_guest::web::{Body, Response, wire};
use serde::{Deserialize, Serialize};
use serde_json::{Value, json};
use wasip3::http::types::{ErrorCode, Request, Response as WasiResponse};

struct Probe;

/// One call of a capability.
#[derive(Deserialize)]
#[serde(rename_all = "kebab-case")]
enum Call {
    Search(search::Call),
    Audit(audit::Call),
    Letters(letters::Call),
}

/// An error's case and text.
type Failure = (&'static str, String);

fn answer<T: Serialize>(outcome: Result<T, Failure>) -> Value {
    match outcome {
        Ok(value) => json!({ "ok": value }),
        Err(failure) => json!({ "error": failure }),
    }
}

impl wasip3::exports::http::handler::Guest for Probe {
    async fn handle(request: Request) -> Result<WasiResponse, ErrorCode> {
        let mut incoming = wire::Incoming::new(request);
        let mut body = Vec::new();
        while let Some(piece) = incoming.next().await {
            body.extend(piece);
        }
        incoming.end().await?;
        let (status, text) = match serde_json::from_slice(&body) {
            Ok(Call::Search(call)) => (StatusCode::OK, call.run().await.to_string()),
            Ok(Call::Audit(call)) => (StatusCode::OK, call.run().await.to_string()),
            Ok(Call::Letters(call)) => (StatusCode::OK, call.run().await.to_string()),
            Err(error) => (StatusCode::BAD_REQUEST, error.to_string()),
        };
        wire::send(Response { status, headers: http::HeaderMap::new(), body: Body::Bytes(text.into_bytes()) })
    }
}

wasip3::http::service::export!(Probe);
