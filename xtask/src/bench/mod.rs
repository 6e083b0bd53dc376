//! The figures of `docs/performance.md`: the built platform under load, all in one run on one machine, so
//! that the rows can be compared with each other. These are no tests: a slow result is not a failure.

#![allow(clippy::disallowed_methods, reason = "a benchmark measures real time")]

mod delivery;
mod export;
mod growth;
pub mod host;
mod load;
mod peers;
mod report;
mod sockets;

use crate::cargo::{cargo, succeed};
use crate::guests::{self, BuildArgs};
use crate::lookup;
use crate::workspace::Workspace;
use anyhow::{Context, Result};
use clap::{Args, ValueEnum};
use host::{Host, Launch};
use load::{Load, Request};
pub use report::machine;
use report::{Report, Row};
use serde_json::{Value, json};
use std::os::unix::fs::PermissionsExt;
use std::path::{Path, PathBuf};
use std::process::Command;
use std::time::Duration;

#[derive(Args)]
pub struct BenchArgs {
    /// Seconds of load for each row
    #[arg(long, default_value_t = 10)]
    seconds: u64,
    /// Concurrent connections, each with one request in progress
    #[arg(long, default_value_t = 16)]
    connections: usize,
    /// Measure this part alone
    #[arg(long, value_enum)]
    only: Option<Part>,
    /// Also measure the programs of this folder, which do the same work: its `bench.sh` starts them
    #[arg(long, value_name = "FOLDER")]
    peers: Option<PathBuf>,
    /// How often each program of `--peers` is measured
    #[arg(long, default_value_t = 3, value_parser = clap::value_parser!(u32).range(1..))]
    rounds: u32,
    /// For `--only growth` and `--only export`: the host to measure, instead of one built as it is shipped
    #[arg(long, value_name = "FILE")]
    host: Option<PathBuf>,
    /// For growth: the entries of all users together
    #[arg(long, default_value_t = 1_000_000)]
    entries: u32,
    /// For growth: the events that wait to be delivered
    #[arg(long, default_value_t = 20_000)]
    waiting: u64,
    /// Write the figures to docs/performance.md; those of a part that was not measured stay
    #[arg(long)]
    write: bool,
}

#[derive(Clone, Copy, PartialEq, Eq, ValueEnum)]
enum Part {
    /// The built platform: requests, start, memory, calls
    Platform,
    /// Events from the commit to the handlers
    Delivery,
    /// WebSocket subscriptions: idle ones, and changes that reach many
    Sockets,
    /// Cost by a user's entries and by what waits, and plans at a million entries
    Growth,
    /// Memory while a large journal is exported; only when it is named, as it takes 6 GB of disk
    Export,
    /// The platform compared with the programs of `--peers`
    Peers,
}

/// All the load comes from one address and few users, as fast as it is answered.
const RATE_LIMITS: (&str, &str) = ("MINDFLOW_RATE_LIMITS__FACTOR", "1000000");
const EMAIL: &str = "bench@example.org";
const PASSWORD: &str = "correct horse";
const DASHBOARD: &str = "{ me { displayName quota { used limit } } recentEntries(limit: 10) { id title content mood tags { name } analysis { status } } moodTrends(days: 30) { date mood count } insights(limit: 10) { text } }";
const CREATE: &str = "mutation { createJournalEntry(input: { title: \"A page\", content: \"Slept well, walked by the river, wrote for an hour.\", mood: CALM, tags: [\"morning\", \"river\"] }) { id version } }";

/// What is written by hand stands last, and stays.
const BY_HAND: &str = "## Aims";

