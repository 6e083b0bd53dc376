//! What a walk took, and a few loads: figures of one run, to be compared with each other.

use crate::application::{Application, Engine};
use crate::usage;
use mindflow_tests::{Account, CREATE, eventually_within};
use serde_json::json;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::{Duration, Instant};

const CONNECTIONS: usize = 16;
const A_ROW: Duration = Duration::from_secs(8);
const CREATES: u64 = 1_000;
const SETTLED_WITHIN: Duration = Duration::from_secs(300);
const DASHBOARD: &str = "{ me { displayName } recentEntries { id title tags { name } } moodTrends { mood count } }";

pub struct Figures {
    engine: Engine,
    rows: Vec<(&'static str, String)>,
}

impl Figures {
    pub fn new(engine: Engine, rows: Vec<(&'static str, String)>) -> Self {
        Self { engine, rows }
    }

    pub async fn take(application: &Application) -> Self {
        let server = application.server();
        let user = application.register_as("premium").await;
        let mut rows = vec![("start, s", format!("{:.1}", application.started_in.as_secs_f64()))];
        for (query, rate_row, cpu_row) in [
            ("{ __typename }", "{ __typename }, requests/s", "… CPU a request, µs"),
            (DASHBOARD, "dashboard, requests/s", "… CPU a dashboard, µs"),
        ] {
            let (rate, cpu, refused) = read(server, &user, query).await;
            rows.extend([(rate_row, with_refusals(rate, refused)), (cpu_row, format!("{cpu:.0}"))]);
        }
        rows.extend(create(application, server).await);
        rows.push(("memory of the server, MiB", format!("{:.0}", usage::memory_mib(server))));
        Self::new(application.engine, rows)
    }
}

/// A rate, with the number of answers that were refused as unavailable.
fn with_refusals(rate: f64, refused: u64) -> String {
    if refused == 0 { format!("{rate:.0}") } else { format!("{rate:.0} ({refused} unavailable)") }
}

/// Requests a second, CPU time of the server for each in µs, and how many more were answered that it was unavailable.
async fn read(server: u32, user: &Account, query: &str) -> (f64, f64, u64) {
    let (count, refused) = (AtomicU64::new(0), AtomicU64::new(0));
    let (cpu, begun) = (usage::cpu(server), Instant::now());
    let client = async || {
        while begun.elapsed() < A_ROW {
            let answer = user.graphql(query, json!({})).await.json();
            let counter = if answer.get("errors").is_none() { &count } else { &refused };
            counter.fetch_add(1, Ordering::Relaxed);
        }
    };
    futures::future::join_all((0..CONNECTIONS).map(|_| client())).await;
    let (rate, cpu) = rate(count.into_inner(), begun.elapsed(), usage::cpu(server).saturating_sub(cpu));
    (rate, cpu, refused.into_inner())
}

/// A thousand new entries, by a user a connection: how fast they are answered, and how fast the last is everywhere.
async fn create(application: &Application, server: u32) -> Vec<(&'static str, String)> {
    let mut users = Vec::new();
    for _ in 0..CONNECTIONS {
        users.push(application.register_as("premium").await);
    }
    let (next, refused) = (AtomicU64::new(0), AtomicU64::new(0));
    let (cpu, begun) = (usage::cpu(server), Instant::now());
    let client = async |user: &Account| {
        let mut written = 0_u64;
        loop {
            let number = next.fetch_add(1, Ordering::Relaxed);
            if number >= CREATES {
                return written;
            }
            // An answer that says it was unavailable may have been of a write: by its id it is written once.
            let input = json!({
                "title": "One of many", "content": "a b c", "mood": "HAPPY", "tags": ["load"], "clientMutationId": number.to_string(),
            });
            loop {
                let answer = user.graphql(CREATE, json!({ "input": input })).await.json();
                if answer.get("errors").is_none() {
                    break;
                }
                assert!(refused.fetch_add(1, Ordering::Relaxed) < CREATES, "most writes fail: {answer}");
            }
            written += 1;
        }
    };
    let written = futures::future::join_all(users.iter().map(client)).await;
    let answered = begun.elapsed();
    let settled = "{ tags { name entryCount } moodTrends { mood count } }";
    for (user, written) in users.iter().zip(&written) {
        eventually_within(SETTLED_WITHIN, "all entries are counted", || async {
            let shown = user.graphql(settled, json!({})).await.json()["data"].clone();
            let tagged = shown["tags"].as_array()?.iter().find(|tag| tag["name"] == "load")?["entryCount"] == *written;
            let moods = shown["moodTrends"].as_array()?.iter().filter(|trend| trend["mood"] == "HAPPY");
            let counted: u64 = moods.filter_map(|trend| trend["count"].as_u64()).sum();
            (tagged && counted == *written).then_some(())
        })
        .await;
    }
    let (rate_answered, _) = rate(CREATES, answered, Duration::ZERO);
    let (rate_settled, cpu) = rate(CREATES, begun.elapsed(), usage::cpu(server).saturating_sub(cpu));
    vec![
        ("createJournalEntry, answers/s", with_refusals(rate_answered, refused.into_inner())),
        ("… delivered to query and analytics, entries/s", format!("{rate_settled:.0}")),
        ("… CPU an entry until then, µs", format!("{cpu:.0}")),
    ]
}

#[expect(clippy::cast_precision_loss, reason = "far below 2^52")]
fn rate(count: u64, within: Duration, cpu: Duration) -> (f64, f64) {
    (count as f64 / within.as_secs_f64(), cpu.as_secs_f64() * 1e6 / count as f64)
}

/// As a table of Markdown, an engine a column.
pub fn print(all: &[Figures]) {
    let cells = |cells: Vec<String>| println!("| {} |", cells.join(" | "));
    cells(std::iter::once(String::new()).chain(all.iter().map(|figures| figures.engine.to_string())).collect());
    cells(std::iter::once("---".to_owned()).chain(all.iter().map(|_| "---:".to_owned())).collect());
    let names = all.first().map(|figures| figures.rows.iter().map(|(name, _)| *name)).into_iter().flatten();
    for (at, name) in names.enumerate() {
        let values = all.iter().map(|figures| figures.rows.get(at).map(|(_, value)| value.clone()).unwrap_or_default());
        cells(std::iter::once(name.to_owned()).chain(values).collect());
    }
}
