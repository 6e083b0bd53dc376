//! Events that a subscription gave up on, for an administrator's eyes: the host's statements, by the role of the capability
//! (`dead_letters_dsn`).

use std::sync::Arc;

use mindflow_platform::delivery::queue::{
    self, DeadLetterFilter, DeadLetterId, DeadLetterIdError, DeadLetters, QueueError,
};
use mindflow_platform::delivery::rows::RowQueue;
use mindflow_spin_guest::delivery::Database;
use mindflow_spin_guest::error::chain;
use mindflow_spin_guest::variables;

use crate::Platform;
use crate::bindings::exports::mindflow::platform::dead_letters::{DeadLetter, Error, Guest};
use crate::grants;

/// With whose rights dead letters are read and released.
const DSN: &str = "dead_letters_dsn";

impl Guest for Platform {
    async fn page(consumer: Option<String>, first: u32, after: Option<String>) -> Result<Vec<DeadLetter>, Error> {
        let letters = letters().await?;
        let before = match after {
            None => None,
            Some(after) => {
                let last = letters.show(&id(&after)?).await?;
                let last = last.ok_or_else(|| Error::Invalid(format!("there is no dead letter {after}")))?;
                Some((last.dead_at, last.event.event_id))
            }
        };
        let list = letters.list(&DeadLetterFilter { subscription: consumer, before, limit: first }).await?;
        list.into_iter().map(shown).collect()
    }

    async fn retry(name: String) -> Result<bool, Error> {
        let letters = letters().await?;
        Ok(letters.redrive(&id(&name)?).await?)
    }

    async fn discard(name: String) -> Result<bool, Error> {
        let letters = letters().await?;
        Ok(letters.discard(&id(&name)?).await?)
    }
}

async fn letters() -> Result<RowQueue<Database>, Error> {
    grants::service().dead_letters().map_err(Error::Unavailable)?;
    let dsn = variables::get(DSN).await.map_err(Error::Unavailable)?;
    let dsn = dsn.ok_or_else(|| Error::Unavailable(format!("the variable `{DSN}` is not set")))?;
    Ok(RowQueue::new(Arc::new(Database::new(dsn))))
}

fn id(text: &str) -> Result<DeadLetterId, Error> {
    text.parse().map_err(|error: DeadLetterIdError| Error::Invalid(error.to_string()))
}

fn shown(letter: queue::DeadLetter) -> Result<DeadLetter, Error> {
    let event = serde_json::to_string(&letter.event).map_err(|error| Error::Unavailable(error.to_string()))?;
    Ok(DeadLetter {
        id: letter.id,
        consumer: letter.consumer,
        event,
        attempts: letter.attempts,
        last_error: letter.last_error,
        first_failed_at: letter.first_failed_at.map(|at| at.as_microsecond()),
        dead_at: letter.dead_at.as_microsecond(),
        parked: letter.parked,
    })
}

impl From<QueueError> for Error {
    fn from(error: QueueError) -> Self {
        Self::Unavailable(chain(&error))
    }
}
