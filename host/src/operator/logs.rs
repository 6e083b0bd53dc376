//! The request for kept lines of the log.

use super::OperatorError;
use crate::platform::Platform;
use mindflow_backends::records::logs::Filter;
use serde::{Deserialize, Serialize};
use serde_json::{Value, json};

#[derive(Debug, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub struct LogsRequest {
    pub filter: Filter,
    /// At most this many lines, the newest.
    pub last: usize,
}

/// Answers the lines, oldest first.
pub(super) async fn execute(platform: &Platform, request: LogsRequest) -> Result<Value, OperatorError> {
    Ok(json!(platform.log_store().read(&request.filter, request.last).await?))
}
