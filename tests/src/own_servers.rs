//! A PostgreSQL and a Redis of a test's own, which it may stop in the middle of everything and start again.

use mindflow_backends::postgres::server::{EmbeddedServer, ServerOptions};
use nix::{
    sys::signal::{Signal, kill},
    unistd::Pid,
};
use std::{
    path::PathBuf,
    process::{Child, Command, Stdio},
    time::{Duration, Instant},
};

const STARTED_WITHIN: Duration = Duration::from_secs(20);
const POLL: Duration = Duration::from_millis(10);

// === PostgreSQL ===

/// A server that lives in a folder.
pub struct OwnPostgres {
    folder: tempfile::TempDir,
    server: Option<EmbeddedServer>,
}

impl OwnPostgres {
    pub async fn start(databases: &[&str]) -> Self {
        let folder = tempfile::Builder::new().prefix("mf-pg-").tempdir().expect("a folder");
        let mut own = Self { folder, server: None };
        own.again().await;
        let (client, connection) =
            own.server().connection("postgres").connect(tokio_postgres::NoTls).await.expect("it answers");
        let connection = tokio::spawn(connection);
        for name in databases {
            client.batch_execute(&format!("CREATE DATABASE {name}")).await.expect("a database");
        }
        connection.abort();
        own
    }

    fn server(&self) -> &EmbeddedServer {
        self.server.as_ref().expect("it runs")
    }

    /// Starts it again, on the data that there is.
    pub async fn again(&mut self) {
        let options = ServerOptions { data_dir: self.folder.path().to_owned(), binaries: None };
        self.server = Some(EmbeddedServer::start(options).await.expect("PostgreSQL starts"));
    }

    /// Ends it as a crash would (`pg_ctl stop -m immediate`).
    pub async fn crash(&mut self) {
        let pid = std::fs::read_to_string(self.folder.path().join("postgres/postmaster.pid")).expect("postmaster.pid");
        let pid: i32 = pid.lines().next().expect("a line").trim().parse().expect("a process id");
        kill(Pid::from_raw(pid), Signal::SIGQUIT).expect("a signal");
        // Before its supervisor would start it again.
        self.server.take().expect("it runs").stop().await;
    }

    /// For a superuser.
    pub fn dsn(&self, database: &str) -> String {
        let connection = self.server().connection(database);
        let Some(tokio_postgres::config::Host::Unix(folder)) = connection.get_hosts().first() else {
            panic!("no socket")
        };
        let port = connection.get_ports().first().expect("a port");
        format!(
            "host={} port={port} user={} dbname={database}",
            folder.display(),
            connection.get_user().expect("a user")
        )
    }
}

// === Redis ===

/// A server on a socket, which keeps every write.
pub struct OwnRedis {
    folder: tempfile::TempDir,
    child: Option<Child>,
}

impl OwnRedis {
    pub fn start() -> Self {
        let folder = tempfile::Builder::new().prefix("mf-redis-").tempdir().expect("a folder");
        let mut own = Self { folder, child: None };
        own.again();
        own
    }

    fn socket(&self) -> PathBuf {
        self.folder.path().join("redis.sock")
    }

    pub fn url(&self) -> String {
        format!("redis+unix://{}", self.socket().display())
    }

    /// Starts it again, on the data that there is.
    pub fn again(&mut self) {
        let program = std::env::var("MINDFLOW_REDIS_SERVER").unwrap_or("redis-server".to_owned());
        let child = Command::new(&program)
            .args(["--port", "0", "--save", "", "--appendonly", "yes", "--appendfsync", "no", "--unixsocket"])
            .arg(self.socket())
            .arg("--dir")
            .arg(self.folder.path())
            .stdin(Stdio::null())
            .stdout(Stdio::null())
            .stderr(Stdio::null())
            .spawn()
            .unwrap_or_else(|error| panic!("{program}: {error}; set MINDFLOW_REDIS_SERVER"));
        self.child = Some(child);
        let began = Instant::now();
        while !self.answers() {
            assert!(began.elapsed() < STARTED_WITHIN, "{program} did not answer in time");
            std::thread::sleep(POLL);
        }
    }

    fn answers(&self) -> bool {
        let ping = || redis::cmd("PING").exec(&mut redis::Client::open(self.url())?.get_connection()?);
        ping().is_ok()
    }

    /// `FLUSHALL`.
    pub fn flush(&self) {
        let client = redis::Client::open(self.url()).expect("an address");
        redis::cmd("FLUSHALL").exec(&mut client.get_connection().expect("a connection")).expect("it is emptied");
    }

    /// Its disk is gone; it must be stopped.
    pub fn forget(&self) {
        std::fs::remove_dir_all(self.folder.path().join("appendonlydir")).expect("its disk");
    }

    /// `kill -9`.
    pub fn crash(&mut self) {
        let mut child = self.child.take().expect("it runs");
        child.kill().expect("a signal");
        child.wait().expect("its end");
    }
}

impl Drop for OwnRedis {
    fn drop(&mut self) {
        if self.child.is_some() {
            self.crash();
        }
    }
}
