//! Dead letters, for the component that shows them to administrators.

use super::bindings::platform::dead_letters::{self as wit, DeadLetter, Error};
use crate::engine::State;
use mindflow_backends::delivery::{self as store, DeadLetterFilter, DeadLetterId, DeadLetters, QueueError};
use std::sync::Arc;
use wasmtime::component::{Accessor, HasSelf};

impl wit::Host for State {}

type Own<'a> = &'a Accessor<State, HasSelf<State>>;

fn letters(accessor: Own<'_>) -> Result<Arc<dyn DeadLetters>, Error> {
    accessor
        .with(|mut store| store.get().grants.dead_letters.clone())
        .ok_or_else(|| Error::Unavailable("dead letters are not granted, or the platform delivers no events".into()))
}

fn id(text: &str) -> Result<DeadLetterId, Error> {
    text.parse().map_err(|error: store::DeadLetterIdError| Error::Invalid(error.to_string()))
}

impl wit::HostWithStore<State> for HasSelf<State> {
    async fn page(
        accessor: Own<'_>,
        consumer: Option<String>,
        first: u32,
        after: Option<String>,
    ) -> wasmtime::Result<Result<Vec<DeadLetter>, Error>> {
        let page = async {
            let letters = letters(accessor)?;
            let before = match after {
                None => None,
                Some(after) => {
                    let last = letters.show(&id(&after)?).await?;
                    let last = last.ok_or_else(|| Error::Invalid(format!("there is no dead letter {after}")))?;
                    Some((last.dead_at, last.event.event_id))
                }
            };
            let list = letters.list(&DeadLetterFilter { subscription: consumer, before, limit: first }).await?;
            list.into_iter().map(DeadLetter::try_from).collect()
        };
        Ok(page.await)
    }

    async fn retry(accessor: Own<'_>, name: String) -> wasmtime::Result<Result<bool, Error>> {
        let retry = async { Ok(letters(accessor)?.redrive(&id(&name)?).await?) };
        Ok(retry.await)
    }

    async fn discard(accessor: Own<'_>, name: String) -> wasmtime::Result<Result<bool, Error>> {
        let discard = async { Ok(letters(accessor)?.discard(&id(&name)?).await?) };
        Ok(discard.await)
    }
}

impl TryFrom<store::DeadLetter> for DeadLetter {
    type Error = Error;

    fn try_from(letter: store::DeadLetter) -> Result<Self, Error> {
        let event = serde_json::to_string(&letter.event).map_err(|error| Error::Unavailable(error.to_string()))?;
        Ok(Self {
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
}

impl From<QueueError> for Error {
    fn from(error: QueueError) -> Self {
        Self::Unavailable(crate::cli::line(&error))
    }
}
