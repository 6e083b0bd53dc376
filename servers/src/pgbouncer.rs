//! A `pgbouncer` on a unix socket, in a folder that is removed with it.

use std::{
    fmt::Write as _,
    fs::File,
    io,
    path::{Path, PathBuf},
    process::{Child, Command, Stdio},
    time::Duration,
};

use rustix::process::Signal;

use crate::{
    child,
    folder::Folder,
    identity::Identity,
    socket::{STARTED_WITHIN, Unanswered, ask, tail, until_answered},
};

/// Environment variable that names the program. There is no other way to it: an installed one may be too old.
pub const PGBOUNCER_ENV: &str = "MINDFLOW_PGBOUNCER";
const ENDED_WITHIN: Duration = Duration::from_secs(10);
/// Names the socket's file; no port is opened.
const PORT: u16 = 6432;

/// What it pools, and how.
#[derive(Clone, Debug)]
pub struct PgBouncerOptions {
    /// Lines of the section `databases`, such as `* = host=/run/postgresql port=5432`.
    pub databases: Vec<String>,
    /// Lines of the section `pgbouncer`, such as `default_pool_size = 3`; of two, the last counts.
    pub settings: Vec<String>,
    /// Lines of the file of users, such as `"ann" "secret"`.
    pub users: Vec<String>,
}

/// Why there is no PgBouncer.
#[derive(Debug, thiserror::Error)]
pub enum PgBouncerError {
    #[error("no program: run scripts/test, which installs a PgBouncer, or set {PGBOUNCER_ENV} to one")]
    NoProgram,
    #[error("a temporary folder for PgBouncer cannot be made")]
    Folder(#[source] io::Error),
    #[error("{program} cannot be started; run scripts/test, which installs a PgBouncer, or set {PGBOUNCER_ENV} to one")]
    Spawn { program: PathBuf, source: io::Error },
    #[error("{program} ended before it answered: {log}")]
    Ended { program: PathBuf, log: String },
    #[error("{program} did not answer within {} s: {log}", STARTED_WITHIN.as_secs())]
    Slow { program: PathBuf, log: String },
}

/// A private pooler. Dropped, it ends, and so do the connections through it.
#[derive(Debug)]
pub struct TemporaryPgBouncer {
    child: Child,
    folder: Folder,
}

// === impl PgBouncerOptions ===

impl PgBouncerOptions {
    /// All databases of the PostgreSQL that has its socket in `folder`, in transaction mode with prepared statements.
    /// Every role of that server is let in without a password.
    #[must_use]
    pub fn transactions(folder: &Path, port: u16, superuser: &str) -> Self {
        let settings = [
            "pool_mode = transaction".to_owned(),
            "max_prepared_statements = 200".to_owned(),
            "max_client_conn = 1000".to_owned(),
            "auth_type = trust".to_owned(),
            format!("auth_user = {superuser}"),
            format!("admin_users = {superuser}"),
        ];
        Self {
            databases: vec![format!("* = host={} port={port}", folder.display())],
            settings: settings.to_vec(),
            users: vec![format!("\"{superuser}\" \"\"")],
        }
    }
}

// === impl TemporaryPgBouncer ===

impl TemporaryPgBouncer {
    /// Starts the program that [`PGBOUNCER_ENV`] names. Spawn it from a thread that lasts: it ends with that thread.
    ///
    /// # Errors
    /// No program, or one that does not answer.
    pub fn start(options: &PgBouncerOptions) -> Result<Self, PgBouncerError> {
        let named = std::env::var_os(PGBOUNCER_ENV).filter(|program| !program.is_empty());
        Self::start_program(Path::new(&named.ok_or(PgBouncerError::NoProgram)?), options)
    }

