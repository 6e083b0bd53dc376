//! Requests about the events that a subscription gave up on.

use super::OperatorError;
use crate::{capability::dead_letters::shown, platform::Platform};
use mindflow_backends::delivery::{DeadLetter, DeadLetterFilter, DeadLetterId};
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
            Ok(json!(in_clear(platform, letters.list(&filter).await?).await?))
        }
        DeadLettersRequest::Show { id } => {
            let letter = letters.show(&id.parse::<DeadLetterId>()?).await?.ok_or_else(|| absent(&id))?;
            Ok(json!(in_clear(platform, vec![letter]).await?.pop()))
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

/// With payloads in clear, for the operator of this host.
async fn in_clear(platform: &Platform, letters: Vec<DeadLetter>) -> Result<Vec<DeadLetter>, OperatorError> {
    match platform.keeper() {
        Some(keeper) => Ok(shown(keeper, letters).await?),
        None => Ok(letters),
    }
}
