//! A PostgreSQL in a data directory of its own, on a unix socket. It ends with this process however this process ends, is
//! started again when it dies, and is shared with another process that already serves the same directory.

mod binaries;
mod data_dir;
mod error;
mod launch;
mod login;
mod password;
mod probe;
mod supervisor;

use std::{
    path::PathBuf,
    sync::{
        Arc, Mutex, PoisonError,
        mpsc::{Sender, channel},
    },
};

use supervisor::ServerPaths;

pub use binaries::BINARIES_ENV;
pub use data_dir::SUPERUSER;
pub use error::PostgresError;

/// Environment variable that turns fsync off, for tests alone: a power cut may then lose everything.
pub const NO_FSYNC_ENV: &str = "MINDFLOW_TEST_NO_FSYNC";

/// What a server is started with.
#[derive(Clone, Debug)]
pub struct PostgresOptions {
    /// The cluster lies in its folder `postgres`; log, lock and socket lie next to that.
    pub data_dir: PathBuf,
    /// Directory of PostgreSQL's programs; searched for when absent.
    pub binaries: Option<PathBuf>,
    /// Whether a commit waits for the disk.
    pub fsync: bool,
    /// A port of 127.0.0.1 in addition to the socket; a login there needs a password.
    pub port: Option<u16>,
    /// Who may log in by the socket.
    pub authentication: Authentication,
    /// Settings besides the default ones, such as `max_connections=400`; of two, the last counts.
    pub settings: Vec<String>,
}

/// How a server knows who logs in by its socket.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Authentication {
    /// By the role's password (SCRAM). The superuser's is random and lies in the data directory. It takes effect on clusters
    /// of earlier versions, too.
    Passwords,
    /// A process that can open the socket is who it says. For servers whose data belongs to a test or a benchmark: where they run
    /// as `nobody`, each process of that user can open it.
    Trust,
}

/// A running server. Dropped, it stops if this process started it.
#[derive(Debug)]
pub struct Postgres {
    commands: Sender<(Shutdown, Stopped)>,
    paths: Arc<Mutex<ServerPaths>>,
}

/// How a server ends.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Shutdown {
    /// Open transactions are rolled back, and what is in memory is written out.
    Fast,
    /// As in a crash: the next start replays the journal.
    Immediate,
}

/// Names the socket's file where no port is opened.
const PORT: u16 = 5432;

/// Called when the server has stopped.
type Stopped = Box<dyn FnOnce() + Send>;

// === impl PostgresOptions ===

impl PostgresOptions {
    /// Safe on disk, unless [`NO_FSYNC_ENV`] says otherwise.
    #[must_use]
    pub fn new(data_dir: impl Into<PathBuf>) -> Self {
        let without_fsync = std::env::var_os(NO_FSYNC_ENV).is_some_and(|value| !value.is_empty() && value != "0");
        Self {
            data_dir: data_dir.into(),
            binaries: None,
            fsync: !without_fsync,
            port: None,
            authentication: Authentication::Passwords,
            settings: Vec::new(),
        }
    }

    /// The port that is opened, or that only names the socket's file.
    fn port_number(&self) -> u16 {
        self.port.unwrap_or(PORT)
    }
}

// === impl Postgres ===

impl Postgres {
    /// Starts the server, or finds the one that already serves the data directory.
    ///
    /// # Errors
    /// No programs, a data directory of another version, or a server that does not start.
    pub fn start(options: PostgresOptions) -> Result<Self, PostgresError> {
        let (ready, started) = channel();
        Self::launch(options, move |outcome| drop(ready.send(outcome)))?;
        started.recv().unwrap_or_else(|_| Err(PostgresError::ended_early()))
    }

    /// As [`Postgres::start`], without waiting: the outcome is given to `ready`, on another thread.
    ///
    /// # Errors
    /// No thread can be started; `ready` is then not called.
    pub fn launch(
        options: PostgresOptions,
        ready: impl FnOnce(Result<Self, PostgresError>) + Send + 'static,
    ) -> Result<(), PostgresError> {
        let (commands, inbox) = channel();
        // The kernel's death signal is tied to the thread that forked, so this one lives as long as the server.
        let supervisor = std::thread::Builder::new().name("postgres-supervisor".to_owned());
        let running = supervisor.spawn(move || {
            supervisor::run(&options, &inbox, |paths| ready(paths.map(|paths| Self { commands, paths })));
        });
        running.map(drop).map_err(PostgresError::Supervisor)
    }

    /// The directory of the server's unix socket, and the port that names the socket's file.
    #[must_use]
    pub fn socket(&self) -> (PathBuf, u16) {
        let paths = self.paths.lock().unwrap_or_else(PoisonError::into_inner);
        (paths.socket_dir.clone(), paths.port)
    }

    /// The superuser's password; none where it needs none.
    #[must_use]
    pub fn password(&self) -> Option<String> {
        let paths = self.paths.lock().unwrap_or_else(PoisonError::into_inner);
        paths.password.as_ref().map(|password| password.reveal().to_owned())
    }

    /// A superuser's connection string without its [`password`](Self::password), in the form `host=… port=…`.
    #[must_use]
    pub fn dsn(&self, database: &str) -> String {
        let (folder, port) = self.socket();
        format!("host={} port={port} user={SUPERUSER} dbname={database}", folder.display())
    }

    /// Whether this process started the server; false when another process did.
    #[must_use]
    pub fn is_owned(&self) -> bool {
        self.paths.lock().unwrap_or_else(PoisonError::into_inner).owned
    }

    /// Stops the server if this process started it, and waits for its end for a bounded time.
    pub fn stop(self) {
        self.wait_for(Shutdown::Fast);
    }

    /// As [`Postgres::stop`], without waiting: `done` is called when it has stopped, or dropped when it already had.
    pub fn stop_then(self, done: impl FnOnce() + Send + 'static) {
        let _ = self.commands.send((Shutdown::Fast, Box::new(done)));
    }

    /// Ends the server as a crash would, without writing out what is in memory.
    pub fn crash(self) {
        self.wait_for(Shutdown::Immediate);
    }

    fn wait_for(self, how: Shutdown) {
        let (done, stopped) = channel();
        let _ = self.commands.send((
            how,
            Box::new(move || {
                let _ = done.send(());
            }),
        ));
        // An error says that there is nothing left to stop.
        let _ = stopped.recv();
    }
}
