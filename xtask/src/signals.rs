//! A child process that a signal to this process ends in order.

use anyhow::{Context, Result};
use rustix::process::{Pid, Signal, kill_process};
use signal_hook::consts::{SIGHUP, SIGINT, SIGTERM};
use signal_hook::iterator::SignalsInfo;
use signal_hook::iterator::exfiltrator::origin::WithOrigin;
use std::process::{Command, ExitCode, ExitStatus};

/// The signals that end a run. From [`Signals::watch`] on they no longer end this process.
pub struct Signals(SignalsInfo<WithOrigin>);

impl Signals {
    pub fn watch() -> Result<Self> {
        SignalsInfo::new([SIGHUP, SIGINT, SIGTERM]).map(Self).context("watch for signals")
    }

    pub fn arrived(&mut self) -> bool {
        self.0.pending().next().is_some()
    }

    /// A terminal's Ctrl-C reaches the child as well; what another process sent here is passed on, or as `by`.
    fn forward(&mut self, child: Pid, by: Option<Signal>) {
        for origin in self.0.forever() {
            if origin.process.is_none() {
                continue;
            }
            let signal = match origin.signal {
                SIGINT => Signal::INT,
                SIGHUP => Signal::HUP,
                _ => Signal::TERM,
            };
            let _ = kill_process(child, by.unwrap_or(signal));
        }
    }
}

/// Runs a program to its end and passes signals on to it.
pub fn run_to_end(program: Command, name: &str, signals: Signals) -> Result<ExitCode> {
    run(program, name, signals, None)
}

/// The same for a program that only one signal ends in order.
pub fn run_to_end_by(program: Command, name: &str, signals: Signals, by: Signal) -> Result<ExitCode> {
    run(program, name, signals, Some(by))
}

fn run(mut program: Command, name: &str, mut signals: Signals, by: Option<Signal>) -> Result<ExitCode> {
    let mut child = program.spawn().with_context(|| format!("start {name}"))?;
    let handle = signals.0.handle();
    let pid = Pid::from_child(&child);
    let forwarder = std::thread::spawn(move || signals.forward(pid, by));
    let status = child.wait().with_context(|| format!("wait for {name}"));
    handle.close();
    let _ = forwarder.join();
    Ok(exit_code(status?))
}

pub fn exit_code(status: ExitStatus) -> ExitCode {
    status.code().and_then(|code| u8::try_from(code).ok()).map_or(ExitCode::FAILURE, ExitCode::from)
}
