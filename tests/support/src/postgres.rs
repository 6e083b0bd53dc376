//! Databases for tests: each test has its own, so that tests run concurrently. They are on the server that
//! [`SERVER_ENV`] names, or on a private one that is started once per test process.

use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicU32, Ordering};

use tokio::sync::OnceCell;

use mindflow_backends::database::postgres::migrate::migrate;
use mindflow_backends::database::postgres::{Database, DatabaseConfig, PostgresConfig};
use mindflow_backends::error::chain;
use mindflow_servers::{PostgresError, TemporaryPostgres};

use crate::wait::until;

mod template;

/// Environment variable with a superuser's DSN.
pub const SERVER_ENV: &str = "MINDFLOW_TEST_POSTGRES";
/// Environment variable with a superuser's DSN of a server that has TimescaleDB loaded, and pgvector.
pub const EXTENDED_SERVER_ENV: &str = "MINDFLOW_TEST_POSTGRES_EXTENDED";
/// The components that the repository's migrations grant to.
pub const COMPONENTS: &[&str] =
    &["gateway", "auth", "command", "query", "ai", "analytics", "media", "notification", "portability"];

/// The server of this test process.
pub struct TestPostgres {
    admin: tokio_postgres::Config,
    /// Keeps a private server running.
    _server: Option<TemporaryPostgres>,
}

/// A server of one test's own, which it may stop and start again.
pub struct PrivatePostgres(Option<TemporaryPostgres>);

/// A database of one test's own, dropped with the value.
pub struct TestDatabase {
    database: Database,
    name: String,
    admin: tokio_postgres::Config,
}

// === impl TestPostgres ===

impl TestPostgres {
    /// The server, started when it is first asked for.
    pub async fn shared() -> &'static Self {
        static SERVER: OnceCell<TestPostgres> = OnceCell::const_new();
        SERVER.get_or_init(Self::start).await
    }

    async fn start() -> Self {
        if let Some(dsn) = std::env::var(SERVER_ENV).ok().filter(|dsn| !dsn.is_empty()) {
            let admin = dsn.parse().expect("MINDFLOW_TEST_POSTGRES is a DSN");
            return Self { admin, _server: None };
        }
        // A private server of a process that was killed ends on its own; its data does not.
        mindflow_servers::sweep();
        let server = blocking(|| TemporaryPostgres::start(|_| {})).await.unwrap_or_else(started);
        let admin = server.dsn("postgres").expect("it runs").parse().expect("a DSN");
        Self { admin, _server: Some(server) }
    }

    /// A database with the write side's migrations.
    pub async fn write(hint: &str) -> TestDatabase {
        Self::migrated("write", hint).await
    }

    /// A database with the read side's migrations.
    pub async fn read(hint: &str) -> TestDatabase {
        Self::migrated("read", hint).await
    }

    /// A database with the migrations of the figures over time.
    pub async fn analytics(hint: &str) -> TestDatabase {
        Self::migrated("analytics", hint).await
    }

    /// A database with one side's migrations on the server with extensions, which only the whole test run starts.
    pub async fn extended(side: &str, hint: &str) -> TestDatabase {
        let dsn = std::env::var(EXTENDED_SERVER_ENV)
            .unwrap_or_else(|_| panic!("{EXTENDED_SERVER_ENV} names no server: run the tests by scripts/test"));
        let admin = dsn.parse().unwrap_or_else(|error| panic!("{EXTENDED_SERVER_ENV} is no DSN: {error}"));
        Self::migrate(side, Self::database(&admin, hint, "", |_| {}).await).await
    }

    /// A copy of a template, which is much less work than the migrations.
    async fn migrated(side: &str, hint: &str) -> TestDatabase {
        let admin = &Self::shared().await.admin;
        let template = template::of(admin, side).await;
        let copy = Self::database(admin, hint, &format!("TEMPLATE {template}"), |_| {}).await;
        // Who may connect is not copied. There is nothing else to do.
        Self::migrate(side, copy).await
    }

    async fn migrate(side: &str, database: TestDatabase) -> TestDatabase {
        apply(side, database.database()).await;
        database
    }

    /// A database with nothing in it.
    pub async fn empty(hint: &str) -> TestDatabase {
        Self::configured(hint, |_| {}).await
    }

    /// A database with nothing in it, opened with a configuration of the test's making.
    pub async fn configured(hint: &str, change: impl FnOnce(&mut PostgresConfig)) -> TestDatabase {
        Self::database(&Self::shared().await.admin, hint, "", change).await
    }

    /// `options` are those of `CREATE DATABASE`.
    async fn database(
        admin: &tokio_postgres::Config,
        hint: &str,
        options: &str,
        change: impl FnOnce(&mut PostgresConfig),
    ) -> TestDatabase {
        static COUNT: AtomicU32 = AtomicU32::new(0);
        let admin = admin.clone();
        let hint: String = hint.chars().filter(char::is_ascii_alphanumeric).take(20).collect::<String>().to_lowercase();
        let name = format!("test_{hint}_{}_{}", std::process::id(), COUNT.fetch_add(1, Ordering::Relaxed));
        on_server(&admin, format!("CREATE DATABASE \"{name}\" {options}")).await;
        let database = open(&admin, &name, change).await;
        TestDatabase { database, name, admin }
    }
}

