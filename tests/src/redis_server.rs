//! A Redis for the stories: the one that `MINDFLOW_TEST_REDIS` names, under a prefix of the test's own,
//! or a private `redis-server` (`MINDFLOW_REDIS_SERVER`, else on the PATH).

use std::process::{Child, Command, Stdio};
use std::time::{Duration, Instant};

const STARTED_WITHIN: Duration = Duration::from_secs(20);

/// A prefix on a server; what is under it goes with the value.
pub struct RedisSpace {
    pub url: String,
    pub prefix: String,
    private: Option<Private>,
}

struct Private {
    child: Child,
    _folder: tempfile::TempDir,
}

impl RedisSpace {
    pub fn open() -> Self {
        let prefix = format!("test-{}:", uuid::Uuid::new_v4().simple());
        match std::env::var("MINDFLOW_TEST_REDIS").ok().filter(|url| !url.is_empty()) {
            Some(url) => Self { url, prefix, private: None },
            None => Self::private(prefix),
        }
    }

    fn private(prefix: String) -> Self {
        let folder = tempfile::Builder::new().prefix("mindflow-redis-").tempdir().expect("a folder");
        let socket = folder.path().join("redis.sock");
        let program = std::env::var("MINDFLOW_REDIS_SERVER").unwrap_or("redis-server".to_owned());
        let child = Command::new(&program)
            .args(["--port", "0", "--save", "", "--appendonly", "no", "--unixsocket"])
            .arg(&socket)
            .arg("--dir")
            .arg(folder.path())
            .stdin(Stdio::null())
            .stdout(Stdio::null())
            .stderr(Stdio::null())
            .spawn()
            .unwrap_or_else(|error| {
                panic!("{program}: {error}; set MINDFLOW_REDIS_SERVER, or MINDFLOW_TEST_REDIS to a server's URL")
            });
        let url = format!("redis+unix://{}", socket.display());
        let space = Self { url, prefix, private: Some(Private { child, _folder: folder }) };
        let began = Instant::now();
        while space.ping().is_err() {
            assert!(began.elapsed() < STARTED_WITHIN, "{program} did not answer in time");
            std::thread::sleep(Duration::from_millis(5));
        }
        space
    }

    fn ping(&self) -> redis::RedisResult<()> {
        redis::cmd("PING").exec(&mut self.connection()?)
    }

    /// A connection to look into the store.
    ///
    /// # Errors
    /// The server is away.
    pub fn connection(&self) -> redis::RedisResult<redis::Connection> {
        redis::Client::open(self.url.as_str())?.get_connection()
    }

    fn clear(&self) -> redis::RedisResult<()> {
        let mut connection = self.connection()?;
        let keys: Vec<String> = redis::cmd("KEYS").arg(format!("{}*", self.prefix)).query(&mut connection)?;
        if keys.is_empty() { Ok(()) } else { redis::cmd("DEL").arg(keys).exec(&mut connection) }
    }
}

impl Drop for RedisSpace {
    fn drop(&mut self) {
        match &mut self.private {
            Some(server) => {
                let _ = server.child.kill();
                let _ = server.child.wait();
            }
            None => drop(self.clear()),
        }
    }
}
