//! What only a cluster has: slots that move from node to node while they are used.

use mindflow_backends::clock::Clock;
use mindflow_backends::stores::key_value::{self, Condition};
use mindflow_test_support::TestRedis;
use redis::aio::MultiplexedConnection;
use redis::{Cmd, FromRedisValue, cmd};
use serde_json::json;

const USER: &str = "0190b6f4-7a1c-7d1e-8f00-0123456789ab";

/// A node, for commands about slots.
struct Node {
    address: (String, u16),
    password: String,
    id: String,
    connection: MultiplexedConnection,
}

impl Node {
    async fn open(url: &str) -> Self {
        let client = redis::Client::open(url).unwrap();
        let redis::ConnectionAddr::Tcp(host, port) = client.get_connection_info().addr().clone() else {
            panic!("{url} is no address");
        };
        let password = client.get_connection_info().redis_settings().password().expect("a password").to_owned();
        let mut connection = client.get_multiplexed_async_connection().await.unwrap();
        let id = cmd("CLUSTER").arg("MYID").query_async(&mut connection).await.unwrap();
        Self { address: (host, port), password, id, connection }
    }

    async fn ask<T: FromRedisValue>(&mut self, command: &Cmd) -> T {
        command.query_async(&mut self.connection).await.unwrap()
    }

    async fn set_slot(&mut self, slot: u16, state: &str, node: &str) {
        self.ask(cmd("CLUSTER").arg("SETSLOT").arg(slot).arg(state).arg(node)).await
    }

    async fn keys(&mut self, slot: u16) -> Vec<String> {
        self.ask(cmd("CLUSTER").arg("GETKEYSINSLOT").arg(slot).arg(100)).await
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_slot_that_moves_to_another_node_loses_no_write_and_counts_none_twice() {
    let cluster = TestRedis::private_cluster();
    let config = super::config(json!({"backend": "redis", "url": cluster.url, "prefix": "mf:"}));
    let folder = tempfile::tempdir().unwrap();
    let bucket = key_value::open(&config, "sessions", folder.path(), Clock::system()).await.unwrap();
    let [kept, counter, new] = ["kept", "counter", "new"].map(|name| format!("{name}:{USER}"));
    let first = super::stored(bucket.put(&kept, "1".into(), None, Condition::Always).await.unwrap());
    bucket.increment(&counter, 1, None).await.unwrap();

    let mut nodes = Vec::new();
    for url in cluster.nodes() {
        nodes.push(Node::open(&url).await);
    }
    let slot: u16 = nodes[0].ask(cmd("CLUSTER").arg("KEYSLOT").arg(format!("{{{USER}}}"))).await;
    let mut owner = 0;
    while nodes[owner].keys(slot).await.is_empty() {
        owner += 1;
    }
    // From the first to the second.
    nodes.swap(0, owner);
    let (from, to) = (nodes[0].id.clone(), nodes[1].id.clone());
    nodes[1].set_slot(slot, "IMPORTING", &from).await;
    nodes[0].set_slot(slot, "MIGRATING", &to).await;
    // Nothing has moved yet.
    assert_eq!(bucket.increment(&counter, 1, None).await.unwrap(), 2);
    let keys = nodes[0].keys(slot).await;
    assert_eq!(keys.len(), 2, "{keys:?}");
    let (host, port) = nodes[1].address.clone();
    let mut migrate = cmd("MIGRATE");
    migrate.arg(host).arg(port).arg("").arg(0).arg(5_000).arg("AUTH").arg(&nodes[1].password).arg("KEYS").arg(&keys);
    let () = nodes[0].ask(&migrate).await;
    // All has moved, and the first node still has the slot.
    assert_eq!(bucket.get(&kept).await.unwrap().unwrap().value, "1");
    assert_eq!(bucket.increment(&counter, 1, None).await.unwrap(), 3);
    assert!(super::stored(bucket.put(&new, "2".into(), None, Condition::IfAbsent).await.unwrap()) > first);

    for node in [1, 0, 2] {
        nodes[node].set_slot(slot, "NODE", &to).await;
    }
    // The first node sends clients to the other.
    assert_eq!(bucket.increment(&counter, 1, None).await.unwrap(), 4);
    assert_eq!(bucket.get(&new).await.unwrap().unwrap().value, "2");
    assert_eq!(bucket.delete(&[kept, counter, new]).await.unwrap(), 3);
}
