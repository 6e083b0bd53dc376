//! Goal: the platform's databases work through a pooler in transaction mode, and a pooler that would break what is promised
//! stops the start. Method: a PgBouncer before the tests' PostgreSQL, with fewer connections than it has clients.

use std::sync::Arc;
use std::sync::atomic::{AtomicU32, Ordering};
use std::time::Duration;

use mindflow_backends::database::postgres::migrate::migrate;
use mindflow_backends::database::postgres::{Database, DatabaseConfig, OpenError, PoolerError, PostgresConfig};
use mindflow_backends::database::sql::{Error, Identity, Value};
use mindflow_test_support::{TestDatabase, TestPgBouncer, TestPostgres};
use uuid::Uuid;

use crate::sql::stage::{add, bodies, caller, notes_of, role, sqlstate};

/// The pooler's connections of each role, and its clients.
const SERVERS: usize = 3;
const CLIENTS: usize = 24;

/// Notes on a database that is reached through a pooler.
async fn pooled_notes(hint: &str) -> (TestDatabase, TestPgBouncer) {
    let mut pooler = None;
    let test = notes_of(hint, |config| {
        let there = TestPgBouncer::before(&config.dsn, |options| {
            options.settings.push(format!("default_pool_size = {SERVERS}"));
        });
        config.direct_dsn = Some(config.dsn.clone());
        config.dsn = there.through(&config.dsn);
        config.pool_max = Some(CLIENTS);
        pooler = Some(there);
    })
    .await;
    (test, pooler.unwrap())
}

fn settings(dsn: String, direct_dsn: Option<String>) -> PostgresConfig {
    PostgresConfig { dsn, direct_dsn, replica_dsn: None, pool_max: Some(4), ca_file: None, statement_timeout_ms: None }
}

async fn open(config: PostgresConfig) -> Result<Database, OpenError> {
    Database::open("test", "databases.test", &DatabaseConfig::Postgres(config), None).await
}

