//! The platform and other programs that do the same work, in one run on one machine. Another folder has these programs and
//! the load; its `bench.sh` starts one target after the other, round by round, and writes what it measured as JSON.

use std::collections::BTreeMap;
use std::fmt::Write;
use std::path::Path;
use std::process::Command;

use anyhow::{Context, Result};
use serde::Deserialize;

use super::report::machine;
use crate::workspace::Workspace;

pub const HEADING: &str = "## Compared with other stacks";
/// Ours first.
const TARGETS: [(&str, &str); 4] =
    [("mf-embedded", "embedded"), ("mf-services", "services"), ("node", "Node stack"), ("mono", "native monolith")];

/// As [`line()`] has them.
const RATIOS: [&str; 4] = ["embedded ÷ Node", "services ÷ Node", "embedded ÷ native", "services ÷ native"];

#[derive(Deserialize)]
struct Results {
    rows: Vec<Load>,
    facts: BTreeMap<String, Facts>,
}

/// A load on a target, in one round.
#[derive(Deserialize)]
struct Load {
    target: String,
    kind: String,
    rps: f64,
    server_us: f64,
}

#[derive(Deserialize)]
struct Facts {
    /// MiB after the loads, each round.
    rss: Vec<f64>,
    /// 2,000 creates and their deliveries, from empty data.
    seed: Backlog,
    /// From the answer to a create until another request sees the entry.
    fresh: Waits,
}

#[derive(Deserialize)]
struct Backlog {
    through_per_s: f64,
    drain_s: f64,
    server_us: f64,
    pg_us: f64,
}

#[derive(Deserialize)]
struct Waits {
    p50: f64,
    p99: f64,
}

pub fn run(workspace: &Workspace, folder: &Path, seconds: u64, rounds: u32) -> Result<String> {
    let out = workspace.target().join("bench-peers.json");
    let script = folder.join("bench.sh");
    let status = Command::new(&script)
        .args(TARGETS.map(|(name, _)| name))
        .args(["--seconds", &seconds.to_string(), "--rounds", &rounds.to_string(), "--out"])
        .arg(&out)
        .env(super::RATE_LIMITS.0, super::RATE_LIMITS.1)
        .env("MINDFLOW_BIN", workspace.root.join(super::HOST))
        .current_dir(&workspace.root)
        .status()
        .with_context(|| format!("run {}", script.display()))?;
    anyhow::ensure!(status.success(), "{} failed: {status}", script.display());
    let text = std::fs::read(&out).with_context(|| format!("read {}", out.display()))?;
    let results: Results = serde_json::from_slice(&text).with_context(|| format!("understand {}", out.display()))?;
    Ok(results.markdown(seconds, rounds))
}

// === impl Results ===

