//! Where a Redis is, and how to log in there.

use std::fmt;
use std::sync::Arc;

use percent_encoding::{NON_ALPHANUMERIC, utf8_percent_encode};
use redis::aio::PubSub;
use redis::cluster::{ClusterClient, ClusterClientBuilder, ClusterConfig};
use redis::cluster_async::ClusterConnection;
use redis::{Client, ConnectionAddr, ConnectionInfo, IntoConnectionInfo, ProtocolVersion, RedisResult};
use serde::{Deserialize, Deserializer};

use super::{ANSWER_WITHIN, CONNECT_WITHIN};

/// The schemes of a cluster, and those of its nodes.
const CLUSTER_SCHEMES: [(&str, &str); 2] = [("redis+cluster://", "redis://"), ("rediss+cluster://", "rediss://")];

/// A Redis URL: `redis://`, `rediss://` or `redis+unix://` for one server; `redis+cluster://` or `rediss+cluster://` with
/// some of its nodes, separated by commas, for a cluster. It may carry a password, which
/// only [`RedisUrl::reveal`] shows.
#[derive(Clone)]
pub struct RedisUrl(Arc<Target>);

pub(super) enum Target {
    Server(Box<Client>),
    /// The nodes are those of the URL; the client finds the others.
    Cluster {
        client: Box<ClusterClient>,
        nodes: Vec<Client>,
    },
}

/// The URL is not one of Redis. The text leaves the URL out: it may carry a password.
#[derive(Debug, thiserror::Error)]
#[error(
    "the Redis URL is not valid; it must look like redis://:password@host:6379/0, rediss://…, redis+unix:///path or, for Redis Cluster, redis+cluster://:password@host:6379,host:6379"
)]
pub struct RedisUrlError;

// === impl RedisUrl ===

impl RedisUrl {
    /// # Errors
    /// When it is not a Redis URL; the text does not repeat it.
    pub fn parse(url: &str) -> Result<Self, RedisUrlError> {
        let cluster = CLUSTER_SCHEMES.iter().find_map(|(scheme, node)| Some((node, url.strip_prefix(scheme)?)));
        let target = match cluster {
            None => Target::Server(Box::new(Client::open(info(url)?).map_err(|_| RedisUrlError)?)),
            Some((scheme, rest)) => Target::cluster(scheme, rest)?,
        };
        Ok(Self(Arc::new(target)))
    }

    /// The server or the cluster's nodes without any credential, such as `redis://10.0.0.7:6379/0`.
    pub fn address(&self) -> String {
        match &*self.0 {
            Target::Server(client) => {
                let info = client.get_connection_info();
                let db = info.redis_settings().db();
                match info.addr() {
                    ConnectionAddr::Unix(path) => format!("redis+unix://{}?db={db}", path.display()),
                    ConnectionAddr::TcpTls { .. } => format!("rediss://{}/{db}", host_and_port(info)),
                    _ => format!("redis://{}/{db}", host_and_port(info)),
                }
            }
            Target::Cluster { nodes, .. } => {
                let nodes: Vec<_> = nodes.iter().map(Client::get_connection_info).collect();
                let is_tls = matches!(nodes.first().map(|info| info.addr()), Some(ConnectionAddr::TcpTls { .. }));
                let names: Vec<_> = nodes.into_iter().map(host_and_port).collect();
                format!("redis{}+cluster://{}", if is_tls { "s" } else { "" }, names.join(","))
            }
        }
    }

    /// The server as a URL with its credentials, and without them: `(redis://USER:PASSWORD@HOST:PORT/DB, redis://HOST:PORT)`.
    /// `None` for a cluster and for a unix socket.
    pub fn reveal(&self) -> Option<(String, String)> {
        let Target::Server(client) = &*self.0 else { return None };
        let info = client.get_connection_info();
        let scheme = match info.addr() {
            ConnectionAddr::Unix(_) => return None,
            ConnectionAddr::TcpTls { .. } => "rediss",
            _ => "redis",
        };
        let encoded = |text: &str| utf8_percent_encode(text, NON_ALPHANUMERIC).to_string();
        let settings = info.redis_settings();
        let user = settings.username().map(encoded).unwrap_or_default();
        let credentials = settings.password().map(|password| format!("{user}:{}@", encoded(password)));
        let (credentials, address) = (credentials.unwrap_or_default(), host_and_port(info));
        Some((format!("{scheme}://{credentials}{address}/{}", settings.db()), format!("{scheme}://{address}")))
    }

    /// The client of a server; `None` for a cluster.
    pub(crate) fn client(&self) -> Option<&Client> {
        match &*self.0 {
            Target::Server(client) => Some(client),
            Target::Cluster { .. } => None,
        }
    }

    /// Whether both lead to the same database of the same server, as the same user.
    pub(crate) fn is_same(&self, other: &Self) -> bool {
        let user = |url: &Self| {
            let settings = url.client()?.get_connection_info().redis_settings();
            Some((settings.username().map(str::to_owned), settings.password().map(str::to_owned)))
        };
        self.address() == other.address() && user(self) == user(other)
    }

    pub(crate) fn is_cluster(&self) -> bool {
        matches!(&*self.0, Target::Cluster { .. })
    }

    /// A cluster has database 0 alone.
    pub(crate) fn database(&self) -> i64 {
        match &*self.0 {
            Target::Server(client) => client.get_connection_info().redis_settings().db(),
            Target::Cluster { .. } => 0,
        }
    }

