//! Redis for tests: a prefix on the server of the test run, or a server that one test may stop.

use mindflow_backends::error::chain;
use mindflow_servers::RedisError;
use mindflow_servers::{Durability, TemporaryRedis};
use std::path::Path;

/// Environment variable with the URL of the test run's server.
const SERVER_ENV: &str = "MINDFLOW_TEST_REDIS";

/// A prefix on the server that [`SERVER_ENV`] names, else on a private one. The keys under it are removed with the value.
/// Without any server a test fails: a skipped test would look like a passed one.
pub struct TestRedis {
    pub url: String,
    pub prefix: String,
    private: Option<TemporaryRedis>,
}

/// A server of one test's own, which it may stop and start again. It keeps every write.
pub struct PrivateRedis(TemporaryRedis);

// === impl TestRedis ===

impl TestRedis {
    pub fn open() -> Self {
        let prefix = format!("test-{}:", uuid::Uuid::new_v4().simple());
        match std::env::var(SERVER_ENV).ok().filter(|url| !url.is_empty()) {
            Some(url) => Self { url, prefix, private: None },
            None => {
                let server = TemporaryRedis::start(Durability::None).unwrap_or_else(started);
                Self { url: server.url(), prefix, private: Some(server) }
            }
        }
    }

    fn clear(&self) -> redis::RedisResult<()> {
        let mut connection = redis::Client::open(self.url.as_str())?.get_connection()?;
        let keys: Vec<String> = redis::cmd("KEYS").arg(format!("{}*", self.prefix)).query(&mut connection)?;
        if keys.is_empty() { Ok(()) } else { redis::cmd("DEL").arg(keys).exec(&mut connection) }
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
