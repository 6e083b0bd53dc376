//! What goes on in a data directory: a server that serves, one on its way up or down, or none. After a
//! kill -9 the lock file stays behind, and its process id may be anybody's by now.

use std::path::{Path, PathBuf};
use std::time::Duration;

use tokio_postgres::error::SqlState;

use super::config::socket_config;
use super::server::USER;

/// How long one look at the socket may take.
const PROBE_TIMEOUT: Duration = Duration::from_secs(2);

/// The lines of `postmaster.pid` that matter here.
#[derive(Clone, Debug, PartialEq)]
pub(super) struct LockFile {
    pub(super) pid: i32,
    pub(super) port: u16,
    pub(super) socket_dir: PathBuf,
}

/// The state of a data directory.
#[derive(Clone, Debug, PartialEq)]
pub(super) enum State {
    /// A server answers there.
    Serving(LockFile),
    /// Processes of a server are there and do not answer: it starts, stops, or has just been killed.
    Busy,
    /// Nobody uses the directory.
    Free,
}

// === impl LockFile ===

impl LockFile {
    pub(super) fn read(data_dir: &Path) -> Option<Self> {
        Self::parse(&std::fs::read_to_string(data_dir.join("postmaster.pid")).ok()?)
    }

    /// Lines: pid, data directory, start time, port, socket directory, …
    fn parse(text: &str) -> Option<Self> {
        let mut lines = text.lines();
        let pid = lines.next()?.trim().parse().ok()?;
        let port = lines.nth(2)?.trim().parse().ok()?;
        let socket_dir = lines.next()?.trim();
        (!socket_dir.is_empty()).then(|| Self { pid, port, socket_dir: PathBuf::from(socket_dir) })
    }

    /// Whether its process runs and works in `data_dir`, as every process of a server does.
    pub(super) fn is_alive(&self, data_dir: &Path) -> bool {
        works_in(&PathBuf::from(format!("/proc/{}", self.pid)), data_dir)
    }
}

/// Looks at the data directory, and removes a lock file that nobody holds.
pub(super) async fn look(data_dir: &Path) -> std::io::Result<State> {
    if let Some(lock) = LockFile::read(data_dir)
        && lock.is_alive(data_dir)
    {
        return Ok(match answers(&lock.socket_dir, lock.port).await {
            true => State::Serving(lock),
            false => State::Busy,
        });
    }
    if anybody_works_in(data_dir)? {
        // Orphans of a killed server; they notice within moments.
        return Ok(State::Busy);
    }
    match std::fs::remove_file(data_dir.join("postmaster.pid")) {
        Err(error) if error.kind() != std::io::ErrorKind::NotFound => Err(error),
        _ => Ok(State::Free),
    }
}

/// Whether a server on this socket takes statements.
pub(super) async fn answers(socket_dir: &Path, port: u16) -> bool {
    let settings = socket_config(socket_dir, port, USER, "postgres");
    match tokio::time::timeout(PROBE_TIMEOUT, settings.connect(tokio_postgres::NoTls)).await {
        Ok(Ok(_)) => true,
        // Full, but serving; starting and stopping are `cannot_connect_now`.
        Ok(Err(error)) => error.code().is_some_and(|code| *code != SqlState::CANNOT_CONNECT_NOW),
        Err(_) => false,
    }
}

fn anybody_works_in(data_dir: &Path) -> std::io::Result<bool> {
    let processes = std::fs::read_dir("/proc")?;
    Ok(processes.flatten().any(|entry| {
        let is_process = entry.file_name().to_string_lossy().bytes().all(|byte| byte.is_ascii_digit());
        is_process && works_in(&entry.path(), data_dir)
    }))
}

fn works_in(process: &Path, data_dir: &Path) -> bool {
    let is_postgres = std::fs::read_to_string(process.join("comm")).is_ok_and(|name| name.starts_with("postgres"));
    is_postgres && std::fs::read_link(process.join("cwd")).is_ok_and(|dir| dir == data_dir)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_lock_file_is_read_by_its_lines() {
        let text = "4711\n/data/postgres\n1700000000\n5432\n/run/x\n\n  5432001   0\nready   \n";
        let lock = LockFile::parse(text).unwrap();
        assert_eq!(lock, LockFile { pid: 4711, port: 5432, socket_dir: "/run/x".into() });
        assert_eq!(LockFile::parse("4711\n/data\n"), None);
        assert_eq!(LockFile::parse(""), None);
    }

    #[test]
    fn a_process_of_somebody_else_does_not_hold_the_directory() {
        let lock = LockFile { pid: i32::try_from(std::process::id()).unwrap(), port: 1, socket_dir: "/x".into() };
        assert!(!lock.is_alive(&std::env::current_dir().unwrap()));
    }

    #[tokio::test]
    async fn a_stale_lock_file_is_removed() {
        let dir = tempfile::tempdir().unwrap();
        std::fs::write(dir.path().join("postmaster.pid"), format!("{}\n/x\n1\n5432\n/x\n", std::process::id()))
            .unwrap();
        assert_eq!(look(dir.path()).await.unwrap(), State::Free);
        assert!(!dir.path().join("postmaster.pid").exists());
    }
}
