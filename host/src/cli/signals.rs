//! The signals that end a command that runs until then.

use super::output;
use std::{fs, io};
use tokio::signal::unix::{Signal, SignalKind, signal};

/// What a shell reports of a program that Ctrl-C ended.
const ENDED_BY_INTERRUPT: i32 = 130;

/// SIGTERM, Ctrl-C, or SIGHUP when the terminal closes.
pub struct StopSignals {
    terminate: Signal,
    interrupt: Signal,
    /// `None` where `nohup` started the program: it is to outlive its terminal.
    hangup: Option<Signal>,
}

impl StopSignals {
    pub fn new() -> io::Result<Self> {
        let status = fs::read_to_string("/proc/self/status").unwrap_or_default();
        let hangup = (!ignores(&status, SignalKind::hangup())).then(|| signal(SignalKind::hangup())).transpose()?;
        Ok(Self { terminate: signal(SignalKind::terminate())?, interrupt: signal(SignalKind::interrupt())?, hangup })
    }

    /// The first of them. What follows may take its time, so a Ctrl-C after it ends the process as it is.
    pub async fn received(&mut self) {
        tokio::select! {
            _ = self.terminate.recv() => {}
            _ = self.interrupt.recv() => {}
            Some(()) = async { self.hangup.as_mut()?.recv().await } => {}
        }
        if let Ok(mut again) = signal(SignalKind::interrupt()) {
            tokio::spawn(async move {
                again.recv().await;
                output::note("mindflow: ended by a second Ctrl-C, before it has stopped");
                std::process::exit(ENDED_BY_INTERRUPT);
            });
        }
    }
}

/// Whether the process ignores a signal since it was started, by what proc(5) says of `SigIgn`.
fn ignores(status: &str, kind: SignalKind) -> bool {
    let mask = status.lines().find_map(|line| u64::from_str_radix(line.strip_prefix("SigIgn:")?.trim(), 16).ok());
    mask.is_some_and(|mask| mask >> (kind.as_raw_value() - 1) & 1 == 1)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_ignored_signal_is_read_from_the_mask() {
        let status = |mask| format!("Name:\tmindflow\nSigIgn:\t{mask}\nSigCgt:\t0000000000000001\n");
        assert!(ignores(&status("0000000000001001"), SignalKind::hangup()));
        assert!(!ignores(&status("0000000000001000"), SignalKind::hangup()));
        assert!(!ignores("", SignalKind::hangup()));
    }
}
