//! A server that speaks MongoDB's protocol, for one test: SecantusDB.

use crate::child::{python, start};
use tokio::process::Child;

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

    /// The URL for a client. Of a set of replicas that is one server, only it is asked.
    pub fn url(&self) -> String {
        format!("mongodb://127.0.0.1:{}/?directConnection=true", self.port)
    }

    pub async fn stop(&mut self) {
        drop(self.process.stdin.take());
        self.process.wait().await.expect("the server ends");
    }

    /// Starts it again, on its port, with the data that it had.
    pub async fn start_again(&mut self) {
        self.process = run(&self.folder, self.port).await.0;
    }
}

async fn run(folder: &tempfile::TempDir, port: u16) -> (Child, u16) {
    let mut command = python("mongo", "MINDFLOW_PYTHON_MONGO_SERVER");
    let (process, port) = start(command.arg(folder.path()).arg(port.to_string())).await;
    (process, port.parse().expect("the server prints its port"))
}
