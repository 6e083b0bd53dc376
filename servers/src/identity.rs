//! PostgreSQL and PgBouncer refuse to run as root. In a container everything is root, so their programs then run in a user
//! namespace in which they are `nobody` while the files stay root's. Where namespaces are blocked they run as `nobody` outright, and
//! own the directories that they use.

use std::{
    ffi::CStr,
    io,
    os::unix::{
        fs::{MetadataExt, PermissionsExt, chown},
        process::CommandExt,
    },
    path::Path,
    process::{Command, Stdio},
};

use rustix::{
    fs::{Mode, OFlags, open},
    process::{Signal, geteuid},
    thread::{UnshareFlags, unshare_unsafe},
};

use crate::child::end_with_parent;

/// `nobody` and `nogroup`, as every distribution numbers them.
const UNPRIVILEGED: u32 = 65_534;

/// As whom a server's programs run.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(crate) enum Identity {
    /// As this process, which is not root.
    Own,
    /// As root outside and as `nobody` inside of a user namespace.
    Namespace,
    /// As `nobody`.
    Unprivileged,
}

// === impl Identity ===

impl Identity {
    /// Chooses for `data_dir`, which may be missing.
    pub(crate) fn choose(data_dir: &Path) -> Self {
        if !geteuid().is_root() {
            return Self::Own;
        }
        // A cluster that was made as `nobody` stays so.
        let handed_over = std::fs::metadata(data_dir).is_ok_and(|metadata| metadata.uid() == UNPRIVILEGED);
        if !handed_over && namespaces_work() { Self::Namespace } else { Self::Unprivileged }
    }

    /// Makes `command` run with this identity, and sends it `end` when this thread ends.
    pub(crate) fn apply(self, command: &mut Command, end: Signal) {
        // A Ctrl-C at the terminal is for the parent, which stops the server when it has finished.
        command.process_group(0);
        match self {
            Self::Own => {}
            // SAFETY: between fork and exec, only system calls on constants are made.
            Self::Namespace => unsafe {
                command.pre_exec(become_unprivileged_in_a_namespace);
            },
            Self::Unprivileged => {
                command.uid(UNPRIVILEGED).gid(UNPRIVILEGED);
            }
        }
        end_with_parent(command, end);
    }

    /// Hands a file or a directory over to the user that the programs run as.
    pub(crate) fn own(self, path: &Path) -> io::Result<()> {
        match self {
            Self::Own | Self::Namespace => Ok(()),
            Self::Unprivileged => chown(path, Some(UNPRIVILEGED), Some(UNPRIVILEGED)),
        }
    }

    /// Lets the programs through a directory of this process to what is theirs in it. The group `nogroup` can pass and not
    /// list, and others can do neither.
    pub(crate) fn let_through(self, dir: &Path) -> io::Result<()> {
        match self {
            Self::Own | Self::Namespace => Ok(()),
            Self::Unprivileged => {
                chown(dir, None, Some(UNPRIVILEGED))?;
                std::fs::set_permissions(dir, std::fs::Permissions::from_mode(0o710))
            }
        }
    }

    /// The owner that the server's directories must have.
    pub(crate) fn owner(self) -> u32 {
        match self {
            Self::Own | Self::Namespace => geteuid().as_raw(),
            Self::Unprivileged => UNPRIVILEGED,
        }
    }
}

fn become_unprivileged_in_a_namespace() -> io::Result<()> {
    // SAFETY: the process has one thread here, and a new user namespace shares no memory.
    unsafe { unshare_unsafe(UnshareFlags::NEWUSER)? };
    // gid_map may be written only after setgroups was given up.
    write_to(c"/proc/self/setgroups", b"deny")?;
    write_to(c"/proc/self/uid_map", b"65534 0 1")?;
    write_to(c"/proc/self/gid_map", b"65534 0 1")
}

/// As `fs::write`, which may allocate.
fn write_to(path: &CStr, text: &[u8]) -> io::Result<()> {
    let file = open(path, OFlags::WRONLY | OFlags::CLOEXEC, Mode::empty())?;
    rustix::io::write(&file, text)?;
    Ok(())
}

fn namespaces_work() -> bool {
    let mut trial = Command::new("/bin/true");
    trial.stdin(Stdio::null()).stdout(Stdio::null()).stderr(Stdio::null());
    Identity::Namespace.apply(&mut trial, Signal::KILL);
    trial.status().is_ok_and(|status| status.success())
}
