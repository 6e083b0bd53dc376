//! Events that a subscription gave up on, for an administrator's eyes: the host's statements, by the role of the capability
//! (`dead_letters_dsn`).

use std::sync::Arc;

use mindflow_platform::data_keys::KeyError;
use mindflow_platform::delivery::queue::{
    self, DeadLetterFilter, DeadLetterId, DeadLetterIdError, DeadLetters, QueueError,
};
use mindflow_platform::delivery::rows::RowQueue;
use mindflow_platform::event::Event;
use mindflow_spin_guest::delivery::Database;
use mindflow_spin_guest::error::chain;
use mindflow_spin_guest::{data_keys, variables};

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
        let kept: Vec<_> = list.iter().map(|letter| &letter.event).collect();
        let events = data_keys::open().await.map_err(away)?.show(&kept).await.map_err(away)?;
        let letters = list.iter().zip(events).map(|(letter, event)| match event {
            Ok(event) => shown(letter, &event),
            // One that is damaged is shown as it is kept.
            Err(_) => shown(letter, &letter.event),
        });
        letters.collect()
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

fn away(error: KeyError) -> Error {
    Error::Unavailable(error.to_string())
}

fn shown(letter: &queue::DeadLetter, event: &Event) -> Result<DeadLetter, Error> {
    let event = serde_json::to_string(event).map_err(|error| Error::Unavailable(error.to_string()))?;
    Ok(DeadLetter {
        id: letter.id.clone(),
        consumer: letter.consumer.clone(),
        event,
        attempts: letter.attempts,
        last_error: letter.last_error.clone(),
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
