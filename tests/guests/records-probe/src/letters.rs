//! Dead letters.

use super::{Failure, answer};
use mindflow_guest::dead_letters::{self, Error};
use serde::Deserialize;
use serde_json::{Value, json};

#[derive(Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Call {
    /// Of this subscription; at most so many; behind this one.
    Page(Option<String>, u32, Option<String>),
    Retry(String),
    Discard(String),
}

impl Call {
    pub async fn run(self) -> Value {
        match self {
            Self::Page(consumer, first, after) => {
                let page = dead_letters::page(consumer, first, after).await.map(|page| {
                    let letters = page.into_iter().map(|letter| {
                        json!({
                            "id": letter.id, "consumer": letter.consumer, "event": letter.event, "attempts": letter.attempts,
                            "last-error": letter.last_error, "first-failed-at": letter.first_failed_at,
                            "dead-at": letter.dead_at, "parked": letter.parked,
                        })
                    });
                    letters.collect::<Vec<_>>()
                });
                answer(page.map_err(failure))
            }
            Self::Retry(id) => answer(dead_letters::retry(id).await.map_err(failure)),
            Self::Discard(id) => answer(dead_letters::discard(id).await.map_err(failure)),
        }
    }
}

fn failure(error: Error) -> Failure {
    match error {
        Error::Unavailable(reason) => ("unavailable", reason),
        Error::Invalid(reason) => ("invalid", reason),
    }
}
