//! Requests about the events that a subscription gave up on.

use super::OperatorError;
use crate::platform::Platform;
use mindflow_backends::delivery::{DeadLetterFilter, DeadLetterId};
use serde::{Deserialize, Serialize};
use serde_json::{Value, json};

/// What to do with dead letters; each is named `SUBSCRIPTION/EVENT-ID`.
#[derive(Debug, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum DeadLettersRequest {
    List { consumer: Option<String>, limit: u32 },
    Show { id: String },
    Retry { id: String },
    Discard { id: String },
}

pub(super) async fn execute(platform: &Platform, request: DeadLettersRequest) -> Result<Value, OperatorError> {
    let letters = platform.dead_letters().ok_or(OperatorError::NoEvents)?;
    let absent = |id: &str| OperatorError::NoDeadLetter(id.to_owned());
    match request {
        DeadLettersRequest::List { consumer, limit } => {
            let filter = DeadLetterFilter { subscription: consumer, before: None, limit };
            Ok(json!(letters.list(&filter).await?))
        }
        DeadLettersRequest::Show { id } => {
            Ok(json!(letters.show(&id.parse::<DeadLetterId>()?).await?.ok_or_else(|| absent(&id))?))
        }
        DeadLettersRequest::Retry { id } => match letters.redrive(&id.parse()?).await? {
            true => Ok(json!({ "retried": id })),
            false => Err(absent(&id)),
        },
        DeadLettersRequest::Discard { id } => match letters.discard(&id.parse()?).await? {
            true => Ok(json!({ "discarded": id })),
            false => Err(absent(&id)),
        },
    }
}