async fn open(admin: &tokio_postgres::Config, name: &str, change: impl FnOnce(&mut PostgresConfig)) -> Database {
    let mut config = PostgresConfig {
        dsn: dsn(admin, name),
        direct_dsn: None,
        replica_dsn: None,
        pool_max: Some(6),
        ca_file: None,
        statement_timeout_ms: None,
    };
    change(&mut config);
    let opened = Database::open("test", "databases.test", &DatabaseConfig::Postgres(config), None).await;
    opened.expect("the new database opens")
}

async fn apply(side: &str, database: &Database) {
    let components: Vec<String> = COMPONENTS.iter().map(ToString::to_string).collect();
    migrate(database, &migrations(side), &components).await.expect("the repository's migrations apply");
}

/// The repository's migrations of one side: `write`, `read` or `analytics`.
pub fn migrations(side: &str) -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("../../migrations").join(side)
}

// === impl TestDatabase ===

impl TestDatabase {
    /// The database, opened.
    pub fn database(&self) -> &Database {
        &self.database
    }

    /// A superuser's DSN of this database.
    pub fn dsn(&self) -> String {
        dsn(&self.admin, &self.name)
    }

    /// Runs a script as the superuser.
    pub async fn script(&self, sql: &str) {
        let client = self.database.admin().await.expect("an administrator's connection");
        client.batch_execute(sql).await.unwrap_or_else(|error| panic!("{error:?}: {sql}"));
    }

    /// The only value that a query answers the superuser, who sees all rows.
    pub async fn one<T: for<'a> tokio_postgres::types::FromSql<'a>>(&self, sql: &str) -> T {
        let client = self.database.admin().await.expect("an administrator's connection");
        client.query_one(sql, &[]).await.unwrap_or_else(|error| panic!("{error:?}: {sql}")).get(0)
    }

    /// Waits until so many statements of this database wait for a lock.
    pub async fn until_waiting(&self, statements: i64) {
        let waiting =
            "SELECT count(*) FROM pg_stat_activity WHERE datname = current_database() AND wait_event_type = 'Lock'";
        until("statements wait for a lock", async || self.one::<i64>(waiting).await >= statements).await;
    }
}

impl Drop for TestDatabase {
    fn drop(&mut self) {
        self.database.close();
        let (admin, name) = (self.admin.clone(), self.name.clone());
        // A thread of its own, because the test's runtime may be ending.
        let dropping = std::thread::spawn(move || {
            let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().expect("a runtime");
            runtime.block_on(async {
                if let Ok((client, connection)) = admin.connect(tokio_postgres::NoTls).await {
                    let task = tokio::spawn(connection);
                    // A server that a test has stopped keeps nothing.
                    let _ = client.batch_execute(&format!("DROP DATABASE IF EXISTS \"{name}\" WITH (FORCE)")).await;
                    task.abort();
                }
            });
        });
        let _ = dropping.join();
    }
}

