//! The private server's directories: made whole or not at all, readable by nobody else, and refused with
//! a reason when they belong to another version.

use std::io;
use std::os::unix::fs::{DirBuilderExt, MetadataExt, PermissionsExt};
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

use aws_lc_rs::digest;

use super::binaries::Binaries;
use super::privileges::Privileges;
use super::roles::hex;
use super::server::{PORT, ServerError, USER};

/// A unix socket's path has 108 bytes, the last of them zero.
const SOCKET_PATH_MAX: usize = 107;
/// Half-made clusters carry this prefix until they are whole.
const UNFINISHED: &str = "postgres.new-";

/// The folders under the host's data directory.
#[derive(Clone, Debug)]
pub(super) struct Layout {
    /// The host's data directory, resolved.
    pub(super) root: PathBuf,
    /// The cluster.
    pub(super) cluster: PathBuf,
    pub(super) log: PathBuf,
    /// Held while a server is being started.
    pub(super) lock: PathBuf,
}

// === impl Layout ===

impl Layout {
    /// Makes the data directory, private, and resolves it.
    pub(super) fn prepare(data_dir: &Path) -> Result<Self, ServerError> {
        std::fs::DirBuilder::new()
            .recursive(true)
            .mode(0o700)
            .create(data_dir)
            .map_err(|source| not_writable(data_dir, source))?;
        let root = std::fs::canonicalize(data_dir).map_err(|source| not_writable(data_dir, source))?;
        Ok(Self {
            cluster: root.join("postgres"),
            log: root.join("postgres.log"),
            lock: root.join("postgres.lock"),
            root,
        })
    }

    /// Makes the cluster on first use, and checks that it is of the programs' version.
    pub(super) fn ensure_cluster(&self, binaries: &Binaries, privileges: Privileges) -> Result<(), ServerError> {
        self.remove_unfinished()?;
        if privileges == Privileges::Nobody {
            // It is on the way to the cluster; the cluster itself stays closed.
            std::fs::set_permissions(&self.root, std::fs::Permissions::from_mode(0o711))
                .map_err(|source| not_writable(&self.root, source))?;
        }
        match std::fs::read_to_string(self.cluster.join("PG_VERSION")) {
            Ok(version) if version.trim() == binaries.major.to_string() => Ok(()),
            Ok(version) => Err(ServerError::Version {
                dir: self.cluster.clone(),
                made_by: version.trim().to_owned(),
                found: binaries.major,
                binaries: binaries.dir.clone(),
            }),
            Err(error) if error.kind() == io::ErrorKind::NotFound && !self.cluster.exists() => {
                self.make_cluster(binaries, privileges)
            }
            Err(source) => Err(ServerError::NotACluster { dir: self.cluster.clone(), source }),
        }
    }

    fn remove_unfinished(&self) -> Result<(), ServerError> {
        let entries = std::fs::read_dir(&self.root).map_err(|source| not_writable(&self.root, source))?;
        for entry in entries.flatten() {
            if entry.file_name().to_string_lossy().starts_with(UNFINISHED) {
                std::fs::remove_dir_all(entry.path()).map_err(|source| not_writable(&entry.path(), source))?;
            }
        }
        Ok(())
    }

    fn make_cluster(&self, binaries: &Binaries, privileges: Privileges) -> Result<(), ServerError> {
        let unfinished = self.root.join(format!("{UNFINISHED}{}", std::process::id()));
        make_private(&unfinished, privileges)?;
        let made = initdb(binaries, privileges, &unfinished).and_then(|()| {
            std::fs::rename(&unfinished, &self.cluster).map_err(|source| not_writable(&self.cluster, source))
        });
        if made.is_err() {
            // Whatever is left is removed at the next start.
            let _ = std::fs::remove_dir_all(&unfinished);
        }
        made
    }

    /// A private directory for the socket whose path is short enough: beside the cluster where it can be.
    /// `earlier` is where this process has looked for the server so far, and where it keeps looking.
    pub(super) fn socket_dir(&self, privileges: Privileges, earlier: Option<&Path>) -> Result<PathBuf, ServerError> {
        let beside = self.root.join("postgres.run");
        let dir = match earlier {
            Some(earlier) => earlier.to_owned(),
            None if fits(&beside) => beside,
            None => self.short_socket_dir(),
        };
        if !fits(&dir) {
            return Err(ServerError::SocketPath { dir });
        }
        make_private(&dir, privileges)?;
        let metadata = std::fs::symlink_metadata(&dir).map_err(|source| not_writable(&dir, source))?;
        // In a shared folder somebody else may have made it first.
        if !metadata.is_dir() || metadata.uid() != privileges.owner() {
            return Err(ServerError::SocketDirTaken { dir });
        }
        Ok(dir)
    }

