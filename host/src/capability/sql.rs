//! Databases, by the names that the manifest grants, each statement as the component's own role and for
//! a proven identity.

use super::bindings::platform::sql::{self as wit, DbError, Error, Identity, Mark, NewEvent, Rowset, Value};
use super::{Grants, Unproven, prove};
use crate::{engine::State, manifest::DatabaseAccess};
use mindflow_backends::{applied, postgres::Database, sql as store};
use std::sync::Arc;
use uuid::Uuid;
use wasmtime::component::{Accessor, HasSelf, Resource};

/// An open transaction.
#[derive(Clone)]
pub struct Transaction(Arc<store::Transaction>);

impl wit::Host for State {}
impl wit::HostTransaction for State {}

type Own<'a> = &'a Accessor<State, HasSelf<State>>;

/// What a database is asked on behalf of whom.
struct Access {
    database: Database,
    component: String,
    identity: store::Identity,
}

/// Grants the database, and proves whose rows are asked for.
async fn access(accessor: Own<'_>, database: &str, identity: Identity) -> Result<Access, Error> {
    let grants = accessor.with(|mut store| Arc::clone(&store.get().grants));
    let Some((granted, access)) = grants.databases.get(database) else {
        return Err(Error::AccessDenied(format!("database `{database}` is not granted to `{}`", grants.component)));
    };
    let identity = match identity {
        Identity::Service if *access == DatabaseAccess::Service => store::Identity::Service,
        Identity::Service => {
            return Err(Error::AccessDenied(format!(
                "`{}` may ask database `{database}` only for a caller, not as the service",
                grants.component
            )));
        }
        Identity::Caller(token) => {
            let (user_id, roles) = prove(&grants, &token).await.map_err(|unproven| match unproven {
                Unproven::Denied(reason) => Error::AccessDenied(reason),
                Unproven::Unavailable(reason) => Error::Unavailable(reason),
            })?;
            store::Identity::Caller { user_id, roles }
        }
    };
    Ok(Access { database: granted.clone(), component: grants.component.clone(), identity })
}

fn transaction(accessor: Own<'_>, handle: &Resource<Transaction>) -> wasmtime::Result<Arc<store::Transaction>> {
    Ok(accessor.with(|mut store| store.get().resource(handle))?.0)
}

impl wit::HostWithStore<State> for HasSelf<State> {
    async fn begin_once(
        accessor: Own<'_>,
        database: String,
        identity: Identity,
        event: Mark,
    ) -> wasmtime::Result<Result<Option<Resource<Transaction>>, Error>> {
        let grants = accessor.with(|mut store| Arc::clone(&store.get().grants));
        let mark = match mark(&grants, event) {
            Ok(mark) => mark,
            Err(refused) => return Ok(Err(refused)),
        };
        let access = match access(accessor, &database, identity).await {
            Ok(access) => access,
            Err(denied) => return Ok(Err(denied)),
        };
        match access.database.begin_once(&access.component, &access.identity, &mark).await {
            Ok(applied::Once::Fresh(open)) => {
                let handle = accessor.with(|mut store| store.get().table.push(Transaction(Arc::from(open))))?;
                Ok(Ok(Some(handle)))
            }
            Ok(applied::Once::Already) => Ok(Ok(None)),
            Err(error) => Ok(Err(error.into())),
        }
    }

    async fn query(
        accessor: Own<'_>,
        database: String,
        identity: Identity,
        statement: String,
        params: Vec<Value>,
    ) -> wasmtime::Result<Result<Rowset, Error>> {
        let access = match access(accessor, &database, identity).await {
            Ok(access) => access,
            Err(denied) => return Ok(Err(denied)),
        };
        let params = values(params);
        let rows = access.database.query(&access.component, &access.identity, &statement, &params).await;
        Ok(rows.map(Into::into).map_err(Into::into))
    }
}

impl wit::HostTransactionWithStore<State> for HasSelf<State> {
    async fn drop(accessor: Own<'_>, handle: Resource<Transaction>) -> wasmtime::Result<()> {
        // The store rolls back when its last holder lets go.
        accessor.with(|mut store| store.get().table.delete(handle))?;
        Ok(())
    }

