//! A platform of a test's own: the built binary on a free port, with a data directory, databases and a
//! Redis prefix of its own, which are removed with the value.

use crate::payloads::{self, Kept};
use crate::process::{self, Process};
use crate::{Account, Http, Output};
use mindflow_backends::data_keys::DataKeys;
use mindflow_test_support::{TestDatabase, TestPostgres, TestRedis};
use rustix::process::Signal;
use std::collections::BTreeMap;
use std::fmt::Write;
use std::os::unix::fs::DirBuilderExt;
use std::os::unix::process::ExitStatusExt;
use std::path::{Path, PathBuf};
use std::process::Command;
use std::sync::Arc;
use tokio_postgres::types::ToSql;

/// The least that bcrypt knows: some 2 ms, so that stories do not wait for hashes.
const BCRYPT_COST: &str = "4";

/// Stories are many users at one address, so the rate limits of all their platforms are raised here. Those about the limits
/// have the shipped ones ([`Builder::shipped_limits`]).
pub const LIMITS_FACTOR: &str = "MINDFLOW_RATE_LIMITS__FACTOR";
pub const NO_LIMITS: &str = "1000000";
/// What secrets and data keys are sealed with.
const SEALING_KEY: &str = "MINDFLOW_SEALING__KEY";
const SEALED_WITH: &str = "what seals secrets in stories of services";

/// What to start; [`start`](Self::start) starts it.
pub struct Builder {
    embedded: bool,
    migrated: bool,
    environment: BTreeMap<String, String>,
    arguments: Vec<String>,
    manifest: Vec<Box<dyn FnOnce(String) -> String + Send>>,
    config: String,
    redis_streams: bool,
    data: String,
}

/// A running (or stopped) platform. Dropped, it ends; when the test is failing, its log is printed.
pub struct Platform {
    process: Option<Process>,
    http: Http,
    environment: BTreeMap<String, String>,
    arguments: Vec<String>,
    services: Option<Services>,
    data: String,
    folder: tempfile::TempDir,
}

/// A second host on the stores of a [`Platform`]; ends with the value.
pub struct Replica {
    process: Process,
    pub http: Http,
}

impl Replica {
    /// Ends it by `kill -9`.
    pub fn kill(&mut self) {
        self.process.kill();
    }
}

struct Services {
    write: TestDatabase,
    read: TestDatabase,
    analytics: TestDatabase,
    keys: TestDatabase,
    redis: TestRedis,
}

/// The repository's root.
pub fn root() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).parent().expect("a parent").to_owned()
}

/// The built host.
pub fn binary() -> PathBuf {
    std::env::var_os("MINDFLOW_BIN").map_or_else(|| root().join("target/debug/mindflow"), PathBuf::from)
}

/// Where the files are that are composed for Spin.
pub fn compositions() -> PathBuf {
    std::env::var_os("MINDFLOW_COMPOSITIONS").map_or_else(|| root().join("target/spin"), PathBuf::from)
}

/// Where the built components are.
pub fn components() -> PathBuf {
    std::env::var_os("MINDFLOW_COMPONENTS").map_or_else(|| root().join("target/components"), PathBuf::from)
}

// === impl Builder ===

impl Builder {
    fn new(embedded: bool) -> Self {
        let builder = Self {
            embedded,
            migrated: true,
            environment: BTreeMap::new(),
            arguments: Vec::new(),
            manifest: Vec::new(),
            config: String::new(),
            redis_streams: false,
            data: "data".to_owned(),
        };
        builder.env("MINDFLOW_COMPILED_CACHE", &compiled_cache().to_string_lossy())
    }

    /// As stories want it that do not try what they would wait for.
    fn for_stories(self) -> Self {
        self.bcrypt_cost(BCRYPT_COST).env(LIMITS_FACTOR, NO_LIMITS)
    }

    /// With the rate limits that are shipped.
    #[must_use]
    pub fn shipped_limits(mut self) -> Self {
        self.environment.remove(LIMITS_FACTOR);
        self
    }

    /// An environment variable of the host.
    #[must_use]
    pub fn env(mut self, name: &str, value: &str) -> Self {
        self.environment.insert(name.to_owned(), value.to_owned());
        self
    }

    /// A further argument of `mindflow up`, such as `--watch`.
    #[must_use]
    pub fn argument(mut self, argument: &str) -> Self {
        self.arguments.push(argument.to_owned());
        self
    }