/// The pooler's address, as errors name it.
fn address(dsn: &str) -> String {
    let config: tokio_postgres::Config = dsn.parse().unwrap();
    let tokio_postgres::config::Host::Unix(folder) = &config.get_hosts()[0] else { panic!("{dsn}") };
    format!("{}:6432/{}", folder.display(), config.get_dbname().unwrap())
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_connection_that_other_clients_use_next_keeps_no_identity() {
    const ROUNDS: usize = 25;
    let (test, pooler) = pooled_notes("identities").await;
    let database = test.database();
    let written = Arc::new(AtomicU32::new(0));
    let users = (0..CLIENTS).map(|number| {
        let (database, written) = (database.clone(), Arc::clone(&written));
        tokio::spawn(async move {
            let user = Uuid::new_v4();
            let identity = caller(user);
            let insert = "INSERT INTO command.notes (user_id, body) VALUES ($1, $2)";
            let own = "SELECT user_id, mindflow.user_id(), mindflow.is_service() FROM command.notes";
            let mut kept = 0;
            for round in 0..ROUNDS {
                let body = format!("{user} {round}");
                match (number + round) % 5 {
                    // A write; one that is undone; one that fails; one whose answer is not awaited; a read of the service.
                    0 => {
                        let tx = database.begin("command", &identity).await.unwrap();
                        tx.execute(insert, &[user.into(), body.as_str().into()]).await.unwrap();
                        tx.commit().await.unwrap();
                        kept += 1;
                        written.fetch_add(1, Ordering::Relaxed);
                    }
                    1 => {
                        let tx = database.begin("command", &identity).await.unwrap();
                        tx.execute(insert, &[user.into(), body.as_str().into()]).await.unwrap();
                        drop(tx);
                    }
                    2 => {
                        let tx = database.begin("command", &identity).await.unwrap();
                        let forged = tx.execute(insert, &[Uuid::new_v4().into(), body.as_str().into()]).await;
                        assert_eq!(sqlstate(&forged.unwrap_err()), "42501");
                    }
                    3 => {
                        let tx = database.begin("command", &identity).await.unwrap();
                        let abandoned = async move { tx.query("SELECT pg_sleep(60)", &[]).await };
                        assert!(tokio::time::timeout(Duration::from_millis(5), abandoned).await.is_err());
                    }
                    _ => {
                        let sql = "SELECT mindflow.user_id() IS NULL, mindflow.is_service()";
                        let rowset = database.query("command", &Identity::Service, sql, &[]).await.unwrap();
                        assert_eq!(rowset.rows, [vec![Value::Boolean(true), Value::Boolean(true)]]);
                    }
                }
                let rowset = database.query("command", &identity, own, &[]).await.unwrap();
                let expected = vec![Value::from(user), Value::from(user), Value::Boolean(false)];
                assert_eq!(rowset.rows, vec![expected; kept], "user {number}, round {round}");
            }
        })
    });
    for user in users.collect::<Vec<_>>() {
        user.await.unwrap();
    }

    assert_eq!(bodies(&test, &Identity::Service).await.len(), written.load(Ordering::Relaxed) as usize);
    let connections =
        "SELECT count(*) FROM pg_stat_activity WHERE usename = 'mindflow_command' AND datname = current_database()";
    let connections: i64 = test.one(connections).await;
    assert!((1..=SERVERS as i64).contains(&connections), "{connections} connections for {CLIENTS} clients");
    // What is left on the connections that all of them used: a client without an identity sees nothing.
    let config: tokio_postgres::Config = test.dsn().parse().unwrap();
    let bare = pooler.client("mindflow_command", config.get_dbname().unwrap()).await;
    for _ in 0..SERVERS * 4 {
        let row = bare.query_one("SELECT count(*), mindflow.user_id(), mindflow.is_service() FROM command.notes", &[]);
        let row = row.await.unwrap();
        assert_eq!((row.get(0), row.get(1), row.get(2)), (0_i64, None::<Uuid>, false));
    }
}

#[tokio::test]
async fn notifications_and_migrations_go_past_the_pooler() {
    let (test, _pooler) = pooled_notes("sessions").await;
    let database = test.database();
    let mut listener = database.listener().await.unwrap();
    listener.client.batch_execute("LISTEN rung").await.unwrap();
    // One that waits for the other's lock, which is the session's.
    let dir = tempfile::tempdir().unwrap();
    let here = mindflow_test_support::migrations("write").join("0001_create_platform.sql");
    std::fs::copy(here, dir.path().join("0001_create_platform.sql")).unwrap();
    std::fs::write(dir.path().join("0002_create_count.sql"), "CREATE TABLE public.count (n int);").unwrap();
    let components = ["command".to_owned()];
    let (one, other) =
        tokio::join!(migrate(database, dir.path(), &components), migrate(database, dir.path(), &components),);
    assert_eq!(one.unwrap().applied.len() + other.unwrap().applied.len(), 1);
    let left: i64 = test.one("SELECT count(*) FROM pg_locks WHERE locktype = 'advisory' AND database = (SELECT oid FROM pg_database WHERE datname = current_database())").await;
    assert_eq!(left, 0);

    let tx = database.begin("command", &Identity::Service).await.unwrap();
    tx.query("SELECT 1", &[]).await.unwrap();
    database.admin().await.unwrap().batch_execute("NOTIFY rung, 'now'").await.unwrap();
    let notification = tokio::time::timeout(mindflow_test_support::WITHIN, listener.notifications.recv()).await;
    assert_eq!(notification.unwrap().unwrap().payload(), "now");
}

#[tokio::test]
async fn a_scratch_database_is_used_although_the_pooler_does_not_list_it() {
    let test = role("scratch", "command", |_| {}).await;
    let config: tokio_postgres::Config = test.dsn().parse().unwrap();
    let pooler = TestPgBouncer::before(&test.dsn(), |options| {
        let listed = options.databases[0].replace('*', "alias");
        options.databases = vec![format!("{listed} dbname={}", config.get_dbname().unwrap())];
    });
    let alias = pooler.through(&test.dsn()).replace(config.get_dbname().unwrap(), "alias");
    let database = open(settings(alias, Some(test.dsn()))).await.unwrap();
    let empty = tempfile::tempdir().unwrap();
    let scratch = database.create_scratch("replay").await.unwrap();
    migrate(&scratch, empty.path(), &["command".to_owned()]).await.unwrap();
    let rowset = scratch.query("command", &Identity::Service, "SELECT current_database()", &[]).await.unwrap();
    assert_eq!(rowset.rows, [vec![Value::from(format!("{}_replay", config.get_dbname().unwrap()).as_str())]]);
    database.drop_scratch("replay").await.unwrap();
    database.close();
}

#[tokio::test]
async fn a_pooler_that_keeps_no_prepared_statements_stops_the_start() {
    let test = TestPostgres::empty("unprepared").await;
    let pooler = TestPgBouncer::before(&test.dsn(), |options| {
        options.settings.push("max_prepared_statements = 0".to_owned());
    });
    let error = open(settings(pooler.through(&test.dsn()), Some(test.dsn()))).await.unwrap_err();
    assert_eq!(
        error.to_string(),
        format!(
            "databases.test.dsn: the pooler at {} does not keep prepared statements; set max_prepared_statements = 200 in PgBouncer 1.21 or newer",
            address(&pooler.through(&test.dsn()))
        )
    );
}

#[tokio::test]
async fn a_pooler_without_the_way_past_it_stops_the_start() {
    let test = TestPostgres::empty("nodirect").await;
    // Two connections, taken in turn: with two clients, each has always the same.
    let pooler = TestPgBouncer::before(&test.dsn(), |options| {
        options
            .settings
            .extend(["server_round_robin = 1", "min_pool_size = 2", "default_pool_size = 2"].map(String::from));
    });
    let pooled = pooler.through(&test.dsn());
    let error = open(settings(pooled.clone(), None)).await.unwrap_err();
    assert_eq!(
        error.to_string(),
        format!(
            "databases.test.dsn: {} is a pooler in transaction mode; name the server itself in databases.test.direct-dsn, for notifications, migrations and scratch databases",
            address(&pooled)
        )
    );
    let error = open(settings(pooled.clone(), Some(pooled.clone()))).await.unwrap_err();
    assert!(
        matches!(error, OpenError::Pooler(PoolerError::DirectIsPooled { ref key, .. }) if key == "databases.test.direct-dsn")
    );
    let other = test.dsn().replace("user=", "user=not_");
    let error = open(settings(pooled, Some(other))).await.unwrap_err().to_string();
    assert!(error.starts_with("databases.test.direct-dsn: logs in as `not_"), "{error}");
}

#[tokio::test]
async fn a_pooler_in_session_mode_needs_no_way_past_it() {
    let test = role("session", "command", |_| {}).await;
    let pooler = TestPgBouncer::before(&test.dsn(), |options| options.settings.push("pool_mode = session".to_owned()));
    let database = open(settings(pooler.through(&test.dsn()), None)).await.unwrap();
    database.check_logins(&["command".to_owned()]).await.unwrap();
    database.query("command", &Identity::Service, "SELECT 1", &[]).await.unwrap();
    database.close();
}

#[tokio::test]
async fn a_login_that_becomes_another_role_stops_the_start_and_reads_nothing() {
    let test = role("forced", "command", |_| {}).await;
    let user = test.dsn().parse::<tokio_postgres::Config>().unwrap().get_user().unwrap().to_owned();
    let pooler = TestPgBouncer::before(&test.dsn(), |options| {
        options.databases = vec![format!("{} user={user}", options.databases[0])];
    });
    let pooled = pooler.through(&test.dsn());
    let database = open(settings(pooled.clone(), Some(test.dsn()))).await.unwrap();
    let error = database.check_logins(&["command".to_owned()]).await.unwrap_err();
    assert_eq!(
        error.to_string(),
        format!(
            "databases.test.dsn: {}: a login as `mindflow_command` becomes `{user}`; take `user=` and `auth_type = any` out of the pooler's configuration",
            address(&pooled)
        )
    );
    let read = database.query("command", &Identity::Service, "SELECT 1", &[]).await;
    assert!(matches!(read, Err(Error::Other(_))), "{read:?}");
    let written = database.begin("command", &Identity::Service).await;
    assert!(matches!(written.err(), Some(Error::Other(_))));
    database.close();
}

#[tokio::test]
async fn after_a_change_of_a_result_type_the_pooler_has_to_reconnect() {
    let (test, pooler) = pooled_notes("retyped").await;
    let user = Uuid::new_v4();
    add(&test, user, "before").await;
    assert_eq!(bodies(&test, &caller(user)).await, [Value::from("before")]);
    test.script("ALTER TABLE command.notes ALTER COLUMN body TYPE varchar(100)").await;
    let read = test.database().query("command", &caller(user), "SELECT body FROM command.notes ORDER BY id", &[]).await;
    assert!(matches!(read, Err(Error::Conflict(_))), "{read:?}");
    pooler.command("RECONNECT").await;
    pooler.command("WAIT_CLOSE").await;
    assert_eq!(bodies(&test, &caller(user)).await, [Value::from("before")]);
}
