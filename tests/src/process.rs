//! The built binary as a child process: started until it says `ready`, stopped by SIGTERM or killed.

use rustix::process::{Pid, Signal, kill_process};
use std::fs::File;
use std::io::{BufRead, BufReader};
use std::path::Path;
use std::process::{Child, Command, ExitStatus, Stdio};
use std::time::{Duration, Instant};
use tokio::signal::unix::{SignalKind, signal};
use tokio::sync::oneshot;

/// A start compiles the components when their cache is empty, in a debug build on a busy machine.
const READY_WITHIN: Duration = Duration::from_secs(180);
/// The drain time (10 s) and the stores' own stop, with room for a busy machine.
const STOPPED_WITHIN: Duration = Duration::from_secs(40);
const POLL: Duration = Duration::from_millis(10);
/// A replay of all events on a busy machine, with room.
const RUN_WITHIN: Duration = Duration::from_secs(180);

/// What a command that ends has said.
#[derive(Debug)]
pub struct Output {
    pub code: Option<i32>,
    pub stdout: String,
    pub stderr: String,
}

/// A running host.
pub struct Process {
    child: Child,
    pub address: String,
}

impl Process {
    /// Starts it and waits for its line `ready http://…`. What it logs is appended to `log`.
    pub async fn start(mut command: Command, log: &Path) -> Self {
        let file = File::options().create(true).append(true).open(log).expect("the log opens");
        let mut child = command
            .stdin(Stdio::null())
            .stdout(Stdio::piped())
            .stderr(file)
            .spawn()
            .unwrap_or_else(|error| panic!("{command:?}: {error}"));
        let stdout = child.stdout.take().expect("piped");
        let (found, ready) = oneshot::channel();
        std::thread::spawn(move || {
            let mut found = Some(found);
            for line in BufReader::new(stdout).lines().map_while(Result::ok) {
                if let (Some(address), Some(found)) = (line.strip_prefix("ready "), found.take()) {
                    let _ = found.send(address.trim().to_owned());
                }
            }
        });
        let mut process = Self { child, address: String::new() };
        process.address = match tokio::time::timeout(READY_WITHIN, ready).await {
            Ok(Ok(address)) => address,
            Ok(Err(_)) => panic!(
                "the host ended before it was ready: {:?}\n{}",
                process.child.wait(),
                std::fs::read_to_string(log).unwrap_or_default()
            ),
            Err(_) => panic!("not ready within {READY_WITHIN:?}\n{}", std::fs::read_to_string(log).unwrap_or_default()),
        };
        process
    }

    pub fn pid(&self) -> u32 {
        self.child.id()
    }

    /// Sends a signal.
    pub fn signal(&self, signal: Signal) {
        let _ = kill_process(Pid::from_child(&self.child), signal);
    }

    /// How it ended, once it has.
    pub async fn ended(&mut self) -> ExitStatus {
        crate::eventually_within(STOPPED_WITHIN, "the host ends", || {
            let status = self.child.try_wait().expect("its state");
            async move { status }
        })
        .await
    }

    /// Kills it, as a failing machine would.
    pub fn kill(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

impl Drop for Process {
    fn drop(&mut self) {
        // In order where that works, so that an embedded PostgreSQL leaves nothing behind.
        self.signal(Signal::TERM);
        let began = Instant::now();
        while matches!(self.child.try_wait(), Ok(None)) {
            if began.elapsed() > STOPPED_WITHIN {
                self.kill();
            }
            std::thread::sleep(POLL);
        }
    }
}

/// Runs a command to its end.
pub async fn run(command: Command) -> Output {
    let mut command = tokio::process::Command::from(command);
    let output = command.stdin(Stdio::null()).kill_on_drop(true).output();
    let output = tokio::time::timeout(RUN_WITHIN, output).await;
    let output = output.unwrap_or_else(|_| panic!("{command:?} goes on after {RUN_WITHIN:?}"));
    let output = output.unwrap_or_else(|error| panic!("{command:?}: {error}"));
    let text = |bytes: Vec<u8>| String::from_utf8_lossy(&bytes).into_owned();
    Output { code: output.status.code(), stdout: text(output.stdout), stderr: text(output.stderr) }
}

/// Waits for SIGTERM or Ctrl-C.
pub async fn stop_requested() {
    let mut terminated = signal(SignalKind::terminate()).expect("signals can be watched");
    let mut interrupted = signal(SignalKind::interrupt()).expect("signals can be watched");
    tokio::select! {
        _ = terminated.recv() => {}
        _ = interrupted.recv() => {}
    }
}
