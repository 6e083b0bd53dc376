//! Sealing and signing web push messages; the platform's key never enters a sandbox.

use super::bindings::platform::web_push::{Error, Host, HostWithStore, Sealed, Subscription};
use crate::engine::State;
use mindflow_backends::web_push::{self as store, WebPush};
use std::sync::Arc;
use wasmtime::component::{Accessor, HasSelf};

impl Host for State {}

type Own<'a> = &'a Accessor<State, HasSelf<State>>;

fn web_push(accessor: Own<'_>) -> Result<Arc<WebPush>, Error> {
    let granted = accessor.with(|mut store| store.get().grants.web_push.clone());
    granted.ok_or_else(|| Error::AccessDenied("the component may not send web push messages".into()))
}

impl HostWithStore<State> for HasSelf<State> {
    async fn public_key(accessor: Own<'_>) -> wasmtime::Result<Result<String, Error>> {
        Ok(web_push(accessor).map(|web_push| web_push.public_key().to_owned()))
    }

    async fn check(accessor: Own<'_>, subscription: Subscription) -> wasmtime::Result<Result<(), Error>> {
        Ok(web_push(accessor).and_then(|web_push| Ok(web_push.check(&subscription.into())?)))
    }

    async fn seal(
        accessor: Own<'_>,
        subscription: Subscription,
        plaintext: Vec<u8>,
    ) -> wasmtime::Result<Result<Sealed, Error>> {
        let seal = |web_push: Arc<WebPush>| Ok(web_push.seal(&subscription.into(), &plaintext)?);
        Ok(web_push(accessor)
            .and_then(seal)
            .map(|sealed| Sealed { authorization: sealed.authorization, body: sealed.body }))
    }
}

impl From<Subscription> for store::Subscription {
    fn from(subscription: Subscription) -> Self {
        let Subscription { endpoint, p256dh, auth } = subscription;
        Self { endpoint, p256dh, auth }
    }
}

impl From<store::SealError> for Error {
    fn from(error: store::SealError) -> Self {
        Self::Invalid(error.to_string())
    }
}
