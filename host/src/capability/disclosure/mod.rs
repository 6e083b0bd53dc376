//! Requests that carry a user's text outside, and the ledger of them. A component whose grant of outbound HTTP is `disclosed` sends by
//! this capability alone: the host has the whole request, writes it down and sends it after that. Each user reads what is theirs.

mod post;

use super::{
    Capability, Grantee, OpenError, Opening, Own, Requirement, Scratch, Settings, State, Table, Unbound, jwt::Unproven,
};
use mindflow_backends::{
    embeddings::{Disclosing, Leaving},
    records::{
        PostgresConfig,
        ledger::{self as store, Disclosure, Ledger, LedgerError, PostgresLedger, Refusal},
    },
};
use mindflow_platform::refusal;
use std::sync::Arc;
use uuid::Uuid;
use wasmtime::component::{Accessor, HasSelf, Linker};

bindings!(
    "
    import mindflow:platform/disclosure@0.1.0;
    import mindflow:platform/disclosure-sender@0.1.0;
    import mindflow:platform/disclosure-reader@0.1.0;
"
);

use bindings::mindflow::platform::{
    disclosure::{self as wit, Document, Owner, Subject},
    disclosure_reader as reader, disclosure_sender as sender,
};

/// The section of the runtime configuration.
const SECTION: &str = "disclosure-ledger";

/// The one ledger of the platform.
pub struct Disclosures(Arc<dyn Ledger>);

/// What a component may do with the ledger. None may change what is in it.
#[derive(Clone)]
pub struct Access {
    /// For what it sends, by this capability or by that of embeddings; `None` if it sends nothing.
    ledger: Option<Arc<dyn Ledger>>,
    reads: bool,
}

impl Capability for Disclosures {
    const GRANT: Option<&'static str> = Some(SECTION);
    const SETTINGS: Option<&'static str> = Some(SECTION);
    /// Whether it may read for a caller what is the caller's.
    type Grant = bool;
    type Settings = PostgresConfig;
    type Access = Access;

    fn link(linker: &mut Linker<State>) -> wasmtime::Result<()> {
        wit::add_to_linker::<_, Own>(linker, |state| state)?;
        sender::add_to_linker::<_, Own>(linker, |state| state)?;
        reader::add_to_linker::<_, Own>(linker, |state| state)
    }

    fn requirement(interface: &str, grantee: &Grantee<'_>) -> Option<Requirement> {
        match interface {
            "mindflow:platform/disclosure-sender" if grantee.allowed_hosts.is_empty() => Some(Requirement {
                granted: false,
                line: r#"allowed_outbound_hosts = ["https://HOST"]"#,
                table: Table::Component,
            }),
            "mindflow:platform/disclosure-sender" => {
                Some(Requirement::tool(grantee.grants.outbound.disclosed, "outbound = { disclosed = true }"))
            }
            "mindflow:platform/disclosure-reader" => {
                Some(Requirement::tool(grantee.grants.disclosure, "disclosure-ledger = true"))
            }
            _ => None,
        }
    }

    fn check_settings(settings: &Settings) -> Result<(), Unbound> {
        settings.require_database(Some(&settings.disclosure.database), "[disclosure-ledger]")
    }

    async fn open(opening: &Opening<'_>) -> Result<Self, OpenError> {
        let database = opening.database(&opening.settings.disclosure.database, "[disclosure-ledger]")?;
        Ok(Self(Arc::new(PostgresLedger::new(database))))
    }

    fn access(&self, grantee: &Grantee<'_>) -> Access {
        let grants = grantee.grants;
        let used = grants.outbound.disclosed || grants.embeddings || grants.disclosure;
        Access { ledger: used.then(|| Arc::clone(&self.0)), reads: grants.disclosure }
    }

    /// No ledger: a replay sends nothing.
    async fn shadow(_: &Access, _: &Scratch<'_>) -> Result<Access, OpenError> {
        Ok(Access { ledger: None, reads: false })
    }
}

