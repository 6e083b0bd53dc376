//! Mail of components, through the platform's one sender.

use super::bindings::platform::mail;
use crate::engine::State;
use mindflow_backends::mail as store;
use wasmtime::component::{Accessor, HasSelf};

impl mail::Host for State {}

impl mail::HostWithStore<State> for HasSelf<State> {
    async fn send(
        accessor: &Accessor<State, Self>,
        message: mail::Message,
    ) -> wasmtime::Result<Result<(), mail::Error>> {
        let Some(mailer) = accessor.with(|mut store| store.get().grants.mailer.clone()) else {
            return Ok(Err(mail::Error::AccessDenied("the component may not send mail".into())));
        };
        let mail::Message { id, to, subject, text, html, headers } = message;
        let message = store::Message { id, to, subject, text, html, headers };
        Ok(mailer.send(&message).await.map_err(Into::into))
    }
}

impl From<store::Error> for mail::Error {
    fn from(error: store::Error) -> Self {
        let text = crate::cli::line(&error);
        match error {
            store::Error::Invalid { .. } => Self::Invalid(text),
            store::Error::Rejected(_) => Self::Rejected(text),
            store::Error::Unavailable(_) => Self::Unavailable(text),
        }
    }
}
