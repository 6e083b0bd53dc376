//! How the command line talks to a running host: HTTP with JSON over a unix socket in the data directory,
//! which only its owner can open. The answer is JSON lines: how far long work is, then its end. Whoever
//! goes away before the end cancels the work.

use crate::{
    archive::{self, ArchiveOrder},
    audit::{self, AuditOrder},
    logs::{self, LogsOrder},
    platform::Platform,
    replay::{self, ReplayOrder},
};
use bytes::Bytes;
use futures::{Stream, stream::unfold};
use http::{Method, Request, Response};
use http_body_util::{BodyExt, Full, Limited, StreamBody};
use hyper::{
    body::{Frame, Incoming},
    service::service_fn,
};
use hyper_util::rt::TokioIo;
use mindflow_backends::delivery::{DeadLetterFilter, DeadLetterId, DeadLetters, QueueError};
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

/// Progress that may wait for a slow reader; more is left out.
const PROGRESS_LINES_MAX: usize = 64;

/// Told how far long work is, in words for people.
pub type Progress<'a> = &'a (dyn Fn(&str) + Send + Sync);

/// A line of an answer.
#[derive(Debug, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
enum Line {
    Progress(String),
    Done(Value),
    Failed(String),
}

#[derive(Debug, Serialize, Deserialize)]
#[serde(tag = "do", rename_all = "kebab-case")]
pub enum Order {
    Components,
    Swap { component: String, file: PathBuf },
    Operate { command: String, arguments: Vec<String> },
    RotateKeys,
    DeadLetters(DeadLettersOrder),
    Archive(ArchiveOrder),
    Replay(ReplayOrder),
    Audit(AuditOrder),
    Logs(LogsOrder),
}

/// What is to be done with dead letters; each is named `SUBSCRIPTION/EVENT-ID`.
#[derive(Debug, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum DeadLettersOrder {
    List { consumer: Option<String>, limit: u32 },
    Show { id: String },
    Retry { id: String },
    Discard { id: String },
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

/// Serves orders until told to stop.
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
        let end = async { carry_out(&platform, read(request).await?, &progress).await }.await;
        let _ = sender.send(end.map_or_else(Line::Failed, Line::Done)).await;
    });
    let lines = unfold((receiver, work), |(mut receiver, work)| async move {
        let line = receiver.recv().await?;
        Some((Ok(Frame::data(Bytes::from(format!("{}\n", json!(line))))), (receiver, work)))
    });
    Response::new(StreamBody::new(Box::pin(lines)))
}

async fn read(request: Request<Incoming>) -> Result<Order, String> {
    let bytes = Limited::new(request.into_body(), BODY_BYTES_MAX)
        .collect()
        .await
        .map_err(|error| error.to_string())?
        .to_bytes();
    serde_json::from_slice(&bytes).map_err(|error| error.to_string())
}

/// What an order answers, whether it came over the socket or the command runs the platform itself.
///
/// # Errors
/// One line for the operator.
pub async fn carry_out(platform: &Platform, order: Order, progress: Progress<'_>) -> Result<Value, String> {
    match order {
        Order::Components => {
            Ok(json!(platform.providers.values().map(|provider| provider.status()).collect::<Vec<_>>()))
        }
        Order::Swap { component, file } => {
            platform.swap(&component, &file).await.map(|status| json!(status)).map_err(|error| error.to_string())
        }
        Order::Operate { command, arguments } => {
            let answer = platform.operate(&command, arguments).await.map_err(|error| error.to_string())?;
            serde_json::from_str(&answer).map_err(|error| format!("the component's answer is not JSON: {error}"))
        }
        Order::DeadLetters(order) => {
            let letters = platform.dead_letters().ok_or("this platform delivers no events")?;
            dead_letters(&*letters, order).await
        }
        Order::Archive(order) => archive::carry_out(platform, order, progress).await,
        Order::Replay(order) => replay::carry_out(platform, order, progress).await,
        Order::Audit(order) => audit::carry_out(platform, order, progress).await,
        Order::Logs(order) => logs::carry_out(platform, order).await,
        Order::RotateKeys => platform.rotate_keys().await.map(|kid| json!({ "kid": kid })),
    }
}

async fn dead_letters(letters: &dyn DeadLetters, order: DeadLettersOrder) -> Result<Value, String> {
    let failed = |error: QueueError| crate::cli::line(&error);
    let named = |id: &str| id.parse::<DeadLetterId>().map_err(|error| error.to_string());
    let absent = |id: &str| format!("there is no dead letter {id}; `mindflow dead-letters list` lists them");
    match order {
        DeadLettersOrder::List { consumer, limit } => {
            let filter = DeadLetterFilter { subscription: consumer, before: None, limit };
            Ok(json!(letters.list(&filter).await.map_err(failed)?))
        }
        DeadLettersOrder::Show { id } => match letters.show(&named(&id)?).await.map_err(failed)? {
            Some(letter) => Ok(json!(letter)),
            None => Err(absent(&id)),
        },
        DeadLettersOrder::Retry { id } => match letters.redrive(&named(&id)?).await.map_err(failed)? {
            true => Ok(json!({ "retried": id })),
            false => Err(absent(&id)),
        },
        DeadLettersOrder::Discard { id } => match letters.discard(&named(&id)?).await.map_err(failed)? {
            true => Ok(json!({ "discarded": id })),
            false => Err(absent(&id)),
        },
    }
}

/// Whether a host of this data directory takes orders.
pub async fn listens(data_dir: &Path) -> bool {
    UnixStream::connect(socket_path(data_dir)).await.is_ok()
}

/// Sends an order to the host of this data directory; none when none runs.
///
/// # Errors
/// One line: the order was refused or failed.
pub async fn send(data_dir: &Path, order: &Order, progress: Progress<'_>) -> Option<Result<Value, String>> {
    let stream = UnixStream::connect(socket_path(data_dir)).await.ok()?;
    Some(exchange(stream, order, progress).await)
}

async fn exchange(stream: UnixStream, order: &Order, progress: Progress<'_>) -> Result<Value, String> {
    let failed = |error: &dyn std::fmt::Display| format!("the running host did not answer: {error}");
    let (mut sender, connection) =
        hyper::client::conn::http1::handshake(TokioIo::new(stream)).await.map_err(|error| failed(&error))?;
    tokio::spawn(connection);
    let body = serde_json::to_vec(order).map_err(|error| failed(&error))?;
    let request = Request::builder()
        .method(Method::POST)
        .uri("/")
        .header("host", "mindflow")
        .body(Full::new(Bytes::from(body)))
        .map_err(|error| failed(&error))?;
    let mut body = sender.send_request(request).await.map_err(|error| failed(&error))?.into_body();
    let mut text = Vec::new();
    while let Some(frame) = body.frame().await {
        if let Ok(data) = frame.map_err(|error| failed(&error))?.into_data() {
            text.extend_from_slice(&data);
        }
        while let Some(end) = text.iter().position(|byte| *byte == b'\n') {
            let line: Vec<u8> = text.drain(..=end).collect();
            match serde_json::from_slice(&line).map_err(|error| failed(&error))? {
                Line::Progress(text) => progress(&text),
                Line::Done(value) => return Ok(value),
                Line::Failed(reason) => return Err(reason),
            }
        }
    }
    Err(failed(&"it ended the exchange"))
}
