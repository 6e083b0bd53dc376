//! Clients that are slow, silent or do not read.

use super::{Ground, Running, said};
use anyhow::{Context, Result};
use futures::StreamExt;
use mindflow_tests::attacker::{
    Attacker, PREFACE, SETTINGS, closed, head, open_unread_streams, post, unfinished_upload,
};
use mindflow_tests::pictures::{noise_png, upload};
use mindflow_tests::{Account, send};
use std::io;
use std::time::Duration;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio_tungstenite::tungstenite::Message;

/// More than the host reads of a body before it calls a component.
const AHEAD: usize = 300_000;
/// Of a picture of 9 MB.
const SIDE: u32 = 1_750;
const EVERY_SECOND: Duration = Duration::from_secs(1);

pub async fn bodies(ground: &Ground) -> Running {
    let accounts = ground.accounts().await;
    ground.again(accounts, 6, |(attacker, account): (Attacker, Account), number| async move {
        let bytes = match number % 2 {
            0 => post(100, "").into_bytes(),
            _ => unfinished_upload(&account.token, AHEAD),
        };
        said(answer_to(&attacker, &bytes).await)
    })
}

async fn answer_to(attacker: &Attacker, bytes: &[u8]) -> io::Result<u16> {
    let mut stream = attacker.sent(bytes).await?;
    Ok(head(&mut stream).await?.0)
}

pub fn unread_streams(ground: &Ground) -> Running {
    ground.again(ground.attackers(), 4, |attacker: Attacker, _| async move {
        let Ok(socket) = attacker.connect().await else { return "closed".to_owned() };
        let Ok(streams) = open_unread_streams(socket).await else { return "closed".to_owned() };
        for stream in streams {
            let Ok(answer) = stream.await else { continue };
            // Nothing comes through a window of 0: it ends when the host resets the stream.
            let mut body = answer.into_body();
            while body.data().await.is_some_and(|part| part.is_ok()) {}
        }
        "reset".to_owned()
    })
}

pub async fn unread_downloads(ground: &Ground) -> Result<Running> {
    let mut downloads = Vec::new();
    for (attacker, account) in ground.accounts().await {
        let media = send(upload(&account, "a.png", &noise_png(SIDE))).await.expect(201).json();
        let id = media["id"].as_str().context("an upload has no id")?.to_owned();
        downloads.push((attacker, account.token, format!("/media/{id}")));
    }
    Ok(ground.again(downloads, 40, |(attacker, token, path): (Attacker, String, String), number| async move {
        let Ok(mut stream) = attacker.download(&token, &path).await else { return "closed".to_owned() };
        let Ok((status, _)) = head(&mut stream).await else { return "closed".to_owned() };
        if status == 200 && number.is_multiple_of(2) {
            while stream.read_u8().await.is_ok() {
                tokio::time::sleep(EVERY_SECOND).await;
            }
        } else if status == 200 {
            // Until the host has given up, which shows when something is written.
            while stream.write_all(b"\r\n").await.is_ok() {
                tokio::time::sleep(EVERY_SECOND).await;
            }
        }
        if status == 200 { "ended".to_owned() } else { status.to_string() }
    }))
}

pub fn websockets(ground: &Ground) -> Running {
    ground.again(ground.attackers(), 516, |attacker: Attacker, _| async move {
        let mut socket = match attacker.websocket().await {
            Ok(socket) => socket,
            Err(tokio_tungstenite::tungstenite::Error::Http(answer)) => return answer.status().as_u16().to_string(),
            Err(_) => return "closed".to_owned(),
        };
        let init = r#"{"type":"connection_init","payload":{}}"#;
        if futures::SinkExt::send(&mut socket, Message::text(init)).await.is_err() {
            return "closed".to_owned();
        }
        // Pings are answered by the library while it reads.
        while let Some(Ok(message)) = socket.next().await {
            if let Message::Close(frame) = message {
                return frame.map_or("closed".to_owned(), |frame| format!("close {}", u16::from(frame.code)));
            }
        }
        "closed".to_owned()
    })
}

pub async fn event_streams(ground: &Ground) -> Running {
    let accounts = ground.accounts().await;
    ground.again(accounts, 516, |(attacker, account): (Attacker, Account), _| async move {
        match attacker.subscribe(&account.token).await {
            Ok((200, _, mut stream)) => {
                closed(&mut stream).await;
                "ended".to_owned()
            }
            other => said(other.map(|(status, ..)| status)),
        }
    })
}

pub fn silent(ground: &Ground) -> Running {
    ground.again(ground.attackers(), 1_200, |attacker: Attacker, number| async move {
        let says = match number % 4 {
            0 => Vec::new(),
            1 => PREFACE.to_vec(),
            2 => [PREFACE, SETTINGS].concat(),
            _ => b"GET / HTTP/1.1\r\nHost: mind".to_vec(),
        };
        if let Ok(mut stream) = attacker.sent(&says).await {
            closed(&mut stream).await;
        }
        "closed".to_owned()
    })
}

pub async fn slow_uploads(ground: &Ground) -> Running {
    let accounts = ground.accounts().await;
    ground.again(accounts, 256, |(attacker, account): (Attacker, Account), _| async move {
        said(drip(&attacker, &account.token).await)
    })
}

/// Sends an upload a kilobyte at a time, until it is answered.
async fn drip(attacker: &Attacker, token: &str) -> io::Result<u16> {
    let whole = unfinished_upload(token, 2 << 20);
    let stream = attacker.connect().await?;
    let (mut answer, mut body) = stream.into_split();
    let writes = async {
        for part in whole.chunks(1 << 10) {
            body.write_all(part).await?;
            tokio::time::sleep(EVERY_SECOND).await;
        }
        std::future::pending::<io::Result<()>>().await
    };
    tokio::select! {
        answer = head(&mut answer) => Ok(answer?.0),
        ended = writes => Err(ended.err().unwrap_or_else(|| io::ErrorKind::ConnectionReset.into())),
    }
}
