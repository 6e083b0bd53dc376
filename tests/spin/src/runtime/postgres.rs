//! `spin:postgres@4.2.0`, with Spin's traps: a connection that is dropped goes back to the pool as it is, also with its
//! transaction open; a pool has 64 connections for an address, and waiting for one knows no limit.

use super::state::State;
use super::values::{self, RESULT_BYTES_MAX};
use deadpool_postgres::{Manager, ManagerConfig, Object, Pool, RecyclingMethod};
use futures::{StreamExt, TryStreamExt};
use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Poll};
use tokio::sync::{mpsc, oneshot};
use tokio_postgres::config::Host as ServerHost;
use tokio_postgres::{NoTls, Row, RowStream};
use wasmtime::StoreContextMut;
use wasmtime::component::{
    Accessor, Destination, FutureReader, HasSelf, Resource, StreamProducer, StreamReader, StreamResult,
};

// Generated code is not held to the rules of this repository.
#[allow(clippy::all, clippy::restriction)]
mod generated {
    wasmtime::component::bindgen!({
        path: "../../wit/spin/deps/postgres.wit",
        inline: "package mindflow:spin-tests; world postgres { import spin:postgres/postgres@4.2.0; }",
        require_store_data_send: true,
        imports: { default: async | trappable },
        with: {
            "spin:postgres/postgres.connection": super::Connection,
            "spin:postgres/postgres.connection-builder": super::Builder,
        },
    });
}

pub(super) use generated::spin::postgres::postgres as wit;
use wit::{Column, DbError, DbValue, Error, ParameterValue, QueryError, RowSet};

/// Connections to one address, for all instances of a component.
const CONNECTIONS_MAX: usize = 64;
/// Addresses of a component whose connections are kept.
const ADDRESSES_MAX: u64 = 16;
/// Rows of a stream that wait for the guest.
const ROWS_WAITING_MAX: usize = 4;

/// The pools of a component, by the whole text of the address.
pub(super) struct Pools(moka::sync::Cache<String, Pool>);

/// A connection of a pool.
#[derive(Clone)]
pub struct Connection(Arc<Object>);

/// An address to be connected to.
pub struct Builder {
    address: String,
}

// === impl Pools ===

impl Pools {
    pub fn new() -> Self {
        Self(moka::sync::Cache::new(ADDRESSES_MAX))
    }

    /// Spin cleans the session of a connection that comes back (`RESET ALL`, `DISCARD TEMP` …), and does not end its
    /// transaction.
    async fn connection(&self, address: &str) -> Result<Connection, Error> {
        let pool = self.0.try_get_with_by_ref(address, || {
            let config: tokio_postgres::Config = address.parse()?;
            let manager = ManagerConfig { recycling_method: RecyclingMethod::Clean };
            let manager = Manager::from_config(config, NoTls, manager);
            Ok(Pool::builder(manager).max_size(CONNECTIONS_MAX).build().expect("a pool without timeouts"))
        });
        let pool = pool.map_err(|error: Arc<tokio_postgres::Error>| connection_failed(format!("{error:?}")))?;
        let object = pool.get().await.map_err(|error| connection_failed(format!("{error:?}")))?;
        Ok(Connection(Arc::new(object)))
    }
}

fn connection_failed(reason: impl Into<String>) -> Error {
    Error::ConnectionFailed(reason.into())
}

async fn open(component: &super::state::Shared, address: &str) -> Result<Connection, Error> {
    let config: tokio_postgres::Config = address.parse().map_err(|error| connection_failed(format!("{error}")))?;
    for (index, host) in config.get_hosts().iter().enumerate() {
        let ServerHost::Tcp(host) = host else {
            return Err(connection_failed("Unix sockets are not supported on WebAssembly"));
        };
        let port = config.get_ports().get(index).or(config.get_ports().first());
        let url = port.map_or_else(|| host.clone(), |port| format!("{host}:{port}"));
        if !component.allowed_hosts.allows(&url, "postgres") {
            return Err(connection_failed(format!("address postgres://{url} is not permitted")));
        }
    }
    component.pools.connection(address).await
}

// === impl Connection ===

impl Connection {
    async fn execute(&self, statement: &str, params: Vec<ParameterValue>) -> Result<u64, Error> {
        let params = values::parameters(params).map_err(|error| Error::ValueConversionFailed(format!("{error:?}")))?;
        self.0.execute_raw(statement, params).await.map_err(|error| failed(&error))
    }

