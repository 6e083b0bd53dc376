//! How the platform talks to a Redis, a server or a cluster: the URL as a secret, one connection that reconnects, and a
//! bound on every answer. Shared by the key-value buckets, the realtime topics and the queues.
//!
//! While the server is away a call fails within [`ANSWER_WITHIN`], mostly immediately; when it is back
//! the next call works, because it reconnects in the background.

mod connection;
mod gathered;
mod url;

use std::collections::HashSet;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

use futures::future::try_join_all;
use redis::{Cmd, ErrorKind, FromRedisValue, Pipeline, RedisError, Script, ScriptInvocation, ServerErrorKind, cmd};

use self::connection::{Connection, Node};
pub(crate) use self::gathered::Gathered;
pub use self::url::{RedisUrl, RedisUrlError};

/// How long a caller waits for Redis: a healthy one answers in a millisecond, and callers have
/// a deadline of seconds.
pub(crate) const ANSWER_WITHIN: Duration = Duration::from_secs(1);
/// For name, TCP, TLS and AUTH together; less than [`ANSWER_WITHIN`], so that a connection that
/// hangs is reported as such.
pub(crate) const CONNECT_WITHIN: Duration = Duration::from_millis(900);

/// One connection for all commands, made again when it breaks. Cheap to clone.
#[derive(Clone)]
pub(crate) struct RedisServer {
    connection: Connection,
    reads: Arc<Gathered>,
    writes: Arc<Gathered>,
    url: RedisUrl,
    closed: Arc<AtomicBool>,
}

// === impl RedisServer ===

impl RedisServer {
    /// Connects at the first command, so a server that is away does not fail the start.
    pub(crate) fn new(url: &RedisUrl) -> Result<Self, RedisUrlError> {
        let connection = Connection::new(url.target())?;
        let (reads, writes) = (Gathered::new(may_read_again), Gathered::new(RedisError::is_connection_refusal));
        Ok(Self { connection, reads, writes, url: url.clone(), closed: Arc::default() })
    }

    /// Later calls answer [`RedisFailure::Away`]; the connection ends with the last clone.
    pub(crate) fn close(&self) {
        self.closed.store(true, Ordering::SeqCst);
    }

    pub(crate) fn is_closed(&self) -> bool {
        self.closed.load(Ordering::SeqCst)
    }

    /// Sends what changes something. It is tried again only where the first try was surely not
    /// sent: after a connection was refused, which is how an attempt of the past is remembered.
    pub(crate) async fn write<T>(&self, request: &impl Request) -> Result<T, RedisFailure>
    where
        T: FromRedisValue + Send,
    {
        self.send(request, RedisError::is_connection_refusal).await
    }

    /// Sends what may safely be carried out twice.
    pub(crate) async fn read<T>(&self, request: &impl Request) -> Result<T, RedisFailure>
    where
        T: FromRedisValue + Send,
    {
        self.send(request, may_read_again).await
    }

    /// Sends commands that may safely be carried out twice: to a server in one round trip, with those that others read in the same
    /// moment, and to the nodes of a cluster concurrently. Answers in their order.
    pub(crate) async fn read_all<T>(&self, commands: Vec<Cmd>) -> Result<Vec<T>, RedisFailure>
    where
        T: FromRedisValue + Send,
    {
        let Connection::Server(server) = &self.connection else {
            return try_join_all(commands.iter().map(|command| self.read(command))).await;
        };
        self.bounded(async {
            let answers = self.reads.ask(server, commands).await?;
            Ok(answers.into_iter().map(redis::from_redis_value).collect::<Result<_, _>>()?)
        })
        .await
    }

    /// Runs a script that changes one key; on a server in one round trip with the scripts that others run in the same moment.
    /// It is tried again as [`write`](Self::write) says.
    pub(crate) async fn run<T>(&self, script: &Script, key: &str, arguments: &[&[u8]]) -> Result<T, RedisFailure>
    where
        T: FromRedisValue + Send,
    {
        let mut call = script.prepare_invoke();
        call.key(key);
        let Connection::Server(server) = &self.connection else { return self.write(call.arg(arguments)).await };
        let mut command = cmd("EVALSHA");
        command.arg(script.get_hash()).arg(1).arg(key).arg(arguments);
        let known = self.bounded(async {
            match self.writes.ask(server, vec![command]).await {
                Err(error) if error.kind() == ErrorKind::Server(ServerErrorKind::NoScript) => Ok(None),
                answers => Ok(Some(redis::from_redis_value(answers?.pop().unwrap_or(redis::Value::Nil))?)),
            }
        });
        match known.await? {
            Some(answer) => Ok(answer),
            // The server does not have it yet, so it has not run.
            None => self.write(call.arg(arguments)).await,
        }
    }

