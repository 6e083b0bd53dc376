//! `spin:redis@3.0.0`, with Spin's traps: every `open` is a new TCP connection, calls on one connection share its one line
//! (so that a command that blocks holds up the others), and a reply comes without its nesting.

use super::state::State;
use redis::aio::MultiplexedConnection;
use redis::{AsyncCommands, AsyncConnectionConfig, ErrorKind, FromRedisValue, ParsingError, RedisError, Value};
use wasmtime::component::{Accessor, HasSelf, Resource};

// Generated code is not held to the rules of this repository.
#[allow(clippy::all, clippy::restriction)]
mod generated {
    wasmtime::component::bindgen!({
        path: "../../wit/spin/deps/redis.wit",
        inline: "package mindflow:spin-tests; world redis { import spin:redis/redis@3.0.0; }",
        require_store_data_send: true,
        imports: { default: async | trappable },
        with: { "spin:redis/redis.connection": super::Connection },
    });
}

pub(super) use generated::spin::redis::redis::add_to_linker;
use generated::spin::redis::redis::{
    Error, Host, HostConnection, HostConnectionWithStore, RedisParameter, RedisResult,
};

/// One connection of TCP.
pub struct Connection(MultiplexedConnection);

type Store<'a> = &'a Accessor<State, HasSelf<State>>;
type Answer<T> = wasmtime::Result<Result<T, Error>>;

impl Host for State {}

impl HostConnection for State {
    async fn drop(&mut self, handle: Resource<Connection>) -> wasmtime::Result<()> {
        self.table.delete(handle)?;
        Ok(())
    }
}

fn connection(accessor: Store<'_>, handle: &Resource<Connection>) -> wasmtime::Result<MultiplexedConnection> {
    accessor.with(|mut store| Ok(store.get().table.get(handle)?.0.clone()))
}

fn other(error: RedisError) -> Error {
    Error::Other(error.to_string())
}

async fn connect(accessor: Store<'_>, address: &str) -> Result<MultiplexedConnection, Error> {
    let component = accessor.with(|mut store| store.get().component.clone());
    if !component.allowed_hosts.allows(address, "redis") {
        return Err(Error::InvalidAddress);
    }
    // Spin's driver knows no such times, unless the guest gives up.
    let config = AsyncConnectionConfig::new().set_connection_timeout(None).set_response_timeout(None);
    let client = redis::Client::open(address).map_err(|_| Error::InvalidAddress)?;
    client.get_multiplexed_async_connection_with_config(&config).await.map_err(other)
}

impl HostConnectionWithStore<State> for HasSelf<State> {
    async fn open(accessor: Store<'_>, address: String) -> Answer<Resource<Connection>> {
        match connect(accessor, &address).await {
            Ok(opened) => Ok(Ok(accessor.with(|mut store| store.get().table.push(Connection(opened)))?)),
            Err(error) => Ok(Err(error)),
        }
    }

    async fn publish(accessor: Store<'_>, this: Resource<Connection>, channel: String, payload: Vec<u8>) -> Answer<()> {
        Ok(connection(accessor, &this)?.publish(channel, payload).await.map_err(other))
    }

    async fn get(accessor: Store<'_>, this: Resource<Connection>, key: String) -> Answer<Option<Vec<u8>>> {
        Ok(connection(accessor, &this)?.get(key).await.map_err(other))
    }

    async fn set(accessor: Store<'_>, this: Resource<Connection>, key: String, value: Vec<u8>) -> Answer<()> {
        Ok(connection(accessor, &this)?.set(key, value).await.map_err(other))
    }

    async fn incr(accessor: Store<'_>, this: Resource<Connection>, key: String) -> Answer<i64> {
        Ok(connection(accessor, &this)?.incr(key, 1).await.map_err(other))
    }

    async fn del(accessor: Store<'_>, this: Resource<Connection>, keys: Vec<String>) -> Answer<u32> {
        Ok(connection(accessor, &this)?.del(keys).await.map_err(other))
    }

    async fn sadd(accessor: Store<'_>, this: Resource<Connection>, key: String, values: Vec<String>) -> Answer<u32> {
        Ok(connection(accessor, &this)?.sadd(key, values).await.map_err(|error: RedisError| match error.kind() {
            ErrorKind::UnexpectedReturnType => Error::TypeError,
            _ => other(error),
        }))
    }

    async fn smembers(accessor: Store<'_>, this: Resource<Connection>, key: String) -> Answer<Vec<String>> {
        Ok(connection(accessor, &this)?.smembers(key).await.map_err(other))
    }

    async fn srem(accessor: Store<'_>, this: Resource<Connection>, key: String, values: Vec<String>) -> Answer<u32> {
        Ok(connection(accessor, &this)?.srem(key, values).await.map_err(other))
    }

    async fn execute(
        accessor: Store<'_>,
        this: Resource<Connection>,
        name: String,
        arguments: Vec<RedisParameter>,
    ) -> Answer<Vec<RedisResult>> {
        let mut command = redis::cmd(&name);
        for argument in arguments {
            match argument {
                RedisParameter::Int64(number) => command.arg(number),
                RedisParameter::Binary(bytes) => command.arg(bytes),
            };
        }
        let mut connection = connection(accessor, &this)?;
        let reply = command.query_async::<Flat>(&mut connection).await;
        Ok(reply.map(|Flat(values)| values).map_err(other))
    }
}

/// A reply without its nesting.
struct Flat(Vec<RedisResult>);

impl FromRedisValue for Flat {
    fn from_redis_value(value: Value) -> Result<Self, ParsingError> {
        let mut values = Vec::new();
        append(&mut values, value)?;
        Ok(Self(values))
    }
}

fn append(values: &mut Vec<RedisResult>, value: Value) -> Result<(), ParsingError> {
    values.push(match value {
        Value::Array(nested) | Value::Set(nested) => return nested.into_iter().try_for_each(|one| append(values, one)),
        Value::Nil => RedisResult::Nil,
        Value::Int(number) => RedisResult::Int64(number),
        Value::Boolean(truth) => RedisResult::Int64(truth.into()),
        Value::BulkString(bytes) => RedisResult::Binary(bytes),
        Value::Double(number) => RedisResult::Binary(number.to_string().into_bytes()),
        Value::SimpleString(text) => RedisResult::Status(text),
        Value::Okay => RedisResult::Status("OK".to_owned()),
        unsupported => return Err(format!("Could not convert Redis response {unsupported:?}").into()),
    });
    Ok(())
}
