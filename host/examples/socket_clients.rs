//! Clients with WebSocket subscriptions, on one thread, for `cargo xtask bench`.
//!
//! Arguments: ADDRESS TOKEN SOCKETS EVENTS. Opens the sockets, each with one `entryChanged`, and prints `{"open_s":…}`.
//! Without events it then answers pings until its standard input ends. With events it creates so many entries, one after
//! the other has been delivered to all sockets, and prints what that took as JSON.

#![allow(clippy::disallowed_methods, reason = "a benchmark measures real time")]

use anyhow::{Context, bail, ensure};
use futures::{SinkExt, StreamExt, TryStreamExt, future::join_all, stream};
use http::Request;
use serde_json::{Value, json};
use std::time::{Duration, Instant};
use tokio::{io::AsyncReadExt, net::TcpStream, sync::mpsc};
use tokio_tungstenite::{
    WebSocketStream, client_async_with_config,
    tungstenite::{Message, handshake::client::generate_key, protocol::WebSocketConfig},
};

/// Sockets that are being opened at the same time.
const OPENING: usize = 32;
/// A delivery that takes longer is lost.
const WITHIN: Duration = Duration::from_secs(60);
const CHANGED: &str = "subscription { entryChanged { kind entryId entry { title } } }";
const CREATE: &str =
    "mutation { createJournalEntry(input: { title: \"Live\", content: \"Seen on every device.\" }) { id } }";

type Socket = WebSocketStream<TcpStream>;

#[tokio::main(flavor = "current_thread")]
async fn main() -> anyhow::Result<()> {
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    let [address, token, sockets, events] = arguments.as_slice() else {
        bail!("arguments: ADDRESS TOKEN SOCKETS EVENTS")
    };
    let (sockets, events): (usize, usize) = (sockets.parse()?, events.parse()?);
    let started = Instant::now();
    let open = stream::iter(0..sockets).map(|_| subscribed(address, token)).buffer_unordered(OPENING);
    let open: Vec<Socket> = open.try_collect().await?;
    println!("{}", json!({ "open_s": started.elapsed().as_secs_f64() }));
    if events == 0 {
        return idle(open).await;
    }
    let figures = fan_out(connected(address, token).await?, open, events).await?;
    println!("{figures}");
    Ok(())
}

/// A socket that is acknowledged.
async fn connected(address: &str, token: &str) -> anyhow::Result<Socket> {
    let stream = TcpStream::connect(address).await.context("connect")?;
    stream.set_nodelay(true)?;
    let request = Request::get(format!("ws://{address}/graphql"))
        .header("host", address)
        .header("connection", "upgrade")
        .header("upgrade", "websocket")
        .header("sec-websocket-version", "13")
        .header("sec-websocket-key", generate_key())
        .header("sec-websocket-protocol", "graphql-transport-ws")
        .body(())?;
    let config = WebSocketConfig::default().read_buffer_size(2 * 1024).write_buffer_size(0);
    let (mut socket, _) = client_async_with_config(request, stream, Some(config)).await.context("the handshake")?;
    let init = json!({ "type": "connection_init", "payload": { "authorization": format!("Bearer {token}") } });
    send(&mut socket, &init).await?;
    let answer = received(&mut socket).await?;
    ensure!(text(&answer, "/type") == Some("connection_ack"), "{answer}");
    Ok(socket)
}

/// A socket whose subscription has been taken: what is asked after it is answered after it.
async fn subscribed(address: &str, token: &str) -> anyhow::Result<Socket> {
    let mut socket = connected(address, token).await?;
    operation(&mut socket, "changes", CHANGED).await?;
    operation(&mut socket, "ready", "{ me { id } }").await?;
    let answer = received(&mut socket).await?;
    ensure!(text(&answer, "/id") == Some("ready") && text(&answer, "/type") == Some("next"), "{answer}");
    received(&mut socket).await?;
    Ok(socket)
}

async fn operation(socket: &mut Socket, id: &str, query: &str) -> anyhow::Result<()> {
    send(socket, &json!({ "id": id, "type": "subscribe", "payload": { "query": query } })).await
}

async fn send(socket: &mut Socket, message: &Value) -> anyhow::Result<()> {
    Ok(socket.send(Message::text(message.to_string())).await?)
}

async fn received(socket: &mut Socket) -> anyhow::Result<Value> {
    loop {
        match socket.next().await.context("the connection ended")?? {
            Message::Text(text) => return Ok(serde_json::from_str(&text)?),
            Message::Close(frame) => bail!("closed: {frame:?}"),
            _ => {}
        }
    }
}

fn text<'a>(message: &'a Value, pointer: &str) -> Option<&'a str> {
    message.pointer(pointer).and_then(Value::as_str)
}

async fn idle(open: Vec<Socket>) -> anyhow::Result<()> {
    let answering = join_all(open.into_iter().map(|mut socket| async move {
        match received(&mut socket).await {
            Ok(message) => bail!("an idle socket received {message}"),
            Err(error) => Err(error),
        }
    }));
    let mut stdin = tokio::io::stdin();
    let mut end = [0; 1];
    tokio::select! {
        ended = answering => ended.into_iter().collect::<anyhow::Result<()>>(),
        read = stdin.read(&mut end) => Ok(read.map(drop)?),
    }
}

/// Creates entries and waits until all sockets have heard of each.
async fn fan_out(mut writer: Socket, open: Vec<Socket>, events: usize) -> anyhow::Result<Value> {
    let (sockets, (heard, mut deliveries)) = (open.len(), mpsc::unbounded_channel());
    for mut socket in open {
        let heard = heard.clone();
        tokio::spawn(async move {
            while let Ok(message) = received(&mut socket).await {
                let id = text(&message, "/payload/data/entryChanged/entryId").map(ToOwned::to_owned);
                if heard.send((id, Instant::now())).is_err() {
                    return;
                }
            }
        });
    }
    let mut latencies = Vec::with_capacity(sockets * events);
    let started = Instant::now();
    for number in 0..events {
        operation(&mut writer, &number.to_string(), CREATE).await?;
        let answer = received(&mut writer).await?;
        let answered = Instant::now();
        let id = text(&answer, "/payload/data/createJournalEntry/id").context(answer.to_string())?.to_owned();
        received(&mut writer).await?;
        for _ in 0..sockets {
            let next = tokio::time::timeout(WITHIN, deliveries.recv()).await.context("a delivery is missing")?;
            let (heard_of, at) = next.context("all sockets ended")?;
            ensure!(heard_of.as_ref() == Some(&id), "{heard_of:?} instead of {id}");
            latencies.push(at.saturating_duration_since(answered));
        }
    }
    let elapsed = started.elapsed().as_secs_f64();
    latencies.sort_unstable();
    let percentile = |part: f64| {
        let place = (latencies.len().saturating_sub(1) as f64 * part) as usize;
        latencies.get(place).copied().unwrap_or_default().as_secs_f64() * 1e3
    };
    Ok(json!({
        "deliveries_per_s": (sockets * events) as f64 / elapsed,
        "events_per_s": events as f64 / elapsed,
        "p50_ms": percentile(0.5),
        "p99_ms": percentile(0.99),
    }))
}