    async fn begin(
        accessor: Own<'_>,
        database: String,
        identity: Identity,
    ) -> wasmtime::Result<Result<Resource<Transaction>, Error>> {
        let access = match access(accessor, &database, identity).await {
            Ok(access) => access,
            Err(denied) => return Ok(Err(denied)),
        };
        match access.database.begin(&access.component, &access.identity).await {
            Ok(open) => Ok(Ok(accessor.with(|mut store| store.get().table.push(Transaction(Arc::new(open))))?)),
            Err(error) => Ok(Err(error.into())),
        }
    }

    async fn execute(
        accessor: Own<'_>,
        handle: Resource<Transaction>,
        statement: String,
        params: Vec<Value>,
    ) -> wasmtime::Result<Result<u64, Error>> {
        let open = transaction(accessor, &handle)?;
        Ok(open.execute(&statement, &values(params)).await.map_err(Into::into))
    }

    async fn query(
        accessor: Own<'_>,
        handle: Resource<Transaction>,
        statement: String,
        params: Vec<Value>,
    ) -> wasmtime::Result<Result<Rowset, Error>> {
        let open = transaction(accessor, &handle)?;
        Ok(open.query(&statement, &values(params)).await.map(Into::into).map_err(Into::into))
    }

    async fn publish(
        accessor: Own<'_>,
        handle: Resource<Transaction>,
        event: NewEvent,
    ) -> wasmtime::Result<Result<String, Error>> {
        let open = transaction(accessor, &handle)?;
        let grants = accessor.with(|mut store| Arc::clone(&store.get().grants));
        if !grants.publishes.contains(&event.event_type) {
            let reason = format!(
                "`{}` may not publish {}; add it to `publishes` in the manifest",
                grants.component, event.event_type
            );
            return Ok(Err(Error::AccessDenied(reason)));
        }
        let row = match outbox_event(&grants, event) {
            Ok(row) => row,
            Err(reason) => return Ok(Err(Error::InvalidParams(reason))),
        };
        Ok(open.publish(&row).await.map(|()| row.event_id.to_string()).map_err(Into::into))
    }

    async fn commit(accessor: Own<'_>, handle: Resource<Transaction>) -> wasmtime::Result<Result<(), Error>> {
        let open = accessor.with(|mut store| store.get().table.delete(handle))?;
        match Arc::try_unwrap(open.0) {
            Ok(open) => Ok(open.commit().await.map_err(Into::into)),
            Err(_) => Ok(Err(Error::Other(
                "commit while a statement of the transaction is still running; it is rolled back".into(),
            ))),
        }
    }
}

/// Of the component's own subscriptions alone.
fn mark(grants: &Grants, event: Mark) -> Result<applied::Mark, Error> {
    let Mark { subscription, event_id, partition_key, sequence } = event;
    if !grants.subscriptions.contains(&subscription) {
        return Err(Error::AccessDenied(format!("`{subscription}` is no subscription of `{}`", grants.component)));
    }
    let event_id =
        event_id.parse().map_err(|_| Error::InvalidParams(format!("the event's id {event_id:?} is no UUID")))?;
    Ok(applied::Mark { subscription, event_id, partition_key, sequence })
}

fn outbox_event(grants: &Grants, event: NewEvent) -> Result<store::OutboxEvent, String> {
    let is_object = serde_json::from_str::<serde_json::Map<String, serde_json::Value>>(&event.payload).is_ok();
    if !is_object {
        return Err("the event's payload is not a JSON object".into());
    }
    let user_id = event
        .user_id
        .map(|id| id.parse::<Uuid>().map_err(|_| format!("the event's user-id {id:?} is no UUID")))
        .transpose()?;
    let sequence = i64::try_from(event.sequence).map_err(|_| "the event's sequence is too large".to_owned())?;
    if sequence < 1 || event.partition_key.is_empty() {
        return Err("an event needs a partition key and a sequence from 1".into());
    }
    Ok(store::OutboxEvent {
        event_id: Uuid::now_v7(),
        event_type: event.event_type,
        version: event.version,
        occurred_at_us: grants.clock.now_us(),
        source: format!("{}-service", grants.component),
        source_component: grants.component.clone(),
        sequence,
        partition_key: event.partition_key,
        correlation_id: event.correlation_id,
        traceparent: event.traceparent,
        user_id,
        tenant_id: event.tenant_id,
        payload: event.payload,
    })
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
