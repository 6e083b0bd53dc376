//! The host from outside: whether it is ready, what it takes, and whether its components are as they should be.

use anyhow::{Context, Result};
use mindflow_tests::{Platform, send};
use reqwest::Method;
use serde_json::Value;
use std::fs::File;
use std::io::{BufRead, BufReader, Seek, SeekFrom};
use std::path::Path;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;
use tokio::task::JoinHandle;

/// Between two looks.
const EVERY: Duration = Duration::from_millis(500);
/// What a host may have in `deploy/kubernetes/host/deployment.yaml`, beyond which it is ended there.
pub const MEMORY_MIB_MAX: u64 = 1_024;
/// Of `[http]`: `connections-per-address-max`, `websockets-per-address-max` and `connections-max`.
const CONNECTIONS_OF_ADDRESS: u64 = 1_000;
const WEBSOCKETS_OF_ADDRESS: u64 = 1_000;
const CONNECTIONS: u64 = 10_000;
/// Users' connections, pools of the databases, files.
const OTHER_DESCRIPTORS: u64 = 1_000;
/// What is said of one kind of fault, at most.
const SAID_MAX: usize = 3;

/// Of the host's process.
#[derive(Debug, Clone, Copy, Default)]
pub struct Taken {
    /// Resident.
    pub memory_mib: u64,
    pub descriptors: u64,
}

/// What was seen.
pub struct Seen {
    pub peak: Taken,
    pub faults: Vec<String>,
}

pub struct Watch {
    task: JoinHandle<()>,
    seen: Arc<Mutex<Seen>>,
    /// Where the log ended at the beginning.
    log_bytes: u64,
}

// === impl Watch ===

impl Watch {
    pub fn begin(platform: &Platform) -> Self {
        let seen = Arc::new(Mutex::new(Seen { peak: Taken::default(), faults: Vec::new() }));
        let (pid, http, shared) = (platform.pid(), platform.http().clone(), Arc::clone(&seen));
        let task = tokio::spawn(async move {
            loop {
                tokio::time::sleep(EVERY).await;
                let ready = match http.request(Method::GET, "/health/ready").send().await {
                    Ok(answer) if answer.status() == 200 => None,
                    Ok(answer) => Some(format!(
                        "/health/ready says {}: {}",
                        answer.status(),
                        answer.text().await.unwrap_or_default()
                    )),
                    Err(error) => Some(format!("/health/ready is not answered: {error:?}")),
                };
                let taken = now(pid);
                let mut seen = shared.lock().unwrap_or_else(PoisonError::into_inner);
                match taken {
                    Ok(taken) => {
                        seen.peak.memory_mib = seen.peak.memory_mib.max(taken.memory_mib);
                        seen.peak.descriptors = seen.peak.descriptors.max(taken.descriptors);
                    }
                    Err(error) => seen.faults.push(format!("{error:#}")),
                }
                if seen.faults.len() < SAID_MAX {
                    seen.faults.extend(ready);
                }
            }
        });
        Self { task, seen, log_bytes: platform.path("log").metadata().map_or(0, |log| log.len()) }
    }

    pub async fn end(self, platform: &Platform) -> Seen {
        self.task.abort();
        let _ = self.task.await;
        let mut seen = {
            let mut shared = self.seen.lock().unwrap_or_else(PoisonError::into_inner);
            Seen { peak: shared.peak, faults: std::mem::take(&mut shared.faults) }
        };
        for (name, state) in states(platform).await {
            if state != "ready" {
                seen.faults.push(format!("component {name} is {state}"));
            }
        }
        match logged(&platform.path("log"), self.log_bytes) {
            Ok(opened) => seen.faults.extend(opened),
            Err(error) => seen.faults.push(format!("the host's log cannot be read: {error}")),
        }
        seen
    }
}

/// Lines about circuits that opened, in what was logged since.
fn logged(log: &Path, since: u64) -> std::io::Result<Vec<String>> {
    let mut file = File::open(log)?;
    file.seek(SeekFrom::Start(since))?;
    let lines = BufReader::new(file).lines().map_while(Result::ok);
    Ok(lines.filter(|line| line.contains("circuit opened")).take(SAID_MAX).collect())
}

/// The bounds that were exceeded.
pub fn bounds(peak: Taken, times: usize) -> Vec<String> {
    let addresses = times as u64;
    let connections = (CONNECTIONS_OF_ADDRESS * addresses).min(CONNECTIONS);
    let descriptors_max = connections + WEBSOCKETS_OF_ADDRESS * addresses + OTHER_DESCRIPTORS;
    let mut exceeded = Vec::new();
    if peak.memory_mib > MEMORY_MIB_MAX {
        exceeded.push(format!("the host took {} MiB, of {MEMORY_MIB_MAX}", peak.memory_mib));
    }
    if peak.descriptors > descriptors_max {
        exceeded.push(format!("the host had {} descriptors, of {descriptors_max}", peak.descriptors));
    }
    exceeded
}

/// What a process takes, as /proc says.
pub fn now(pid: u32) -> Result<Taken> {
    let status = std::fs::read_to_string(format!("/proc/{pid}/status")).context("read the host's /proc/PID/status")?;
    let kib: u64 = status
        .lines()
        .find_map(|line| line.strip_prefix("VmRSS:"))
        .and_then(|rest| rest.split_whitespace().next())
        .and_then(|number| number.parse().ok())
        .context("/proc/PID/status has no VmRSS")?;
    let descriptors = std::fs::read_dir(format!("/proc/{pid}/fd")).context("read the host's /proc/PID/fd")?.count();
    Ok(Taken { memory_mib: kib / 1024, descriptors: descriptors as u64 })
}

/// Each component and how it is.
pub async fn states(platform: &Platform) -> Vec<(String, String)> {
    let output = platform.cli(&["components", "list", "--json"]).await;
    let list: Value = serde_json::from_str(&output.stdout).unwrap_or_default();
    let text = |value: &Value| value.as_str().unwrap_or_default().to_owned();
    let states: Vec<_> =
        list.as_array().into_iter().flatten().map(|one| (text(&one["name"]), text(&one["state"]))).collect();
    assert!(!states.is_empty(), "{output:?}");
    states
}

/// Whether the host says that it is ready.
pub async fn is_ready(platform: &Platform) -> bool {
    send(platform.http().request(Method::GET, "/health/ready")).await.status == 200
}
