//! The private server: a real PostgreSQL, run as a child on a unix socket in a directory of its own. It
//! ends with this process however this process ends, is started again when it dies, and is shared with
//! another process of ours that already serves the same directory.

use std::fs::File;
use std::io;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::sync::mpsc::{Receiver, RecvTimeoutError, Sender, channel};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::{Duration, Instant};

use nix::fcntl::{Flock, FlockArg};
use nix::sys::signal::{Signal, kill};
use nix::unistd::Pid;
use tokio::sync::oneshot;

use super::binaries::{Binaries, BinariesError};
use super::config::socket_config;
use super::data_dir::{Layout, explain, not_writable};
use super::privileges::Privileges;
use super::probe::{self, LockFile, State};

/// The cluster's superuser.
pub const USER: &str = "mindflow";
/// Names the socket's file; no port is opened.
pub(super) const PORT: u16 = 5432;
/// See [`super::POOL_MAX_DEFAULT`] for the arithmetic.
const MAX_CONNECTIONS: u32 = 200;
/// A start is under a second; recovery after a crash may have to replay its journal.
const START_TIMEOUT: Duration = Duration::from_secs(120);
/// A fast shutdown writes out what is in memory.
const STOP_TIMEOUT: Duration = Duration::from_secs(30);
/// After that: as if the machine had lost power, which it survives.
const ABORT_TIMEOUT: Duration = Duration::from_secs(5);
const POLL_EVERY: Duration = Duration::from_millis(20);
/// How often the supervisor looks whether the server still runs.
const SUPERVISE_EVERY: Duration = Duration::from_millis(250);
/// Pause after a start that failed, so that a broken disk is not hammered.
const RESTART_PAUSE: Duration = Duration::from_secs(2);
/// The server's log is started anew beyond this; one older piece is kept.
const LOG_BYTES_MAX: u64 = 10 * 1024 * 1024;
/// Turns fsync off, for tests alone: a power cut may then lose everything.
pub const NO_FSYNC_ENV: &str = "MINDFLOW_TEST_NO_FSYNC";

/// What the private server is started with.
#[derive(Clone, Debug)]
pub struct ServerOptions {
    /// The host's data directory; the cluster lies under it.
    pub data_dir: PathBuf,
    /// Directory of PostgreSQL's programs; found by itself when absent.
    pub binaries: Option<PathBuf>,
}

/// A running private server. Dropped, it stops when this process started it.
pub struct EmbeddedServer {
    commands: Sender<oneshot::Sender<()>>,
    place: Arc<Mutex<Place>>,
}

/// Where the server is reached, and whether it is ours to stop.
#[derive(Clone, Debug)]
struct Place {
    socket_dir: PathBuf,
    port: u16,
    owned: bool,
}

/// Why the private server does not run.
#[derive(Debug, thiserror::Error)]
pub enum ServerError {
    #[error(transparent)]
    Binaries(#[from] BinariesError),
    #[error("{path}: cannot be written: {source}; choose another place with --data-dir")]
    NotWritable { path: PathBuf, source: io::Error },
    #[error("{path}: the disk is full; free some space and start again")]
    DiskFull { path: PathBuf },
    #[error(
        "{dir}: made by PostgreSQL {made_by}, and {binaries} is PostgreSQL {found}; install version {made_by}, or move the data with pg_dump"
    )]
    Version { dir: PathBuf, made_by: String, found: u32, binaries: PathBuf },
    #[error("{dir}: not a PostgreSQL data directory: {source}; move it away")]
    NotACluster { dir: PathBuf, source: io::Error },
    #[error("{dir}: the path of a unix socket has at most 107 bytes; choose a shorter XDG_RUNTIME_DIR")]
    SocketPath { dir: PathBuf },
    #[error("{dir}: belongs to another user; remove it, or set XDG_RUNTIME_DIR to a directory of yours")]
    SocketDirTaken { dir: PathBuf },
    #[error("{program}: cannot be started: {source}")]
    Spawn { program: PathBuf, source: io::Error },
    #[error("{dir}: initdb failed: {message}")]
    Init { dir: PathBuf, message: String },
    #[error("PostgreSQL did not start: {message}; see {log}")]
    Start { message: String, log: PathBuf },
    #[error("PostgreSQL in {dir} is not ready after {} s; see {log}", START_TIMEOUT.as_secs())]
    Slow { dir: PathBuf, log: PathBuf },
    #[error("the thread that looks after PostgreSQL cannot run: {0}")]
    Supervisor(io::Error),
}

