//! Sealing and signing web push messages; the platform's key never enters a sandbox.

use super::{Capability, Grantee, OpenError, Opening, Own, Requirement, Scratch, State};
use mindflow_backends::messaging::web_push::{self as store, WebPush};
use mindflow_platform::refusal;
use std::sync::Arc;
use wasmtime::component::{Accessor, HasSelf, Linker};

bindings!("import mindflow:platform/web-push@0.1.0;");

use bindings::mindflow::platform::web_push::{self as wit, Error, Host, HostWithStore, Sealed, Subscription};

/// The platform's key pair.
pub struct Push(Arc<WebPush>);

/// The key pair cannot be read or made.
#[derive(Debug, thiserror::Error)]
#[error("web push")]
struct PushError(#[source] store::OpenError);

impl Capability for Push {
    const GRANT: Option<&'static str> = Some("web-push");
    /// Whether a component may seal and sign messages.
    type Grant = bool;
    /// It has no table: keys are where `[keys]` says, and the contact is that of `[mail]`.
    type Settings = ();
    type Access = Option<Arc<WebPush>>;

    fn link(linker: &mut Linker<State>) -> wasmtime::Result<()> {
        wit::add_to_linker::<_, Own>(linker, |state| state)
    }

    fn requirement(interface: &str, grantee: &Grantee<'_>) -> Option<Requirement> {
        let granted = grantee.grants.web_push;
        (interface == "mindflow:platform/web-push").then(|| Requirement::tool(granted, "web-push = true"))
    }

    async fn open(opening: &Opening<'_>) -> Result<Self, OpenError> {
        let database = opening.database(&opening.settings.jwt.database, "[keys]")?;
        let contact = opening.settings.mail.contact().map_err(OpenError::new)?;
        let push = WebPush::open(&database, &contact, opening.clock.clone()).await;
        push.map(|push| Self(Arc::new(push))).map_err(|source| OpenError::new(PushError(source)))
    }

    async fn prepare(opening: &Opening<'_>) -> Result<(), OpenError> {
        Self::open(opening).await.map(drop)
    }

    fn access(&self, grantee: &Grantee<'_>) -> Self::Access {
        grantee.grants.web_push.then(|| Arc::clone(&self.0))
    }

    async fn shadow(_: &Self::Access, _: &Scratch<'_>) -> Result<Self::Access, OpenError> {
        Ok(None)
    }
}

impl Host for State {}

type Store<'a> = &'a Accessor<State, HasSelf<State>>;

fn web_push(accessor: Store<'_>) -> Result<Arc<WebPush>, Error> {
    let granted = accessor.with(|mut store| store.get().access.web_push.clone());
    granted.ok_or_else(|| Error::AccessDenied(refusal::WEB_PUSH.into()))
}

impl HostWithStore<State> for HasSelf<State> {
    async fn public_key(accessor: Store<'_>) -> wasmtime::Result<Result<String, Error>> {
        Ok(web_push(accessor).map(|web_push| web_push.public_key().to_owned()))
    }

    async fn check(accessor: Store<'_>, subscription: Subscription) -> wasmtime::Result<Result<(), Error>> {
        Ok(web_push(accessor).and_then(|web_push| Ok(web_push.check(&subscription.into())?)))
    }

    async fn seal(
        accessor: Store<'_>,
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