    /// A variable of the manifest, such as `free_entries_per_month`.
    #[must_use]
    pub fn variable(self, name: &str, value: &str) -> Self {
        self.env(&format!("MINDFLOW_VARIABLE_{}", name.to_uppercase()), value)
    }

    /// What a password hash costs.
    #[must_use]
    pub fn bcrypt_cost(self, cost: &str) -> Self {
        self.variable("bcrypt_cost", cost).variable("allow_weak_bcrypt", "true")
    }

    /// Claude is at `url`, and there is a key.
    #[must_use]
    pub fn claude(self, url: &str) -> Self {
        self.env("ANTHROPIC_API_KEY", "test-key").env("MINDFLOW_CLAUDE_URL", url)
    }

    /// Changes the manifest's text. Paths of components and migrations in it are absolute by then. A change that changes
    /// nothing has not found what it looks for, and fails the test.
    #[must_use]
    pub fn manifest(mut self, change: impl FnOnce(String) -> String + Send + 'static) -> Self {
        self.manifest.push(Box::new(change));
        self
    }

    /// Further lines of the runtime configuration, such as `[http]\ndrain-ms = 100`.
    #[must_use]
    pub fn config(mut self, lines: &str) -> Self {
        self.config.push_str(lines);
        self.config.push('\n');
        self
    }

    /// The queues of events are on Redis Streams. For services only.
    #[must_use]
    pub fn redis_streams(mut self) -> Self {
        self.redis_streams = true;
        self
    }

    /// The databases of services are empty. Otherwise they are migrated already, which saves each start some seconds.
    #[must_use]
    pub fn empty_databases(mut self) -> Self {
        self.migrated = false;
        self
    }

    /// Another name of the data directory, such as one that makes its path long.
    #[must_use]
    pub fn data_dir(mut self, name: &str) -> Self {
        name.clone_into(&mut self.data);
        self
    }

    /// Lays everything out, without starting.
    pub async fn prepare(self) -> Platform {
        let folder = tempfile::Builder::new().prefix("mf-flow-").tempdir().expect("a folder");
        let services = if self.embedded { None } else { Some(Services::open(self.migrated).await) };
        let backends = services.as_ref().map_or_else(
            || std::fs::read_to_string(root().join("runtime-config/embedded.toml")).expect("embedded.toml"),
            |services| services.configuration(self.redis_streams),
        );
        let path = |name: &str| folder.path().join(name);
        std::fs::write(path("config.toml"), format!("{backends}\n{}", self.config)).expect("config.toml is written");
        let manifest = self.manifest.into_iter().fold(absolute_manifest(), |text, change| {
            let changed = change(text.clone());
            assert_ne!(changed, text, "what the test changes in the manifest is not there");
            changed
        });
        std::fs::write(path("spin.toml"), manifest).expect("spin.toml is written");
        std::fs::DirBuilder::new().mode(0o700).create(path(&self.data)).expect("the data directory");
        Platform {
            process: None,
            http: Http::new(),
            environment: self.environment,
            arguments: self.arguments,
            services,
            data: self.data,
            folder,
        }
    }

    /// Starts it, and waits until it is ready.
    pub async fn start(self) -> Platform {
        let mut platform = self.prepare().await;
        platform.start().await;
        platform
    }
}

/// The repository's manifest with absolute paths.
pub fn absolute_manifest() -> String {
    let text = std::fs::read_to_string(root().join("spin.toml")).expect("spin.toml");
    text.replace("\"target/components/", &format!("\"{}/", components().display()))
        .replace("\"migrations/", &format!("\"{}/migrations/", root().display()))
}

/// All tests share one cache of compiled components: compiling them takes a debug build of the host half a
/// minute.
pub fn compiled_cache() -> PathBuf {
    components().join("compiled")
}

// === impl Services ===

impl Services {
    async fn open(migrated: bool) -> Self {
        let (write, read, analytics) = if migrated {
            tokio::join!(
                TestPostgres::write("flowwrite"),
                TestPostgres::read("flowread"),
                TestPostgres::analytics("flowanalytics")
            )
        } else {
            tokio::join!(
                TestPostgres::empty("flowwrite"),
                TestPostgres::empty("flowread"),
                TestPostgres::empty("flowanalytics")
            )
        };
        Self { write, read, analytics, keys: TestPostgres::empty("flowkeys").await, redis: TestRedis::open() }
    }