    /// Keys that match `pattern`, of each primary in turn; at least `enough` if there are so many. A step looks at
    /// `step` keys; `None` when `steps_max` steps were not enough to see all.
    pub(crate) async fn keys(
        &self,
        pattern: &str,
        enough: usize,
        step: usize,
        steps_max: usize,
    ) -> Result<Option<HashSet<String>>, RedisFailure> {
        let mut keys = HashSet::new();
        let mut steps = 0;
        let mut connection = self.connection.clone();
        for node in self.bounded(connection.primaries()).await? {
            let mut cursor = "0".to_owned();
            loop {
                if steps == steps_max {
                    return Ok(None);
                }
                steps += 1;
                let mut command = cmd("SCAN");
                command.arg(&cursor).arg("MATCH").arg(pattern).arg("COUNT").arg(step);
                let (next, found): (String, Vec<String>) = self.read(&At { node: node.as_ref(), command }).await?;
                keys.extend(found);
                if keys.len() >= enough {
                    return Ok(Some(keys));
                }
                if next == "0" {
                    break;
                }
                cursor = next;
            }
        }
        Ok(Some(keys))
    }

    async fn send<T>(&self, request: &impl Request, again: fn(&RedisError) -> bool) -> Result<T, RedisFailure>
    where
        T: FromRedisValue + Send,
    {
        let mut connection = self.connection.clone();
        self.bounded(async {
            match request.send(&mut connection).await {
                Err(error) if again(&error) => request.send(&mut connection).await,
                answer => answer,
            }
        })
        .await
    }

    async fn bounded<T>(&self, answer: impl Future<Output = Result<T, RedisError>>) -> Result<T, RedisFailure> {
        if self.is_closed() {
            return Err(RedisFailure::Away(format!("{}: the connection is closed", self.url)));
        }
        match tokio::time::timeout(ANSWER_WITHIN, answer).await {
            Ok(answer) => answer.map_err(|error| RedisFailure::new(&self.url, &error)),
            Err(_) => Err(RedisFailure::silent(&self.url)),
        }
    }
}

/// Of what may safely be carried out twice.
fn may_read_again(error: &RedisError) -> bool {
    error.is_connection_refusal() || error.is_connection_dropped()
}

/// What can be sent to the server: one command, several in one round trip, or a script.
pub(crate) trait Request: Sync {
    fn send<T: FromRedisValue + Send>(
        &self,
        connection: &mut Connection,
    ) -> impl Future<Output = Result<T, RedisError>> + Send;
}

impl Request for Cmd {
    async fn send<T: FromRedisValue + Send>(&self, connection: &mut Connection) -> Result<T, RedisError> {
        self.query_async(connection).await
    }
}

impl Request for Pipeline {
    async fn send<T: FromRedisValue + Send>(&self, connection: &mut Connection) -> Result<T, RedisError> {
        self.query_async(connection).await
    }
}

impl Request for ScriptInvocation<'_> {
    async fn send<T: FromRedisValue + Send>(&self, connection: &mut Connection) -> Result<T, RedisError> {
        self.invoke_async(connection).await
    }
}

/// A command for one node of a cluster.
struct At<'a> {
    node: Option<&'a Node>,
    command: Cmd,
}

impl Request for At<'_> {
    async fn send<T: FromRedisValue + Send>(&self, connection: &mut Connection) -> Result<T, RedisError> {
        Ok(redis::from_redis_value(connection.send_to(self.node, &self.command).await?)?)
    }
}

/// Why Redis did not do it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum RedisFailure {
    /// It cannot be reached, or cannot serve now.
    Away(String),
    /// It refused the command; its code and text.
    Refused(String),
}

impl RedisFailure {
    pub(crate) fn new(url: &RedisUrl, error: &RedisError) -> Self {
        match error.kind() {
            ErrorKind::Io
            | ErrorKind::AuthenticationFailed
            | ErrorKind::ClusterConnectionNotFound
            | ErrorKind::Server(
                ServerErrorKind::BusyLoading
                | ServerErrorKind::MasterDown
                | ServerErrorKind::TryAgain
                | ServerErrorKind::ClusterDown
                | ServerErrorKind::ReadOnly,
            ) => Self::Away(format!("{url}: {error}")),
            // It does not let us in, as long as its users or our URL stay as they are.
            _ if matches!(error.code(), Some("WRONGPASS" | "NOAUTH")) => Self::Away(format!("{url}: {error}")),
            _ => Self::Refused(format!("{url}: {error}")),
        }
    }

    fn silent(url: &RedisUrl) -> Self {
        Self::Away(format!("{url} did not answer within {} ms", ANSWER_WITHIN.as_millis()))
    }
}