impl Results {
    fn markdown(&self, seconds: u64, rounds: u32) -> String {
        let mut text = format!(
            "{HEADING}\n\nMade by `cargo xtask bench --only peers --peers FOLDER --seconds {seconds} --rounds {rounds} --write`: medians of {rounds} rounds in one run, 16\n\
             connections, {seconds} s a row. The Node stack is Node 20 with Apollo Server, Express, pg and ioredis, the native monolith Rust with axum,\n\
             async-graphql and tokio-postgres; both write entry, mood, tags and outbox in one transaction and deliver to six consumers, without\n\
             row-level security, database roles, a durable archive and a sandbox; all three read what they cached from Redis, and the platform also\n\
             keeps whole answers. The same PostgreSQL (fsync on), Redis and load; `embedded` has a PostgreSQL of its own and no Redis. Embeddings\n\
             are off.\n\
             Machine: {}. Only the ratios say something about another machine.\n\n|",
            machine()
        );
        let names = TARGETS.iter().map(|(_, name)| *name).chain(RATIOS);
        text.extend(std::iter::once(" |".to_owned()).chain(names.map(|name| format!(" {name} |"))));
        text.push_str("\n| ---");
        text.push_str(&" | ---:".repeat(TARGETS.len() + RATIOS.len()));
        text.push_str(" |\n");
        let median = |kind: &str, of: fn(&Load) -> f64| {
            TARGETS.map(|(target, _)| {
                let rows = self.rows.iter().filter(|row| row.target == target && row.kind == kind);
                median(rows.map(of).collect())
            })
        };
        let fact = |of: fn(&Facts) -> f64| TARGETS.map(|(target, _)| self.facts.get(target).map_or(f64::NAN, of));
        line(&mut text, "`{ __typename }`, requests/s", median("typename", |load| load.rps));
        line(&mut text, "dashboard, cached, requests/s", median("dashboard", |load| load.rps));
        line(&mut text, "… CPU of the server, µs", median("dashboard", |load| load.server_us));
        line(&mut text, "dashboard, not cached, requests/s", median("cold", |load| load.rps));
        line(&mut text, "createJournalEntry, answers/s", median("create", |load| load.rps));
        line(&mut text, "2,000 creates, delivered everywhere, entries/s", fact(|facts| facts.seed.through_per_s));
        line(&mut text, "… from the last answer until all is delivered, s", fact(|facts| facts.seed.drain_s));
        line(&mut text, "… CPU of the server, µs an entry", fact(|facts| facts.seed.server_us));
        line(&mut text, "… CPU of PostgreSQL, µs an entry", fact(|facts| facts.seed.pg_us));
        line(&mut text, "entry visible to another request, p50 ms", fact(|facts| facts.fresh.p50));
        line(&mut text, "entry visible to another request, p99 ms", fact(|facts| facts.fresh.p99));
        line(&mut text, "memory of the server after the loads, MiB", fact(|facts| self::median(facts.rss.clone())));
        text
    }
}

fn line(text: &mut String, name: &str, values: [f64; 4]) {
    let [embedded, services, node, native] = values;
    let figure = |value: f64| if value < 100.0 { format!("{value:.1}") } else { format!("{value:.0}") };
    let _ = write!(text, "| {name} |");
    text.extend(values.map(|value| format!(" {} |", figure(value))));
    text.extend(
        [embedded / node, services / node, embedded / native, services / native].map(|ratio| format!(" {ratio:.2} |")),
    );
    text.push('\n');
}

fn median(mut values: Vec<f64>) -> f64 {
    values.sort_unstable_by(f64::total_cmp);
    values.get(values.len() / 2).copied().unwrap_or(f64::NAN)
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn a_row_has_the_medians_of_all_targets_and_the_ratios() {
        let load = |target: &str, rps: f64| json!({ "target": target, "kind": "create", "rps": rps, "server_us": 1.0 });
        let facts = json!({ "rss": [10.0], "seed": { "through_per_s": 1.0, "drain_s": 1.0, "server_us": 1.0, "pg_us": 1.0 }, "fresh": { "p50": 1.0, "p99": 2.0 } });
        let results: Results = serde_json::from_value(json!({
            "rows": [load("mf-services", 300.0), load("mf-services", 100.0), load("mf-services", 200.0), load("mf-embedded", 50.0),
                load("node", 100.0), load("mono", 400.0)],
            "facts": { "mf-embedded": facts, "mf-services": facts, "node": facts, "mono": facts },
        }))
        .unwrap();
        let text = results.markdown(8, 3);
        let row = text.lines().find(|line| line.starts_with("| createJournalEntry")).unwrap();
        assert_eq!(row, "| createJournalEntry, answers/s | 50.0 | 200 | 100 | 400 | 0.50 | 2.00 | 0.12 | 0.50 |");
        assert!(text.contains(
            "| entry visible to another request, p99 ms | 2.0 | 2.0 | 2.0 | 2.0 | 1.00 | 1.00 | 1.00 | 1.00 |"
        ));
    }
}
