//! A server that speaks MongoDB's protocol for one test: SecantusDB, whose Python packages `scripts/test` lays into
//! the cache folder.
#![allow(dead_code, reason = "each suite that includes it uses a part of it")]

use std::path::PathBuf;
use std::process::Stdio;
use tokio::io::{AsyncBufReadExt, BufReader};
use tokio::process::{Child, Command};

/// The folder with the packages of `requirements.txt`.
const PACKAGES_ENV: &str = "MINDFLOW_PYTHON_MONGO_SERVER";

/// A server with a folder of its own; its process ends with it.
pub struct MongoServer {
    port: u16,
    process: Child,
    folder: tempfile::TempDir,
}

impl MongoServer {
    pub async fn start() -> Self {
        let folder = tempfile::tempdir().expect("a folder");
        let (process, port) = run(&folder, 0).await;
        Self { port, process, folder }
    }

    /// What a client is told. Of a set of replicas that is one server, only it is asked.
    pub fn url(&self) -> String {
        format!("mongodb://127.0.0.1:{}/?directConnection=true", self.port)
    }

    pub async fn stop(&mut self) {
        drop(self.process.stdin.take());
        self.process.wait().await.expect("the server ends");
    }

    /// Again, on its port, with what it kept.
    pub async fn start_again(&mut self) {
        self.process = run(&self.folder, self.port).await.0;
    }
}

async fn run(folder: &tempfile::TempDir, port: u16) -> (Child, u16) {
    let packages = std::env::var(PACKAGES_ENV)
        .unwrap_or_else(|_| panic!("{PACKAGES_ENV} is not set: run scripts/test, which installs the server"));
    let script = PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("../tests/conformance/mongo_server/server.py");
    let mut process = Command::new("python3")
        .arg(script)
        .arg(folder.path())
        .arg(port.to_string())
        .env("PYTHONPATH", packages)
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .kill_on_drop(true)
        .spawn()
        .expect("python3 starts");
    let mut line = String::new();
    let stdout = process.stdout.take().expect("its output");
    BufReader::new(stdout).read_line(&mut line).await.expect("the server says its port");
    (process, line.trim().parse().expect("the server says its port"))
}
