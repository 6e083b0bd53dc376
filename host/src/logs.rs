//! What an operator can ask of the lines that are kept of the log.

use crate::{cli::line, platform::Platform};
use mindflow_backends::logs::Filter;
use serde::{Deserialize, Serialize};
use serde_json::{Value, json};

#[derive(Debug, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub struct LogsOrder {
    pub filter: Filter,
    /// At most so many, the newest.
    pub last: usize,
}

/// Answers the lines, oldest first.
///
/// # Errors
/// One line for the operator.
pub(crate) async fn carry_out(platform: &Platform, order: LogsOrder) -> Result<Value, String> {
    let lines = platform.stores().logs.read(&order.filter, order.last).await;
    Ok(json!(lines.map_err(|error| line(&error))?))
}
