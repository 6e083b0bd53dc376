//! Dead letters, for the component that shows them to administrators.

use super::{Capability, Grantee, OpenError, Opening, Own, Requirement, Scratch, State};
use mindflow_backends::{
    data_keys::{Keeper, KeyError},
    delivery::{self as store, DeadLetterFilter, DeadLetterId, DeadLetters, QueueError},
    error::chain,
};
use mindflow_platform::refusal;
use std::sync::Arc;
use wasmtime::component::{Accessor, HasSelf, Linker};

bindings!("import mindflow:platform/dead-letters@0.1.0;");

use bindings::mindflow::platform::dead_letters::{self as wit, DeadLetter, Error};

/// The dead letters of the platform's queues; `None` if it delivers no events.
pub struct Letters(Option<Access>);

/// What a component may see and release, and the keys that open it.
#[derive(Clone)]
pub struct Access {
    letters: Arc<dyn DeadLetters>,
    keeper: Option<Arc<Keeper>>,
}

impl Letters {
    pub(crate) fn store(&self) -> Option<Arc<dyn DeadLetters>> {
        self.0.as_ref().map(|access| Arc::clone(&access.letters))
    }
}

impl Capability for Letters {
    const GRANT: Option<&'static str> = Some("dead-letters");
    /// Whether it may see and release them.
    type Grant = bool;
    type Settings = ();
    type Access = Option<Access>;

    fn link(linker: &mut Linker<State>) -> wasmtime::Result<()> {
        wit::add_to_linker::<_, Own>(linker, |state| state)
    }

    fn requirement(interface: &str, grantee: &Grantee<'_>) -> Option<Requirement> {
        let granted = grantee.grants.dead_letters;
        (interface == "mindflow:platform/dead-letters").then(|| Requirement::tool(granted, "dead-letters = true"))
    }

    async fn open(opening: &Opening<'_>) -> Result<Self, OpenError> {
        let letters = opening.queues.clone().map(|queues| queues as Arc<dyn DeadLetters>);
        Ok(Self(letters.map(|letters| Access { letters, keeper: opening.keeper.clone() })))
    }

    fn access(&self, grantee: &Grantee<'_>) -> Self::Access {
        self.0.clone().filter(|_| grantee.grants.dead_letters)
    }

    async fn shadow(_: &Self::Access, _: &Scratch<'_>) -> Result<Self::Access, OpenError> {
        Ok(None)
    }
}

impl wit::Host for State {}

type Store<'a> = &'a Accessor<State, HasSelf<State>>;

fn letters(accessor: Store<'_>) -> Result<Access, Error> {
    accessor
        .with(|mut store| store.get().access.dead_letters.clone())
        .ok_or_else(|| Error::Unavailable(refusal::DEAD_LETTERS.into()))
}

fn id(text: &str) -> Result<DeadLetterId, Error> {
    text.parse().map_err(|error: store::DeadLetterIdError| Error::Invalid(error.to_string()))
}

impl wit::HostWithStore<State> for HasSelf<State> {
    async fn page(
        accessor: Store<'_>,
        consumer: Option<String>,
        first: u32,
        after: Option<String>,
    ) -> wasmtime::Result<Result<Vec<DeadLetter>, Error>> {
        let page = async {
            let Access { letters, keeper } = letters(accessor)?;
            let before = match after {
                None => None,
                Some(after) => {
                    let last = letters.show(&id(&after)?).await?;
                    let last = last.ok_or_else(|| Error::Invalid(format!("there is no dead letter {after}")))?;
                    Some((last.dead_at, last.event.event_id))
                }
            };
            let list = letters.list(&DeadLetterFilter { subscription: consumer, before, limit: first }).await?;
            let list = match keeper {
                Some(keeper) => shown(&keeper, list).await?,
                None => list,
            };
            list.into_iter().map(DeadLetter::try_from).collect()
        };
        Ok(page.await)
    }

    async fn retry(accessor: Store<'_>, name: String) -> wasmtime::Result<Result<bool, Error>> {
        let retry = async { Ok(letters(accessor)?.letters.redrive(&id(&name)?).await?) };
        Ok(retry.await)
    }

    async fn discard(accessor: Store<'_>, name: String) -> wasmtime::Result<Result<bool, Error>> {
        let discard = async { Ok(letters(accessor)?.letters.discard(&id(&name)?).await?) };
        Ok(discard.await)
    }
}

/// With payloads in clear, as far as they can be read.
pub(crate) async fn shown(
    keeper: &Keeper,
    mut letters: Vec<store::DeadLetter>,
) -> Result<Vec<store::DeadLetter>, KeyError> {
    let kept: Vec<_> = letters.iter().map(|letter| &letter.event).collect();
    let events = keeper.keys().show(&kept).await?;
    for (letter, event) in letters.iter_mut().zip(events) {
        // One that is damaged is shown as it is kept.
        if let Ok(event) = event {
            letter.event = event;
        }
    }
    Ok(letters)
}

impl From<KeyError> for Error {
    fn from(error: KeyError) -> Self {
        Self::Unavailable(error.to_string())
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
        Self::Unavailable(chain(&error))
    }
}
