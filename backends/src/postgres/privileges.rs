//! PostgreSQL refuses to run as root. In a container everything is root, so its programs then run in a
//! user namespace in which they are `nobody` while the files stay ours; where namespaces are blocked they
//! really become `nobody`, and the directories they use are handed over.

use std::ffi::CStr;
use std::io;
use std::os::unix::fs::MetadataExt;
use std::os::unix::process::CommandExt;
use std::path::Path;
use std::process::{Command, Stdio};

use nix::fcntl::{OFlag, open};
use nix::sched::{CloneFlags, unshare};
use nix::sys::prctl::set_pdeathsig;
use nix::sys::signal::Signal;
use nix::sys::stat::Mode;
use nix::unistd::{Gid, Pid, Uid, geteuid, getppid, setgid, setgroups, setuid, write};

/// `nobody` and `nogroup`, as every distribution numbers them.
const NOBODY: u32 = 65_534;

/// As whom PostgreSQL's programs run.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(super) enum Privileges {
    /// As this process, which is not root.
    Own,
    /// As root outside and as `nobody` inside of a user namespace.
    Namespace,
    /// As `nobody`.
    Nobody,
}

// === impl Privileges ===

impl Privileges {
    /// Chooses for `data_dir`, which need not be there.
    pub(super) fn choose(data_dir: &Path) -> Self {
        if !geteuid().is_root() {
            return Self::Own;
        }
        // A cluster that was made as `nobody` stays so.
        let handed_over = std::fs::metadata(data_dir).is_ok_and(|metadata| metadata.uid() == NOBODY);
        if !handed_over && namespaces_work() { Self::Namespace } else { Self::Nobody }
    }

    /// Makes `command` run with these privileges, and end when this thread does.
    pub(super) fn apply(self, command: &mut Command) {
        let parent = nix::unistd::getpid();
        // A Ctrl-C at the terminal is for the host, which stops the server when it has drained.
        command.process_group(0);
        // SAFETY: the closure runs between fork and exec of a process with many threads, so that it may
        // only make system calls: it allocates nothing, takes no lock, and touches no memory of others.
        unsafe {
            command.pre_exec(move || self.enter(parent));
        }
    }

    fn enter(self, parent: Pid) -> io::Result<()> {
        match self {
            Self::Own => {}
            Self::Namespace => {
                unshare(CloneFlags::CLONE_NEWUSER)?;
                // gid_map may be written only once setgroups is given up.
                write_to(c"/proc/self/setgroups", b"deny")?;
                write_to(c"/proc/self/uid_map", b"65534 0 1")?;
                write_to(c"/proc/self/gid_map", b"65534 0 1")?;
            }
            Self::Nobody => {
                setgroups(&[Gid::from_raw(NOBODY)])?;
                setgid(Gid::from_raw(NOBODY))?;
                setuid(Uid::from_raw(NOBODY))?;
            }
        }
        // A change of credentials clears it, so it comes last. SIGINT is PostgreSQL's fast shutdown.
        set_pdeathsig(Signal::SIGINT)?;
        if getppid() != parent {
            // The host died before the line above.
            return Err(io::Error::from_raw_os_error(nix::libc::ESRCH));
        }
        Ok(())
    }

    /// Hands a directory over to whom the programs run as.
    pub(super) fn own(self, dir: &Path) -> io::Result<()> {
        match self {
            Self::Own | Self::Namespace => Ok(()),
            Self::Nobody => std::os::unix::fs::chown(dir, Some(NOBODY), Some(NOBODY)),
        }
    }

    /// The owner that a directory of the server's has to have.
    pub(super) fn owner(self) -> u32 {
        match self {
            Self::Own | Self::Namespace => geteuid().as_raw(),
            Self::Nobody => NOBODY,
        }
    }
}

fn write_to(path: &CStr, text: &[u8]) -> io::Result<()> {
    let file = open(path, OFlag::O_WRONLY | OFlag::O_CLOEXEC, Mode::empty())?;
    write(&file, text)?;
    Ok(())
}

fn namespaces_work() -> bool {
    let mut trial = Command::new("/bin/true");
    trial.stdin(Stdio::null()).stdout(Stdio::null()).stderr(Stdio::null());
    Privileges::Namespace.apply(&mut trial);
    trial.status().is_ok_and(|status| status.success())
}
