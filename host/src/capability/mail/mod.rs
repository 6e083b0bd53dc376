//! Mail of components, through the platform's one sender.

use super::{Capability, Grantee, OpenError, Opening, Own, Requirement, Scratch, State};
use mindflow_backends::{error::chain, messaging::mail as store};
use mindflow_platform::refusal;
use std::sync::Arc;
use wasmtime::component::{Accessor, HasSelf, Linker};

bindings!("import mindflow:platform/mail@0.1.0;");

use bindings::mindflow::platform::mail;

/// The platform's one sender.
pub struct Mail(Arc<dyn store::Mailer>);

impl Capability for Mail {
    const GRANT: Option<&'static str> = Some("mail");
    const SETTINGS: Option<&'static str> = Some("mail");
    type Grant = bool;
    type Settings = store::Config;
    type Access = Option<Arc<dyn store::Mailer>>;

    fn link(linker: &mut Linker<State>) -> wasmtime::Result<()> {
        mail::add_to_linker::<_, Own>(linker, |state| state)
    }

    fn requirement(interface: &str, grantee: &Grantee<'_>) -> Option<Requirement> {
        let granted = grantee.grants.mail;
        (interface == "mindflow:platform/mail").then(|| Requirement::tool(granted, "mail = true"))
    }

    async fn open(opening: &Opening<'_>) -> Result<Self, OpenError> {
        let mailer = store::open(&opening.settings.mail, opening.data_dir, opening.clock.clone());
        mailer.map(Self).map_err(OpenError::new)
    }

    fn access(&self, grantee: &Grantee<'_>) -> Self::Access {
        grantee.grants.mail.then(|| Arc::clone(&self.0))
    }

    async fn shadow(_: &Self::Access, _: &Scratch<'_>) -> Result<Self::Access, OpenError> {
        Ok(None)
    }
}

impl mail::Host for State {}

impl mail::HostWithStore<State> for HasSelf<State> {
    async fn send(
        accessor: &Accessor<State, Self>,
        message: mail::Message,
    ) -> wasmtime::Result<Result<(), mail::Error>> {
        let Some(mailer) = accessor.with(|mut store| store.get().access.mail.clone()) else {
            return Ok(Err(mail::Error::AccessDenied(refusal::MAIL.into())));
        };
        let mail::Message { id, to, subject, text, html, headers } = message;
        let message = store::Message { id, to, subject, text, html, headers };
        Ok(mailer.send(&message).await.map_err(Into::into))
    }
}

impl From<store::Error> for mail::Error {
    fn from(error: store::Error) -> Self {
        let text = chain(&error);
        match error {
            store::Error::Invalid { .. } => Self::Invalid(text),
            store::Error::Rejected(_) => Self::Rejected(text),
            store::Error::Unavailable(_) => Self::Unavailable(text),
        }
    }
}
