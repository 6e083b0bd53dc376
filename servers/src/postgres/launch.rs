//! Starts the server's process and waits until it takes statements.

use std::{
    fs::File,
    os::unix::fs::OpenOptionsExt,
    path::Path,
    process::{Child, Command, Stdio},
    thread::sleep,
    time::{Duration, Instant},
};

use rustix::process::Signal;

use super::{PostgresError, PostgresOptions, binaries::Binaries, data_dir::DataDir, login, probe};
use crate::{child, identity::Identity};

/// A start is under a second; recovery after a crash may have to replay its journal.
pub(super) const START_TIMEOUT: Duration = Duration::from_secs(120);
pub(super) const POLL_EVERY: Duration = Duration::from_millis(20);
/// Of a server that did not become ready in time.
const ABORT_TIMEOUT: Duration = Duration::from_secs(5);
/// Eight component pools with 16 connections each, and the administrator's 8 in three databases, stay under it.
const MAX_CONNECTIONS: u32 = 200;
/// A new log is begun beyond this; one older piece is kept.
const LOG_BYTES_MAX: u64 = 10 * 1024 * 1024;

pub(super) fn launch(
    options: &PostgresOptions,
    data_dir: &DataDir,
    binaries: &Binaries,
    identity: Identity,
    socket_dir: &Path,
    deadline: Instant,
) -> Result<Child, PostgresError> {
    let (log, log_start) = open_log(&data_dir.log)?;
    let program = binaries.program("postgres");
    let mut command = Command::new(&program);
    command.arg("-D").arg(&data_dir.cluster).arg("-c").arg(format!("unix_socket_directories={}", socket_dir.display()));
    command.args(login::arguments(options.authentication, data_dir));
    for setting in settings(options) {
        command.arg("-c").arg(setting);
    }
    let log_error = |source| PostgresError::not_writable(&data_dir.log, source);
    command
        .current_dir("/")
        .env("LC_ALL", "C.UTF-8")
        .stdin(Stdio::null())
        .stdout(log.try_clone().map_err(log_error)?)
        .stderr(log);
    // PostgreSQL's fast shutdown.
    identity.apply(&mut command, Signal::INT);
    let mut child = command.spawn().map_err(|source| PostgresError::Spawn { program, source })?;
    loop {
        if probe::answers(socket_dir, options.port_number()) {
            return Ok(child);
        }
        if let Ok(Some(status)) = child.try_wait() {
            return Err(start_error(data_dir, log_start, &status.to_string()));
        }
        if Instant::now() >= deadline {
            child::stop(&mut child, &[(Signal::QUIT, ABORT_TIMEOUT), (Signal::KILL, ABORT_TIMEOUT)]);
            return Err(PostgresError::Slow {
                dir: data_dir.cluster.clone(),
                log: data_dir.log.clone(),
                after: START_TIMEOUT,
            });
        }
        sleep(POLL_EVERY);
    }
}

/// Modest in memory, safe on disk; the rest is PostgreSQL's own defaults.
fn settings(options: &PostgresOptions) -> impl Iterator<Item = String> {
    let defaults = [
        format!("listen_addresses={}", if options.port.is_some() { "127.0.0.1" } else { "" }),
        // It names the socket, too.
        format!("port={}", options.port_number()),
        "unix_socket_permissions=0700".to_owned(),
        format!("max_connections={MAX_CONNECTIONS}"),
        "shared_buffers=64MB".to_owned(),
        "effective_cache_size=256MB".to_owned(),
        "max_wal_size=256MB".to_owned(),
        "wal_level=minimal".to_owned(),
        "max_wal_senders=0".to_owned(),
        "max_parallel_workers_per_gather=0".to_owned(),
        "jit=off".to_owned(),
        // A statement whose client has disconnected is not run to its end.
        "client_connection_check_interval=2s".to_owned(),
        "log_destination=stderr".to_owned(),
        "logging_collector=off".to_owned(),
        "log_line_prefix=%m [%p] %u@%d ".to_owned(),
        "timezone=UTC".to_owned(),
        "log_timezone=UTC".to_owned(),
        // Without it, what was committed still outlives the server's processes, though not the machine.
        format!("fsync={}", if options.fsync { "on" } else { "off" }),
    ];
    defaults.into_iter().chain(options.settings.iter().cloned())
}

/// The log, to append to, and where the new part starts.
fn open_log(path: &Path) -> Result<(File, u64), PostgresError> {
    let fail = |source| PostgresError::not_writable(path, source);
    if std::fs::metadata(path).is_ok_and(|metadata| metadata.len() > LOG_BYTES_MAX) {
        std::fs::rename(path, path.with_extension("log.1")).map_err(fail)?;
    }
    let log = File::options().create(true).append(true).mode(0o600).open(path).map_err(fail)?;
    let start = log.metadata().map_err(fail)?.len();
    Ok((log, start))
}

fn start_error(data_dir: &DataDir, log_start: u64, status: &str) -> PostgresError {
    let log = std::fs::read(&data_dir.log).unwrap_or_default();
    let printed = log.get(usize::try_from(log_start).unwrap_or_default()..).unwrap_or_default();
    let printed = String::from_utf8_lossy(printed);
    PostgresError::explain(&printed, &data_dir.cluster).unwrap_or_else(|| {
        let line = printed.lines().find(|line| line.contains("FATAL:") || line.contains("PANIC:"));
        let message = line.and_then(|line| line.split_once(": ")).map_or(status, |(_, message)| message.trim());
        PostgresError::Start { message: message.to_owned(), log: data_dir.log.clone() }
    })
}
