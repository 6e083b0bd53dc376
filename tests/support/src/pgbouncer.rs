//! A PgBouncer of a test's own, before a PostgreSQL that is there.

use mindflow_backends::error::chain;
use mindflow_servers::{PgBouncerOptions, TemporaryPgBouncer};
use std::path::PathBuf;
use tokio_postgres::config::Host;

/// Ends with the value.
pub struct TestPgBouncer {
    pooler: TemporaryPgBouncer,
    superuser: String,
}

// === impl TestPgBouncer ===

impl TestPgBouncer {
    /// Before the server of a superuser's DSN, for all its databases and roles. `change` may change that.
    pub fn before(dsn: &str, change: impl FnOnce(&mut PgBouncerOptions)) -> Self {
        let server = parsed(dsn);
        let folder = match server.get_hosts().first() {
            Some(Host::Unix(folder)) => folder.clone(),
            Some(Host::Tcp(name)) => PathBuf::from(name),
            None => panic!("{dsn}: no host"),
        };
        let superuser = server.get_user().expect("a user").to_owned();
        let port = server.get_ports().first().copied().unwrap_or(5432);
        let mut options = PgBouncerOptions::transactions(&folder, port, &superuser);
        change(&mut options);
        let pooler =
            TemporaryPgBouncer::start(&options).unwrap_or_else(|error| panic!("a PgBouncer starts: {}", chain(&error)));
        Self { pooler, superuser }
    }

    /// The DSN with the way through the pooler.
    pub fn through(&self, dsn: &str) -> String {
        let direct = parsed(dsn);
        let mut dsn = self.pooler.dsn(direct.get_user().expect("a user"), direct.get_dbname().expect("a database"));
        if let Some(password) = direct.get_password() {
            dsn.push_str(&format!(" password={}", String::from_utf8_lossy(password)));
        }
        dsn
    }

    /// A client of a role.
    pub async fn client(&self, role: &str, database: &str) -> tokio_postgres::Client {
        let settings = parsed(&self.pooler.dsn(role, database));
        let (client, connection) = settings.connect(tokio_postgres::NoTls).await.expect("the pooler answers");
        tokio::spawn(connection);
        client
    }

    /// A command of the console, such as `RECONNECT`.
    pub async fn command(&self, command: &str) {
        let console = self.client(&self.superuser, "pgbouncer").await;
        console.simple_query(command).await.unwrap_or_else(|error| panic!("{error:?}: {command}"));
    }
}

fn parsed(dsn: &str) -> tokio_postgres::Config {
    dsn.parse().unwrap_or_else(|error| panic!("{error:?}: {dsn}"))
}
