//! Requests about components: their state, their swap, and the commands that they execute themselves.

use super::OperatorError;
use crate::platform::Platform;
use serde_json::{Value, json};
use std::{path::Path, time::Duration};

pub(super) fn list(platform: &Platform) -> Value {
    platform.providers.values().map(|provider| json!(provider.status())).collect()
}

pub(super) async fn swap(platform: &Platform, component: &str, file: &Path) -> Result<Value, OperatorError> {
    Ok(json!(platform.swap(component, file).await?))
}

/// Has the component that the manifest names execute one of its commands.
pub(super) async fn operate(
    platform: &Platform,
    command: &str,
    arguments: Vec<String>,
) -> Result<Value, OperatorError> {
    let unknown = || OperatorError::UnknownCommand(command.to_owned());
    let entry = platform.commands.get(command).ok_or_else(unknown)?;
    let provider = platform.providers.get(&entry.component).ok_or_else(unknown)?;
    let run_max = entry.run_max_s.map(|seconds| Duration::from_secs(u64::from(seconds)));
    let answer = provider.operate(command.to_owned(), arguments, run_max).await?.map_err(OperatorError::Refused)?;
    serde_json::from_str(&answer).map_err(OperatorError::Answer)
}
