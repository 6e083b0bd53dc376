//! How the platform talks to a Redis: the URL as a secret, one connection that reconnects, and a
//! bound on every answer. Shared by the key-value buckets and the realtime topics.
//!
//! While the server is away a call fails within [`ANSWER_WITHIN`], mostly immediately; when it is back
//! the next call works, because it reconnects in the background.

use std::fmt;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

use redis::aio::{ConnectionManager, ConnectionManagerConfig};
use redis::{
    Client, Cmd, ConnectionAddr, FromRedisValue, IntoConnectionInfo, Pipeline, ProtocolVersion, RedisError,
    ScriptInvocation,
};
use serde::{Deserialize, Deserializer};

/// How long a caller waits for Redis: a healthy one answers in a millisecond, and callers have
/// a deadline of seconds.
pub(crate) const ANSWER_WITHIN: Duration = Duration::from_secs(1);
/// For name, TCP, TLS and AUTH together; less than [`ANSWER_WITHIN`], so that a connection that
/// hangs is reported as such.
pub(crate) const CONNECT_WITHIN: Duration = Duration::from_millis(900);

/// A Redis URL (`redis://`, `rediss://`, `redis+unix://`). It may carry a password: only `address`,
/// `Display` and `Debug` leave this module, and they show host, port and database alone.
#[derive(Clone)]
pub struct RedisUrl(Arc<Client>);

/// The URL is not one of Redis. The text leaves the URL out: it may carry a password.
#[derive(Debug, thiserror::Error)]
#[error(
    "the Redis URL is not valid; it must look like redis://:password@host:6379/0, rediss://… or redis+unix:///path"
)]
pub struct RedisUrlError;

/// One connection for all commands, made again when it breaks. Cheap to clone.
#[derive(Clone)]
pub(crate) struct RedisServer {
    connection: ConnectionManager,
    url: RedisUrl,
    closed: Arc<AtomicBool>,
}

// === impl RedisUrl ===

impl RedisUrl {
    /// # Errors
    /// When it is not a Redis URL; the text does not repeat it.
    pub fn parse(url: &str) -> Result<Self, RedisUrlError> {
        let info = url.into_connection_info().map_err(|_| RedisUrlError)?;
        // RESP3 reports a lost connection immediately instead of at the next command.
        let settings = info.redis_settings().clone().set_protocol(ProtocolVersion::RESP3);
        let client = Client::open(info.set_redis_settings(settings)).map_err(|_| RedisUrlError)?;
        Ok(Self(Arc::new(client)))
    }

    /// The server without any credential, such as `redis://10.0.0.7:6379/0`.
    pub fn address(&self) -> String {
        let info = self.0.get_connection_info();
        let db = info.redis_settings().db();
        match info.addr() {
            ConnectionAddr::Tcp(host, port) => format!("redis://{host}:{port}/{db}"),
            ConnectionAddr::TcpTls { host, port, .. } => format!("rediss://{host}:{port}/{db}"),
            ConnectionAddr::Unix(path) => format!("redis+unix://{}?db={db}", path.display()),
            _ => "redis".to_owned(),
        }
    }

    pub(crate) fn database(&self) -> i64 {
        self.0.get_connection_info().redis_settings().db()
    }

    pub(crate) fn client(&self) -> &Client {
        &self.0
    }
}

impl fmt::Display for RedisUrl {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.address())
    }
}

impl fmt::Debug for RedisUrl {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "RedisUrl({})", self.address())
    }
}

impl<'de> Deserialize<'de> for RedisUrl {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        Self::parse(&String::deserialize(deserializer)?).map_err(serde::de::Error::custom)
    }
}

// === impl RedisServer ===

impl RedisServer {
    /// Connects at the first command, so a server that is away does not fail the start.
    pub(crate) fn new(url: &RedisUrl) -> Result<Self, RedisUrlError> {
        let config = ConnectionManagerConfig::new()
            // A refused connection is reported immediately; every later call tries again.
            .set_number_of_retries(0)
            .set_connection_timeout(Some(CONNECT_WITHIN))
            .set_response_timeout(Some(ANSWER_WITHIN));
        let connection =
            ConnectionManager::new_lazy_with_config(Client::clone(&url.0), config).map_err(|_| RedisUrlError)?;
        Ok(Self { connection, url: url.clone(), closed: Arc::default() })
    }

    /// Later calls answer [`RedisFailure::Away`]; the connection ends with the last clone.
    pub(crate) fn close(&self) {
        self.closed.store(true, Ordering::SeqCst);
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
        self.send(request, |error| error.is_connection_refusal() || error.is_connection_dropped()).await
    }

    async fn send<T>(&self, request: &impl Request, again: fn(&RedisError) -> bool) -> Result<T, RedisFailure>
    where
        T: FromRedisValue + Send,
    {
        if self.closed.load(Ordering::SeqCst) {
            return Err(RedisFailure::Away(format!("{}: the connection is closed", self.url)));
        }
        let mut connection = self.connection.clone();
        let attempts = async {
            match request.send(&mut connection).await {
                Err(error) if again(&error) => request.send(&mut connection).await,
                answer => answer,
            }
        };
        match tokio::time::timeout(ANSWER_WITHIN, attempts).await {
            Ok(answer) => answer.map_err(|error| RedisFailure::new(&self.url, &error)),
            Err(_) => Err(RedisFailure::silent(&self.url)),
        }
    }
}

/// What can be sent to the server: one command, several in one round trip, or a script.
pub(crate) trait Request: Sync {
    fn send<T: FromRedisValue + Send>(
        &self,
        connection: &mut ConnectionManager,
    ) -> impl Future<Output = Result<T, RedisError>> + Send;
}

impl Request for Cmd {
    async fn send<T: FromRedisValue + Send>(&self, connection: &mut ConnectionManager) -> Result<T, RedisError> {
        self.query_async(connection).await
    }
}

impl Request for Pipeline {
    async fn send<T: FromRedisValue + Send>(&self, connection: &mut ConnectionManager) -> Result<T, RedisError> {
        self.query_async(connection).await
    }
}

impl Request for ScriptInvocation<'_> {
    async fn send<T: FromRedisValue + Send>(&self, connection: &mut ConnectionManager) -> Result<T, RedisError> {
        self.invoke_async(connection).await
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
        use redis::{ErrorKind, ServerErrorKind};
        match error.kind() {
            ErrorKind::Io
            | ErrorKind::AuthenticationFailed
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

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_password_is_never_shown() {
        let url = RedisUrl::parse("redis://user:hunter2@10.0.0.7:6380/3").unwrap();
        assert_eq!(url.to_string(), "redis://10.0.0.7:6380/3");
        assert_eq!(format!("{url:?}"), "RedisUrl(redis://10.0.0.7:6380/3)");
        let error = RedisUrl::parse("http://user:hunter2@host").unwrap_err();
        assert!(!error.to_string().contains("hunter2"));
    }

    #[test]
    fn a_unix_socket_is_a_server_too() {
        let url = RedisUrl::parse("redis+unix:///run/redis.sock").unwrap();
        assert_eq!(url.address(), "redis+unix:///run/redis.sock?db=0");
    }
}