    fn short_socket_dir(&self) -> PathBuf {
        let hash = hex(digest::digest(&digest::SHA256, self.root.as_os_str().as_encoded_bytes()).as_ref());
        let name = format!("mindflow-{}", hash.get(..16).unwrap_or_default());
        std::env::var_os("XDG_RUNTIME_DIR")
            .map(|dir| PathBuf::from(dir).join(&name))
            .filter(|dir| fits(dir) && dir.parent().is_some_and(Path::is_dir))
            .unwrap_or_else(|| Path::new("/tmp").join(name))
    }
}

fn fits(dir: &Path) -> bool {
    dir.join(format!(".s.PGSQL.{PORT}")).as_os_str().len() < SOCKET_PATH_MAX
}

fn make_private(dir: &Path, privileges: Privileges) -> Result<(), ServerError> {
    let made = match std::fs::DirBuilder::new().mode(0o700).create(dir) {
        Err(error) if error.kind() == io::ErrorKind::AlreadyExists => Ok(()),
        other => other.and_then(|()| privileges.own(dir)),
    };
    made.map_err(|source| not_writable(dir, source))?;
    match std::fs::symlink_metadata(dir) {
        Ok(metadata) if metadata.uid() == privileges.owner() && metadata.mode() & 0o777 != 0o700 => {
            std::fs::set_permissions(dir, std::fs::Permissions::from_mode(0o700))
                .map_err(|source| not_writable(dir, source))
        }
        _ => Ok(()),
    }
}

fn initdb(binaries: &Binaries, privileges: Privileges, dir: &Path) -> Result<(), ServerError> {
    let program = binaries.program("initdb");
    let mut command = Command::new(&program);
    command
        .arg("-D")
        .arg(dir)
        .args(["-U", USER, "-E", "UTF8", "--lc-collate=C", "--lc-ctype=C.UTF-8", "--auth=trust"])
        .current_dir("/")
        .stdin(Stdio::null());
    if super::server::without_fsync() {
        command.arg("--no-sync");
    }
    privileges.apply(&mut command);
    let output = command.output().map_err(|source| ServerError::Spawn { program, source })?;
    if output.status.success() {
        return Ok(());
    }
    let said = String::from_utf8_lossy(&output.stderr).into_owned();
    Err(explain(&said, dir).unwrap_or_else(|| {
        let line = said
            .lines()
            .rev()
            .find(|line| line.contains("error:") || line.contains("FATAL"))
            .unwrap_or("ended without a word");
        ServerError::Init { dir: dir.to_owned(), message: line.trim().to_owned() }
    }))
}

pub(super) fn not_writable(path: &Path, source: io::Error) -> ServerError {
    if source.kind() == io::ErrorKind::StorageFull {
        return ServerError::DiskFull { path: path.to_owned() };
    }
    ServerError::NotWritable { path: path.to_owned(), source }
}

/// Recognises in PostgreSQL's words what a user can mend.
pub(super) fn explain(said: &str, path: &Path) -> Option<ServerError> {
    if said.contains("No space left on device") || said.contains("Disk quota exceeded") {
        return Some(ServerError::DiskFull { path: path.to_owned() });
    }
    if said.contains("Permission denied") || said.contains("Read-only file system") {
        let source = io::Error::from(io::ErrorKind::PermissionDenied);
        return Some(ServerError::NotWritable { path: path.to_owned(), source });
    }
    None
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_long_data_directory_gets_a_short_socket_path() {
        let root = tempfile::tempdir().unwrap();
        let near = Layout::prepare(root.path()).unwrap();
        assert_eq!(near.socket_dir(Privileges::choose(&near.cluster), None).unwrap(), near.root.join("postgres.run"));
        let far = Layout::prepare(&root.path().join("x".repeat(90))).unwrap();
        let dir = far.socket_dir(Privileges::choose(&far.cluster), None).unwrap();
        assert!(fits(&dir), "{}", dir.display());
        assert_eq!(std::fs::metadata(&dir).unwrap().mode() & 0o777, 0o700);
        std::fs::remove_dir(dir).unwrap();
    }

    #[test]
    fn another_major_version_is_named_with_ours() {
        let root = tempfile::tempdir().unwrap();
        let layout = Layout::prepare(root.path()).unwrap();
        std::fs::create_dir(&layout.cluster).unwrap();
        std::fs::write(layout.cluster.join("PG_VERSION"), "14\n").unwrap();
        let binaries = Binaries { dir: "/opt/pg/bin".into(), major: 15 };
        let text = layout.ensure_cluster(&binaries, Privileges::Own).unwrap_err().to_string();
        assert!(text.contains("PostgreSQL 14") && text.contains("PostgreSQL 15"), "{text}");
    }

    #[test]
    fn a_full_disk_and_a_refusal_are_recognised() {
        let path = Path::new("/data");
        let full = explain("FATAL: could not write: No space left on device", path);
        assert!(matches!(full, Some(ServerError::DiskFull { .. })));
        assert!(matches!(explain("Permission denied", path), Some(ServerError::NotWritable { .. })));
        assert!(explain("something else", path).is_none());
    }
}