// === impl PrivatePostgres ===

impl PrivatePostgres {
    /// With these empty databases.
    pub async fn start(databases: &[&str]) -> Self {
        let own = Self(Some(blocking(|| TemporaryPostgres::start(|_| {})).await.unwrap_or_else(started)));
        let admin = own.dsn("postgres").parse().expect("a DSN");
        for name in databases {
            on_server(&admin, format!("CREATE DATABASE {name}")).await;
        }
        own
    }

    /// Runs a script as the superuser.
    pub async fn script(&self, database: &str, sql: &str) {
        on_server(&self.dsn(database).parse().expect("a DSN"), sql.to_owned()).await;
    }

    /// Lets no role in without its password from now on. The superuser's becomes `password`.
    pub async fn require_passwords(&self, password: &str) {
        let (client, connection) = connect(&self.dsn("postgres").parse().expect("a DSN")).await;
        client.batch_execute(&format!("ALTER ROLE CURRENT_USER PASSWORD '{password}'")).await.expect("a password");
        let row = client.query_one("SHOW hba_file", &[]).await.expect("its rules");
        std::fs::write(row.get::<_, String>(0), "local all all scram-sha-256\n").expect("its rules are written");
        client.batch_execute("SELECT pg_reload_conf()").await.expect("its rules are read");
        connection.abort();
        let without = self.dsn("postgres").parse::<tokio_postgres::Config>().expect("a DSN");
        until("a login without a password is refused", async || without.connect(tokio_postgres::NoTls).await.is_err())
            .await;
    }

    /// Starts it again, on the data that there is.
    pub async fn run(&mut self) {
        self.change(|server| server.run().unwrap_or_else(started)).await;
    }

    /// Ends it as a crash would (`pg_ctl stop -m immediate`).
    pub async fn crash(&mut self) {
        self.change(TemporaryPostgres::crash).await;
    }

    async fn change(&mut self, change: impl FnOnce(&mut TemporaryPostgres) + Send + 'static) {
        let mut server = self.0.take().expect("it was not lost in a panic");
        self.0 = Some(
            blocking(move || {
                change(&mut server);
                server
            })
            .await,
        );
    }

    /// A superuser's connection string.
    pub fn dsn(&self, database: &str) -> String {
        self.0.as_ref().and_then(|server| server.dsn(database)).expect("it runs")
    }
}

async fn blocking<T: Send + 'static>(work: impl FnOnce() -> T + Send + 'static) -> T {
    tokio::task::spawn_blocking(work).await.expect("no panic")
}

fn started<T>(error: PostgresError) -> T {
    panic!("a private server starts: {}", chain(&error))
}

async fn connect(config: &tokio_postgres::Config) -> (tokio_postgres::Client, tokio::task::JoinHandle<()>) {
    let (client, connection) = config.connect(tokio_postgres::NoTls).await.expect("the test server answers");
    (client, tokio::spawn(async move { drop(connection.await) }))
}

async fn on_server(admin: &tokio_postgres::Config, sql: String) {
    let (client, task) = connect(admin).await;
    client.batch_execute(&sql).await.unwrap_or_else(|error| panic!("{error:?}: {sql}"));
    task.abort();
}

fn dsn(admin: &tokio_postgres::Config, database: &str) -> String {
    use tokio_postgres::config::Host;
    let host = match admin.get_hosts().first() {
        Some(Host::Tcp(name)) => name.clone(),
        Some(Host::Unix(path)) => path.display().to_string(),
        None => panic!("{SERVER_ENV} names no host"),
    };
    let port = admin.get_ports().first().copied().unwrap_or(5432);
    let user = admin.get_user().unwrap_or_else(|| panic!("{SERVER_ENV} names no user"));
    let mut dsn = format!("host={host} port={port} user={user} dbname={database}");
    if let Some(password) = admin.get_password() {
        dsn.push_str(&format!(" password={}", String::from_utf8_lossy(password)));
    }
    dsn
}
