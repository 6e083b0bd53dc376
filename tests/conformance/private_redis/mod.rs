//! A Redis for one test: the one that `MINDFLOW_TEST_REDIS` names, or a private `redis-server`
//! (`MINDFLOW_REDIS_SERVER`, else on the PATH) on a unix socket in a folder of its own. A test that
//! can have none fails: a skipped test would look like a passed one.
#![allow(dead_code, reason = "each suite uses a part of it")]

use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::time::{Duration, Instant};

/// Loading nothing takes a Redis some 10 ms; a machine under load gets ample time.
const STARTED_WITHIN: Duration = Duration::from_secs(20);

/// A server, or the name of one that somebody else runs.
pub enum TestRedis {
    Given(String),
    Private(PrivateRedis),
}

/// A `redis-server` that ends with this value.
pub struct PrivateRedis {
    folder: tempfile::TempDir,
    child: Option<Child>,
}

impl TestRedis {
    pub async fn start() -> Self {
        match std::env::var("MINDFLOW_TEST_REDIS") {
            Ok(url) if !url.is_empty() => Self::Given(url),
            _ => Self::Private(PrivateRedis::start().await),
        }
    }

    pub fn url(&self) -> String {
        match self {
            Self::Given(url) => url.clone(),
            Self::Private(server) => server.url(),
        }
    }
}

impl PrivateRedis {
    pub async fn start() -> Self {
        let folder = tempfile::Builder::new().prefix("mindflow-redis-").tempdir().unwrap();
        let mut server = Self { folder, child: None };
        server.run().await;
        server
    }

    pub fn url(&self) -> String {
        format!("redis+unix://{}", self.socket().display())
    }

    fn socket(&self) -> PathBuf {
        self.folder.path().join("redis.sock")
    }

    /// Starts it (again), with what it had on disk.
    pub async fn run(&mut self) {
        let program = std::env::var("MINDFLOW_REDIS_SERVER").unwrap_or("redis-server".to_owned());
        let folder: &Path = self.folder.path();
        let child = Command::new(&program)
            .args(["--port", "0", "--unixsocket"])
            .arg(self.socket())
            .arg("--dir")
            .arg(folder)
            .args(["--appendonly", "yes", "--appendfsync", "always", "--save", ""])
            .stdin(Stdio::null())
            .stdout(Stdio::null())
            .stderr(Stdio::null())
            .spawn();
        self.child = Some(child.unwrap_or_else(|error| {
            panic!(
                "{program}: {error}; run scripts/test, which lays down a redis-server, or set \
                 MINDFLOW_REDIS_SERVER to one or MINDFLOW_TEST_REDIS to a server's URL"
            )
        }));
        let client = redis::Client::open(self.url()).unwrap();
        let began = Instant::now();
        loop {
            if let Ok(mut connection) = client.get_multiplexed_async_connection().await
                && redis::cmd("PING").exec_async(&mut connection).await.is_ok()
            {
                return;
            }
            assert!(began.elapsed() < STARTED_WITHIN, "{program} did not answer in time");
            tokio::time::sleep(Duration::from_millis(5)).await;
        }
    }

    /// Keeps a copy of what is on its disk now, to go back to.
    pub fn copy(&self) -> tempfile::TempDir {
        let copy = tempfile::Builder::new().prefix("mindflow-redis-copy-").tempdir().unwrap();
        copy_files(&self.folder.path().join("appendonlydir"), copy.path());
        copy
    }

    /// Puts an older copy in place of what is on its disk; it must be stopped.
    pub fn go_back_to(&self, copy: &Path) {
        let current = self.folder.path().join("appendonlydir");
        std::fs::remove_dir_all(&current).unwrap();
        copy_files(copy, &current);
    }

    /// Kills it, as a machine that fails would.
    pub fn stop(&mut self) {
        if let Some(mut child) = self.child.take() {
            child.kill().unwrap();
            child.wait().unwrap();
        }
    }
}

impl Drop for PrivateRedis {
    fn drop(&mut self) {
        self.stop();
    }
}

fn copy_files(from: &Path, to: &Path) {
    std::fs::create_dir_all(to).unwrap();
    for entry in std::fs::read_dir(from).unwrap() {
        let entry = entry.unwrap();
        std::fs::copy(entry.path(), to.join(entry.file_name())).unwrap();
    }
}
