//! How the server knows who logs in. That a process can open its socket proves nothing: where the server runs as `nobody`, each
//! process of that user can. So every role needs its password. The superuser's is random, and lies next to the cluster in a file that only the
//! owner of the data directory can read.

use std::{
    ffi::OsString,
    io::{self, Write},
    path::Path,
    process::{Command, Stdio},
};

use rustix::process::Signal;

use super::{
    Authentication, PostgresError, PostgresOptions,
    binaries::Binaries,
    data_dir::{DataDir, SUPERUSER},
    password::{Password, unfinished},
};
use crate::identity::Identity;

/// The rules of `pg_hba.conf` stay as `initdb` wrote them, and are not read.
const RULES: &str = "\
# Written at each start of the private server. Every login needs the password of its role.
local all all scram-sha-256
host all all 127.0.0.1/32 scram-sha-256
host all all ::1/128 scram-sha-256
";

/// Brings the cluster to the state in which the server can start, and answers the superuser's password if it needs one.
pub(super) fn prepare(
    options: &PostgresOptions,
    data_dir: &DataDir,
    binaries: &Binaries,
    identity: Identity,
) -> Result<Option<Password>, PostgresError> {
    if options.authentication == Authentication::Trust {
        data_dir.ensure_cluster(binaries, identity, options.fsync, None)?;
        return Ok(None);
    }
    let kept = kept(data_dir)?;
    let is_new = kept.is_none();
    let password = kept.map_or_else(Password::random, Ok)?;
    let cluster_is_new = data_dir.ensure_cluster(binaries, identity, options.fsync, Some(&password))?;
    if is_new {
        if !cluster_is_new {
            // It is of an earlier version, or the file of its password is gone.
            set(&password, data_dir, binaries, identity)?;
        }
        write(&data_dir.password, password.reveal().as_bytes(), Identity::Own)?;
    }
    write(&data_dir.rules, RULES.as_bytes(), identity)?;
    Ok(Some(password))
}

/// The superuser's password, if the data directory has one.
pub(super) fn kept(data_dir: &DataDir) -> Result<Option<Password>, PostgresError> {
    match std::fs::read_to_string(&data_dir.password) {
        Ok(text) if text.trim().is_empty() => Ok(None),
        Ok(text) => Ok(Some(Password::kept(&text))),
        Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(None),
        Err(source) => Err(PostgresError::Password { path: data_dir.password.clone(), source }),
    }
}

/// What the server is started with.
pub(super) fn arguments(authentication: Authentication, data_dir: &DataDir) -> Vec<OsString> {
    match authentication {
        Authentication::Passwords => {
            let mut rules = OsString::from("hba_file=");
            rules.push(&data_dir.rules);
            vec!["-c".into(), rules]
        }
        Authentication::Trust => Vec::new(),
    }
}

/// Has the cluster know the password. No server runs; this one takes statements from its standard input alone.
fn set(password: &Password, data_dir: &DataDir, binaries: &Binaries, identity: Identity) -> Result<(), PostgresError> {
    let program = binaries.program("postgres");
    let mut command = Command::new(&program);
    command
        .arg("--single")
        .arg("-D")
        .arg(&data_dir.cluster)
        .args(["-c", "password_encryption=scram-sha-256", "-c", "log_destination=stderr", "postgres"])
        .current_dir("/")
        .env("LC_ALL", "C.UTF-8")
        .stdin(Stdio::piped())
        .stdout(Stdio::null())
        .stderr(Stdio::piped());
    identity.apply(&mut command, Signal::INT);
    let spawn = |source| PostgresError::Spawn { program: program.clone(), source };
    let mut child = command.spawn().map_err(spawn)?;
    if let Some(mut input) = child.stdin.take() {
        // When it has ended early, what it printed says why.
        let _ = writeln!(input, "ALTER ROLE {SUPERUSER} PASSWORD '{}'", password.reveal());
    }
    let output = child.wait_with_output().map_err(spawn)?;
    let printed = String::from_utf8_lossy(&output.stderr);
    // A statement that fails does not change how the program ends.
    let failed = printed.lines().find(|line| ["ERROR:", "FATAL:", "PANIC:"].iter().any(|word| line.contains(word)));
    match failed {
        None if output.status.success() => Ok(()),
        _ => Err(PostgresError::explain(&printed, &data_dir.cluster).unwrap_or_else(|| {
            let message = failed.map_or_else(|| output.status.to_string(), |line| line.trim().to_owned());
            PostgresError::SetPassword { dir: data_dir.cluster.clone(), message }
        })),
    }
}

