//! A `redis-server` on a unix socket, in a folder that is removed with it.

use std::{
    fs::File,
    io::{self, Write},
    os::unix::{fs::OpenOptionsExt, process::CommandExt},
    path::{Path, PathBuf},
    process::{Child, Command, Stdio},
    time::Duration,
};

use rustix::process::Signal;

use crate::{
    child::{self, end_with_parent},
    folder::Folder,
    socket::{STARTED_WITHIN, Unanswered, ask, tail, until_answered},
};

/// Environment variable that names the program; without it, `redis-server` on the PATH.
pub const REDIS_ENV: &str = "MINDFLOW_REDIS_SERVER";
const KILLED_WITHIN: Duration = Duration::from_secs(10);

/// What survives the end of the server.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Durability {
    /// Nothing: it works in memory only.
    None,
    /// Every write that was acknowledged, unless the machine fails.
    Written,
    /// Every write that was acknowledged.
    Synced,
}

/// Where a node of a cluster listens on the loopback interface, where each user of the machine can connect.
#[derive(Clone, Debug)]
pub(crate) struct Node {
    pub(crate) clients: u16,
    /// For the other nodes.
    pub(crate) nodes: u16,
    pub(crate) password: String,
}

/// Why there is no Redis.
#[derive(Debug, thiserror::Error)]
pub enum RedisError {
    #[error("a temporary folder for Redis cannot be made")]
    Folder(#[source] io::Error),
    #[error("{program} cannot be started; run scripts/test, which installs a redis-server, or set {REDIS_ENV} to one")]
    Spawn { program: PathBuf, source: io::Error },
    #[error("{program} ended before it answered: {log}")]
    Ended { program: PathBuf, log: String },
    #[error("{program} did not answer within {} s: {log}", STARTED_WITHIN.as_secs())]
    Slow { program: PathBuf, log: String },
    #[error("the Redis servers did not form a cluster within {} s", STARTED_WITHIN.as_secs())]
    Cluster,
    #[error("the machine has no random bytes for a password: {0}")]
    Random(getrandom::Error),
    #[error("no port of the loopback interface can be had for Redis")]
    Port(#[source] io::Error),
}

/// A private server. Dropped, it is killed, and its data is removed.
#[derive(Debug)]
pub struct TemporaryRedis {
    program: PathBuf,
    durability: Durability,
    node: Option<Node>,
    child: Option<Child>,
    folder: Folder,
}

/// The program that [`REDIS_ENV`] names, else `redis-server` on the PATH.
#[must_use]
pub fn redis_program() -> PathBuf {
    let named = std::env::var_os(REDIS_ENV).filter(|program| !program.is_empty());
    named.map_or_else(|| "redis-server".into(), PathBuf::from)
}

// === impl TemporaryRedis ===

impl TemporaryRedis {
    /// Starts the program that [`REDIS_ENV`] names. Spawn it from a thread that lasts: it ends with that thread.
    ///
    /// # Errors
    /// No program, or one that does not answer.
    pub fn start(durability: Durability) -> Result<Self, RedisError> {
        Self::start_program(&redis_program(), durability)
    }

    /// # Errors
    /// As [`TemporaryRedis::start`].
    pub fn start_program(program: &Path, durability: Durability) -> Result<Self, RedisError> {
        Self::start_with(program, durability, None)
    }

    /// A node of a cluster listens on its ports, too, and asks for its password.
    pub(crate) fn start_with(program: &Path, durability: Durability, node: Option<Node>) -> Result<Self, RedisError> {
        let folder = Folder::new("redis").map_err(RedisError::Folder)?;
        let mut server = Self { program: program.to_owned(), durability, node, child: None, folder };
        server.run()?;
        Ok(server)
    }

    /// Starts it again, on the data that it had on disk.
    ///
    /// # Errors
    /// As [`TemporaryRedis::start`].
    pub fn run(&mut self) -> Result<(), RedisError> {
        self.kill();
        let log = File::create(self.log()).map_err(RedisError::Folder)?;
        let mut command = Command::new(&self.program);
        if let Some(node) = &self.node {
            // Not on the command line, which others can read.
            let configuration = self.folder.path().join("node.conf");
            let file = File::options().write(true).create(true).truncate(true).mode(0o600).open(&configuration);
            let written = file.and_then(|mut file| writeln!(file, "requirepass {}", node.password));
            written.map_err(RedisError::Folder)?;
            command.arg(configuration);
        }
        command.args(["--save", "", "--daemonize", "no"]);
        match &self.node {
            None => command.args(["--port", "0"]),
            Some(Node { clients, nodes, .. }) => command
                .args(["--cluster-enabled", "yes", "--bind", "127.0.0.1", "--port", &clients.to_string()])
                .args(["--cluster-port", &nodes.to_string()]),
        };
        command.args(match self.durability {
            Durability::None => ["--appendonly", "no"].as_slice(),
            Durability::Written => &["--appendonly", "yes", "--appendfsync", "no"],
            Durability::Synced => &["--appendonly", "yes", "--appendfsync", "always"],
        });
        // The folder is its owner's alone.
        command.arg("--unixsocket").arg(self.socket()).args(["--unixsocketperm", "700"]);
        command.arg("--dir").arg(self.folder.path());
        command.current_dir(self.folder.path()).process_group(0).stdin(Stdio::null()).stderr(Stdio::null()).stdout(log);
        end_with_parent(&mut command, Signal::TERM);
        let child = command.spawn().map_err(|source| RedisError::Spawn { program: self.program.clone(), source })?;
        let child = self.child.insert(child);
        let (socket, node) = (self.folder.path().join(SOCKET), self.node.as_ref());
        until_answered(child, || answers(&socket, node)).map_err(|why| {
            let (program, log) = (self.program.clone(), tail(&self.folder.path().join(LOG)));
            match why {
                Unanswered::Ended => RedisError::Ended { program, log },
                Unanswered::Slow => RedisError::Slow { program, log },
            }
        })
    }

    #[must_use]
    pub fn url(&self) -> String {
        format!("redis+unix://{}", self.socket().display())
    }

    /// Where it keeps its writes, if it does.
    #[must_use]
    pub fn data(&self) -> PathBuf {
        self.folder.path().join("appendonlydir")
    }

    /// Ends it as a machine that fails would.
    pub fn kill(&mut self) {
        if let Some(mut child) = self.child.take() {
            child::stop(&mut child, &[(Signal::KILL, KILLED_WITHIN)]);
        }
    }

    /// Sends a command to a node of a cluster, and reads `N` bytes of what it answers to the login and to the command.
    pub(crate) fn tell<const N: usize>(&self, command: &str) -> io::Result<[u8; N]> {
        ask(&self.socket(), format!("{}{command}\r\n", login(self.node.as_ref())).as_bytes())
    }

    fn socket(&self) -> PathBuf {
        self.folder.path().join(SOCKET)
    }

    fn log(&self) -> PathBuf {
        self.folder.path().join(LOG)
    }
}

const SOCKET: &str = "redis.sock";
const LOG: &str = "log";

impl Drop for TemporaryRedis {
    fn drop(&mut self) {
        self.kill();
    }
}

/// Whether it takes commands; while it loads its data, it does not.
fn answers(socket: &Path, node: Option<&Node>) -> bool {
    let question = format!("{}PING\r\n", login(node));
    match node {
        None => ask(socket, question.as_bytes()).is_ok_and(|answer: [u8; 5]| &answer == b"+PONG"),
        Some(_) => ask(socket, question.as_bytes()).is_ok_and(|answer: [u8; 10]| &answer == b"+OK\r\n+PONG"),
    }
}

fn login(node: Option<&Node>) -> String {
    node.map_or_else(String::new, |node| format!("AUTH {}\r\n", node.password))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_program_that_is_missing_is_named() {
        let error = TemporaryRedis::start_program(Path::new("/nowhere/redis-server"), Durability::None).unwrap_err();
        assert!(error.to_string().starts_with("/nowhere/redis-server cannot be started"), "{error}");
    }

    #[test]
    fn a_program_that_ends_is_reported_without_waiting() {
        let error = TemporaryRedis::start_program(Path::new("/bin/false"), Durability::None).unwrap_err();
        assert!(matches!(error, RedisError::Ended { .. }), "{error}");
    }
}
