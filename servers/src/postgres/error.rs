//! Why a PostgreSQL does not run, in words that say what to do about it.

use std::{
    io,
    path::{Path, PathBuf},
    time::Duration,
};

use super::binaries::BinariesError;

/// Why the private server does not run.
#[derive(Debug, thiserror::Error)]
pub enum PostgresError {
    #[error(transparent)]
    Binaries(#[from] BinariesError),
    #[error("{path} cannot be written; choose another place with --data-dir")]
    NotWritable { path: PathBuf, source: io::Error },
    #[error("{path}: the disk is full; free some space and start again")]
    DiskFull { path: PathBuf },
    #[error(
        "{dir}: made by PostgreSQL {made_by}, and {binaries} is PostgreSQL {found}; install version {made_by}, or move the data with pg_dump"
    )]
    Version { dir: PathBuf, made_by: String, found: u32, binaries: PathBuf },
    #[error("{dir} is not a PostgreSQL data directory; move it away")]
    NotACluster { dir: PathBuf, source: io::Error },
    #[error("{dir}: the path of a unix socket has at most 107 bytes; choose a shorter XDG_RUNTIME_DIR")]
    SocketPath { dir: PathBuf },
    #[error("{dir}: belongs to another user; remove it, or set XDG_RUNTIME_DIR to a directory of yours")]
    SocketDirTaken { dir: PathBuf },
    #[error("{program} cannot be started")]
    Spawn { program: PathBuf, source: io::Error },
    #[error("{path}, the superuser's password, cannot be read; remove it, and the next start sets a new one")]
    Password { path: PathBuf, source: io::Error },
    #[error("{dir}: the superuser's password cannot be set: {message}")]
    SetPassword { dir: PathBuf, message: String },
    #[error("the machine has no random bytes for a password: {0}")]
    Random(getrandom::Error),
    #[error("{dir}: initdb failed: {message}")]
    Init { dir: PathBuf, message: String },
    #[error("PostgreSQL did not start: {message}; see {log}")]
    Start { message: String, log: PathBuf },
    #[error("PostgreSQL in {dir} is not ready after {} s; see {log}", after.as_secs())]
    Slow { dir: PathBuf, log: PathBuf, after: Duration },
    #[error("the thread that supervises PostgreSQL cannot run")]
    Supervisor(#[source] io::Error),
    #[error("a temporary folder for PostgreSQL cannot be made")]
    Folder(#[source] io::Error),
}

/// How PostgreSQL says that a disk is full. Where the last block fits in part (`mdextend`), it names the bytes instead of the system's error.
const DISK_FULL: [&str; 3] = ["No space left on device", "Disk quota exceeded", ": wrote only "];

// === impl PostgresError ===

impl PostgresError {
    #[must_use]
    pub fn ended_early() -> Self {
        Self::Supervisor(io::Error::other("it ended early"))
    }

    pub(super) fn not_writable(path: &Path, source: io::Error) -> Self {
        match source.kind() {
            io::ErrorKind::StorageFull => Self::DiskFull { path: path.to_owned() },
            _ => Self::NotWritable { path: path.to_owned(), source },
        }
    }

    /// What PostgreSQL printed, if it is something that a user can fix.
    pub(super) fn explain(printed: &str, path: &Path) -> Option<Self> {
        if DISK_FULL.iter().any(|sign| printed.contains(sign)) {
            return Some(Self::DiskFull { path: path.to_owned() });
        }
        if printed.contains("Permission denied") || printed.contains("Read-only file system") {
            let source = io::Error::from(io::ErrorKind::PermissionDenied);
            return Some(Self::NotWritable { path: path.to_owned(), source });
        }
        None
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_full_disk_and_a_refusal_are_recognised() {
        let path = Path::new("/data");
        let whole = "FATAL: could not write: No space left on device";
        let part = "FATAL: could not extend file \"base/1/2691\": wrote only 4096 of 8192 bytes at block 20";
        for printed in [whole, part] {
            let full = PostgresError::explain(printed, path);
            assert!(matches!(full, Some(PostgresError::DiskFull { .. })), "{printed}");
        }
        let denied = PostgresError::explain("Permission denied", path);
        assert!(matches!(denied, Some(PostgresError::NotWritable { .. })));
        assert!(PostgresError::explain("something else", path).is_none());
    }
}