/// Whole or not at all, for its owner alone.
fn write(path: &Path, text: &[u8], owner: Identity) -> Result<(), PostgresError> {
    let write = || -> io::Result<()> {
        let mut file = unfinished(path.parent().unwrap_or(Path::new("/")))?;
        file.write_all(text)?;
        owner.own(file.path())?;
        file.as_file().sync_all()?;
        file.persist(path)?;
        Ok(())
    };
    write().map_err(|source| PostgresError::not_writable(path, source))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{Folder, Postgres, postgres::probe};
    use std::os::unix::fs::{MetadataExt, PermissionsExt};

    /// What the server asks of a superuser who comes without a password.
    fn asked(server: &Postgres) -> probe::Welcome {
        let (socket_dir, port) = server.socket();
        probe::welcome(&socket_dir, port).unwrap()
    }

    fn folder() -> Folder {
        let folder = Folder::new("login").unwrap();
        Identity::choose(&folder.path().join("data/postgres")).let_through(folder.path()).unwrap();
        folder
    }

    fn options(folder: &Folder, authentication: Authentication) -> PostgresOptions {
        PostgresOptions { authentication, fsync: false, ..PostgresOptions::new(folder.path().join("data")) }
    }

    #[test]
    fn a_password_is_asked_for_also_on_a_cluster_of_an_earlier_version() {
        let folder = folder();
        let earlier = Postgres::start(options(&folder, Authentication::Trust)).unwrap();
        assert_eq!(asked(&earlier), probe::Welcome::LetIn);
        assert_eq!(earlier.password(), None);
        earlier.stop();
        let mut passwords = Vec::new();
        for _ in 0..2 {
            let server = Postgres::start(options(&folder, Authentication::Passwords)).unwrap();
            assert_eq!(asked(&server), probe::Welcome::PasswordAsked);
            passwords.push(server.password().unwrap());
            server.stop();
        }
        assert_eq!(passwords[0], passwords[1]);
        assert_eq!(passwords[0].len(), 64);
        let kept = folder.path().join("data/postgres.password");
        assert_eq!(std::fs::read_to_string(&kept).unwrap(), passwords[0]);
        assert_eq!(std::fs::metadata(kept).unwrap().mode() & 0o777, 0o600);
    }

    #[test]
    fn an_unprivileged_server_asks_for_a_password_and_only_its_group_passes_the_directory() {
        if !rustix::process::geteuid().is_root() {
            eprintln!("skipped: only root can start a server as another user");
            return;
        }
        let folder = Folder::new("login").unwrap();
        Identity::Unprivileged.let_through(folder.path()).unwrap();
        let data_dir = DataDir::prepare(&folder.path().join("data")).unwrap();
        let binaries = Binaries::find(None).unwrap();
        let options = options(&folder, Authentication::Passwords);
        let password = prepare(&options, &data_dir, &binaries, Identity::Unprivileged).unwrap().unwrap();
        // A cluster of another user's stays so.
        let server = Postgres::start(options).unwrap();
        assert_eq!(server.password().as_deref(), Some(password.reveal()));
        assert_eq!(asked(&server), probe::Welcome::PasswordAsked);
        server.stop();
        let of = |path: &Path| {
            let metadata = std::fs::metadata(path).unwrap();
            (metadata.uid(), metadata.gid(), metadata.permissions().mode() & 0o777)
        };
        let user = Identity::Unprivileged.owner();
        assert_eq!(of(&data_dir.root), (0, user, 0o710));
        assert_eq!(of(&data_dir.cluster), (user, user, 0o700));
        assert_eq!(of(&data_dir.password), (0, 0, 0o600));
    }
}