    async fn rows(&self, statement: &str, params: Vec<ParameterValue>) -> Result<Pin<Box<RowStream>>, Error> {
        let params = values::parameters(params).map_err(|error| Error::BadParameter(format!("{error:?}")))?;
        self.0.query_raw(statement, params).await.map(Box::pin).map_err(|error| failed(&error))
    }

    async fn query(&self, statement: &str, params: Vec<ParameterValue>) -> Result<RowSet, Error> {
        let mut stream = self.rows(statement, params).await?;
        let (mut columns, mut rows, mut bytes) = (None, Vec::new(), 0);
        while let Some(row) = stream.try_next().await.map_err(|error| failed_text(format!("{error:?}")))? {
            let row = converted(&mut columns, &row)?;
            bytes += values::row_bytes(&row);
            if bytes > RESULT_BYTES_MAX {
                return Err(values::too_large());
            }
            rows.push(row);
        }
        Ok(RowSet { columns: columns.unwrap_or_default(), rows })
    }
}

/// A row's values; of the first one its columns, too.
fn converted(columns: &mut Option<Vec<Column>>, row: &Row) -> Result<Vec<DbValue>, Error> {
    columns.get_or_insert_with(|| values::columns(row));
    values::values(row).map_err(|error| failed_text(format!("{error:?}")))
}

fn failed(error: &tokio_postgres::Error) -> Error {
    let as_text = format!("{error:?}");
    let Some(cause) = error.as_db_error() else { return failed_text(as_text) };
    let extras = [
        ("column", cause.column()),
        ("constraint", cause.constraint()),
        ("hint", cause.hint()),
        ("table", cause.table()),
        ("datatype", cause.datatype()),
        ("schema", cause.schema()),
        ("where_", cause.where_()),
    ];
    let extras = extras.into_iter().filter_map(|(name, value)| Some((name.to_owned(), value?.to_owned()))).collect();
    Error::QueryFailed(QueryError::DbError(DbError {
        as_text,
        severity: cause.severity().to_owned(),
        code: cause.code().code().to_owned(),
        message: cause.message().to_owned(),
        detail: cause.detail().map(str::to_owned),
        extras,
    }))
}

pub(super) fn failed_text(text: String) -> Error {
    Error::QueryFailed(QueryError::Text(text))
}

// === The interface ===

type Store<'a> = &'a Accessor<State, HasSelf<State>>;
type Answer<T> = wasmtime::Result<Result<T, Error>>;
type Rows = (Vec<Column>, StreamReader<Vec<DbValue>>, FutureReader<Result<(), Error>>);

fn connection(accessor: Store<'_>, handle: &Resource<Connection>) -> wasmtime::Result<Connection> {
    accessor.with(|mut store| Ok(store.get().table.get(handle)?.clone()))
}

async fn open_concurrently(accessor: Store<'_>, address: &str) -> Answer<Resource<Connection>> {
    let component = accessor.with(|mut store| Arc::clone(&store.get().component));
    match open(&component, address).await {
        Ok(opened) => Ok(Ok(accessor.with(|mut store| store.get().table.push(opened))?)),
        Err(error) => Ok(Err(error)),
    }
}

impl wit::Host for State {}

impl wit::HostConnectionBuilder for State {
    async fn new(&mut self, address: String) -> wasmtime::Result<Resource<Builder>> {
        Ok(self.table.push(Builder { address })?)
    }

    async fn set_ca_root(&mut self, _: Resource<Builder>, _: String) -> Answer<()> {
        Ok(Err(Error::Other("this runtime has no TLS".to_owned())))
    }

    async fn build(&mut self, this: Resource<Builder>) -> Answer<Resource<Connection>> {
        let address = self.table.get(&this)?.address.clone();
        wit::HostConnection::open(self, address).await
    }

    async fn drop(&mut self, this: Resource<Builder>) -> wasmtime::Result<()> {
        self.table.delete(this)?;
        Ok(())
    }
}

impl wit::HostConnectionBuilderWithStore<State> for HasSelf<State> {
    async fn build_async(accessor: Store<'_>, this: Resource<Builder>) -> Answer<Resource<Connection>> {
        let address = accessor.with(|mut store| wasmtime::error::Ok(store.get().table.get(&this)?.address.clone()))?;
        open_concurrently(accessor, &address).await
    }
}

