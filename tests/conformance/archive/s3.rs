//! To a server that speaks the S3 API and back: moto, whose Python packages `scripts/test` lays into the cache folder.

use std::path::PathBuf;
use std::process::Stdio;
use std::sync::Arc;

use mindflow_backends::archive::export::export_in_parts;
use mindflow_backends::archive::{self, Months, store};
use object_store::ObjectStore;
use tokio::io::{AsyncBufReadExt, BufReader};
use tokio::process::{Child, Command};

use crate::stage::{Stage, facts};

/// The folder with the packages of `requirements.txt`.
const PACKAGES_ENV: &str = "MINDFLOW_PYTHON_S3_SERVER";

/// The server's process, which ends with this, and its bucket.
async fn bucket() -> (Child, Arc<dyn ObjectStore>) {
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
    let config = serde_json::json!({
        "backend": "s3", "bucket": "copies", "region": "us-east-1", "endpoint": format!("http://127.0.0.1:{port}"),
        "prefix": "mindflow", "access-key-id": "test", "secret-access-key": "test",
    });
    let config: store::Config = serde_json::from_value(config).unwrap();
    (process, store::open(&config).unwrap())
}

#[tokio::test(flavor = "multi_thread")]
async fn an_archive_goes_to_s3_in_parts_and_comes_back_whole() {
    let (_server, bucket) = bucket().await;
    let stage = Stage::new("s3").await;
    stage.archive(&facts("entry:1", 10)).await;
    stage.archive_in(stage.this_month().await.next(), &facts("entry:2", 6)).await;
    let database = stage.db.database();
    let done = export_in_parts(database, bucket.clone(), Months::default(), 4, &|_| {}).await.unwrap();
    assert_eq!((done.months, done.parts_written, done.events), (2, 5, 16));
    let again = export_in_parts(database, bucket.clone(), Months::default(), 4, &|_| {}).await.unwrap();
    assert_eq!((again.parts_written, again.parts_kept), (0, 5), "what is there is not sent again");

    let empty = Stage::new("s3_back").await;
    let loaded = archive::import(empty.db.database(), bucket, Months::default(), &|_| {}).await.unwrap();
    assert_eq!((loaded.loaded, loaded.already), (16, 0));
    assert_eq!(empty.dump().await, stage.dump().await);
}
