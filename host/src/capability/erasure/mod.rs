//! The keys under which payloads of events are kept, and their destruction, which few components may ask for.

use super::{
    Capability, Grantee, HealthError, HealthState, OpenError, Opening, Own, Requirement, Scratch, Settings, State,
    sealing::master,
};
use mindflow_backends::{
    data_keys::{AGGREGATE_BYTES_MAX, Config, FILE, Keeper},
    database::postgres::Database,
    delivery::{DeadLetters, erased},
    error::chain,
    records::logs::LogStore,
};
use mindflow_platform::refusal;
use std::{path::Path, sync::Arc};
use uuid::Uuid;
use wasmtime::component::{Accessor, HasSelf, Linker};

bindings!("import mindflow:platform/erasure@0.1.0;");

use bindings::mindflow::platform::erasure::{self as wit, Error};

/// The keys of the platform's event log; none where there is no log.
#[derive(Clone)]
pub struct Erasure {
    keeper: Option<Arc<Keeper>>,
    letters: Option<Arc<dyn DeadLetters>>,
    /// The kept log where it is in MongoDB. In PostgreSQL the auth service deletes its lines with what else the write database has.
    logs: Option<Arc<dyn LogStore>>,
}

/// Opens the keys, before anything that works with the event log: what was erased is erased again first.
///
/// # Errors
/// They cannot be opened, in words that name the setting.
pub async fn keeper(settings: &Settings, data_dir: &Path, log: Database) -> Result<Keeper, OpenError> {
    let master = master(&settings.sealing, data_dir)?;
    let mut databases = settings.sql.values();
    if settings.erasure.dsn.is_none() && databases.any(|database| !database.is_embedded()) {
        tracing::warn!(
            "[data-keys] has no dsn: the keys of payloads are in {FILE} of this host's data directory, which must not be lost; several replicas need a database for them, data-keys.dsn or MINDFLOW_DATA_KEYS__DSN"
        );
    }
    Keeper::open(&settings.erasure, data_dir, &master, log).await.map_err(OpenError::new)
}

impl Capability for Erasure {
    const GRANT: Option<&'static str> = Some("erasure");
    const SETTINGS: Option<&'static str> = Some("data-keys");
    /// Whether it may destroy keys.
    type Grant = bool;
    type Settings = Config;
    type Access = Option<Self>;

    fn link(linker: &mut Linker<State>) -> wasmtime::Result<()> {
        wit::add_to_linker::<_, Own>(linker, |state| state)
    }

    fn requirement(interface: &str, grantee: &Grantee<'_>) -> Option<Requirement> {
        let granted = grantee.grants.erasure;
        (interface == "mindflow:platform/erasure").then(|| Requirement::tool(granted, "erasure = true"))
    }

    async fn open(opening: &Opening<'_>) -> Result<Self, OpenError> {
        let letters = opening.queues.clone().map(|queues| queues as Arc<dyn DeadLetters>);
        Ok(Self { keeper: opening.keeper.clone(), letters, logs: opening.logs.clone() })
    }

    fn access(&self, grantee: &Grantee<'_>) -> Self::Access {
        grantee.grants.erasure.then(|| self.clone())
    }

    /// None: what a replay erases is erased already.
    async fn shadow(_: &Self::Access, _: &Scratch<'_>) -> Result<Self::Access, OpenError> {
        Ok(None)
    }

    async fn health(&self) -> Vec<(String, HealthState)> {
        match &self.keeper {
            Some(keeper) => vec![("data-keys".to_owned(), keeper.health().await.map_err(HealthError::from))],
            None => Vec::new(),
        }
    }

    async fn close(&self) {
        if let Some(keeper) = &self.keeper {
            keeper.close().await;
        }
    }
}

// === impl Erasure ===

impl Erasure {
    async fn destroy(&self, user_id: &str, aggregate: Option<&str>) -> Result<bool, Error> {
        let user_id = user_id.parse::<Uuid>().map_err(|_| Error::Invalid("user-id must be a UUID".into()))?;
        if aggregate.is_some_and(|name| !(1..=AGGREGATE_BYTES_MAX).contains(&name.len())) {
            return Err(Error::Invalid(format!("aggregate must have 1 to {AGGREGATE_BYTES_MAX} bytes")));
        }
        let missing = || Error::Unavailable("there is no event log, and so there are no keys".into());
        let keeper = self.keeper.as_ref().ok_or_else(missing)?;
        let destroyed = keeper.destroy(user_id, aggregate).await.map_err(|error| Error::Unavailable(chain(&error)))?;
        if let Some(letters) = &self.letters {
            let discarded = erased::discard(&**letters, keeper.keys()).await;
            let discarded = discarded.map_err(|error| Error::Unavailable(chain(&error)))?;
            tracing::info!(destroyed, discarded, "data keys were destroyed, and dead letters under them discarded");
        }
        if let (Some(logs), Some(id)) = (&self.logs, named(user_id, aggregate)) {
            let forgotten = logs.forget_named(id).await.map_err(|error| Error::Unavailable(chain(&error)))?;
            tracing::info!(forgotten, "lines of the kept log that name what was erased were deleted");
        }
        Ok(destroyed)
    }
}

/// What lines of the log name: the user, or what an aggregate's name ends with, as `entry:UUID`.
fn named(user_id: Uuid, aggregate: Option<&str>) -> Option<Uuid> {
    match aggregate {
        None => Some(user_id),
        Some(name) => name.rsplit_once(':')?.1.parse().ok(),
    }
}

impl wit::Host for State {}

type Store<'a> = &'a Accessor<State, HasSelf<State>>;

fn erasure(accessor: Store<'_>) -> Result<Erasure, Error> {
    let granted = accessor.with(|mut store| store.get().access.erasure.clone());
    granted.ok_or_else(|| Error::AccessDenied(refusal::ERASURE.into()))
}

impl wit::HostWithStore<State> for HasSelf<State> {
    async fn destroy_subject(accessor: Store<'_>, user_id: String) -> wasmtime::Result<Result<bool, Error>> {
        let destroy = async { erasure(accessor)?.destroy(&user_id, None).await };
        Ok(destroy.await)
    }

    async fn destroy_aggregate(
        accessor: Store<'_>,
        user_id: String,
        aggregate: String,
    ) -> wasmtime::Result<Result<bool, Error>> {
        let destroy = async { erasure(accessor)?.destroy(&user_id, Some(&aggregate)).await };
        Ok(destroy.await)
    }
}
