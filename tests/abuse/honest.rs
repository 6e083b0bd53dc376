//! Users who do what users do, each from an address of their own, at a user's pace: whatever is refused to them is a fault.

use mindflow_tests::pictures::{black_png, upload};
use mindflow_tests::{Account, CREATE, GraphqlSocket, Http, PASSWORD, Received, Sse};
use reqwest::{Method, RequestBuilder};
use serde_json::{Value, json};
use std::net::{IpAddr, Ipv4Addr};
use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};
use tokio::task::JoinSet;

const USERS: u8 = 16;
/// Between two requests of a user.
const PACE: Duration = Duration::from_secs(1);
/// After so many requests a user begins again: one entry is written, one picture uploaded, one login made, the rest are reads.
/// A free user writes at most five entries, so this suits five rounds.
const ROUND: u32 = 20;
const DASHBOARD: &str = "{ me { displayName quota { used limit } } recentEntries { id title content mood tags { name } analysis { status } } moodTrends { date mood count } insights { text } }";
const CHANGED: &str = "subscription { entryChanged { kind entryId } }";
/// For a mail to be written: what is sent waits for events and for other sends, but not for an attacker.
const MAIL_WITHIN: Duration = Duration::from_secs(60);
const LOOK_EVERY: Duration = Duration::from_millis(100);
/// Characters of an answer that is no use.
const SHOWN_MAX: usize = 300;

/// What honest users saw in one phase.
#[derive(Debug, Default, Clone)]
pub struct Figures {
    pub reads: Vec<Duration>,
    pub others: Vec<Duration>,
    pub refused: Vec<String>,
}

impl Figures {
    pub fn asked(&self) -> usize {
        self.reads.len() + self.others.len() + self.refused.len()
    }
}

type Ledger = Arc<Mutex<Figures>>;

pub struct Honest {
    http: Http,
    mails: PathBuf,
    block: u8,
    ledger: Ledger,
    users: JoinSet<()>,
    newcomers: JoinSet<Result<(), String>>,
}

/// What a user does next.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Act {
    Read,
    Write,
    Upload,
    Login,
}

// === impl Honest ===

impl Honest {
    /// Signs them up and has them begin.
    pub async fn begin(http: &Http, mails: PathBuf, block: u8) -> Self {
        let ledger = Ledger::default();
        let mut users = JoinSet::new();
        for number in 0..USERS {
            let account = Account::register(&at(http, 1, block, number)).await;
            let (socket, events) = (account.socket().await, account.sse(CHANGED, json!({})).await);
            assert_eq!(events.status, 200, "the event stream of an honest user");
            // In different places of the round.
            let first = u32::from(number) * ROUND / u32::from(USERS);
            users.spawn(work(account.clone(), first, Arc::clone(&ledger)));
            users.spawn(listen(socket, Arc::clone(&ledger)));
            users.spawn(follow(events, Arc::clone(&ledger)));
        }
        // What was measured until all were there does not count.
        lock(&ledger).take();
        Self { http: http.clone(), mails, block, ledger, users, newcomers: JoinSet::new() }
    }

    /// What was seen since the last time.
    pub fn figures(&self) -> Figures {
        lock(&self.ledger).take()
    }

    /// Someone signs up meanwhile, and is welcomed by mail.
    pub fn newcomer(&mut self) {
        let (http, mails) = (at(&self.http, 3, self.block, 0), self.mails.clone());
        self.newcomers.spawn(async move {
            let email = format!("new-{}@example.org", uuid::Uuid::new_v4().simple());
            let body = json!({ "email": email, "password": PASSWORD, "displayName": "New" });
            asked("a registration", http.request(Method::POST, "/auth/register").json(&body), 201).await?;
            let until = Instant::now() + MAIL_WITHIN;
            while Instant::now() < until {
                if has_mail(&mails, &email) {
                    return Ok(());
                }
                tokio::time::sleep(LOOK_EVERY).await;
            }
            Err(format!("a newcomer was not welcomed by mail within {MAIL_WITHIN:?}"))
        });
    }

    /// The last figures, and what went wrong aside from requests.
    pub async fn end(mut self) -> (Figures, Vec<String>) {
        let mut faults = Vec::new();
        while let Some(newcomer) = self.newcomers.join_next().await {
            faults.extend(newcomer.unwrap_or_else(|error| Err(error.to_string())).err());
        }
        // A user or a connection of theirs that has ended already has failed.
        while let Some(ended) = self.users.try_join_next() {
            faults.push(ended.err().map_or("an honest user has ended".to_owned(), |error| error.to_string()));
        }
        let figures = self.figures();
        self.users.shutdown().await;
        (figures, faults)
    }
}