    /// # Errors
    /// As [`TemporaryPgBouncer::start`].
    pub fn start_program(program: &Path, options: &PgBouncerOptions) -> Result<Self, PgBouncerError> {
        let folder = Folder::new("pgbouncer").map_err(PgBouncerError::Folder)?;
        // It refuses to run as root.
        let identity = Identity::choose(folder.path());
        identity.own(folder.path()).map_err(PgBouncerError::Folder)?;
        let path = |name: &str| folder.path().join(name);
        let write = |name: &str, text: String| std::fs::write(path(name), text).map_err(PgBouncerError::Folder);
        write(USERS, options.users.join("\n") + "\n")?;
        write(CONFIGURATION, configuration(folder.path(), options))?;
        let log = File::create(path(LOG)).map_err(PgBouncerError::Folder)?;
        let mut command = Command::new(program);
        command.arg(path(CONFIGURATION)).current_dir("/").stdin(Stdio::null()).stdout(Stdio::null()).stderr(log);
        // It ends without waiting for its clients.
        identity.apply(&mut command, Signal::QUIT);
        let child = command.spawn().map_err(|source| PgBouncerError::Spawn { program: program.to_owned(), source })?;
        let mut pooler = Self { child, folder };
        let socket = pooler.folder.path().join(format!(".s.PGSQL.{PORT}"));
        match until_answered(&mut pooler.child, || answers(&socket)) {
            Ok(()) => Ok(pooler),
            Err(Unanswered::Ended) => Err(PgBouncerError::Ended { program: program.to_owned(), log: pooler.log() }),
            Err(Unanswered::Slow) => Err(PgBouncerError::Slow { program: program.to_owned(), log: pooler.log() }),
        }
    }

    /// A connection string, in the form `host=… port=…`; the database `pgbouncer` is its console.
    #[must_use]
    pub fn dsn(&self, user: &str, database: &str) -> String {
        format!("host={} port={PORT} user={user} dbname={database}", self.folder.path().display())
    }

    /// The last lines that it logged.
    #[must_use]
    pub fn log(&self) -> String {
        tail(&self.folder.path().join(LOG))
    }
}

impl Drop for TemporaryPgBouncer {
    fn drop(&mut self) {
        child::stop(&mut self.child, &[(Signal::QUIT, ENDED_WITHIN), (Signal::KILL, ENDED_WITHIN)]);
    }
}

const CONFIGURATION: &str = "pgbouncer.ini";
const USERS: &str = "users";
const LOG: &str = "log";

fn configuration(folder: &Path, options: &PgBouncerOptions) -> String {
    let mut text = String::from("[databases]\n");
    let mut line = |line: &str| {
        let _ = writeln!(text, "{line}");
    };
    options.databases.iter().for_each(|database| line(database));
    line("[pgbouncer]");
    line(&format!("unix_socket_dir = {}", folder.display()));
    line(&format!("listen_port = {PORT}"));
    line("listen_addr =");
    line(&format!("auth_file = {}", folder.join(USERS).display()));
    options.settings.iter().for_each(|setting| line(setting));
    text
}

/// Whether it answers at all: an SSLRequest, which needs no login, is answered by one byte.
fn answers(socket: &Path) -> bool {
    const SSL_REQUEST: [u8; 8] = [0, 0, 0, 8, 0x04, 0xd2, 0x16, 0x2f];
    ask(socket, &SSL_REQUEST).is_ok_and(|_: [u8; 1]| true)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn options() -> PgBouncerOptions {
        PgBouncerOptions::transactions(Path::new("/nowhere"), 5432, "postgres")
    }

    #[test]
    fn a_program_that_is_missing_is_named() {
        let error = TemporaryPgBouncer::start_program(Path::new("/nowhere/pgbouncer"), &options()).unwrap_err();
        assert!(error.to_string().starts_with("/nowhere/pgbouncer cannot be started"), "{error}");
    }

    #[test]
    fn a_program_that_ends_is_reported_without_waiting() {
        let error = TemporaryPgBouncer::start_program(Path::new("/bin/false"), &options()).unwrap_err();
        assert!(matches!(error, PgBouncerError::Ended { .. }), "{error}");
    }

    #[test]
    fn of_two_settings_the_last_counts() {
        let mut options = options();
        options.settings.push("default_pool_size = 3".to_owned());
        let text = configuration(Path::new("/tmp/x"), &options);
        assert!(text.starts_with("[databases]\n* = host=/nowhere port=5432\n[pgbouncer]\nunix_socket_dir = /tmp/x\n"));
        assert!(text.ends_with("admin_users = postgres\ndefault_pool_size = 3\n"), "{text}");
    }
}
