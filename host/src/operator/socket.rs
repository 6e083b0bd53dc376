//! The control socket: HTTP with JSON over a unix socket in the data directory, between processes of its owner alone. The
//! answer is JSON lines: the progress of long work, then its end. A client that disconnects before the end cancels
//! the work.

use super::{OperatorError, OperatorRequest, Progress, execute, socket_folder::SocketFolder};
use crate::{accepting::Accepting, platform::Platform};
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
use nix::unistd::geteuid;
use serde::{Deserialize, Serialize};
use serde_json::{Value, json};
use std::{convert::Infallible, io, path::Path, sync::Arc};
use tokio::{net::UnixStream, sync::mpsc, task::JoinSet};
use tokio_util::sync::CancellationToken;

/// A command with its arguments is far smaller.
const BODY_BYTES_MAX: usize = 1 << 20;
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

/// Serves requests of this user's processes until `stop`. The caller has claimed the data directory.
///
/// # Errors
/// The socket cannot be made.
pub fn serve(platform: Arc<Platform>, data_dir: &Path, stop: CancellationToken) -> io::Result<()> {
    let folder = SocketFolder::open(data_dir)?;
    let listener = folder.listen()?;
    tokio::spawn(async move {
        let mut accepting = Accepting::new("commands");
        while let Some((stream, _)) = stop.run_until_cancelled(accepting.next(|| listener.accept())).await {
            if let Some(user) = foreign_peer(&stream) {
                tracing::warn!(user, "a process of another user connected to the control socket; it gets no answer");
                continue;
            }
            let platform = Arc::clone(&platform);
            let service = service_fn(move |request| {
                let platform = Arc::clone(&platform);
                async move { Ok::<_, Infallible>(answer(platform, request)) }
            });
            tokio::spawn(hyper::server::conn::http1::Builder::new().serve_connection(TokioIo::new(stream), service));
        }
        folder.remove();
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
///
/// # Errors
/// The data directory, or the process that listens there, is another user's.
pub async fn listens(data_dir: &Path) -> Result<bool, OperatorError> {
    Ok(reach(data_dir).await?.is_some())
}

/// Sends a request to the host of this data directory, which was there.
///
/// # Errors
/// The request was refused or failed, or the host has ended.
pub async fn send(data_dir: &Path, request: &OperatorRequest, progress: Progress<'_>) -> Result<Value, OperatorError> {
    exchange(reach(data_dir).await?.ok_or(OperatorError::Ended)?, request, progress).await
}

/// A connection to the host, if one listens.
async fn reach(data_dir: &Path) -> Result<Option<UnixStream>, OperatorError> {
    let path = || data_dir.display().to_string();
    let folder = match SocketFolder::open(data_dir) {
        Ok(folder) => folder,
        // What else is wrong with it is said by the start that follows.
        Err(_) => return Ok(None),
    };
    let owner = folder.owner();
    if owner != geteuid().as_raw() {
        return Err(OperatorError::ForeignDirectory { path: path(), owner });
    }
    let Ok(stream) = folder.connect().await else { return Ok(None) };
    match foreign_peer(&stream) {
        None => Ok(Some(stream)),
        Some(user) => Err(OperatorError::ForeignHost { path: path(), user }),
    }
}

/// The user of the process at the other end, if it is not this process's. Whatever the modes of the file and of its folder are,
/// neither end talks to a stranger.
fn foreign_peer(stream: &UnixStream) -> Option<u32> {
    // A peer that the kernel does not tell is a stranger.
    let user = stream.peer_cred().map_or(u32::MAX, |peer| peer.uid());
    (user != geteuid().as_raw()).then_some(user)
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