pub fn run(workspace: &Workspace, args: &BenchArgs) -> Result<()> {
    let path = workspace.root.join("docs/performance.md");
    let page = std::fs::read_to_string(&path).unwrap_or_default();
    let (page, by_hand) = page.split_at(page.find(BY_HAND).unwrap_or(page.len()));
    let (rest, peers) = page.split_at(page.find(peers::HEADING).unwrap_or(page.len()));
    let (rest, exports) = rest.split_at(rest.find(export::HEADING).unwrap_or(rest.len()));
    let (rest, sockets) = rest.split_at(rest.find(sockets::HEADING).unwrap_or(rest.len()));
    let (rest, growth) = rest.split_at(rest.find(growth::HEADING).unwrap_or(rest.len()));
    let (platform, delivery) = rest.split_at(rest.find(delivery::HEADING).unwrap_or(rest.len()));
    let is_wanted = |part| args.only.is_none_or(|only| only == part);
    anyhow::ensure!(args.only != Some(Part::Peers) || args.peers.is_some(), "--only peers: --peers names their folder");
    let platform = if is_wanted(Part::Platform) { self::platform(workspace, args)? } else { platform.to_owned() };
    let delivery = if is_wanted(Part::Delivery) { delivery::run(workspace)? } else { delivery.to_owned() };
    let sockets = if is_wanted(Part::Sockets) { sockets::run(workspace)? } else { sockets.to_owned() };
    let (growth, faults) =
        if is_wanted(Part::Growth) { self::growth(workspace, args)? } else { (growth.to_owned(), Vec::new()) };
    let exports = if args.only == Some(Part::Export) { self::exports(workspace, args)? } else { exports.to_owned() };
    let peers = match &args.peers {
        Some(folder) if is_wanted(Part::Peers) => {
            let folder = folder.canonicalize().with_context(|| format!("--peers {}", folder.display()))?;
            build(workspace)?;
            peers::run(workspace, &folder, args.seconds, args.rounds)?
        }
        _ => peers.to_owned(),
    };
    let parts = [&*platform, &*delivery, &*growth, &*sockets, &*exports, &*peers, by_hand];
    let parts = parts.iter().map(|part| part.trim_end()).filter(|part| !part.is_empty());
    let text = parts.collect::<Vec<_>>().join("\n\n") + "\n";
    println!("\n{text}");
    if args.write {
        std::fs::write(&path, text).with_context(|| format!("write {}", path.display()))?;
    }
    anyhow::ensure!(faults.is_empty(), "plans that do not fit large tables:\n{}", faults.join("\n"));
    Ok(())
}

/// The components and the host, as they are shipped.
fn build(workspace: &Workspace) -> Result<()> {
    guests::build(workspace, &BuildArgs::default(), None)?;
    build_host(workspace).map(drop)
}

/// The host as it is shipped, from the workspace's root: some ten minutes from scratch.
pub const HOST: &str = "target/dist/mindflow";

/// Builds the host as it is shipped.
pub fn build_host(workspace: &Workspace) -> Result<PathBuf> {
    // With the features that the embedder asks of shared libraries, as the image has them.
    let packages = ["build", "--profile", "dist", "-p", "mindflow", "-p", "mindflow-embedder", "--bin", "mindflow"];
    succeed(cargo(&workspace.root).args(packages), "the build of the host as it is shipped")?;
    let host = workspace.root.join(HOST);
    without_failpoints(&host)?;
    Ok(host)
}