/// While one of these waits, the whole instance waits.
impl wit::HostConnection for State {
    async fn open(&mut self, address: String) -> Answer<Resource<Connection>> {
        match open(&self.component, &address).await {
            Ok(opened) => Ok(Ok(self.table.push(opened)?)),
            Err(error) => Ok(Err(error)),
        }
    }

    async fn query(
        &mut self,
        this: Resource<Connection>,
        statement: String,
        params: Vec<ParameterValue>,
    ) -> Answer<RowSet> {
        Ok(self.table.get(&this)?.clone().query(&statement, params).await)
    }

    async fn execute(
        &mut self,
        this: Resource<Connection>,
        statement: String,
        params: Vec<ParameterValue>,
    ) -> Answer<u64> {
        Ok(self.table.get(&this)?.clone().execute(&statement, params).await)
    }

    async fn drop(&mut self, this: Resource<Connection>) -> wasmtime::Result<()> {
        self.table.delete(this)?;
        Ok(())
    }
}

impl wit::HostConnectionWithStore<State> for HasSelf<State> {
    async fn open_async(accessor: Store<'_>, address: String) -> Answer<Resource<Connection>> {
        open_concurrently(accessor, &address).await
    }

    async fn execute_async(
        accessor: Store<'_>,
        this: Resource<Connection>,
        statement: String,
        params: Vec<ParameterValue>,
    ) -> Answer<u64> {
        Ok(connection(accessor, &this)?.execute(&statement, params).await)
    }

    async fn query_async(
        accessor: Store<'_>,
        this: Resource<Connection>,
        statement: String,
        params: Vec<ParameterValue>,
    ) -> Answer<Rows> {
        let stream = match connection(accessor, &this)?.rows(&statement, params).await {
            Ok(stream) => stream,
            Err(error) => return Ok(Err(error)),
        };
        let (rows, received) = mpsc::channel(ROWS_WAITING_MAX);
        let (columns, seen) = oneshot::channel();
        let (ended, end) = oneshot::channel();
        tokio::spawn(async move {
            let _ = ended.send(forward(stream, columns, rows).await);
        });
        // Without a row there is no one who would name them.
        let columns = seen.await.unwrap_or_default();
        accessor.with(|mut store| {
            let rows = StreamReader::new(&mut store, Received(received))?;
            Ok(Ok((columns, rows, FutureReader::new(&mut store, end)?)))
        })
    }
}

/// Row by row, as slowly as the guest takes them.
async fn forward(
    mut stream: Pin<Box<RowStream>>,
    columns: oneshot::Sender<Vec<Column>>,
    rows: mpsc::Sender<Vec<DbValue>>,
) -> Result<(), Error> {
    let mut waiting = Some(columns);
    loop {
        let row = tokio::select! {
            biased;
            () = rows.closed() => return Ok(()),
            row = stream.next() => row,
        };
        let Some(row) = row else { return Ok(()) };
        let row = row.map_err(|error| failed(&error))?;
        if let Some(waiting) = waiting.take() {
            let _ = waiting.send(values::columns(&row));
        }
        let row = converted(&mut None, &row)?;
        if values::row_bytes(&row) > RESULT_BYTES_MAX {
            return Err(values::too_large());
        }
        if rows.send(row).await.is_err() {
            return Ok(());
        }
    }
}

/// The rows on their way into the guest.
struct Received(mpsc::Receiver<Vec<DbValue>>);

impl<D> StreamProducer<D> for Received {
    type Item = Vec<DbValue>;
    type Buffer = Option<Vec<DbValue>>;

    fn poll_produce<'a>(
        self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        store: StoreContextMut<'a, D>,
        mut destination: Destination<'a, Self::Item, Self::Buffer>,
        finish: bool,
    ) -> Poll<wasmtime::Result<StreamResult>> {
        if destination.remaining(store) == Some(0) {
            return Poll::Ready(Ok(StreamResult::Completed));
        }
        match self.get_mut().0.poll_recv(cx) {
            Poll::Ready(None) => Poll::Ready(Ok(StreamResult::Dropped)),
            Poll::Ready(Some(row)) => {
                destination.set_buffer(Some(row));
                Poll::Ready(Ok(StreamResult::Completed))
            }
            Poll::Pending if finish => Poll::Ready(Ok(StreamResult::Cancelled)),
            Poll::Pending => Poll::Pending,
        }
    }
}
