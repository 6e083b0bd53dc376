//! The requests of an operator, as they travel over the control socket.

use super::{
    ArchiveRequest, AuditRequest, DeadLettersRequest, LogsRequest, OperatorError, Progress, ReplayRequest, archive,
    audit, components, dead_letters, logs, replay,
};
use crate::platform::Platform;
use serde::{Deserialize, Serialize};
use serde_json::{Value, json};
use std::path::PathBuf;

#[derive(Debug, Serialize, Deserialize)]
#[serde(tag = "do", rename_all = "kebab-case")]
pub enum OperatorRequest {
    Components,
    Swap {
        component: String,
        file: PathBuf,
    },
    /// A command that the manifest gives to a component.
    Operate {
        command: String,
        arguments: Vec<String>,
    },
    RotateKeys,
    DeadLetters(DeadLettersRequest),
    Archive(ArchiveRequest),
    Replay(ReplayRequest),
    Audit(AuditRequest),
    Logs(LogsRequest),
}

/// Executes a request on a platform, the running host's or one started for it.
///
/// # Errors
/// The step that failed.
pub async fn execute(
    platform: &Platform,
    request: OperatorRequest,
    progress: Progress<'_>,
) -> Result<Value, OperatorError> {
    match request {
        OperatorRequest::Components => Ok(components::list(platform)),
        OperatorRequest::Swap { component, file } => components::swap(platform, &component, &file).await,
        OperatorRequest::Operate { command, arguments } => components::operate(platform, &command, arguments).await,
        OperatorRequest::DeadLetters(request) => dead_letters::execute(platform, request).await,
        OperatorRequest::Archive(request) => archive::execute(platform, request, progress).await,
        OperatorRequest::Replay(request) => replay::execute(platform, request, progress).await,
        OperatorRequest::Audit(request) => audit::execute(platform, request, progress).await,
        OperatorRequest::Logs(request) => logs::execute(platform, request).await,
        OperatorRequest::RotateKeys => Ok(json!({ "kid": platform.rotate_keys().await? })),
    }
}
