//! Databases, by the names that the manifest grants, each statement as the component's own role and for
//! a proven identity.

use super::{
    Access, Capability, Grantee, HealthError, HealthState, OpenError, Opening, Own, Requirement, Scratch, Settings,
    State, Unbound, events::bindings::mindflow::platform::events as wit_events, jwt::Unproven,
};
use mindflow_backends::{
    data_keys::{KeyError, SealError, Subject},
    database::{
        postgres::{Database, DatabaseConfig},
        sql as store,
    },
    delivery::applied,
    ids,
    places::Origin,
};
use mindflow_platform::refusal;
use serde::Deserialize;
use std::{collections::BTreeMap, sync::Arc};
use wasmtime::{
    AsContextMut,
    component::{Accessor, HasSelf, Linker, Resource},
};

bindings!(
    "import mindflow:platform/sql@0.1.0;",
    with: {
        "mindflow:platform/events": crate::capability::events::bindings::mindflow::platform::events,
        "mindflow:platform/sql.transaction": super::Transaction,
    }
);

use bindings::mindflow::platform::sql::{
    self as wit, DbError, Error, Identity, Mark, NewEvent, Rowset, Statement, Value,
};

/// The configured databases.
pub struct Sql(pub BTreeMap<String, Database>);

/// Whose rows a component may ask a database for.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum DatabaseAccess {
    /// Those of a caller with an access token.
    Caller,
    /// Also all rows of its own tables, as the service itself.
    Service,
}

/// An open transaction.
#[derive(Clone)]
pub struct Transaction(Arc<store::Transaction>);

impl Capability for Sql {
    const GRANT: Option<&'static str> = Some("sql");
    const SETTINGS: Option<&'static str> = Some("databases");
    /// By the databases' names.
    type Grant = BTreeMap<String, DatabaseAccess>;
    type Settings = BTreeMap<String, DatabaseConfig>;
    type Access = BTreeMap<String, (Database, DatabaseAccess)>;

    fn link(linker: &mut Linker<State>) -> wasmtime::Result<()> {
        wit::add_to_linker::<_, Own>(linker, |state| state)
    }

