//! The requests whose cost is looked at, each alone and without caches.

use std::collections::BTreeMap;
use std::io::{Read, Write};
use std::os::unix::net::UnixStream;
use std::time::{Duration, Instant};

use anyhow::{Context, Result, ensure};
use mindflow_servers::TemporaryRedis;
use serde_json::{Value, json};

use crate::bench::host::Host;
use crate::bench::{CREATE, DASHBOARD, PASSWORD};

/// Of each the median counts.
pub const ROUNDS: usize = 5;
/// How long the events of a write may take to be delivered.
const SETTLED_WITHIN: Duration = Duration::from_secs(60);
const POLL: Duration = Duration::from_millis(50);

/// A user who is measured.
pub struct Reader {
    pub id: String,
    pub entries: u32,
    email: String,
}

/// A request by GraphQL.
pub struct Request {
    pub name: &'static str,
    query: &'static str,
    /// Whether events follow from it.
    pub writes: bool,
}

pub struct Timed {
    pub request: &'static str,
    pub entries: u32,
    /// `None` when it is refused, such as a search that takes too long.
    pub ms: Option<f64>,
}

pub fn all() -> Vec<Request> {
    let read = |name, query| Request { name, query, writes: false };
    let write = |name, query| Request { name, query, writes: true };
    vec![
        read("dashboard", DASHBOARD),
        read(
            "journalEntries, first page",
            "{ journalEntries(first: 20) { totalCount edges { cursor node { id title tags { name } } } } }",
        ),
        read(
            "journalEntries, a month",
            "{ journalEntries(first: 20, filter: { from: \"2025-06-01\", to: \"2025-06-30\" }) { totalCount edges { node { id title } } } }",
        ),
        read(
            "journalEntries, by tag",
            "{ journalEntries(first: 20, filter: { tag: \"winter\" }) { totalCount edges { node { id title } } } }",
        ),
        read(
            "journalEntries, by text",
            "{ journalEntries(first: 20, filter: { text: \"river\" }) { totalCount edges { node { id title } } } }",
        ),
        read("onThisDay", "{ onThisDay { id title } }"),
        read(
            "search, words",
            "{ search(query: \"river\", mode: FULL_TEXT) { totalCount hits { score highlights entry { id title } } } }",
        ),
        read("search, misspelt", "{ search(query: \"rivver\", mode: FULL_TEXT) { totalCount hits { score } } }"),
        read("tags", "{ tags { name entryCount } }"),
        read("insights", "{ insights(limit: 10) { text } }"),
        read("moodTrends, 30 days", "{ moodTrends(days: 30) { date mood count averageSentiment } }"),
        read("sentimentTrend, 90 days", "{ sentimentTrend(days: 90) { period average entries } }"),
        read("writingStats", "{ writingStats { entries words currentStreakDays longestStreakDays byHour byWeekday } }"),
        write("createJournalEntry", CREATE),
        write("recordMood", "mutation { recordMood(mood: CALM) { date } }"),
    ]
}

pub fn times(host: &Host, cache: &TemporaryRedis, readers: &[&Reader]) -> Result<Vec<Timed>> {
    let mut timed = Vec::new();
    for reader in readers {
        let token = reader.token(host)?;
        for request in all() {
            let mut rounds = Vec::with_capacity(ROUNDS);
            for round in 0..=ROUNDS {
                empty(cache)?;
                let sent = Instant::now();
                match request.send(host, &token) {
                    // The first makes instances and prepared statements.
                    Ok(()) if round > 0 => rounds.push(sent.elapsed()),
                    Ok(()) => {}
                    Err(error) => println!("bench: {} with {} entries: {error:#}", request.name, reader.entries),
                }
            }
            rounds.sort_unstable();
            // More than half of them were answered.
            let median = rounds.get(ROUNDS / 2).map(|median| median.as_secs_f64() * 1e3);
            timed.push(Timed { request: request.name, entries: reader.entries, ms: median });
            request.settle(host)?;
        }
    }
    Ok(timed)
}

/// The request with nothing in the caches. It may be refused; its statements have run.
pub fn cold(host: &Host, cache: &TemporaryRedis, token: &str, request: &Request) -> Result<()> {
    empty(cache)?;
    if let Err(error) = request.send(host, token) {
        println!("bench: {}: {error:#}", request.name);
    }
    Ok(())
}

fn empty(cache: &TemporaryRedis) -> Result<()> {
    let url = cache.url();
    let mut stream = UnixStream::connect(url.trim_start_matches("redis+unix://")).context("the cache's Redis")?;
    stream.write_all(b"FLUSHALL\r\n")?;
    let mut answer = [0; 5];
    stream.read_exact(&mut answer)?;
    ensure!(&answer == b"+OK\r\n", "FLUSHALL: {}", String::from_utf8_lossy(&answer));
    Ok(())
}

// === impl Reader ===

impl Reader {
    /// A premium user, so that there is no limit.
    pub fn register(host: &Host, entries: u32) -> Result<Self> {
        let email = format!("{entries}@example.org");
        let body = json!({ "email": email, "password": PASSWORD, "displayName": "A reader" });
        let answer = host.post("/auth/register", None, &body)?;
        let id = answer.pointer("/user/id").and_then(Value::as_str).context("no id in the answer")?.to_owned();
        host.command(&["users", "grant", &email, "premium"])?;
        Ok(Self { id, entries, email })
    }

    pub fn token(&self, host: &Host) -> Result<String> {
        let answer = host.post("/auth/login", None, &json!({ "email": self.email, "password": PASSWORD }))?;
        answer.get("accessToken").and_then(Value::as_str).map(str::to_owned).context("the login answered no token")
    }
}

// === impl Request ===

impl Request {
    fn send(&self, host: &Host, token: &str) -> Result<()> {
        host.post("/graphql", Some(token), &json!({ "query": self.query })).map(drop)
    }

    /// Waits until the events of a write are delivered.
    pub fn settle(&self, host: &Host) -> Result<()> {
        if !self.writes {
            return Ok(());
        }
        let deadline = Instant::now() + SETTLED_WITHIN;
        // Nothing more is delivered for a while.
        let (mut before, mut quiet) = (delivered(host)?, Instant::now());
        while quiet.elapsed() < Duration::from_millis(700) {
            ensure!(Instant::now() < deadline, "{}: its events were not delivered in time", self.name);
            std::thread::sleep(POLL);
            let now = delivered(host)?;
            if now != before {
                (before, quiet) = (now, Instant::now());
            }
        }
        Ok(())
    }
}

/// Deliveries of each subscription so far.
pub fn delivered(host: &Host) -> Result<BTreeMap<String, u64>> {
    let metrics = host.get("/metrics")?;
    let counts = metrics.lines().filter_map(|line| {
        let rest = line.strip_prefix("mindflow_delivery_delivered_total{subscription=\"")?;
        let (name, count) = rest.split_once("\"} ")?;
        Some((name.to_owned(), count.parse::<f64>().ok()? as u64))
    });
    Ok(counts.collect())
}