    /// A connection for subscriptions to channels. A cluster passes what is published on to all of its nodes, so the first
    /// that answers will do.
    pub(crate) async fn pubsub(&self) -> RedisResult<PubSub> {
        match &*self.0 {
            Target::Server(client) => client.get_async_pubsub().await,
            Target::Cluster { nodes, .. } => {
                let mut answer = Err((redis::ErrorKind::InvalidClientConfig, "the URL names no node").into());
                for node in nodes {
                    answer = node.get_async_pubsub().await;
                    if answer.is_ok() {
                        break;
                    }
                }
                answer
            }
        }
    }

    pub(super) fn target(&self) -> &Target {
        &self.0
    }
}

// === impl Target ===

impl Target {
    /// `rest` is `[USER:PASSWORD@]HOST[:PORT][,HOST[:PORT]…][/][?OPTIONS]`.
    fn cluster(scheme: &str, rest: &str) -> Result<Self, RedisUrlError> {
        let (rest, options) = rest.split_at(rest.find('?').unwrap_or(rest.len()));
        let (credentials, hosts) = rest.split_at(rest.rfind('@').map_or(0, |at| at + 1));
        let hosts = hosts.trim_end_matches('/');
        let infos = hosts
            .split(',')
            .map(|host| match host.is_empty() || host.contains('/') {
                true => Err(RedisUrlError),
                false => info(&format!("{scheme}{credentials}{host}{options}")),
            })
            .collect::<Result<Vec<_>, _>>()?;
        // Redirections are followed in `cluster`, which knows what may be sent twice.
        let client = ClusterClientBuilder::new(infos.clone())
            .use_protocol(ProtocolVersion::RESP3)
            .connection_timeout(CONNECT_WITHIN)
            .response_timeout(ANSWER_WITHIN)
            .retries(0)
            .build()
            .map_err(|_| RedisUrlError)?;
        let nodes = infos.into_iter().map(Client::open).collect::<Result<_, _>>().map_err(|_| RedisUrlError)?;
        Ok(Self::Cluster { client: Box::new(client), nodes })
    }
}

/// Connects when it is used.
pub(super) fn connection(client: &ClusterClient) -> ClusterConnection {
    client.get_pending_async_connection_with_config(ClusterConfig::new())
}

fn info(url: &str) -> Result<ConnectionInfo, RedisUrlError> {
    let info = url.into_connection_info().map_err(|_| RedisUrlError)?;
    // RESP3 reports a lost connection immediately instead of at the next command.
    let settings = info.redis_settings().clone().set_protocol(ProtocolVersion::RESP3);
    Ok(info.set_redis_settings(settings))
}

fn host_and_port(info: &ConnectionInfo) -> String {
    match info.addr() {
        ConnectionAddr::Tcp(host, port) | ConnectionAddr::TcpTls { host, port, .. } => format!("{host}:{port}"),
        _ => "redis".to_owned(),
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

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_password_is_never_shown() {
        let url = RedisUrl::parse("redis://user:hunter2@10.0.0.7:6380/3").unwrap();
        assert_eq!(url.to_string(), "redis://10.0.0.7:6380/3");
        assert_eq!(format!("{url:?}"), "RedisUrl(redis://10.0.0.7:6380/3)");
        let cluster = RedisUrl::parse("redis+cluster://user:hunter2@10.0.0.7:6380,10.0.0.8").unwrap();
        assert_eq!(cluster.to_string(), "redis+cluster://10.0.0.7:6380,10.0.0.8:6379");
        for url in ["http://user:hunter2@host", "redis+cluster://user:hunter2@", "redis+cluster://:hunter2@host,,host"]
        {
            let error = RedisUrl::parse(url).unwrap_err();
            assert!(!error.to_string().contains("hunter2"));
        }
    }

    #[test]
    fn a_server_is_revealed_with_its_credentials_and_a_cluster_is_not() {
        let reveal = |url: &str| RedisUrl::parse(url).unwrap().reveal();
        let revealed = ("rediss://user:a%40b@10.0.0.7:6380/3".to_owned(), "rediss://10.0.0.7:6380".to_owned());
        assert_eq!(reveal("rediss://user:a%40b@10.0.0.7:6380/3"), Some(revealed));
        assert_eq!(reveal("redis://:s@h").unwrap().0, "redis://:s@h:6379/0");
        assert_eq!(reveal("redis+cluster://h:1"), None);
        assert_eq!(reveal("redis+unix:///run/redis.sock"), None);
    }

    #[test]
    fn two_urls_are_the_same_if_server_database_and_user_are() {
        let same = |one: &str, other: &str| RedisUrl::parse(one).unwrap().is_same(&RedisUrl::parse(other).unwrap());
        assert!(same("redis://u:s@h", "redis://u:s@h:6379/0"));
        for other in ["redis://u:s@h/1", "redis://u:other@h", "redis://v:s@h", "rediss://u:s@h", "redis://u:s@i"] {
            assert!(!same("redis://u:s@h", other), "{other}");
        }
    }

    #[test]
    fn a_unix_socket_is_a_server_too() {
        let url = RedisUrl::parse("redis+unix:///run/redis.sock").unwrap();
        assert_eq!(url.address(), "redis+unix:///run/redis.sock?db=0");
    }

    #[test]
    fn a_cluster_has_one_database() {
        let url = RedisUrl::parse("rediss+cluster://a:7000,b:7001/").unwrap();
        assert_eq!((url.address().as_str(), url.database()), ("rediss+cluster://a:7000,b:7001", 0));
        RedisUrl::parse("redis+cluster://a:7000,b:7001/2").unwrap_err();
    }
}
