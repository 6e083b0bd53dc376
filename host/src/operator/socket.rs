//! The control socket: HTTP with JSON over a unix socket in the data directory, which only its owner can open. The
//! answer is JSON lines: the progress of long work, then its end. A client that disconnects before the end cancels
//! the work.

use super::{OperatorError, OperatorRequest, Progress, execute};
use crate::platform::Platform;
use bytes::Bytes;
use futures::{Stream, stream::unfold};
use http::{Method, Request, Response};
use http_body_util::{BodyExt, Full, Limited, StreamBody};
use hyper::{
    body::{Frame, Incoming},
    service::service_fn,
};
use hyper_util::rt::TokioIo;
use mindflow_backends::error::chain;
use serde::{Deserialize, Serialize};
use serde_json::{Value, json};
use std::{
    convert::Infallible,
    io,
    os::unix::fs::PermissionsExt,
    path::{Path, PathBuf},
    sync::Arc,
};
use tokio::{
    net::{UnixListener, UnixStream},
    sync::mpsc,
    task::JoinSet,
};
use tokio_util::sync::CancellationToken;

/// A command with its arguments is far smaller.
const BODY_BYTES_MAX: usize = 1 << 20;
/// The kernel's limit of a socket's path is 107 bytes.
const PATH_BYTES_MAX: usize = 100;

/// Lines of progress that wait for a slow reader; further ones are dropped.
const PROGRESS_LINES_MAX: usize = 64;

/// A line of an answer.
#[derive(Debug, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
enum Line {
    Progress(String),
    Done(Value),
    Failed(String),
}

/// Where the host of this data directory listens.
pub fn socket_path(data_dir: &Path) -> PathBuf {
    let absolute = std::path::absolute(data_dir).unwrap_or_else(|_| data_dir.to_owned());
    let path = absolute.join("control.sock");
    if path.as_os_str().len() <= PATH_BYTES_MAX {
        return path;
    }
    use sha2::{Digest, Sha256};
    let digest = Sha256::digest(absolute.as_os_str().as_encoded_bytes());
    let name: String = digest.iter().take(8).map(|byte| format!("{byte:02x}")).collect();
    std::env::temp_dir().join(format!("mindflow-{name}.sock"))
}

/// Serves requests until `stop`.
///
/// # Errors
/// Another host serves this data directory, or the socket cannot be made.
pub async fn serve(platform: Arc<Platform>, data_dir: &Path, stop: CancellationToken) -> io::Result<()> {
    let path = socket_path(data_dir);
    if UnixStream::connect(&path).await.is_ok() {
        return Err(io::Error::new(
            io::ErrorKind::AddrInUse,
            format!("another mindflow runs on {}; stop it, or choose another --data-dir", data_dir.display()),
        ));
    }
    let _ = std::fs::remove_file(&path);
    let listener = UnixListener::bind(&path)?;
    std::fs::set_permissions(&path, std::fs::Permissions::from_mode(0o600))?;
    tokio::spawn(async move {
        while let Some(Ok((stream, _))) = stop.run_until_cancelled(listener.accept()).await {
            let platform = Arc::clone(&platform);
            let service = service_fn(move |request| {
                let platform = Arc::clone(&platform);
                async move { Ok::<_, Infallible>(answer(platform, request)) }
            });
            tokio::spawn(hyper::server::conn::http1::Builder::new().serve_connection(TokioIo::new(stream), service));
        }
        let _ = std::fs::remove_file(&path);
    });
    Ok(())
}

type Lines = StreamBody<std::pin::Pin<Box<dyn Stream<Item = Result<Frame<Bytes>, Infallible>> + Send>>>;

fn answer(platform: Arc<Platform>, request: Request<Incoming>) -> Response<Lines> {
    let (sender, receiver) = mpsc::channel(PROGRESS_LINES_MAX);
    // Dropped with the answer's body, it cancels the work.
    let mut work = JoinSet::new();
    work.spawn(async move {
        let progress = |text: &str| {
            let _ = sender.try_send(Line::Progress(text.to_owned()));
        };
        let end = async { execute(&platform, read(request).await?, &progress).await }.await;
        let _ = sender.send(end.map_or_else(|error| Line::Failed(chain(&error)), Line::Done)).await;
    });
    let lines = unfold((receiver, work), |(mut receiver, work)| async move {
        let line = receiver.recv().await?;
        Some((Ok(Frame::data(Bytes::from(format!("{}\n", json!(line))))), (receiver, work)))
    });
    Response::new(StreamBody::new(Box::pin(lines)))
}

async fn read(request: Request<Incoming>) -> Result<OperatorRequest, OperatorError> {
    let body = Limited::new(request.into_body(), BODY_BYTES_MAX).collect().await.map_err(OperatorError::Request)?;
    serde_json::from_slice(&body.to_bytes()).map_err(|error| OperatorError::Request(error.into()))
}

/// Whether a host of this data directory takes requests.
pub async fn listens(data_dir: &Path) -> bool {
    UnixStream::connect(socket_path(data_dir)).await.is_ok()
}

/// Sends a request to the host of this data directory; `None` when none runs.
///
/// # Errors
/// The request was refused or failed.
pub async fn send(
    data_dir: &Path,
    request: &OperatorRequest,
    progress: Progress<'_>,
) -> Option<Result<Value, OperatorError>> {
    let stream = UnixStream::connect(socket_path(data_dir)).await.ok()?;
    Some(exchange(stream, request, progress).await)
}

async fn exchange(
    stream: UnixStream,
    request: &OperatorRequest,
    progress: Progress<'_>,
) -> Result<Value, OperatorError> {
    fn failed(error: impl Into<Box<dyn std::error::Error + Send + Sync>>) -> OperatorError {
        OperatorError::NoAnswer(error.into())
    }
    let (mut sender, connection) = hyper::client::conn::http1::handshake(TokioIo::new(stream)).await.map_err(failed)?;
    tokio::spawn(connection);
    let body = serde_json::to_vec(request).map_err(failed)?;
    let request = Request::builder()
        .method(Method::POST)
        .uri("/")
        .header("host", "mindflow")
        .body(Full::new(Bytes::from(body)))
        .map_err(failed)?;
    let mut body = sender.send_request(request).await.map_err(failed)?.into_body();
    let mut text = Vec::new();
    while let Some(frame) = body.frame().await {
        if let Ok(data) = frame.map_err(failed)?.into_data() {
            text.extend_from_slice(&data);
        }
        while let Some(end) = text.iter().position(|byte| *byte == b'\n') {
            let line: Vec<u8> = text.drain(..=end).collect();
            match serde_json::from_slice(&line).map_err(failed)? {
                Line::Progress(text) => progress(&text),
                Line::Done(value) => return Ok(value),
                Line::Failed(reason) => return Err(OperatorError::Remote(reason)),
            }
        }
    }
    Err(failed("it closed the connection"))
}