impl Figures {
    fn take(&mut self) -> Self {
        std::mem::take(self)
    }
}

/// A client at an address of its own: those of users are in 127.1.0.0/16, of what is prepared in 127.2.0.0/16.
pub fn at(http: &Http, kind: u8, block: u8, number: u8) -> Http {
    http.coming_from(IpAddr::V4(Ipv4Addr::new(127, kind, block, number + 1)))
}

fn lock(ledger: &Ledger) -> MutexGuard<'_, Figures> {
    ledger.lock().unwrap_or_else(PoisonError::into_inner)
}

async fn work(account: Account, first: u32, ledger: Ledger) {
    let mut number = first;
    loop {
        tokio::time::sleep(PACE).await;
        let act = match number % ROUND {
            0 => Act::Write,
            7 => Act::Upload,
            13 => Act::Login,
            _ => Act::Read,
        };
        let begun = Instant::now();
        let done = does(&account, act).await;
        let took = begun.elapsed();
        let mut figures = lock(&ledger);
        match done {
            Ok(()) if act == Act::Read => figures.reads.push(took),
            Ok(()) => figures.others.push(took),
            Err(refused) => figures.refused.push(refused),
        }
        number += 1;
    }
}

async fn does(account: &Account, act: Act) -> Result<(), String> {
    let graphql = |query: &str, variables: Value| {
        let body = json!({ "query": query, "variables": variables });
        account.request(Method::POST, "/graphql").json(&body)
    };
    match act {
        Act::Read => asked("a dashboard", graphql(DASHBOARD, json!({})), 200).await.map(drop),
        Act::Write => {
            let input = json!({ "input": { "title": "A page", "content": "Slept well, walked by the river.", "mood": "CALM" } });
            asked("a new entry", graphql(CREATE, input), 200).await.map(drop)
        }
        Act::Upload => asked("an upload", upload(account, "a.png", &black_png()), 201).await.map(drop),
        Act::Login => {
            let body = json!({ "email": account.email, "password": account.password });
            let request = account.http().request(Method::POST, "/auth/login").json(&body);
            let answer = asked("a login", request, 200).await?;
            let token = answer["accessToken"].as_str().ok_or("a login has no token")?.to_owned();
            // Else the user's own session would some day be one too many.
            let request = account.http().request(Method::POST, "/auth/logout").bearer_auth(token);
            asked("a logout", request, 204).await.map(drop)
        }
    }
}

/// The answer, if it is what the user may expect.
async fn asked(name: &str, request: RequestBuilder, status: u16) -> Result<Value, String> {
    let failed = |error: reqwest::Error| format!("{name} failed: {error:?}");
    let answer = request.send().await.map_err(failed)?;
    let got = answer.status().as_u16();
    let text = answer.text().await.map_err(failed)?;
    let body: Value = serde_json::from_str(&text).unwrap_or_default();
    if got != status || body.get("errors").is_some() {
        let shown: String = text.chars().take(SHOWN_MAX).collect();
        return Err(format!("{name} was answered with {got}: {shown}"));
    }
    Ok(body)
}

/// Hears of the user's changes for as long as the connection lasts.
async fn listen(mut socket: GraphqlSocket, ledger: Ledger) {
    let id = socket.subscribe(CHANGED, json!({})).await;
    loop {
        match socket.wait().await {
            Received::Message(message) if message["id"] == json!(id) && message["type"] == "next" => {}
            Received::Message(message) => lock(&ledger).refused.push(format!("a WebSocket was sent {message}")),
            Received::Closed(code) => {
                lock(&ledger).refused.push(format!("a WebSocket was closed with {code}"));
                return;
            }
        }
    }
}

/// The same by server-sent events.
async fn follow(mut events: Sse, ledger: Ledger) {
    while let Some((name, result)) = events.wait().await {
        if name != "next" || result.get("errors").is_some() {
            lock(&ledger).refused.push(format!("an event stream was sent {name} {result}"));
        }
    }
    lock(&ledger).refused.push("an event stream was ended".to_owned());
}

/// Whether the folder of mails has one to the address.
fn has_mail(folder: &Path, email: &str) -> bool {
    let Ok(files) = std::fs::read_dir(folder) else { return false };
    let to = format!("To: {email}");
    files.flatten().any(|file| std::fs::read_to_string(file.path()).is_ok_and(|mail| mail.contains(&to)))
}
