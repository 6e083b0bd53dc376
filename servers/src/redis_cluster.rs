//! A Redis Cluster of three nodes, which share the slots.

use std::{
    io,
    net::{Ipv4Addr, TcpListener},
    path::Path,
    thread::sleep,
    time::{Duration, Instant},
};

use crate::{
    redis::{Durability, Node, RedisError, TemporaryRedis},
    secret,
    socket::STARTED_WITHIN,
};

/// The slots of the nodes.
const SLOTS: [(u16, u16); 3] = [(0, 5460), (5461, 10922), (10923, 16383)];
/// Another program may take a port between its choice and the start of the server.
const ATTEMPTS: usize = 5;
const POLL: Duration = Duration::from_millis(20);

/// A private cluster in memory. Dropped, its servers are killed, and their data is removed.
#[derive(Debug)]
pub struct TemporaryRedisCluster {
    nodes: Vec<(TemporaryRedis, Node)>,
    password: String,
}

// === impl TemporaryRedisCluster ===

impl TemporaryRedisCluster {
    /// Spawn it from a thread that lasts: it ends with that thread.
    ///
    /// # Errors
    /// No program, or servers that do not form a cluster.
    pub fn start_program(program: &Path) -> Result<Self, RedisError> {
        let password = secret::random().map_err(RedisError::Random)?;
        let nodes = SLOTS.iter().map(|_| node(program, &password)).collect::<Result<_, _>>()?;
        let cluster = Self { nodes, password };
        for ((server, _), (from, to)) in cluster.nodes.iter().zip(SLOTS) {
            command(server, &format!("CLUSTER ADDSLOTSRANGE {from} {to}"))?;
            for (_, Node { clients, nodes, .. }) in &cluster.nodes {
                command(server, &format!("CLUSTER MEET 127.0.0.1 {clients} {nodes}"))?;
            }
        }
        let deadline = Instant::now() + STARTED_WITHIN;
        while !cluster.nodes.iter().all(|(server, _)| is_complete(server)) {
            if Instant::now() >= deadline {
                return Err(RedisError::Cluster);
            }
            sleep(POLL);
        }
        Ok(cluster)
    }

    /// Names all nodes, and has their password.
    #[must_use]
    pub fn url(&self) -> String {
        let nodes: Vec<_> = self.nodes.iter().map(|(_, node)| format!("127.0.0.1:{}", node.clients)).collect();
        format!("redis+cluster://:{}@{}", self.password, nodes.join(","))
    }
}

fn node(program: &Path, password: &str) -> Result<(TemporaryRedis, Node), RedisError> {
    let mut attempt = 0;
    loop {
        attempt += 1;
        let (clients, nodes) = free_ports().map_err(RedisError::Port)?;
        let node = Node { clients, nodes, password: password.to_owned() };
        match TemporaryRedis::start_with(program, Durability::None, Some(node.clone())) {
            Err(RedisError::Ended { .. }) if attempt < ATTEMPTS => {}
            server => return Ok((server?, node)),
        }
    }
}

/// One for clients, and one for the other nodes.
fn free_ports() -> io::Result<(u16, u16)> {
    let listen = || TcpListener::bind((Ipv4Addr::LOCALHOST, 0));
    // Both are held until both are known.
    let (clients, nodes) = (listen()?, listen()?);
    Ok((clients.local_addr()?.port(), nodes.local_addr()?.port()))
}

fn command(server: &TemporaryRedis, command: &str) -> Result<(), RedisError> {
    let answer = server.tell::<10>(command).map_err(RedisError::Port)?;
    if &answer == b"+OK\r\n+OK\r\n" { Ok(()) } else { Err(RedisError::Cluster) }
}

/// Whether the node knows where all slots are.
fn is_complete(server: &TemporaryRedis) -> bool {
    // The answer to the login and a length of three digits come first.
    server.tell::<27>("CLUSTER INFO").is_ok_and(|answer| answer.ends_with(b"cluster_state:ok"))
}
