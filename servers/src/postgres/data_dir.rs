//! The private server's directories: made whole or not at all, readable by their owner alone, and refused with a reason
//! when they belong to another version.

use std::{
    fs::File,
    hash::{DefaultHasher, Hash, Hasher},
    io,
    os::unix::{
        ffi::OsStrExt,
        fs::{DirBuilderExt, MetadataExt, OpenOptionsExt, PermissionsExt},
    },
    path::{Path, PathBuf},
    process::{Command, Stdio},
};

use rustix::process::Signal;

use super::PostgresError;
use super::binaries::Binaries;
use super::password::{Password, UNFINISHED};
use crate::identity::Identity;

/// The cluster's superuser.
pub const SUPERUSER: &str = "mindflow";

/// A unix socket's path has 108 bytes, the last of them zero.
const SOCKET_PATH_MAX: usize = 107;
/// The folders under the host's data directory.
#[derive(Clone, Debug)]
pub(super) struct DataDir {
    /// The host's data directory, resolved.
    pub(super) root: PathBuf,
    /// The cluster.
    pub(super) cluster: PathBuf,
    pub(super) log: PathBuf,
    /// The superuser's, for this process alone.
    pub(super) password: PathBuf,
    /// Who is let in; in the cluster, because the server reads it.
    pub(super) rules: PathBuf,
    /// Held while a server is being started.
    lock: PathBuf,
}

// === impl DataDir ===

impl DataDir {
    /// Makes the data directory, private, and resolves it.
    pub(super) fn prepare(data_dir: &Path) -> Result<Self, PostgresError> {
        std::fs::DirBuilder::new()
            .recursive(true)
            .mode(0o700)
            .create(data_dir)
            .map_err(|source| PostgresError::not_writable(data_dir, source))?;
        let root = std::fs::canonicalize(data_dir).map_err(|source| PostgresError::not_writable(data_dir, source))?;
        Ok(Self {
            cluster: root.join("postgres"),
            log: root.join("postgres.log"),
            password: root.join("postgres.password"),
            rules: root.join("postgres/mindflow_hba.conf"),
            lock: root.join("postgres.lock"),
            root,
        })
    }

    /// The file that is locked while a server is being started.
    pub(super) fn open_lock(&self) -> Result<File, PostgresError> {
        let lock = File::options().create(true).truncate(false).write(true).mode(0o600).open(&self.lock);
        lock.map_err(|source| PostgresError::not_writable(&self.lock, source))
    }

    /// Makes the cluster on first use, and checks that it is of the programs' version. Answers whether it was made now.
    pub(super) fn ensure_cluster(
        &self,
        binaries: &Binaries,
        identity: Identity,
        fsync: bool,
        password: Option<&Password>,
    ) -> Result<bool, PostgresError> {
        self.remove_unfinished()?;
        // It is on the way to the cluster; the cluster itself stays closed.
        identity.let_through(&self.root).map_err(|source| PostgresError::not_writable(&self.root, source))?;
        match std::fs::read_to_string(self.cluster.join("PG_VERSION")) {
            Ok(version) if version.trim() == binaries.major.to_string() => Ok(false),
            Ok(version) => Err(PostgresError::Version {
                dir: self.cluster.clone(),
                made_by: version.trim().to_owned(),
                found: binaries.major,
                binaries: binaries.dir.clone(),
            }),
            Err(error) if error.kind() == io::ErrorKind::NotFound && !self.cluster.exists() => {
                self.make_cluster(binaries, identity, fsync, password).map(|()| true)
            }
            Err(source) => Err(PostgresError::NotACluster { dir: self.cluster.clone(), source }),
        }
    }

    fn remove_unfinished(&self) -> Result<(), PostgresError> {
        let entries =
            std::fs::read_dir(&self.root).map_err(|source| PostgresError::not_writable(&self.root, source))?;
        for entry in entries.flatten() {
            if entry.file_name().to_string_lossy().starts_with(UNFINISHED) {
                let path = entry.path();
                let removed = match entry.file_type() {
                    Ok(kind) if kind.is_dir() => std::fs::remove_dir_all(&path),
                    _ => std::fs::remove_file(&path),
                };
                removed.map_err(|source| PostgresError::not_writable(&path, source))?;
            }
        }
        Ok(())
    }

    fn make_cluster(
        &self,
        binaries: &Binaries,
        identity: Identity,
        fsync: bool,
        password: Option<&Password>,
    ) -> Result<(), PostgresError> {
        let unfinished = self.root.join(format!("{UNFINISHED}{}", std::process::id()));
        make_private(&unfinished, identity)?;
        let made = initdb(binaries, identity, &unfinished, fsync, password).and_then(|()| {
            std::fs::rename(&unfinished, &self.cluster)
                .map_err(|source| PostgresError::not_writable(&self.cluster, source))
        });
        if made.is_err() {
            // Whatever is left is removed at the next start.
            let _ = std::fs::remove_dir_all(&unfinished);
        }
        made
    }

    /// A private directory for the socket whose path can be named: next to the cluster where it fits.
    /// `earlier` is where this process has looked for the server so far, and where it keeps looking.
    pub(super) fn socket_dir(&self, identity: Identity, earlier: Option<&Path>) -> Result<PathBuf, PostgresError> {
        let next_to_it = self.root.join("postgres.run");
        let dir = match earlier {
            Some(earlier) => earlier.to_owned(),
            None if fits(&next_to_it) => next_to_it,
            None => self.short_socket_dir(),
        };
        if !fits(&dir) {
            return Err(PostgresError::SocketPath { dir });
        }
        make_private(&dir, identity)?;
        let metadata = std::fs::symlink_metadata(&dir).map_err(|source| PostgresError::not_writable(&dir, source))?;
        // In a shared folder somebody else may have made it first.
        if !metadata.is_dir() || metadata.uid() != identity.owner() {
            return Err(PostgresError::SocketDirTaken { dir });
        }
        Ok(dir)
    }

