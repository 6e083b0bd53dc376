//! One PostgreSQL for a whole test run. It refuses to run as root, so as root it
//! gets a user namespace in which it is nobody, and where those are blocked it
//! becomes nobody in earnest.

use super::child::Server;
use super::folder::Folder;
use super::{tail, with_a_free_port};
use anyhow::{Context, Result, bail};
use rustix::process::Signal;
use rustix::thread::{UnshareFlags, unshare_unsafe};
use std::fs::{self, File};
use std::os::unix::fs::chown;
use std::os::unix::process::CommandExt;
use std::path::{Path, PathBuf};
use std::process::Command;

const NOBODY: u32 = 65534;
/// Each test brings a host of its own with several pools of a few connections each.
const CONNECTIONS_MAX: u32 = 400;

pub struct Postgres {
    pub port: u16,
    // Dropped in this order: the server stops before its folder goes.
    _server: Server,
    _folder: Folder,
}

impl Postgres {
    pub fn start(bin: &Path) -> Result<Self> {
        with_a_free_port(|port| Self::start_on(bin, port, &[]))
    }

    /// One that has TimescaleDB loaded, which tells nobody that it runs, and pgvector.
    pub fn start_extended(bin: &Path) -> Result<Self> {
        let settings = ["shared_preload_libraries=timescaledb", "timescaledb.telemetry_level=off"];
        with_a_free_port(|port| Self::start_on(bin, port, &settings))
    }

    pub fn url(&self) -> String {
        format!("postgres://postgres@127.0.0.1:{}/postgres", self.port)
    }

    fn start_on(bin: &Path, port: u16, settings: &[&str]) -> Result<Self> {
        let folder = Folder::new("postgres")?;
        let identity = Identity::choose(bin, folder.path())?;
        let data = folder.path().join("data");
        init(bin, &data, identity)?;

        let log = folder.path().join("log");
        let output = File::create(&log).context("make PostgreSQL's log")?;
        let mut postgres = identity.command(&bin.join("postgres"));
        postgres.arg("-D").arg(&data).arg("-k").arg(folder.path()).args(["-p", &port.to_string()]);
        for setting in [
            "listen_addresses=127.0.0.1",
            "fsync=off",
            "full_page_writes=off",
            "synchronous_commit=off",
            &format!("max_connections={CONNECTIONS_MAX}"),
        ]
        .iter()
        .chain(settings)
        {
            postgres.args(["-c", setting]);
        }
        postgres.current_dir(folder.path()).stdin(std::process::Stdio::null());
        postgres.stdout(output.try_clone().context("share PostgreSQL's log")?).stderr(output);
        let mut server = Server::spawn("PostgreSQL", &mut postgres, Signal::INT)?;
        server.wait_until(|| is_ready(&data)).with_context(|| tail(&log))?;
        Ok(Self { port, _server: server, _folder: folder })
    }
}

/// With `--no-locale`, lower() and full text search would not fold 'Ü'.
fn init(bin: &Path, data: &Path, identity: Identity) -> Result<()> {
    let output = identity
        .command(&bin.join("initdb"))
        .arg("-D")
        .arg(data)
        .args(["--username=postgres", "--auth=trust", "--encoding=UTF8", "--no-sync", "--no-instructions"])
        .args(["--lc-collate=C", "--lc-ctype=C.UTF-8"])
        .env("LC_ALL", "C.UTF-8")
        .env("TZ", "UTC")
        .current_dir(data.parent().unwrap_or(Path::new("/")))
        .output()
        .context("start initdb")?;
    if !output.status.success() {
        bail!("initdb: {}", String::from_utf8_lossy(&output.stderr).trim());
    }
    Ok(())
}

/// The last line of postmaster.pid says how far the start has come.
fn is_ready(data: &Path) -> bool {
    fs::read_to_string(data.join("postmaster.pid"))
        .is_ok_and(|pid| pid.lines().nth(7).is_some_and(|state| state.trim() == "ready"))
}

/// As whom PostgreSQL runs.
#[derive(Clone, Copy)]
enum Identity {
    Ourselves,
    /// Root outside, nobody inside: what root may read and write, it still may.
    NobodyInNamespace,
    Nobody,
}

impl Identity {
    fn choose(bin: &Path, folder: &Path) -> Result<Self> {
        if !rustix::process::geteuid().is_root() {
            return Ok(Self::Ourselves);
        }
        let works = |identity: Self| {
            identity
                .command(&bin.join("postgres"))
                .arg("--version")
                .output()
                .is_ok_and(|output| output.status.success())
        };
        if works(Self::NobodyInNamespace) {
            return Ok(Self::NobodyInNamespace);
        }
        if works(Self::Nobody) {
            chown(folder, Some(NOBODY), Some(NOBODY)).context("give PostgreSQL its folder")?;
            return Ok(Self::Nobody);
        }
        bail!(
            "PostgreSQL refuses to run as root, user namespaces are blocked here, and nobody may not read {}: run as another user",
            bin.display()
        )
    }

    fn command(self, program: &PathBuf) -> Command {
        let mut command = Command::new(program);
        match self {
            Self::Ourselves => {}
            // SAFETY: between fork and exec, only system calls on constants are made.
            Self::NobodyInNamespace => unsafe {
                command.pre_exec(become_nobody_in_a_namespace);
            },
            Self::Nobody => {
                command.uid(NOBODY).gid(NOBODY);
            }
        }
        command
    }
}

fn become_nobody_in_a_namespace() -> std::io::Result<()> {
    // SAFETY: the process has one thread here, and a new user namespace shares no memory.
    unsafe { unshare_unsafe(UnshareFlags::NEWUSER)? };
    write_at(c"/proc/self/setgroups", b"deny")?;
    write_at(c"/proc/self/uid_map", b"65534 0 1")?;
    write_at(c"/proc/self/gid_map", b"65534 0 1")
}

/// As `fs::write`, which may allocate.
fn write_at(path: &std::ffi::CStr, bytes: &[u8]) -> std::io::Result<()> {
    use rustix::fs::{Mode, OFlags, open};
    let file = open(path, OFlags::WRONLY | OFlags::CLOEXEC, Mode::empty())?;
    rustix::io::write(&file, bytes)?;
    Ok(())
}