    fn configuration(&self, redis_streams: bool) -> String {
        let mut text = String::new();
        for (name, database) in [("write", &self.write), ("read", &self.read), ("analytics", &self.analytics)] {
            let _ = writeln!(
                text,
                "[databases.{name}]\nbackend = \"postgres\"\ndsn = {:?}\npool-max = 4\n",
                database.dsn()
            );
        }
        let _ = writeln!(text, "[data-keys]\ndsn = {:?}\n", self.keys.dsn());
        for table in ["key-value.sessions", "key-value.auth-limits", "key-value.cache", "realtime"] {
            let _ = writeln!(
                text,
                "[{table}]\nbackend = \"redis\"\nurl = {:?}\nprefix = {:?}\n",
                self.redis.url, self.redis.prefix
            );
        }
        let _ = writeln!(text, "[rate-limits]\nbucket = \"auth-limits\"\n");
        let _ = writeln!(text, "[search-index.entries]\nbackend = \"postgres\"\n");
        if redis_streams {
            let (url, prefix) = (&self.redis.url, &self.redis.prefix);
            let _ = writeln!(text, "[events]\nbackend = \"redis-streams\"\nurl = {url:?}\nprefix = {prefix:?}\n");
        }
        text
    }
}

// === impl Platform ===

impl Platform {
    /// On the test's PostgreSQL and Redis.
    pub fn services() -> Builder {
        // Replicas have a data directory each, and one key.
        Builder::new(false).for_stories().env(SEALING_KEY, SEALED_WITH)
    }

    /// On the embedded default, without `fsync` and without a model that reads what is written.
    pub fn embedded() -> Builder {
        Self::shipped().env("MINDFLOW_TEST_NO_FSYNC", "1").for_stories()
    }

    /// As it is shipped, but for the model that reads what is written: it would take a core.
    pub fn shipped() -> Builder {
        Builder::new(true).env("MINDFLOW_EMBEDDINGS__BACKEND", "none")
    }

    /// A client without a login.
    pub fn http(&self) -> &Http {
        &self.http
    }

    /// A new user, logged in.
    pub async fn register(&self) -> Account {
        Account::register(&self.http).await
    }

    /// A new user with a role, granted on the command line, and logged in with it.
    pub async fn register_as(&self, role: &str) -> Account {
        let account = self.register().await;
        self.grant(&account.email, role).await;
        account.login().await
    }

    /// Grants a role on the command line. It holds from the next request on; a token names the roles of its login.
    pub async fn grant(&self, email: &str, role: &str) {
        let output = self.cli(&["users", "grant", email, role]).await;
        assert_eq!(output.code, Some(0), "{output:?}");
    }

    /// Runs `mindflow` with these arguments on this platform's data.
    pub async fn cli(&self, arguments: &[&str]) -> Output {
        let mut command = self.command();
        command.args(arguments);
        process::run(command).await
    }

    /// `mindflow` on this platform's data, with no command yet.
    pub fn command(&self) -> Command {
        self.command_on(&self.data)
    }

    fn command_on(&self, data_dir: &str) -> Command {
        let mut command = Command::new(binary());
        for (name, _) in std::env::vars().filter(|(name, _)| is_setting(name)) {
            command.env_remove(name);
        }
        command.envs(&self.environment).current_dir(self.folder.path());
        command
            .arg("--manifest")
            .arg(self.path("spin.toml"))
            .arg("--config")
            .arg(self.path("config.toml"))
            .arg("--data-dir")
            .arg(self.path(data_dir));
        command
    }

    pub fn path(&self, name: &str) -> PathBuf {
        self.folder.path().join(name)
    }

    /// The data directory.
    pub fn data_dir(&self) -> PathBuf {
        self.path(&self.data)
    }

    /// Starts the host (again), on the data that there is.
    pub async fn start(&mut self) {
        assert!(self.process.is_none(), "it runs already");
        let mut command = self.command();
        command.args(["up", "--listen", "127.0.0.1:0"]).args(&self.arguments);
        let process = Process::start(command, &self.path("log")).await;
        self.http.moved_to(&process.address);
        self.process = Some(process);
    }

    /// Starts a further host on the same stores.
    pub async fn replica(&self) -> Replica {
        let mut command = self.command_on("replica");
        command.args(["up", "--listen", "127.0.0.1:0"]);
        let (process, http) = (Process::start(command, &self.path("log")).await, Http::new());
        http.moved_to(&process.address);
        Replica { process, http }
    }