pub(super) fn without_fsync() -> bool {
    std::env::var_os(NO_FSYNC_ENV).is_some_and(|value| !value.is_empty() && value != "0")
}

// === impl EmbeddedServer ===

impl EmbeddedServer {
    /// Starts the server, or connects to the one that already serves the data directory.
    pub async fn start(options: ServerOptions) -> Result<Self, ServerError> {
        let (commands, inbox) = channel();
        let (ready, started) = oneshot::channel();
        // The kernel's death signal is tied to the thread that forked, so this one lives as long as the server.
        std::thread::Builder::new()
            .name("postgres-supervisor".to_owned())
            .spawn(move || supervise(&options, &inbox, ready))
            .map_err(ServerError::Supervisor)?;
        let place = started
            .await
            .unwrap_or_else(|_| Err(ServerError::Supervisor(io::Error::other("it ended without a word"))))?;
        Ok(Self { commands, place })
    }

    /// Settings for a superuser's connection to one of its databases.
    pub fn connection(&self, database: &str) -> tokio_postgres::Config {
        let place = self.place.lock().unwrap_or_else(PoisonError::into_inner);
        socket_config(&place.socket_dir, place.port, USER, database)
    }

    /// Whether this process started the server; false when it is another process's.
    pub fn is_owned(&self) -> bool {
        self.place.lock().unwrap_or_else(PoisonError::into_inner).owned
    }

    /// Stops the server if this process started it, and waits for its end for a bounded time.
    pub async fn stop(self) {
        let (done, stopped) = oneshot::channel();
        if self.commands.send(done).is_ok() {
            let _ = stopped.await;
        }
    }
}

/// A server that this process uses.
enum Running {
    Owned(Child),
    Shared(LockFile),
}

fn supervise(
    options: &ServerOptions,
    inbox: &Receiver<oneshot::Sender<()>>,
    ready: oneshot::Sender<Result<Arc<Mutex<Place>>, ServerError>>,
) {
    let runtime = match tokio::runtime::Builder::new_current_thread().enable_all().build() {
        Ok(runtime) => runtime,
        Err(error) => {
            let _ = ready.send(Err(ServerError::Supervisor(error)));
            return;
        }
    };
    let (layout, mut running, place) = match runtime.block_on(bring_up(options, None)) {
        Ok((layout, running, place)) => (layout, running, Arc::new(Mutex::new(place))),
        Err(error) => {
            let _ = ready.send(Err(error));
            return;
        }
    };
    // When nobody waits any more, the loop below finds the inbox closed and stops the server.
    let _ = ready.send(Ok(place.clone()));
    loop {
        match inbox.recv_timeout(SUPERVISE_EVERY) {
            Ok(done) => {
                stop_all(running, &layout, &place);
                let _ = done.send(());
                return;
            }
            Err(RecvTimeoutError::Disconnected) => return stop_all(running, &layout, &place),
            Err(RecvTimeoutError::Timeout) if running.is_alive(&layout) => {}
            Err(RecvTimeoutError::Timeout) => {
                tracing::warn!("PostgreSQL ended; starting it again");
                let earlier = place.lock().unwrap_or_else(PoisonError::into_inner).socket_dir.clone();
                match runtime.block_on(bring_up(options, Some(&earlier))) {
                    Ok((_, again, at)) => {
                        running = again;
                        *place.lock().unwrap_or_else(PoisonError::into_inner) = at;
                        tracing::info!("PostgreSQL serves again");
                    }
                    Err(error) => {
                        tracing::error!(%error, "PostgreSQL cannot be started again yet");
                        std::thread::sleep(RESTART_PAUSE);
                    }
                }
            }
        }
    }
}

