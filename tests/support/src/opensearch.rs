//! A server that speaks OpenSearch's API, for one test: osmem. It keeps everything in memory.

use crate::child::{self, packages};
use std::process::Stdio;
use tokio::process::{Child, Command};

/// A running server; it ends with this.
pub struct Server {
    pub url: String,
    process: Child,
}

impl Server {
    pub async fn kill(&mut self) {
        self.process.kill().await.expect("the server ends");
    }
}

pub async fn start() -> Server {
    let program = packages("MINDFLOW_PYTHON_OPENSEARCH").join("osmem_server/bin/osmem-server");
    let (process, ready) = child::start(Command::new(program).stderr(Stdio::null())).await;
    let ready: serde_json::Value = serde_json::from_str(&ready).expect("the server prints JSON");
    Server { url: ready["url"].as_str().expect("its address").to_owned(), process }
}
