//! A server that speaks the S3 API: moto, whose Python packages `scripts/test` lays into the cache folder.

use mindflow_backends::archive::store::Config;
use std::path::PathBuf;
use std::process::Stdio;
use tokio::io::{AsyncBufReadExt, BufReader};
use tokio::process::{Child, Command};

/// The folder with the packages of `requirements.txt`.
const PACKAGES_ENV: &str = "MINDFLOW_PYTHON_S3_SERVER";

/// A running server with one bucket; it ends with this.
pub struct Server {
    pub settings: Config,
    _process: Child,
}

pub async fn start() -> Server {
    let packages = std::env::var(PACKAGES_ENV)
        .unwrap_or_else(|_| panic!("{PACKAGES_ENV} is not set: run scripts/test, which installs the S3 server"));
    let script = PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("../tests/conformance/s3_server/server.py");
    let mut server = Command::new("python3");
    server.arg(script).env("PYTHONPATH", packages).stdin(Stdio::piped()).stdout(Stdio::piped()).kill_on_drop(true);
    let mut process = server.spawn().unwrap();
    let mut line = String::new();
    let stdout = process.stdout.take().unwrap();
    BufReader::new(stdout).read_line(&mut line).await.unwrap();
    let port: u16 = line.trim().parse().unwrap();
    let settings = serde_json::json!({
        "backend": "s3", "bucket": "copies", "region": "us-east-1", "endpoint": format!("http://127.0.0.1:{port}"),
        "prefix": "mindflow", "access-key-id": "test", "secret-access-key": "test",
    });
    Server { settings: serde_json::from_value(settings).unwrap(), _process: process }
}
