//! Clients that misbehave, at an address of their own, and the honest user at the same time.

use crate::trouble_kit::state;
use mindflow_tests::attacker::{self, Attacker};
use mindflow_tests::{Account, GraphqlSocket, Platform, WITHIN, eventually};
use serde_json::{Value, json};
use std::{
    sync::{
        Arc,
        atomic::{AtomicBool, AtomicU32, Ordering},
    },
    time::Duration,
};
use tokio::{net::TcpStream, time::timeout};

/// Between the user's rounds, as a user has.
const PACE: Duration = Duration::from_millis(50);

/// A connection of the attacker's.
pub async fn connect(platform: &Platform) -> TcpStream {
    Attacker::new(platform.http()).connect().await.expect("a connection")
}

/// A connection that has sent this much.
pub async fn sent(platform: &Platform, bytes: &[u8]) -> TcpStream {
    Attacker::new(platform.http()).sent(bytes).await.expect("it is sent")
}

/// The head of the answer: its status, and its lines in lower case.
pub async fn head(stream: &mut TcpStream) -> (u16, String) {
    timeout(WITHIN, attacker::head(stream)).await.expect("a head in time").expect("a head")
}

/// Waits until the host has closed the connection.
pub async fn closed(mut stream: TcpStream) {
    timeout(WITHIN, attacker::closed(&mut stream)).await.expect("the host closes the connection");
}

/// A user who reads all the time, over connections that last and over new ones, and has a WebSocket open.
pub struct Honest {
    stop: Arc<AtomicBool>,
    rounds: Arc<AtomicU32>,
    task: tokio::task::JoinHandle<()>,
    socket: GraphqlSocket,
}

impl Honest {
    pub async fn begin(platform: &Platform) -> Self {
        let account = platform.register().await;
        let socket = account.socket().await;
        let (stop, rounds) = (Arc::new(AtomicBool::new(false)), Arc::new(AtomicU32::new(0)));
        let (stopped, count) = (Arc::clone(&stop), Arc::clone(&rounds));
        let task = tokio::spawn(async move {
            while !stopped.load(Ordering::Acquire) {
                let number = count.fetch_add(1, Ordering::AcqRel);
                round(&account, number).await;
                tokio::time::sleep(PACE).await;
            }
        });
        let honest = Self { stop, rounds, task, socket };
        honest.goes_on(2).await;
        honest
    }

    /// Waits until so many further rounds have begun. Each round before the last has had all its answers.
    pub async fn goes_on(&self, rounds: u32) {
        let until = self.rounds.load(Ordering::Acquire) + rounds;
        eventually("the user goes on", async || {
            (self.task.is_finished() || self.rounds.load(Ordering::Acquire) >= until).then_some(())
        })
        .await;
    }

    /// Nothing was refused, the WebSocket is open, and no circuit is.
    pub async fn was_served(mut self, platform: &Platform) {
        self.goes_on(2).await;
        self.stop.store(true, Ordering::Release);
        self.task.await.expect("nothing that the user asked for was refused");
        let id = self.socket.subscribe("{ __typename }", json!({})).await;
        assert_eq!(self.socket.next(&id).await["__typename"], "Query");
        for component in ["gateway", "auth", "query", "command", "media"] {
            assert_eq!(state(platform, component).await["state"], "ready", "{component}");
        }
        platform.http().get("/health/ready").await.expect(200);
        assert!(!platform.log().contains("circuit opened"), "no circuit was open");
    }
}

async fn round(account: &Account, number: u32) {
    // A text of its own, so that the answer is made and not kept.
    account.data(&format!("{{ me {{ id }} recentEntries {{ title }} }} # {number}"), json!({})).await;
    account.get("/auth/sessions").await.expect(200);
    let live = reqwest::get(account.http().url("/health/live")).await.expect("an answer");
    assert_eq!(live.status(), 200);
}

/// The calls that the gateway has in progress.
pub async fn gateway_calls(platform: &Platform) -> Value {
    state(platform, "gateway").await["calls"].clone()
}

/// A number of `/metrics`; one that was never counted is 0.
pub async fn metric(platform: &Platform, name: &str) -> u64 {
    let metrics = platform.http().get("/metrics").await.expect(200).text();
    let line = metrics.lines().find_map(|line| line.strip_prefix(name)?.strip_prefix(' '));
    line.map_or(0, |count| count.trim().parse().unwrap())
}
