//! Vectors of texts' meanings, by the platform's one model. Texts that go to a service are in the ledger before they are sent.

use super::{Capability, Grantee, OpenError, Opening, Own, Requirement, Scratch, State, disclosure::Recorder};
use mindflow_backends::embeddings as store;
use mindflow_platform::refusal;
use std::sync::Arc;
use wasmtime::component::{Accessor, HasSelf, Linker};

bindings!(
    "import mindflow:platform/embeddings@0.1.0;",
    with: { "mindflow:platform/disclosure": crate::capability::disclosure::bindings::mindflow::platform::disclosure }
);

use bindings::mindflow::platform::embeddings::{self as wit, Error, Host, HostWithStore, Subject};

/// The model; `None` if the platform has none.
pub struct Model(Option<Arc<dyn store::Embeddings>>);

/// Whether a component may ask, and whether there is a model.
#[derive(Clone)]
pub enum Access {
    Denied,
    NotConfigured,
    Granted(Arc<dyn store::Embeddings>),
}

impl Model {
    /// Loads the model ahead of the first text.
    pub fn warm_up(&self) {
        if let Some(model) = &self.0 {
            model.warm_up();
        }
    }
}

impl Capability for Model {
    const GRANT: Option<&'static str> = Some("embeddings");
    const SETTINGS: Option<&'static str> = Some("embeddings");
    type Grant = bool;
    type Settings = store::Config;
    type Access = Access;

    fn link(linker: &mut Linker<State>) -> wasmtime::Result<()> {
        wit::add_to_linker::<_, Own>(linker, |state| state)
    }

    fn requirement(interface: &str, grantee: &Grantee<'_>) -> Option<Requirement> {
        let granted = grantee.grants.embeddings;
        (interface == "mindflow:platform/embeddings").then(|| Requirement::tool(granted, "embeddings = true"))
    }

    async fn open(opening: &Opening<'_>) -> Result<Self, OpenError> {
        store::open(&opening.settings.embeddings, opening.data_dir).await.map(Self).map_err(OpenError::new)
    }

    fn access(&self, grantee: &Grantee<'_>) -> Access {
        match &self.0 {
            _ if !grantee.grants.embeddings => Access::Denied,
            None => Access::NotConfigured,
            Some(model) => Access::Granted(Arc::clone(model)),
        }
    }

    /// No model: a replay makes no vectors again.
    async fn shadow(_: &Access, _: &Scratch<'_>) -> Result<Access, OpenError> {
        Ok(Access::NotConfigured)
    }

    async fn close(&self) {
        if let Some(model) = &self.0 {
            model.close().await;
        }
    }
}

impl Host for State {}

fn granted(accessor: &Accessor<State, HasSelf<State>>) -> Result<Arc<dyn store::Embeddings>, Error> {
    match accessor.with(|mut store| store.get().access.embeddings.clone()) {
        Access::Denied => Err(Error::AccessDenied(refusal::EMBEDDINGS.into())),
        Access::NotConfigured => Err(Error::NotConfigured),
        Access::Granted(model) => Ok(model),
    }
}

impl HostWithStore<State> for HasSelf<State> {
    async fn embed(
        accessor: &Accessor<State, Self>,
        subject: Subject,
        texts: Vec<String>,
    ) -> wasmtime::Result<Result<Vec<Vec<f32>>, Error>> {
        let recorder = Recorder::new(accessor.with(|mut store| Arc::clone(&store.get().access)), subject);
        let embed = async { Ok(granted(accessor)?.embed(&texts, &recorder).await?) };
        Ok(embed.await)
    }

    async fn leaves(accessor: &Accessor<State, Self>) -> wasmtime::Result<Result<bool, Error>> {
        Ok(granted(accessor).map(|embeddings| embeddings.leaves()))
    }

    async fn model(accessor: &Accessor<State, Self>) -> wasmtime::Result<Result<String, Error>> {
        Ok(granted(accessor).map(|embeddings| embeddings.model().to_owned()))
    }
}

impl From<store::Error> for Error {
    fn from(error: store::Error) -> Self {
        match error {
            store::Error::Invalid(rule) => Self::Invalid(rule),
            store::Error::Unavailable(_) => Self::Unavailable(error.to_string()),
        }
    }
}