mindflow_platform::disclosure_types!(sender, reader, Document);

/// Writes down what one call sends.
pub(super) struct Recorder {
    access: Arc<super::Access>,
    subject: Subject,
}

// === impl Recorder ===

impl Recorder {
    pub(super) fn new(access: Arc<super::Access>, subject: Subject) -> Self {
        Self { access, subject }
    }

    /// Whose text it is, of what, and what for.
    async fn subject(&self) -> Result<store::Subject, Refusal> {
        let user_id = match &self.subject.owner {
            Owner::User(id) => store::owner(id)?,
            Owner::Caller(token) => caller(&self.access, token).await?,
        };
        let document = self.subject.document.clone();
        let document = document.map(|Document { id, version }| store::Document { id, version });
        store::Subject::of(user_id, document, self.subject.purpose.clone())
    }

    async fn record(
        &self,
        subject: store::Subject,
        host: &str,
        model: Option<&str>,
        bytes: usize,
    ) -> Result<(), LedgerError> {
        let component = self.access.component.to_string();
        let ledger = self.access.disclosure.ledger.as_ref();
        let ledger = ledger.ok_or_else(|| LedgerError(format!("it is not granted to `{component}`")))?;
        let (host, model) = (host.to_owned(), model.map(str::to_owned));
        let written = ledger.record(&Disclosure { component, subject, host, model, bytes }).await;
        if let Err(error) = &written {
            tracing::error!(component = %self.access.component, %error, "a user's text was not sent");
        }
        written
    }
}

#[async_trait::async_trait]
impl Disclosing for Recorder {
    async fn disclose(&self, leaving: Leaving<'_>) -> Result<(), LedgerError> {
        let subject = self.subject().await.map_err(|refusal| LedgerError(refusal.to_string()))?;
        self.record(subject, leaving.host, Some(leaving.model), leaving.bytes).await
    }
}

async fn caller(access: &super::Access, token: &str) -> Result<Uuid, Refusal> {
    let proven = access.jwt.prove(token).await.map_err(|unproven| match unproven {
        Unproven::Denied(reason) => Refusal::Denied(reason),
        Unproven::Unavailable(reason) => Refusal::Unavailable(reason),
    });
    Ok(proven?.0)
}

impl wit::Host for State {}
impl sender::Host for State {}
impl reader::Host for State {}

type Store<'a> = &'a Accessor<State, HasSelf<State>>;

fn access(accessor: Store<'_>) -> Arc<super::Access> {
    accessor.with(|mut store| Arc::clone(&store.get().access))
}

impl sender::HostWithStore<State> for HasSelf<State> {
    async fn post(
        accessor: Store<'_>,
        subject: Subject,
        request: sender::Request,
    ) -> wasmtime::Result<Result<sender::Answer, sender::Error>> {
        let recorder = Recorder::new(access(accessor), subject);
        Ok(post::post(&recorder, request).await)
    }
}

impl reader::HostWithStore<State> for HasSelf<State> {
    async fn page(
        accessor: Store<'_>,
        token: String,
        first: u32,
        before: Option<String>,
    ) -> wasmtime::Result<Result<Vec<reader::Disclosed>, reader::Error>> {
        let access = access(accessor);
        let before = before.as_deref().map(store::row);
        Ok(page(&access, &token, first, before).await.map_err(reader::Error::from))
    }
}

async fn page(
    access: &super::Access,
    token: &str,
    first: u32,
    before: Option<Uuid>,
) -> Result<Vec<reader::Disclosed>, Refusal> {
    let ledger = access.disclosure.ledger.as_ref().filter(|_| access.disclosure.reads);
    let not_granted = || Refusal::Denied(refusal::ledger(&access.component));
    let ledger = ledger.ok_or_else(not_granted)?;
    let user_id = caller(access, token).await?;
    Ok(ledger.page(user_id, first, before).await?.into_iter().map(Into::into).collect())
}
