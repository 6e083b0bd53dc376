//! A server that speaks the S3 API, for one test: moto.

use crate::child::{self, python};
use mindflow_backends::stores::objects::Config;
use tokio::process::Child;

/// A running server with one bucket; it ends with this.
pub struct Server {
    pub settings: Config,
    _process: Child,
}

pub async fn start() -> Server {
    let (process, port) = child::start(&mut python("s3", "MINDFLOW_PYTHON_S3_SERVER")).await;
    let port: u16 = port.parse().expect("the server prints its port");
    let settings = serde_json::json!({
        "backend": "s3", "bucket": "copies", "region": "us-east-1", "endpoint": format!("http://127.0.0.1:{port}"),
        "prefix": "mindflow", "access-key-id": "test", "secret-access-key": "test",
    });
    Server { settings: serde_json::from_value(settings).unwrap(), _process: process }
}
