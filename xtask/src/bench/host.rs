//! The built host as a child process; its CPU time and memory are read from /proc.

use anyhow::{Context, Result, bail};
use rustix::process::{Pid, Signal, kill_process};
use serde_json::Value;
use std::fs::{self, File};
use std::io::{BufRead, BufReader};
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::time::{Duration, Instant};

/// Kernel ticks a second (`getconf CLK_TCK`).
const TICKS_PER_SECOND: f64 = 100.0;

/// What is started, and on which stores.
#[derive(Clone)]
pub struct Launch {
    pub program: PathBuf,
    root: PathBuf,
    data_dir: PathBuf,
    config: &'static str,
    /// Variables of its environment.
    settings: Vec<(String, String)>,
    /// Where its log goes; a benchmark writes none.
    log: Option<PathBuf>,
}

pub struct Host {
    child: Child,
    launch: Launch,
    pub address: String,
    pub started_in: Duration,
}

// === impl Launch ===

impl Launch {
    /// The host as it is shipped, on the embedded default.
    pub fn new(root: &Path, data_dir: &Path) -> Self {
        Self {
            program: root.join(super::HOST),
            root: root.to_owned(),
            data_dir: data_dir.to_owned(),
            config: "runtime-config/embedded.toml",
            settings: Vec::new(),
            log: None,
        }
    }

    pub fn logging_to(self, file: PathBuf) -> Self {
        Self { log: Some(file), ..self }
    }

    fn stderr(&self) -> Result<Stdio> {
        let Some(log) = &self.log else { return Ok(Stdio::null()) };
        Ok(File::create(log).with_context(|| format!("create {}", log.display()))?.into())
    }

    /// The error of a start that failed, with the last line of the log.
    fn ended(&self) -> anyhow::Error {
        let log = self.log.as_ref().and_then(|log| fs::read_to_string(log).ok()).unwrap_or_default();
        let last = log.lines().last().unwrap_or("it wrote no log");
        anyhow::anyhow!("the host ended before it was ready: {last}")
    }

    /// The same on other stores.
    pub fn on(self, config: &'static str, settings: Vec<(String, String)>) -> Self {
        Self { config, settings, ..self }
    }

    fn command(&self) -> Command {
        let mut command = Command::new(&self.program);
        command.args(["--config", self.config, "--data-dir"]).arg(&self.data_dir).current_dir(&self.root);
        command.env(super::RATE_LIMITS.0, super::RATE_LIMITS.1);
        // It would take a core from what is measured.
        command.env("MINDFLOW_EMBEDDINGS__BACKEND", "none");
        command.envs(self.settings.iter().map(|(name, value)| (name, value)));
        command
    }
}

// === impl Host ===

impl Host {
    pub fn start(launch: &Launch) -> Result<Self> {
        let started = Instant::now();
        let mut child = launch
            .command()
            .args(["up", "--listen", "127.0.0.1:0"])
            .stderr(launch.stderr()?)
            .stdout(Stdio::piped())
            .spawn()
            .with_context(|| format!("start {}", launch.program.display()))?;
        let stdout = child.stdout.take().context("the host has no standard output")?;
        let line = BufReader::new(stdout).lines().next().ok_or_else(|| launch.ended())??;
        let address = line.strip_prefix("ready http://").context("the host did not say where it is ready")?.to_owned();
        Ok(Self { child, launch: launch.clone(), address, started_in: started.elapsed() })
    }

    pub fn get(&self, path: &str) -> Result<String> {
        let mut answer =
            ureq::get(format!("http://{}{path}", self.address)).call().with_context(|| format!("GET {path}"))?;
        Ok(answer.body_mut().read_to_string()?)
    }

    pub fn post(&self, path: &str, token: Option<&str>, body: &Value) -> Result<Value> {
        let mut request = ureq::post(format!("http://{}{path}", self.address));
        if let Some(token) = token {
            request = request.header("authorization", format!("Bearer {token}"));
        }
        let answer: Value = request.send_json(body).with_context(|| format!("POST {path}"))?.body_mut().read_json()?;
        if answer.get("errors").is_some() {
            bail!("POST {path}: {answer}");
        }
        Ok(answer)
    }

    /// A command of the host's own command line.
    pub fn command(&self, words: &[&str]) -> Result<()> {
        let status = self.launch.command().args(words).stdout(Stdio::null()).stderr(Stdio::null()).status()?;
        if status.success() { Ok(()) } else { bail!("mindflow {}: {status}", words.join(" ")) }
    }

    /// CPU time that the host itself has used; PostgreSQL is a process of its own.
    pub fn cpu(&self) -> Result<Duration> {
        let stat = std::fs::read_to_string(format!("/proc/{}/stat", self.child.id()))?;
        // Fields after the name, which is in parentheses and may hold spaces: utime and stime are the 14th and 15th of all.
        let fields: Vec<&str> = stat.rsplit(')').next().unwrap_or_default().split_whitespace().collect();
        let ticks = |index: usize| -> Result<f64> {
            fields.get(index).and_then(|field| field.parse().ok()).context("read /proc/PID/stat")
        };
        Ok(Duration::from_secs_f64((ticks(11)? + ticks(12)?) / TICKS_PER_SECOND))
    }

    pub fn memory_mib(&self) -> Result<f64> {
        self.status_mib("VmRSS:")
    }

    /// The most since the start, or since it was forgotten.
    pub fn memory_peak_mib(&self) -> Result<f64> {
        self.status_mib("VmHWM:")
    }

    pub fn forget_peak(&self) -> Result<()> {
        std::fs::write(format!("/proc/{}/clear_refs", self.child.id()), "5").context("write /proc/PID/clear_refs")
    }

    fn status_mib(&self, name: &str) -> Result<f64> {
        let status = std::fs::read_to_string(format!("/proc/{}/status", self.child.id()))?;
        let kib: f64 = status
            .lines()
            .find_map(|line| line.strip_prefix(name))
            .and_then(|rest| rest.split_whitespace().next())
            .and_then(|number| number.parse().ok())
            .context("read /proc/PID/status")?;
        Ok(kib / 1024.0)
    }

    /// Ends it as an operator would, and waits.
    pub fn stop(mut self) -> Result<()> {
        kill_process(Pid::from_child(&self.child), Signal::TERM)?;
        let status = self.child.wait()?;
        if status.success() { Ok(()) } else { bail!("the host ended with {status}") }
    }
}

impl Drop for Host {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}