    fn requirement(interface: &str, grantee: &Grantee<'_>) -> Option<Requirement> {
        let granted = !grantee.grants.sql.is_empty();
        (interface == "mindflow:platform/sql").then(|| Requirement::tool(granted, r#"sql = { DATABASE = "caller" }"#))
    }

    fn check_grant(settings: &Settings, grant: &Self::Grant) -> Result<(), Unbound> {
        Unbound::first(grant.keys(), &settings.sql, "databases")
    }

    /// They are open already: other capabilities need them, too.
    async fn open(opening: &Opening<'_>) -> Result<Self, OpenError> {
        Ok(Self(opening.databases.clone()))
    }

    fn access(&self, grantee: &Grantee<'_>) -> Self::Access {
        let granted =
            |(name, access): (&String, &DatabaseAccess)| Some((name.clone(), (self.0.get(name)?.clone(), *access)));
        grantee.grants.sql.iter().filter_map(granted).collect()
    }

    async fn shadow(live: &Self::Access, scratch: &Scratch<'_>) -> Result<Self::Access, OpenError> {
        let substitute = |(name, (_, access)): (&String, &(Database, DatabaseAccess))| {
            Some((name.clone(), (scratch.databases.get(name)?.clone(), *access)))
        };
        Ok(live.iter().filter_map(substitute).collect())
    }

    async fn health(&self) -> Vec<(String, HealthState)> {
        futures::future::join_all(self.0.iter().map(async |(name, database)| {
            (format!("database:{name}"), database.health().await.map_err(HealthError::from))
        }))
        .await
    }
}

impl wit::Host for State {}
impl wit::HostTransaction for State {}

type Store<'a> = &'a Accessor<State, HasSelf<State>>;

/// A database, and the identity for which a component asks it.
struct Session {
    database: Database,
    component: Arc<str>,
    identity: store::Identity,
}

fn access(accessor: Store<'_>) -> Arc<Access> {
    accessor.with(|mut store| Arc::clone(&store.get().access))
}

/// Where the client is whose call asks. It is known only until the first await of what was asked.
fn origin(accessor: Store<'_>) -> Option<Origin> {
    accessor.with(|mut store| {
        let tasks = store.get().tasks.clone();
        let mut store = store.as_context_mut();
        store.async_call_stack().ok().and_then(|stack| tasks.origin(stack))
    })
}

/// Grants the database, and proves whose rows are asked for.
async fn session(accessor: Store<'_>, database: &str, identity: Identity) -> Result<Session, Error> {
    let access = access(accessor);
    // A proven user counts for itself, wherever it is.
    let origin = if matches!(identity, Identity::Service) { origin(accessor) } else { None };
    let Some((granted, rows)) = access.sql.get(database) else {
        return Err(Error::AccessDenied(refusal::named("database", database, &access.component)));
    };
    let identity = match identity {
        Identity::Service if *rows == DatabaseAccess::Service => store::Identity::Service,
        Identity::Service => {
            return Err(Error::AccessDenied(format!(
                "`{}` may ask database `{database}` only for a caller, not as the service",
                access.component
            )));
        }
        Identity::Caller(token) => {
            let (user_id, roles) = access.jwt.prove(&token).await.map_err(|unproven| match unproven {
                Unproven::Denied(reason) => Error::AccessDenied(reason),
                Unproven::Unavailable(reason) => Error::Unavailable(reason),
            })?;
            store::Identity::Caller { user_id, roles }
        }
    };
    Ok(Session { database: granted.asked_by(origin.as_ref()), component: Arc::clone(&access.component), identity })
}

fn transaction(accessor: Store<'_>, handle: &Resource<Transaction>) -> wasmtime::Result<Arc<store::Transaction>> {
    Ok(accessor.with(|mut store| store.get().resource(handle))?.0)
}

impl wit::HostWithStore<State> for HasSelf<State> {
    async fn begin_once(
        accessor: Store<'_>,
        database: String,
        identity: Identity,
        event: Mark,
    ) -> wasmtime::Result<Result<Option<Resource<Transaction>>, Error>> {
        let mark = match mark(&access(accessor), event) {
            Ok(mark) => mark,
            Err(refused) => return Ok(Err(refused)),
        };
        let session = match session(accessor, &database, identity).await {
            Ok(session) => session,
            Err(denied) => return Ok(Err(denied)),
        };
        match session.database.begin_once(&session.component, &session.identity, &mark).await {
            Ok(applied::Once::Fresh(open)) => {
                let handle = accessor.with(|mut store| store.get().table.push(Transaction(Arc::from(open))))?;
                Ok(Ok(Some(handle)))
            }
            Ok(applied::Once::Already) => Ok(Ok(None)),
            Err(error) => Ok(Err(error.into())),
        }
    }

    async fn begin_batch(
        accessor: Store<'_>,
        database: String,
        identity: Identity,
        events: Vec<Mark>,
    ) -> wasmtime::Result<Result<(Resource<Transaction>, Vec<bool>), Error>> {
        let marks = {
            let access = access(accessor);
            events.into_iter().map(|event| mark(&access, event)).collect::<Result<Vec<_>, _>>()
        };
        let marks = match marks {
            Ok(marks) => marks,
            Err(refused) => return Ok(Err(refused)),
        };
        let session = match session(accessor, &database, identity).await {
            Ok(session) => session,
            Err(denied) => return Ok(Err(denied)),
        };
        match session.database.begin_batch(&session.component, &session.identity, &marks).await {
            Ok((open, fresh)) => {
                let handle = accessor.with(|mut store| store.get().table.push(Transaction(Arc::new(open))))?;
                Ok(Ok((handle, fresh)))
            }
            Err(error) => Ok(Err(error.into())),
        }
    }

    async fn query(
        accessor: Store<'_>,
        database: String,
        identity: Identity,
        statement: String,
        params: Vec<Value>,
    ) -> wasmtime::Result<Result<Rowset, Error>> {
        let session = match session(accessor, &database, identity).await {
            Ok(session) => session,
            Err(denied) => return Ok(Err(denied)),
        };
        let params = values(params);
        let rows = session.database.query(&session.component, &session.identity, &statement, &params).await;
        Ok(rows.map(Into::into).map_err(Into::into))
    }

    async fn query_many(
        accessor: Store<'_>,
        database: String,
        identity: Identity,
        statements: Vec<Statement>,
    ) -> wasmtime::Result<Result<Vec<Rowset>, Error>> {
        let session = match session(accessor, &database, identity).await {
            Ok(session) => session,
            Err(denied) => return Ok(Err(denied)),
        };
        let statements: Vec<_> =
            statements.into_iter().map(|Statement { text, params }| (text, values(params))).collect();
        let reads: Vec<_> = statements.iter().map(|(text, params)| (text.as_str(), params.as_slice())).collect();
        let answers = session.database.query_many(&session.component, &session.identity, &reads).await;
        Ok(answers.map(|answers| answers.into_iter().map(Into::into).collect()).map_err(Into::into))
    }
}

impl wit::HostTransactionWithStore<State> for HasSelf<State> {
    async fn drop(accessor: Store<'_>, handle: Resource<Transaction>) -> wasmtime::Result<()> {
        // The store rolls back when its last holder lets go.
        accessor.with(|mut store| store.get().table.delete(handle))?;
        Ok(())
    }

    async fn begin(
        accessor: Store<'_>,
        database: String,
        identity: Identity,
    ) -> wasmtime::Result<Result<Resource<Transaction>, Error>> {
        let session = match session(accessor, &database, identity).await {
            Ok(session) => session,
            Err(denied) => return Ok(Err(denied)),
        };
        match session.database.begin(&session.component, &session.identity).await {
            Ok(open) => Ok(Ok(accessor.with(|mut store| store.get().table.push(Transaction(Arc::new(open))))?)),
            Err(error) => Ok(Err(error.into())),
        }
    }

    async fn execute(
        accessor: Store<'_>,
        handle: Resource<Transaction>,
        statement: String,
        params: Vec<Value>,
    ) -> wasmtime::Result<Result<u64, Error>> {
        let open = transaction(accessor, &handle)?;
        Ok(open.execute(&statement, &values(params)).await.map_err(Into::into))
    }

    async fn query(
        accessor: Store<'_>,
        handle: Resource<Transaction>,
        statement: String,
        params: Vec<Value>,
    ) -> wasmtime::Result<Result<Rowset, Error>> {
        let open = transaction(accessor, &handle)?;
        Ok(open.query(&statement, &values(params)).await.map(Into::into).map_err(Into::into))
    }

    async fn publish(
        accessor: Store<'_>,
        handle: Resource<Transaction>,
        event: NewEvent,
    ) -> wasmtime::Result<Result<String, Error>> {
        let open = transaction(accessor, &handle)?;
        let access = access(accessor);
        if !access.events.publishes.contains(&event.event_type) {
            let reason = format!(
                "`{}` may not publish {}; add it to `publishes` in the manifest",
                access.component, event.event_type
            );
            return Ok(Err(Error::AccessDenied(reason)));
        }
        let row = match new_event(&access, event).await {
            Ok(row) => row,
            Err(refused) => return Ok(Err(refused)),
        };
        Ok(open.publish(&row).await.map(|()| row.event_id.to_string()).map_err(Into::into))
    }

    async fn commit(accessor: Store<'_>, handle: Resource<Transaction>) -> wasmtime::Result<Result<(), Error>> {
        let open = accessor.with(|mut store| store.get().table.delete(handle))?;
        match Arc::try_unwrap(open.0) {
            Ok(open) => Ok(open.commit().await.map_err(Into::into)),
            Err(_) => Ok(Err(Error::Other(
                "commit while a statement of the transaction is still running; it is rolled back".into(),
            ))),
        }
    }
}

/// Only of the component's own subscriptions.
fn mark(access: &Access, event: Mark) -> Result<applied::Mark, Error> {
    let Mark { subscription, event_id, partition_key, sequence } = event;
    if !access.events.subscriptions.contains(&subscription) {
        return Err(Error::AccessDenied(format!("`{subscription}` is no subscription of `{}`", access.component)));
    }
    Ok(applied::Mark::new(subscription, &event_id, partition_key, sequence)?)
}

/// With its payload sealed.
async fn new_event(access: &Access, event: NewEvent) -> Result<store::NewEvent, Error> {
    let subject = match event.subject {
        wit_events::Subject::Itself => Subject::Itself,
        wit_events::Subject::Aggregate(name) => Subject::Aggregate(name),
        wit_events::Subject::Unsealed => Subject::Unsealed,
    };
    let draft = store::Draft {
        event_type: event.event_type,
        version: event.version,
        sequence: event.sequence,
        partition_key: event.partition_key,
        correlation_id: event.correlation_id,
        traceparent: event.traceparent,
        user_id: event.user_id,
        tenant_id: event.tenant_id,
        payload: event.payload,
    };
    let mut event = store::NewEvent::new(draft, ids::ordered(), access.clock.now_us())?;
    seal(access, &mut event, &subject).await.map_err(|error| match error {
        SealError::Destroyed { .. } => Error::AccessDenied(error.to_string()),
        SealError::Reserved | SealError::Name => Error::InvalidParams(error.to_string()),
        SealError::Keys(error) => Error::Unavailable(error.to_string()),
    })?;
    Ok(event)
}

async fn seal(access: &Access, event: &mut store::NewEvent, subject: &Subject) -> Result<(), SealError> {
    if !subject.seals(event)? || access.events.keeps_clear {
        return Ok(());
    }
    let missing = || KeyError("there is no event log, and so no key for what it has".into());
    access.events.keys.as_ref().ok_or_else(missing)?.seal_new(event, subject).await
}

fn values(values: Vec<Value>) -> Vec<store::Value> {
    values.into_iter().map(Into::into).collect()
}

macro_rules! same_variants {
    ($($variant:ident),*) => {
        impl From<Value> for store::Value {
            fn from(value: Value) -> Self {
                match value {
                    Value::Null => Self::Null,
                    $(Value::$variant(it) => Self::$variant(it),)*
                }
            }
        }

        impl From<store::Value> for Value {
            fn from(value: store::Value) -> Self {
                match value {
                    store::Value::Null => Self::Null,
                    $(store::Value::$variant(it) => Self::$variant(it),)*
                }
            }
        }
    };
}

same_variants!(
    Boolean, Int32, Int64, Float64, Numeric, Text, Bytes, Uuid, Json, Timestamp, Date, Int64Array, TextArray, UuidArray
);

impl From<store::Rowset> for Rowset {
    fn from(set: store::Rowset) -> Self {
        Self {
            columns: set.columns,
            rows: set.rows.into_iter().map(|row| row.into_iter().map(Into::into).collect()).collect(),
        }
    }
}

impl From<store::DbError> for DbError {
    fn from(error: store::DbError) -> Self {
        Self { sqlstate: error.sqlstate, message: error.message, constraint: error.constraint }
    }
}

impl From<store::Error> for Error {
    fn from(error: store::Error) -> Self {
        match error {
            store::Error::AccessDenied(reason) => Self::AccessDenied(reason),
            store::Error::Unavailable(reason) => Self::Unavailable(reason),
            store::Error::PoolExhausted => Self::PoolExhausted,
            store::Error::Timeout => Self::Timeout,
            store::Error::InvalidParams(reason) => Self::InvalidParams(reason),
            store::Error::Conflict(cause) => Self::Conflict(cause.into()),
            store::Error::Statement(cause) => Self::Statement(cause.into()),
            store::Error::Other(reason) => Self::Other(reason),
        }
    }
}
