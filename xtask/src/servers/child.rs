//! A child process that cannot be left behind: it ends when it is dropped, and
//! the kernel ends it if this process dies first.

use super::{READY_WITHIN, STOP_WITHIN};
use anyhow::{Context, Result, bail};
use rustix::process::{Pid, Signal, kill_process, set_parent_process_death_signal};
use std::os::unix::process::CommandExt;
use std::process::{Child, Command};
use std::thread::sleep;
use std::time::{Duration, Instant};

const POLL: Duration = Duration::from_millis(10);

pub struct Server {
    name: &'static str,
    child: Child,
    stop: Signal,
}

impl Server {
    /// `stop` is the signal for an orderly end. The process group is the child's own,
    /// so that Ctrl-C reaches the tests and not the servers under them.
    pub fn spawn(name: &'static str, command: &mut Command, stop: Signal) -> Result<Self> {
        end_with_parent(command.process_group(0), stop);
        let child = command.spawn().with_context(|| format!("start {name}"))?;
        Ok(Self { name, child, stop })
    }

    pub fn wait_until(&mut self, ready: impl Fn() -> bool) -> Result<()> {
        let deadline = Instant::now() + READY_WITHIN;
        while !ready() {
            if let Some(status) = self.child.try_wait().with_context(|| format!("wait for {}", self.name))? {
                bail!("{} ended before it was ready ({status})", self.name);
            }
            if Instant::now() > deadline {
                bail!("{} was not ready after {READY_WITHIN:?}", self.name);
            }
            sleep(POLL);
        }
        Ok(())
    }
}

impl Drop for Server {
    fn drop(&mut self) {
        let deadline = Instant::now() + STOP_WITHIN;
        let asked = kill_process(Pid::from_child(&self.child), self.stop);
        while asked.is_ok() && Instant::now() < deadline {
            match self.child.try_wait() {
                Ok(None) => sleep(POLL),
                _ => return,
            }
        }
        eprintln!("servers: {} did not stop within {STOP_WITHIN:?}, killing it", self.name);
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

/// The kernel sends `signal` to the child when the thread that spawns it ends, so
/// spawn from one that lasts. Changing credentials clears the setting: say it last.
pub fn end_with_parent(command: &mut Command, signal: Signal) {
    // SAFETY: between fork and exec, only async-signal-safe system calls are made.
    unsafe {
        command.pre_exec(move || Ok(set_parent_process_death_signal(Some(signal))?));
    }
}