    /// Stops the host by SIGTERM; it must end with code 0.
    pub async fn stop(&mut self) {
        self.terminate();
        self.stopped().await;
    }

    /// Asks the host to stop, without waiting for it.
    pub fn terminate(&self) {
        self.process.as_ref().expect("it runs").signal(Signal::TERM);
    }

    /// Waits for the end that [`terminate`](Self::terminate) asked for; the code must be 0.
    pub async fn stopped(&mut self) {
        let status = self.process.as_mut().expect("it runs").ended().await;
        self.process = None;
        assert_eq!(status.code(), Some(0), "{status}\n{}", self.log());
    }

    /// Ends the host by `kill -9`.
    pub fn kill(&mut self) {
        self.process.take().expect("it runs").kill();
    }

    /// Stops and starts it.
    pub async fn restart(&mut self) {
        self.stop().await;
        self.start().await;
    }

    /// As [`Builder::variable`], from the next start on.
    pub fn set_variable(&mut self, name: &str, value: &str) {
        self.environment.insert(format!("MINDFLOW_VARIABLE_{}", name.to_uppercase()), value.to_owned());
    }

    /// An environment variable of the host, from the next start on.
    pub fn set_env(&mut self, name: &str, value: &str) {
        self.environment.insert(name.to_owned(), value.to_owned());
    }

    /// Waits until the host has ended itself, as one that is armed does at its failpoint.
    pub async fn died(&mut self) {
        let status = self.process.as_mut().expect("it runs").ended().await;
        self.process = None;
        assert_eq!(status.signal(), Some(Signal::KILL.as_raw()), "{status}\n{}", self.log());
    }

    /// The host's process id.
    pub fn pid(&self) -> u32 {
        self.process.as_ref().expect("it runs").pid()
    }

    /// What the host has logged.
    pub fn log(&self) -> String {
        std::fs::read_to_string(self.path("log")).unwrap_or_default()
    }

    /// The write database of [`services`](Self::services), as its superuser.
    pub async fn write_database(&self) -> deadpool_postgres::Client {
        self.services.as_ref().expect("on services").write.database().admin().await.expect("a connection")
    }

    /// The read database of [`services`](Self::services), as its superuser.
    pub async fn read_database(&self) -> deadpool_postgres::Client {
        self.services.as_ref().expect("on services").read.database().admin().await.expect("a connection")
    }

    /// The analytics database of [`services`](Self::services), as its superuser.
    pub async fn analytics_database(&self) -> deadpool_postgres::Client {
        self.services.as_ref().expect("on services").analytics.database().admin().await.expect("a connection")
    }

    /// A connection string of a database of [`services`](Self::services), as its superuser.
    pub fn dsn(&self, name: &str) -> String {
        let services = self.services.as_ref().expect("on services");
        match name {
            "write" => services.write.dsn(),
            "read" => services.read.dsn(),
            "analytics" => services.analytics.dsn(),
            "keys" => services.keys.dsn(),
            _ => panic!("there is no database `{name}`"),
        }
    }

    /// The keys under which payloads of events are kept on [`services`](Self::services).
    pub async fn payload_keys(&self) -> Arc<DataKeys> {
        let master = self.environment.get(SEALING_KEY).expect("a master key");
        payloads::keys(&self.dsn("keys"), master).await.expect("the keys")
    }

    /// What the log has, under the alias `a`, and what it says.
    pub async fn kept(&self, condition: &str, params: &[&(dyn ToSql + Sync)]) -> Vec<Kept> {
        let (log, keys) = (self.write_database().await, self.payload_keys().await);
        payloads::of(&log, &keys, condition, params).await.expect("the log")
    }

    /// The Redis of [`services`](Self::services): its URL and the prefix of all keys.
    pub fn redis(&self) -> (&str, &str) {
        let redis = &self.services.as_ref().expect("on services").redis;
        (&redis.url, &redis.prefix)
    }
}

/// Variables of this process's environment that the host must not see. Where PostgreSQL's programs are, it may.
fn is_setting(name: &str) -> bool {
    let set = name.starts_with("MINDFLOW_") && name != "MINDFLOW_POSTGRES_BIN";
    set || matches!(name, "ANTHROPIC_API_KEY" | "RUST_LOG")
}

impl Drop for Platform {
    fn drop(&mut self) {
        // Before the databases and the folder go.
        drop(self.process.take());
        if std::thread::panicking() {
            eprintln!("--- the host's log\n{}---", self.log());
        }
    }
}
