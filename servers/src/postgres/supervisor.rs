//! The thread that looks after one server: it starts it, starts it again when it dies, and stops it when asked.

use std::{
    path::{Path, PathBuf},
    process::Child,
    sync::{
        Arc, Mutex, PoisonError,
        mpsc::{Receiver, RecvTimeoutError},
    },
    thread::sleep,
    time::{Duration, Instant},
};

use rustix::process::Signal;

use super::{
    PostgresError, PostgresOptions, Shutdown, Stopped,
    binaries::Binaries,
    data_dir::DataDir,
    launch::{POLL_EVERY, START_TIMEOUT, launch},
    login,
    password::Password,
    probe::{self, LockFile, State},
};
use crate::{child, identity::Identity};

/// A fast shutdown writes out what is in memory.
const STOP_TIMEOUT: Duration = Duration::from_secs(30);
/// After that: as if the machine had lost power, which it survives.
const ABORT_TIMEOUT: Duration = Duration::from_secs(5);
/// How often the server's process is looked at.
const SUPERVISE_EVERY: Duration = Duration::from_millis(250);
/// Pause after a start that failed, so that a broken disk is not hammered.
const RESTART_PAUSE: Duration = Duration::from_secs(2);

/// Where the server is reached, and whether this process may stop it.
#[derive(Clone, Debug)]
pub(super) struct ServerPaths {
    pub(super) socket_dir: PathBuf,
    pub(super) port: u16,
    pub(super) owned: bool,
    /// Of the superuser; none where it needs none.
    pub(super) password: Option<Password>,
}

/// A server that this process uses.
enum Running {
    Owned(Child),
    Shared(LockFile),
}

/// Calls `ready` once, and returns when the server has stopped.
pub(super) fn run(
    options: &PostgresOptions,
    inbox: &Receiver<(Shutdown, Stopped)>,
    ready: impl FnOnce(Result<Arc<Mutex<ServerPaths>>, PostgresError>),
) {
    let (data_dir, mut running, paths) = match bring_up(options, None) {
        Ok((data_dir, running, paths)) => (data_dir, running, Arc::new(Mutex::new(paths))),
        Err(error) => return ready(Err(error)),
    };
    // When the caller has stopped waiting, the loop below finds the inbox closed and stops the server.
    ready(Ok(Arc::clone(&paths)));
    loop {
        match inbox.recv_timeout(SUPERVISE_EVERY) {
            Ok((how, done)) => {
                stop(running, how, &data_dir, &paths);
                return done();
            }
            Err(RecvTimeoutError::Disconnected) => return stop(running, Shutdown::Fast, &data_dir, &paths),
            Err(RecvTimeoutError::Timeout) if running.is_alive(&data_dir) => {}
            Err(RecvTimeoutError::Timeout) => {
                tracing::warn!("PostgreSQL ended; starting it again");
                let earlier = lock(&paths).socket_dir.clone();
                match bring_up(options, Some(&earlier)) {
                    Ok((_, again, now)) => {
                        running = again;
                        *lock(&paths) = now;
                        tracing::info!("PostgreSQL serves again");
                    }
                    Err(error) => {
                        let error: &dyn std::error::Error = &error;
                        tracing::error!(error, "PostgreSQL cannot be started again yet");
                        sleep(RESTART_PAUSE);
                    }
                }
            }
        }
    }
}

fn lock(paths: &Mutex<ServerPaths>) -> std::sync::MutexGuard<'_, ServerPaths> {
    paths.lock().unwrap_or_else(PoisonError::into_inner)
}

fn stop(running: Running, how: Shutdown, data_dir: &DataDir, paths: &Mutex<ServerPaths>) {
    let owned = matches!(running, Running::Owned(_));
    running.stop(how);
    let socket_dir = lock(paths).socket_dir.clone();
    if owned && !socket_dir.starts_with(&data_dir.root) {
        // In a shared folder nothing is left behind; while another process uses it, it is not empty.
        let _ = std::fs::remove_dir(socket_dir);
    }
}

/// One process at a time makes the cluster and starts the server.
fn bring_up(
    options: &PostgresOptions,
    earlier: Option<&Path>,
) -> Result<(DataDir, Running, ServerPaths), PostgresError> {
    let data_dir = DataDir::prepare(&options.data_dir)?;
    let deadline = Instant::now() + START_TIMEOUT;
    let slow =
        || PostgresError::Slow { dir: data_dir.cluster.clone(), log: data_dir.log.clone(), after: START_TIMEOUT };
    let lock = data_dir.open_lock()?;
    while lock.try_lock().is_err() {
        if Instant::now() >= deadline {
            return Err(slow());
        }
        sleep(POLL_EVERY);
    }
    loop {
        let state = probe::state_of(&data_dir.cluster);
        match state.map_err(|source| PostgresError::not_writable(&data_dir.cluster, source))? {
            State::Serving(lock) => {
                let paths = ServerPaths {
                    socket_dir: lock.socket_dir.clone(),
                    port: lock.port,
                    owned: false,
                    password: login::kept(&data_dir)?,
                };
                return Ok((data_dir, Running::Shared(lock), paths));
            }
            State::Busy if Instant::now() < deadline => sleep(POLL_EVERY),
            State::Busy => return Err(slow()),
            State::Free => break,
        }
    }
    let binaries = Binaries::find(options.binaries.as_deref())?;
    let identity = Identity::choose(&data_dir.cluster);
    let password = login::prepare(options, &data_dir, &binaries, identity)?;
    let socket_dir = data_dir.socket_dir(identity, earlier)?;
    let child = launch(options, &data_dir, &binaries, identity, &socket_dir, deadline)?;
    let paths = ServerPaths { socket_dir, port: options.port_number(), owned: true, password };
    Ok((data_dir, Running::Owned(child), paths))
}

// === impl Running ===

impl Running {
    fn is_alive(&mut self, data_dir: &DataDir) -> bool {
        match self {
            Self::Owned(child) => !child::has_ended(child),
            Self::Shared(lock) => lock.is_alive(&data_dir.cluster),
        }
    }

    /// Harder with each signal; another process's server is left alone.
    fn stop(self, how: Shutdown) {
        let Self::Owned(mut child) = self else { return };
        if how == Shutdown::Fast {
            child::stop(&mut child, &[(Signal::INT, STOP_TIMEOUT)]);
        }
        child::stop(&mut child, &[(Signal::QUIT, ABORT_TIMEOUT), (Signal::KILL, ABORT_TIMEOUT)]);
    }
}
