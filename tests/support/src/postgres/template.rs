//! Templates of migrated databases: the first test of a server that wants one side's migrations makes it, all others copy it.

use super::{apply, connect, migrations, open};
use std::hash::{DefaultHasher, Hash, Hasher};
use tokio_postgres::Config;

/// Of the lock under which a template is made. The migrations' own is another.
const LOCK_KEY: i64 = 0x006d_665f_7465_6d70;

/// The name of the template of one side's migrations.
pub(super) async fn of(admin: &Config, side: &str) -> String {
    let name = format!("template_{side}_{:016x}", version(side));
    let (client, connection) = connect(admin).await;
    if !exists(&client, &name).await {
        // Until the connection ends.
        client.execute("SELECT pg_advisory_lock($1)", &[&LOCK_KEY]).await.expect("the templates' lock");
        if !exists(&client, &name).await {
            make(admin, &client, side, &name).await;
        }
    }
    connection.abort();
    name
}

async fn exists(client: &tokio_postgres::Client, name: &str) -> bool {
    let found = client.query_opt("SELECT FROM pg_database WHERE datname = $1", &[&name]).await;
    found.expect("the databases' names").is_some()
}

/// It gets its name when it is whole.
async fn make(admin: &Config, client: &tokio_postgres::Client, side: &str, name: &str) {
    let half = format!("half_{name}");
    for sql in [format!("DROP DATABASE IF EXISTS {half} WITH (FORCE)"), format!("CREATE DATABASE {half}")] {
        client.batch_execute(&sql).await.unwrap_or_else(|error| panic!("{error:?}: {sql}"));
    }
    let database = open(admin, &half, |_| {}).await;
    apply(side, &database).await;
    database.close();
    // A database that takes no connections can be copied at any time.
    let closed = format!("ALTER DATABASE {half} ALLOW_CONNECTIONS false");
    let ended = format!("SELECT pg_terminate_backend(pid, 10000) FROM pg_stat_activity WHERE datname = '{half}'");
    for sql in [closed, ended, format!("ALTER DATABASE {half} RENAME TO {name}")] {
        client.batch_execute(&sql).await.unwrap_or_else(|error| panic!("{error:?}: {sql}"));
    }
}

/// Of the migrations' files: a server may be that of an earlier run.
fn version(side: &str) -> u64 {
    let mut files: Vec<_> =
        std::fs::read_dir(migrations(side)).expect("migrations").map(|entry| entry.expect("a file").path()).collect();
    files.sort();
    let mut hasher = DefaultHasher::new();
    for file in files {
        file.file_name().hash(&mut hasher);
        std::fs::read(&file).expect("a migration").hash(&mut hasher);
    }
    hasher.finish()
}
