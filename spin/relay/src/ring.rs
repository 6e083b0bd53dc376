//! One component's routes.

use bytes::Bytes;
use http::{Request, StatusCode};
use mindflow_spin_guest::http::{Failure, exchange};
use serde_json::{Value, json};
use std::time::Duration;

/// A drain takes up deliveries for 25 s; what is longer at work goes on without a listener.
const ANSWER_WITHIN: Duration = Duration::from_secs(40);
const ANSWER_BYTES_MAX: usize = 64 * 1024;

/// Has it run the schedules that are due, then deliver what waits.
///
/// # Errors
/// It cannot be reached, or says that it could not do all.
pub async fn ring(component: &str) -> Result<Value, String> {
    let schedules = post(component, "/schedules").await;
    let drain = post(component, "/drain").await;
    Ok(json!({ "schedules": schedules?, "drain": drain? }))
}

async fn post(component: &str, path: &str) -> Result<Value, String> {
    let request = Request::post(format!("http://{component}.spin.internal{path}")).body(Bytes::new());
    let request = request.map_err(|error| format!("`{component}` is no name of a component: {error}"))?;
    match exchange(request, ANSWER_WITHIN, ANSWER_BYTES_MAX).await {
        Ok(answer) if answer.status == StatusCode::OK => {
            serde_json::from_slice(&answer.body).map_err(|error| format!("{path}: {error}"))
        }
        Ok(answer) => Err(format!("{path}: {} {}", answer.status, String::from_utf8_lossy(&answer.body))),
        Err(Failure::Late) => Ok(json!({ "atWork": true })),
        Err(failure) => Err(format!("{path}: {failure}")),
    }
}
