//! What texts mean, by the platform's one model.

use super::bindings::platform::embeddings::{Error, Host, HostWithStore};
use crate::engine::State;
use mindflow_backends::embeddings as store;
use std::sync::Arc;
use wasmtime::component::{Accessor, HasSelf};

impl Host for State {}

/// Whether a component may ask, and whether there is a model.
pub enum Grant {
    Denied,
    NotConfigured,
    Granted(Arc<dyn store::Embeddings>),
}

fn granted(accessor: &Accessor<State, HasSelf<State>>) -> Result<Arc<dyn store::Embeddings>, Error> {
    let grants = accessor.with(|mut store| Arc::clone(&store.get().grants));
    match &grants.embeddings {
        Grant::Denied => Err(Error::AccessDenied("the component may not ask what texts mean".into())),
        Grant::NotConfigured => Err(Error::NotConfigured),
        Grant::Granted(embeddings) => Ok(Arc::clone(embeddings)),
    }
}

impl HostWithStore<State> for HasSelf<State> {
    async fn embed(
        accessor: &Accessor<State, Self>,
        texts: Vec<String>,
    ) -> wasmtime::Result<Result<Vec<Vec<f32>>, Error>> {
        let embed = async { Ok(granted(accessor)?.embed(&texts).await?) };
        Ok(embed.await)
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
