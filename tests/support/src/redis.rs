//! Redis for tests: a prefix on the server of the test run, or a server that one test may stop.

use mindflow_backends::error::chain;
use mindflow_servers::RedisError;
use mindflow_servers::{Durability, TemporaryRedis, TemporaryRedisCluster, redis_program};
use std::path::Path;

/// Environment variables with the URLs of the test run's server and of its cluster.
const SERVER_ENV: &str = "MINDFLOW_TEST_REDIS";
const CLUSTER_ENV: &str = "MINDFLOW_TEST_REDIS_CLUSTER";

/// A prefix on the server or cluster that the environment names, else on a private one. The keys under it are removed with
/// the value. Without any server a test fails: a skipped test would look like a passed one.
pub struct TestRedis {
    pub url: String,
    pub prefix: String,
    private: Option<Private>,
}

/// Held until the test ends.
#[allow(dead_code, reason = "dropped, it ends the servers")]
enum Private {
    Server(TemporaryRedis),
    Cluster(TemporaryRedisCluster),
}

/// A server of one test's own, which it may stop and start again. It keeps every write.
pub struct PrivateRedis(TemporaryRedis);

// === impl TestRedis ===

impl TestRedis {
    /// A server.
    pub fn open() -> Self {
        Self::on(SERVER_ENV, || {
            let server = TemporaryRedis::start(Durability::None).unwrap_or_else(started);
            (server.url(), Private::Server(server))
        })
    }

    /// A cluster.
    pub fn cluster() -> Self {
        Self::on(CLUSTER_ENV, private_cluster)
    }

    /// A cluster of one test's own, which may move its slots.
    pub fn private_cluster() -> Self {
        let (url, private) = private_cluster();
        Self { url, prefix: String::new(), private: Some(private) }
    }

    /// The nodes of the cluster.
    pub fn nodes(&self) -> Vec<String> {
        let nodes = self.url.strip_prefix("redis+cluster://").expect("a cluster");
        let (login, nodes) = nodes.split_once('@').map_or(("", nodes), |(login, nodes)| (login, nodes));
        let at = if login.is_empty() { "" } else { "@" };
        nodes.split(',').map(|node| format!("redis://{login}{at}{node}")).collect()
    }

    fn on(variable: &str, start: impl FnOnce() -> (String, Private)) -> Self {
        let prefix = format!("test-{}:", uuid::Uuid::new_v4().simple());
        match std::env::var(variable).ok().filter(|url| !url.is_empty()) {
            Some(url) => Self { url, prefix, private: None },
            None => {
                let (url, private) = start();
                Self { url, prefix, private: Some(private) }
            }
        }
    }

    fn clear(&self) -> redis::RedisResult<()> {
        let nodes = if self.url.contains("+cluster") { self.nodes() } else { vec![self.url.clone()] };
        for node in nodes {
            let mut connection = redis::Client::open(node)?.get_connection()?;
            let keys: Vec<String> = redis::cmd("KEYS").arg(format!("{}*", self.prefix)).query(&mut connection)?;
            // Of a cluster, one command has keys of one slot alone.
            for key in keys {
                redis::cmd("UNLINK").arg(key).exec(&mut connection)?;
            }
        }
        Ok(())
    }
}

impl Drop for TestRedis {
    fn drop(&mut self) {
        if self.private.is_none() {
            // A server that is away has nothing to clear.
            let _ = self.clear();
        }
    }
}

// === impl PrivateRedis ===

impl PrivateRedis {
    pub fn start() -> Self {
        Self(TemporaryRedis::start(Durability::Written).unwrap_or_else(started))
    }

    pub fn url(&self) -> String {
        self.0.url()
    }

    /// Starts it again, on the data that it had on disk.
    pub fn run(&mut self) {
        self.0.run().unwrap_or_else(started);
    }

    /// Kills it, as a machine that fails would.
    pub fn kill(&mut self) {
        self.0.kill();
    }

    /// `FLUSHALL`.
    pub fn flush(&self) {
        let client = redis::Client::open(self.url()).expect("an address");
        redis::cmd("FLUSHALL").exec(&mut client.get_connection().expect("a connection")).expect("it is emptied");
    }

    /// Removes the data on its disk; it must be stopped.
    pub fn forget(&self) {
        std::fs::remove_dir_all(self.0.data()).expect("its disk");
    }

    /// Copies what is on its disk now.
    pub fn copy(&self) -> tempfile::TempDir {
        let copy = tempfile::Builder::new().prefix("mindflow-redis-copy-").tempdir().unwrap();
        copy_files(&self.0.data(), copy.path());
        copy
    }

    /// Puts an older copy in place of what is on its disk; it must be stopped.
    pub fn go_back_to(&self, copy: &Path) {
        self.forget();
        copy_files(copy, &self.0.data());
    }
}

fn private_cluster() -> (String, Private) {
    let cluster = TemporaryRedisCluster::start_program(&redis_program()).unwrap_or_else(started);
    (cluster.url(), Private::Cluster(cluster))
}

fn started<T>(error: RedisError) -> T {
    panic!("a private server starts: {}", chain(&error))
}

fn copy_files(from: &Path, to: &Path) {
    std::fs::create_dir_all(to).unwrap();
    for entry in std::fs::read_dir(from).unwrap() {
        let entry = entry.unwrap();
        std::fs::copy(entry.path(), to.join(entry.file_name())).unwrap();
    }
}