    fn short_socket_dir(&self) -> PathBuf {
        let mut hasher = DefaultHasher::new();
        self.root.hash(&mut hasher);
        let name = format!("mindflow-{:016x}", hasher.finish());
        std::env::var_os("XDG_RUNTIME_DIR")
            .map(|dir| PathBuf::from(dir).join(&name))
            .filter(|dir| fits(dir) && dir.parent().is_some_and(Path::is_dir))
            .unwrap_or_else(|| Path::new("/tmp").join(name))
    }
}

/// Whether a socket there can be named: by the kernel, in PostgreSQL's list of such directories, in which a comma separates
/// two, and in a connection string.
fn fits(dir: &Path) -> bool {
    let plain = |byte: &u8| byte.is_ascii_alphanumeric() || b"/._-+@~".contains(byte);
    // Any port has five digits at most.
    dir.join(".s.PGSQL.65535").as_os_str().len() < SOCKET_PATH_MAX && dir.as_os_str().as_bytes().iter().all(plain)
}

fn make_private(dir: &Path, identity: Identity) -> Result<(), PostgresError> {
    let made = match std::fs::DirBuilder::new().mode(0o700).create(dir) {
        Err(error) if error.kind() == io::ErrorKind::AlreadyExists => Ok(()),
        other => other.and_then(|()| identity.own(dir)),
    };
    made.map_err(|source| PostgresError::not_writable(dir, source))?;
    match std::fs::symlink_metadata(dir) {
        Ok(metadata) if metadata.uid() == identity.owner() && metadata.mode() & 0o777 != 0o700 => {
            std::fs::set_permissions(dir, std::fs::Permissions::from_mode(0o700))
                .map_err(|source| PostgresError::not_writable(dir, source))
        }
        _ => Ok(()),
    }
}

fn initdb(
    binaries: &Binaries,
    identity: Identity,
    dir: &Path,
    fsync: bool,
    password: Option<&Password>,
) -> Result<(), PostgresError> {
    let program = binaries.program("initdb");
    let mut command = Command::new(&program);
    let root = dir.parent().unwrap_or(dir);
    let lent = password.map(|password| password.lend(root, identity)).transpose();
    let lent = lent.map_err(|source| PostgresError::not_writable(root, source))?;
    match &lent {
        Some(file) => command.arg("--auth-local=scram-sha-256").arg("--pwfile").arg(file.path()),
        None => command.arg("--auth-local=trust"),
    };
    command
        .arg("-D")
        .arg(dir)
        .args(["-U", SUPERUSER, "-E", "UTF8", "--lc-collate=C", "--lc-ctype=C.UTF-8"])
        .arg("--auth-host=scram-sha-256")
        .current_dir("/")
        .stdin(Stdio::null());
    if !fsync {
        command.arg("--no-sync");
    }
    identity.apply(&mut command, Signal::INT);
    let output = command.output().map_err(|source| PostgresError::Spawn { program, source })?;
    if output.status.success() {
        return Ok(());
    }
    let printed = String::from_utf8_lossy(&output.stderr).into_owned();
    Err(PostgresError::explain(&printed, dir).unwrap_or_else(|| {
        let line = printed
            .lines()
            .rev()
            .find(|line| line.contains("error:") || line.contains("FATAL"))
            .unwrap_or("it printed no error");
        PostgresError::Init { dir: dir.to_owned(), message: line.trim().to_owned() }
    }))
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::ffi::OsStr;

    #[test]
    fn a_data_directory_with_a_long_or_unusual_path_gets_another_socket_path() {
        let root = tempfile::tempdir().unwrap();
        let near = DataDir::prepare(root.path()).unwrap();
        assert_eq!(near.socket_dir(Identity::choose(&near.cluster), None).unwrap(), near.root.join("postgres.run"));
        let long = "x".repeat(90);
        for name in [long.as_bytes(), b"a,b", b"a b", b"caf\xe9"] {
            let far = DataDir::prepare(&root.path().join(OsStr::from_bytes(name))).unwrap();
            let dir = far.socket_dir(Identity::choose(&far.cluster), None).unwrap();
            assert!(fits(&dir) && !dir.starts_with(root.path()), "{}", dir.display());
            assert_eq!(std::fs::metadata(&dir).unwrap().mode() & 0o777, 0o700);
            std::fs::remove_dir(dir).unwrap();
        }
    }

    #[test]
    fn another_major_version_is_named_with_ours() {
        let root = tempfile::tempdir().unwrap();
        let data_dir = DataDir::prepare(root.path()).unwrap();
        std::fs::create_dir(&data_dir.cluster).unwrap();
        std::fs::write(data_dir.cluster.join("PG_VERSION"), "14\n").unwrap();
        let binaries = Binaries { dir: "/opt/pg/bin".into(), major: 15 };
        let text = data_dir.ensure_cluster(&binaries, Identity::Own, true, None).unwrap_err().to_string();
        assert!(text.contains("PostgreSQL 14") && text.contains("PostgreSQL 15"), "{text}");
    }
}
