//! WebSocket subscriptions: what an idle one costs, and how fast a change reaches many. The clients are one process on
//! one thread, the example `socket_clients` of the host's crate.

use super::host::{Host, Launch};
use super::{account, build, report};
use crate::cargo::{cargo, succeed};
use crate::lookup;
use crate::workspace::Workspace;
use anyhow::{Context, Result};
use serde::Deserialize;
use serde_json::json;
use std::fmt::Write;
use std::io::{BufRead, BufReader, Lines};
use std::process::{Child, ChildStdout, Command, Stdio};
use std::time::Duration;

/// What marks the section in the page.
pub const HEADING: &str = "## WebSocket subscriptions";
const IDLE: usize = 10_000;
/// How long the host's CPU time is watched while nothing happens.
const WATCHED: Duration = Duration::from_secs(10);
/// Sockets that hear of each of so many entries.
const FAN_OUTS: [(usize, usize); 3] = [(1, 500), (100, 100), (1_000, 20)];

#[derive(Deserialize)]
struct Opened {
    open_s: f64,
}

#[derive(Deserialize)]
struct FanOut {
    deliveries_per_s: f64,
    events_per_s: f64,
    p50_ms: f64,
    p99_ms: f64,
}

/// The section of the page.
pub fn run(workspace: &Workspace) -> Result<String> {
    lookup::postgres_bin()?;
    build(workspace)?;
    // Not optimised: examples have the libraries of tests, which would all be built once more.
    let example = ["build", "-p", "mindflow", "-p", "mindflow-embedder", "--example", "socket_clients"];
    succeed(cargo(&workspace.root).args(example), "the build of the clients")?;
    let data_dir = tempfile::Builder::new().prefix("mindflow-bench").tempdir().context("a data directory")?;
    // All are of one user at one address, which has fewer by default.
    let more = ["MINDFLOW_HTTP__WEBSOCKETS_PER_ADDRESS_MAX", "MINDFLOW_HTTP__WEBSOCKETS_PER_USER_MAX"];
    let settings = more.map(|name| (name.to_owned(), (2 * IDLE).to_string())).to_vec();
    let launch = Launch::new(&workspace.root, data_dir.path()).on("runtime-config/embedded.toml", settings);
    let host = Host::start(&launch)?;
    let token = account(&host)?;
    // Instances and caches are there before anything is counted.
    host.post("/graphql", Some(&token), &json!({ "query": "{ me { id } }" }))?;

    println!("bench: {IDLE} idle subscriptions");
    let memory_mib = host.memory_mib()?;
    let cpu = host.cpu()?;
    let mut clients = Clients::start(workspace, &host, &token, IDLE, 0)?;
    let Opened { open_s } = clients.says()?;
    let open_cpu_us = host.cpu()?.saturating_sub(cpu).as_secs_f64() * 1e6 / IDLE as f64;
    let memory_kib = (host.memory_mib()? - memory_mib) * 1024.0 / IDLE as f64;
    let cpu = host.cpu()?;
    std::thread::sleep(WATCHED);
    let idle_percent = host.cpu()?.saturating_sub(cpu).as_secs_f64() / WATCHED.as_secs_f64() * 100.0;
    clients.end()?;

    let mut rows = String::new();
    for (sockets, events) in FAN_OUTS {
        println!("bench: {events} entries to {sockets} subscriptions");
        let mut clients = Clients::start(workspace, &host, &token, sockets, events)?;
        let _: Opened = clients.says()?;
        let cpu = host.cpu()?;
        let figures: FanOut = clients.says()?;
        let cpu_us = host.cpu()?.saturating_sub(cpu).as_secs_f64() * 1e6 / (sockets * events) as f64;
        clients.end()?;
        let FanOut { deliveries_per_s, events_per_s, p50_ms, p99_ms } = figures;
        let _ = writeln!(
            rows,
            "| {sockets} | {events_per_s:.1} | {deliveries_per_s:.0} | {cpu_us:.0} | {p50_ms:.1} | {p99_ms:.1} |"
        );
    }
    host.stop()?;
    Ok(format!(
        "{HEADING}\n\nBy `cargo xtask bench --only sockets`: `dist` build of the host, embedded default; the clients are one thread on the same machine, not optimised\n\
         ({}). Each socket is logged in and has one `entryChanged`; an idle one holds no call and no instance.\n\n\
         | {IDLE} idle subscriptions of one user | figure |\n| --- | ---: |\n\
         | time to open all, 32 at a time | {open_s:.1} s |\n\
         | host CPU to open one | {open_cpu_us:.0} µs |\n\
         | memory of the host each (RSS) | {memory_kib:.1} KiB |\n\
         | host CPU while idle, of one core | {idle_percent:.1} % |\n\n\
         An entry of one user is created and delivered to all sockets of that user, then the next one. Each delivery is\n\
         presented on its own, with a read of the entry. Latency: from the answer to the writer to the message.\n\n\
         | sockets | entries/s | deliveries/s | host CPU µs a delivery | p50 ms | p99 ms |\n| ---: | ---: | ---: | ---: | ---: | ---: |\n{rows}",
        report::machine()
    ))
}

/// The program with the clients.
struct Clients {
    child: Child,
    lines: Lines<BufReader<ChildStdout>>,
}

impl Clients {
    fn start(workspace: &Workspace, host: &Host, token: &str, sockets: usize, events: usize) -> Result<Self> {
        let mut child = Command::new(workspace.target().join("debug/examples/socket_clients"))
            .args([&host.address, token, &sockets.to_string(), &events.to_string()])
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .spawn()
            .context("start the clients")?;
        let stdout = child.stdout.take().context("the clients have no standard output")?;
        Ok(Self { child, lines: BufReader::new(stdout).lines() })
    }

    fn says<T: for<'a> Deserialize<'a>>(&mut self) -> Result<T> {
        let line = self.lines.next().context("the clients ended early")??;
        serde_json::from_str(&line).with_context(|| format!("read {line}"))
    }

    /// Ends them by closing their standard input.
    fn end(mut self) -> Result<()> {
        drop(self.child.stdin.take());
        let status = self.child.wait()?;
        anyhow::ensure!(status.success(), "the clients ended with {status}");
        Ok(())
    }
}

impl Drop for Clients {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}