fn stop_all(running: Running, layout: &Layout, place: &Mutex<Place>) {
    let owned = matches!(running, Running::Owned(_));
    running.stop();
    let socket_dir = place.lock().unwrap_or_else(PoisonError::into_inner).socket_dir.clone();
    if owned && !socket_dir.starts_with(&layout.root) {
        // In a shared folder nothing is left behind; in use by somebody else it is not empty.
        let _ = std::fs::remove_dir(socket_dir);
    }
}

/// One process at a time makes the cluster and starts the server.
async fn bring_up(options: &ServerOptions, earlier: Option<&Path>) -> Result<(Layout, Running, Place), ServerError> {
    let layout = Layout::prepare(&options.data_dir)?;
    let deadline = Instant::now() + START_TIMEOUT;
    let slow = || ServerError::Slow { dir: layout.cluster.clone(), log: layout.log.clone() };
    let mut lock_file = File::options()
        .create(true)
        .truncate(false)
        .write(true)
        .open(&layout.lock)
        .map_err(|source| not_writable(&layout.lock, source))?;
    let _turn = loop {
        match Flock::lock(lock_file, FlockArg::LockExclusiveNonblock) {
            Ok(turn) => break turn,
            Err((file, _)) if Instant::now() < deadline => lock_file = file,
            Err(_) => return Err(slow()),
        }
        tokio::time::sleep(POLL_EVERY).await;
    };
    loop {
        match probe::look(&layout.cluster).await.map_err(|source| not_writable(&layout.cluster, source))? {
            State::Serving(lock) => {
                let place = Place { socket_dir: lock.socket_dir.clone(), port: lock.port, owned: false };
                return Ok((layout, Running::Shared(lock), place));
            }
            State::Busy if Instant::now() < deadline => tokio::time::sleep(POLL_EVERY).await,
            State::Busy => return Err(slow()),
            State::Free => break,
        }
    }
    let binaries = Binaries::find(options.binaries.as_deref())?;
    let privileges = Privileges::choose(&layout.cluster);
    layout.ensure_cluster(&binaries, privileges)?;
    let socket_dir = layout.socket_dir(privileges, earlier)?;
    let child = launch(&layout, &binaries, privileges, &socket_dir, deadline).await?;
    let place = Place { socket_dir, port: PORT, owned: true };
    Ok((layout, Running::Owned(child), place))
}

async fn launch(
    layout: &Layout,
    binaries: &Binaries,
    privileges: Privileges,
    socket_dir: &Path,
    deadline: Instant,
) -> Result<Child, ServerError> {
    let (log, log_start) = open_log(&layout.log)?;
    let program = binaries.program("postgres");
    let mut command = Command::new(&program);
    command.arg("-D").arg(&layout.cluster).arg("-c").arg(format!("unix_socket_directories={}", socket_dir.display()));
    for setting in settings() {
        command.arg("-c").arg(setting);
    }
    let log_error = |source| not_writable(&layout.log, source);
    command
        .current_dir("/")
        .env("LC_ALL", "C.UTF-8")
        .stdin(Stdio::null())
        .stdout(log.try_clone().map_err(log_error)?)
        .stderr(log);
    privileges.apply(&mut command);
    let mut child = command.spawn().map_err(|source| ServerError::Spawn { program, source })?;
    loop {
        if probe::answers(socket_dir, PORT).await {
            return Ok(child);
        }
        if let Ok(Some(status)) = child.try_wait() {
            return Err(start_error(layout, log_start, &status.to_string()));
        }
        if Instant::now() >= deadline {
            Running::Owned(child).stop();
            return Err(ServerError::Slow { dir: layout.cluster.clone(), log: layout.log.clone() });
        }
        tokio::time::sleep(POLL_EVERY).await;
    }
}

