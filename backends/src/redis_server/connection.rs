//! The connection for commands: to a server, or to all nodes of a cluster.

use std::time::Duration;

use redis::aio::{ConnectionLike, ConnectionManager, ConnectionManagerConfig};
use redis::cluster_async::ClusterConnection;
use redis::cluster_routing::{MultipleNodeRoutingInfo, RoutingInfo, SingleNodeRoutingInfo};
use redis::{
    Client, Cmd, ErrorKind, Pipeline, RedisError, RedisFuture, RedisResult, ServerErrorKind, Value, cmd, pipe,
};

use super::url::{self, RedisUrlError, Target};
use super::{ANSWER_WITHIN, CONNECT_WITHIN};

/// Before a command is sent again that no node has carried out: the client reads meanwhile where the slots are.
const REDIRECTED_AGAIN_AFTER: Duration = Duration::from_millis(5);

/// Connects at the first command, so a server that is away does not fail the start. Cheap to clone.
#[derive(Clone)]
pub(crate) enum Connection {
    Server(ConnectionManager),
    Cluster(Box<ClusterConnection>),
}

/// A node of a cluster, as the cluster names it.
pub(crate) struct Node {
    pub(super) host: String,
    pub(super) port: u16,
}

// === impl Connection ===

impl Connection {
    pub(super) fn new(target: &Target) -> Result<Self, RedisUrlError> {
        match target {
            Target::Server(client) => {
                let config = ConnectionManagerConfig::new()
                    // A refused connection is reported immediately; every later call tries again.
                    .set_number_of_retries(0)
                    .set_connection_timeout(Some(CONNECT_WITHIN))
                    .set_response_timeout(Some(ANSWER_WITHIN));
                let manager = ConnectionManager::new_lazy_with_config(Client::clone(client), config);
                manager.map(Self::Server).map_err(|_| RedisUrlError)
            }
            Target::Cluster { client, .. } => Ok(Self::Cluster(Box::new(url::connection(client)))),
        }
    }

    /// Sends a command to a node; a server is its only one.
    pub(super) async fn send_to(&mut self, node: Option<&Node>, command: &Cmd) -> RedisResult<Value> {
        match (self, node) {
            (Self::Cluster(cluster), Some(node)) => {
                let answer = cluster.route_command(command.clone(), RoutingInfo::SingleNode(node.into())).await?;
                answer.extract_error()
            }
            (connection, _) => connection.req_packed_command(command).await?.extract_error(),
        }
    }

    /// The nodes of a cluster that have keys; `None` stands for a server.
    pub(super) async fn primaries(&mut self) -> RedisResult<Vec<Option<Node>>> {
        let Self::Cluster(cluster) = self else {
            return Ok(vec![None]);
        };
        let all = RoutingInfo::MultiNode((MultipleNodeRoutingInfo::AllMasters, None));
        let answers: Vec<(String, Value)> =
            redis::from_redis_value(cluster.route_command(cmd("PING"), all).await?.extract_error()?)?;
        answers.into_iter().map(|(address, _)| Node::parse(&address).map(Some)).collect()
    }
}

/// Follows redirections. The client could do so itself, but it also sends again what may have been carried out before the
/// connection broke, which counts an increment twice.
async fn follow(cluster: &mut ClusterConnection, command: &Cmd) -> RedisResult<Value> {
    loop {
        let error = match cluster.req_packed_command(command).await {
            Err(error) if is_not_carried_out(&error) => error,
            answer => return answer,
        };
        if error.kind() == ErrorKind::Server(ServerErrorKind::Ask)
            && let Some((address, _)) = error.redirect_node()
        {
            return ask(cluster, &Node::parse(address)?, command).await;
        }
        tokio::time::sleep(REDIRECTED_AGAIN_AFTER).await;
    }
}

/// Sends a command to the node to which its slot moves.
async fn ask(cluster: &mut ClusterConnection, node: &Node, command: &Cmd) -> RedisResult<Value> {
    let mut asking = pipe();
    asking.cmd("ASKING").ignore().add_command(command.clone());
    let mut answers = cluster.route_pipeline(asking, 1, 1, node.into()).await?;
    answers.pop().ok_or_else(|| RedisError::from((ErrorKind::UnexpectedReturnType, "no answer after ASKING")))
}

/// Whether the error says that no node has carried the command out.
fn is_not_carried_out(error: &RedisError) -> bool {
    matches!(
        error.kind(),
        ErrorKind::Server(ServerErrorKind::Moved | ServerErrorKind::Ask | ServerErrorKind::TryAgain)
            | ErrorKind::ClusterConnectionNotFound
    )
}

impl ConnectionLike for Connection {
    fn req_packed_command<'a>(&'a mut self, command: &'a Cmd) -> RedisFuture<'a, Value> {
        match self {
            Self::Server(server) => server.req_packed_command(command),
            Self::Cluster(cluster) => Box::pin(follow(cluster, command)),
        }
    }

    fn req_packed_commands<'a>(
        &'a mut self,
        pipeline: &'a Pipeline,
        offset: usize,
        count: usize,
    ) -> RedisFuture<'a, Vec<Value>> {
        match self {
            Self::Server(server) => server.req_packed_commands(pipeline, offset, count),
            Self::Cluster(cluster) => cluster.req_packed_commands(pipeline, offset, count),
        }
    }

    fn get_db(&self) -> i64 {
        match self {
            Self::Server(server) => server.get_db(),
            Self::Cluster(cluster) => cluster.get_db(),
        }
    }
}

// === impl Node ===

impl Node {
    /// Reads `HOST:PORT`.
    fn parse(address: &str) -> RedisResult<Self> {
        let parsed = address.rsplit_once(':').and_then(|(host, port)| Some((host, port.parse().ok()?)));
        let (host, port) = parsed
            .ok_or_else(|| RedisError::from((ErrorKind::UnexpectedReturnType, "a node's address is not HOST:PORT")))?;
        Ok(Self { host: host.to_owned(), port })
    }
}

impl From<&Node> for SingleNodeRoutingInfo {
    fn from(node: &Node) -> Self {
        Self::ByAddress { host: node.host.clone(), port: node.port }
    }
}