/// The page's part about the platform as a whole.
fn platform(workspace: &Workspace, args: &BenchArgs) -> Result<String> {
    lookup::postgres_bin()?;
    build(workspace)?;
    let mut report = Report::default();

    let data_dir = data_dir("mindflow-bench")?;
    let launch = Launch::new(&workspace.root, data_dir.path());
    let host = Host::start(&launch)?;
    report.fact(
        "First start: compile all components, make the databases, ready",
        format!("{:.1} s", host.started_in.as_secs_f64()),
    );
    host.stop()?;
    let host = Host::start(&launch)?;
    report.fact("Second start: ready", format!("{:.2} s", host.started_in.as_secs_f64()));
    report.fact("Memory of the host after the start (RSS)", format!("{:.0} MiB", host.memory_mib()?));

    let token = account(&host)?;
    for _ in 0..30 {
        host.post("/graphql", Some(&token), &json!({ "query": CREATE }))?;
    }
    let load = |name: &str, requests: Request| -> Result<Row> {
        println!("bench: {name}");
        Load { name, request: requests, connections: args.connections, duration: Duration::from_secs(args.seconds) }
            .run(&host)
    };
    report.row(load("GET /health/live (the host alone, no component)", Request::get("/health/live"))?);
    report.row(load("{ __typename } (gateway)", Request::graphql(&token, "{ __typename }"))?);
    report.row(load("dashboard, its answer kept (gateway → auth)", Request::graphql(&token, DASHBOARD))?);
    report.row(load(
        "createJournalEntry (gateway → auth, command; projected and analysed by event)",
        Request::graphql(&token, CREATE),
    )?);
    report.fact("Memory of the host after the load (RSS)", format!("{:.0} MiB", host.memory_mib()?));
    host.stop()?;

    let example = ["build", "--release", "-p", "mindflow", "--example", "component_call"];
    succeed(cargo(&workspace.root).args(example), "the release build of the example")?;
    let call = component_call(workspace, data_dir.path())?;
    report.fact("A call into a component, its instance kept", format!("{} µs", field(&call, "warm_us")?));
    report.fact("A call into a component, a new instance each time", format!("{} µs", field(&call, "fresh_us")?));

    Ok(report.markdown(args.seconds, args.connections))
}

/// The page's part about large data.
fn growth(workspace: &Workspace, args: &BenchArgs) -> Result<(String, Vec<String>)> {
    let host = given_host(workspace, args)?;
    let data_dir = data_dir("mindflow-growth")?;
    growth::run(workspace, data_dir.path(), (args.entries, args.waiting), host.as_deref())
}

/// The page's part about exports.
fn exports(workspace: &Workspace, args: &BenchArgs) -> Result<String> {
    let host = given_host(workspace, args)?;
    let data_dir = data_dir("mindflow-export")?;
    export::run(workspace, data_dir.path(), host.as_deref())
}

/// The host of `--host`; without it, the one that is shipped is built.
fn given_host(workspace: &Workspace, args: &BenchArgs) -> Result<Option<PathBuf>> {
    let Some(host) = &args.host else {
        build(workspace)?;
        return Ok(None);
    };
    host.canonicalize().map(Some).with_context(|| format!("--host {}", host.display()))
}

/// Nothing in the environment may end a host that is shipped.
fn without_failpoints(path: &Path) -> Result<()> {
    let binary = std::fs::read(path).with_context(|| format!("read {}", path.display()))?;
    let name = b"MINDFLOW_FAILPOINT";
    let found = binary.windows(name.len()).any(|window| window == name);
    anyhow::ensure!(!found, "{} has failpoints; a build that is shipped must not", path.display());
    Ok(())
}

/// A premium user's access token.
fn account(host: &Host) -> Result<String> {
    host.post("/auth/register", None, &json!({ "email": EMAIL, "password": PASSWORD, "displayName": "Bench" }))?;
    host.command(&["users", "grant", EMAIL, "premium"])?;
    let grant = host.post("/auth/login", None, &json!({ "email": EMAIL, "password": PASSWORD }))?;
    field(&grant, "accessToken")?.as_str().map(ToOwned::to_owned).context("the login answered no token")
}

fn field<'a>(answer: &'a Value, name: &str) -> Result<&'a Value> {
    answer.get(name).with_context(|| format!("no `{name}` in {answer}"))
}

fn component_call(workspace: &Workspace, data_dir: &Path) -> Result<Value> {
    let output = Command::new(workspace.root.join("target/release/examples/component_call"))
        .args(["spin.toml", "runtime-config/embedded.toml"])
        .arg(data_dir)
        .current_dir(&workspace.root)
        .output()
        .context("run the component_call example")?;
    anyhow::ensure!(output.status.success(), "component_call: {}", String::from_utf8_lossy(&output.stderr));
    serde_json::from_slice(&output.stdout).context("read what component_call printed")
}

/// Closed to other users, as the host demands.
pub fn data_dir(prefix: &str) -> Result<tempfile::TempDir> {
    let closed = std::fs::Permissions::from_mode(0o700);
    tempfile::Builder::new().prefix(prefix).permissions(closed).tempdir().context("a data directory")
}