/// Modest in memory, safe on disk; the rest is PostgreSQL's own defaults.
fn settings() -> Vec<String> {
    let fsync = if without_fsync() { "off" } else { "on" };
    [
        "listen_addresses=".to_owned(),
        format!("port={PORT}"),
        "unix_socket_permissions=0700".to_owned(),
        format!("max_connections={MAX_CONNECTIONS}"),
        "shared_buffers=64MB".to_owned(),
        "effective_cache_size=256MB".to_owned(),
        "max_wal_size=256MB".to_owned(),
        "wal_level=minimal".to_owned(),
        "max_wal_senders=0".to_owned(),
        "max_parallel_workers_per_gather=0".to_owned(),
        "jit=off".to_owned(),
        // A statement whose asker is gone is not run to its end.
        "client_connection_check_interval=2s".to_owned(),
        "log_destination=stderr".to_owned(),
        "logging_collector=off".to_owned(),
        "log_line_prefix=%m [%p] %u@%d ".to_owned(),
        "timezone=UTC".to_owned(),
        "log_timezone=UTC".to_owned(),
        // Without it, what was committed still outlives the server's processes, though not the machine.
        format!("fsync={fsync}"),
    ]
    .into()
}

/// The log, to append to, and where the new part starts.
fn open_log(path: &Path) -> Result<(File, u64), ServerError> {
    let fail = |source| not_writable(path, source);
    if std::fs::metadata(path).is_ok_and(|metadata| metadata.len() > LOG_BYTES_MAX) {
        std::fs::rename(path, path.with_extension("log.1")).map_err(fail)?;
    }
    let log = File::options().create(true).append(true).open(path).map_err(fail)?;
    let start = log.metadata().map_err(fail)?.len();
    Ok((log, start))
}

fn start_error(layout: &Layout, log_start: u64, status: &str) -> ServerError {
    let log = std::fs::read(&layout.log).unwrap_or_default();
    let said = log.get(usize::try_from(log_start).unwrap_or_default()..).unwrap_or_default();
    let said = String::from_utf8_lossy(said);
    explain(&said, &layout.cluster).unwrap_or_else(|| {
        let line = said.lines().find(|line| line.contains("FATAL:") || line.contains("PANIC:"));
        let message = line.and_then(|line| line.split_once(": ")).map_or(status, |(_, message)| message.trim());
        ServerError::Start { message: message.to_owned(), log: layout.log.clone() }
    })
}

// === impl Running ===

impl Running {
    fn is_alive(&mut self, layout: &Layout) -> bool {
        match self {
            Self::Owned(child) => matches!(child.try_wait(), Ok(None)),
            Self::Shared(lock) => lock.is_alive(&layout.cluster),
        }
    }

    /// Fast shutdown, then harder; another process's server is left alone.
    fn stop(self) {
        let Self::Owned(mut child) = self else { return };
        let Ok(pid) = i32::try_from(child.id()).map(Pid::from_raw) else {
            return;
        };
        for (signal, patience) in
            [(Signal::SIGINT, STOP_TIMEOUT), (Signal::SIGQUIT, ABORT_TIMEOUT), (Signal::SIGKILL, ABORT_TIMEOUT)]
        {
            if !matches!(child.try_wait(), Ok(None)) || kill(pid, signal).is_err() {
                return;
            }
            let deadline = Instant::now() + patience;
            while Instant::now() < deadline {
                if !matches!(child.try_wait(), Ok(None)) {
                    return;
                }
                std::thread::sleep(POLL_EVERY);
            }
        }
    }
}
