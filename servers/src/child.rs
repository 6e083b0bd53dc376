//! Child processes that end with this one.

use std::{
    os::unix::process::CommandExt,
    process::{Child, Command},
    thread::sleep,
    time::{Duration, Instant},
};

use rustix::process::{Pid, Signal, getpid, getppid, kill_process, set_parent_process_death_signal};

const POLL: Duration = Duration::from_millis(5);

/// The kernel sends `signal` to the child when the **thread** that spawned it ends, so spawn from one that lasts.
///
/// A change of credentials clears the setting: a closure that changes them must be added to `command` before.
pub fn end_with_parent(command: &mut Command, signal: Signal) {
    let parent = getpid();
    // SAFETY: the closure runs between fork and exec of a process with many threads, so it only makes system calls: it
    // allocates nothing, takes no lock, and touches no memory of others.
    unsafe {
        command.pre_exec(move || {
            set_parent_process_death_signal(Some(signal))?;
            // The parent may have died before the line above.
            if getppid() == Some(parent) { Ok(()) } else { Err(rustix::io::Errno::SRCH.into()) }
        });
    }
}

/// Sends each signal in turn and waits as long as it says; the last one should be [`Signal::KILL`].
pub(crate) fn stop(child: &mut Child, signals: &[(Signal, Duration)]) {
    for (signal, patience) in signals {
        if has_ended(child) || kill_process(Pid::from_child(child), *signal).is_err() {
            return;
        }
        let deadline = Instant::now() + *patience;
        while !has_ended(child) && Instant::now() < deadline {
            sleep(POLL);
        }
    }
}

pub(crate) fn has_ended(child: &mut Child) -> bool {
    !matches!(child.try_wait(), Ok(None))
}
