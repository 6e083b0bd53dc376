//! Connections: how many, how long, what breaks them, and how often they are waited for.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicU32, Ordering};
use std::time::Duration;

use mindflow_backends::database::postgres::Database;
use mindflow_backends::database::sql::{Error, Identity, Value};
use mindflow_backends::places::Origin;
use mindflow_test_support::TestPostgres;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use uuid::Uuid;

use crate::sql::stage::{add, bodies, caller, notes, notes_of, platform, role};

#[tokio::test]
async fn a_transaction_dropped_in_the_middle_of_a_statement_frees_its_connection() {
    let test = role("midway", "command", |config| config.pool_max = Some(1)).await;
    let database = test.database();
    let tx = database.begin("command", &Identity::Service).await.unwrap();
    let slow =
        tokio::time::timeout(Duration::from_millis(100), async move { tx.query("SELECT pg_sleep(8)", &[]).await });
    assert!(slow.await.is_err());
    // Were the statement not cancelled, the wait for the only connection would end first.
    database.query("command", &Identity::Service, "SELECT 1", &[]).await.unwrap();
    let rest = database.query("command", &Identity::Service, "SELECT pg_sleep(8)", &[]);
    assert!(tokio::time::timeout(Duration::from_millis(100), rest).await.is_err());
    database.query("command", &Identity::Service, "SELECT 1", &[]).await.unwrap();
}

#[tokio::test]
async fn a_statement_that_takes_too_long_is_ended_by_the_server() {
    let test = role("timeout", "command", |config| config.statement_timeout_ms = Some(200)).await;
    let database = test.database();
    assert_eq!(database.query("command", &Identity::Service, "SELECT pg_sleep(30)", &[]).await, Err(Error::Timeout));
    let tx = database.begin("command", &Identity::Service).await.unwrap();
    assert_eq!(tx.query("SELECT pg_sleep(30)", &[]).await, Err(Error::Timeout));
    drop(tx);
    database.query("command", &Identity::Service, "SELECT 1", &[]).await.unwrap();
}

#[tokio::test]
async fn a_full_pool_is_reported_and_recovers() {
    let test = role("full", "command", |config| config.pool_max = Some(2)).await;
    let database = test.database();
    let held = [
        database.begin("command", &caller(Uuid::new_v4())).await.unwrap(),
        database.begin("command", &caller(Uuid::new_v4())).await.unwrap(),
    ];
    assert_eq!(database.begin("command", &Identity::Service).await.err(), Some(Error::PoolExhausted));
    assert_eq!(database.query("command", &Identity::Service, "SELECT 1", &[]).await.err(), Some(Error::PoolExhausted));
    // One component's full pool is its own.
    test.database().health().await.unwrap();
    drop(held);
    database.begin("command", &Identity::Service).await.unwrap();
}

#[tokio::test]
async fn statements_that_wait_for_a_lock_leave_connections_to_other_users_however_many_wait() {
    let test = notes_of("locked", |config| config.pool_max = Some(7)).await;
    let (eve, ada) = (Uuid::new_v4(), Uuid::new_v4());
    add(&test, eve, "locked").await;
    let mut admin = test.database().admin().await.unwrap();
    let lock = admin.transaction().await.unwrap();
    lock.query("SELECT FROM command.notes WHERE user_id = $1 FOR UPDATE", &[&eve]).await.unwrap();
    let change = |database: Database, identity: Identity| async move {
        let tx = database.begin("command", &identity).await?;
        let changed = tx.execute("UPDATE command.notes SET body = body WHERE user_id = $1", &[eve.into()]).await?;
        tx.commit().await.map(|()| changed)
    };
    // What one client can be: a user, the address that it comes from, and the cause of the platform's own work.
    let origin = Origin::Address([192, 0, 2, 1].into());
    let database = test.database();
    let hers = [
        (database.clone(), caller(eve)),
        (database.asked_by(Some(&origin)), Identity::Service),
        (database.clone(), Identity::Service),
    ];
    let changes: Vec<_> = (0..21)
        .zip(hers.iter().cycle())
        .map(|(_, (database, identity))| tokio::spawn(change(database.clone(), identity.clone())))
        .collect();
    test.until_waiting(6).await;
    assert_eq!(database.begin("command", &caller(eve)).await.err(), Some(Error::PoolExhausted));
    add(&test, ada, "next to them").await;
    assert_eq!(bodies(&test, &caller(ada)).await, [Value::from("next to them")]);
    // Two of each.
    let waiting =
        "SELECT count(*) FROM pg_stat_activity WHERE datname = current_database() AND wait_event_type = 'Lock'";
    assert_eq!(test.one::<i64>(waiting).await, 6);
    lock.commit().await.unwrap();
    for change in changes {
        // Those that got no connection in time were refused meanwhile.
        assert!(matches!(change.await.unwrap(), Ok(1) | Err(Error::PoolExhausted)));
    }
    add(&test, eve, "again").await;
}

#[tokio::test]
async fn connections_that_the_server_ended_are_replaced_without_an_error() {
    let test = notes("ended").await;
    let user = Uuid::new_v4();
    add(&test, user, "before").await;
    test.script("SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE usename = 'mindflow_command' AND datname = current_database()").await;
    assert_eq!(bodies(&test, &caller(user)).await, [Value::from("before")]);
    test.script("SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE usename = 'mindflow_command' AND datname = current_database()").await;
    add(&test, user, "after").await;
    let tx = test.database().begin("command", &caller(user)).await.unwrap();
    test.script("SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE usename = 'mindflow_command' AND datname = current_database()").await;
    let error = tx.query("SELECT 1", &[]).await.unwrap_err();
    assert!(matches!(error, Error::Unavailable(_)), "{error:?}");
}

#[tokio::test]
async fn reads_fall_back_to_the_primary_while_the_replica_is_away() {
    let test = role("replica", "command", |config| {
        config.replica_dsn = Some("host=/nowhere user=x dbname=x".to_owned());
    })
    .await;
    for _ in 0..2 {
        test.database().query("command", &Identity::Service, "SELECT 1", &[]).await.unwrap();
    }
}

#[tokio::test]
async fn a_listener_hears_what_is_notified() {
    let test = TestPostgres::empty("listen").await;
    let mut listener = test.database().listener().await.unwrap();
    listener.client.batch_execute("LISTEN doorbell").await.unwrap();
    test.script("NOTIFY doorbell, 'ding'").await;
    let heard = tokio::time::timeout(Duration::from_secs(10), listener.notifications.recv()).await.unwrap().unwrap();
    assert_eq!(heard.payload(), "ding");
}

#[tokio::test]
async fn a_repeated_read_takes_one_round_trip() {
    let test = platform("roundtrip", |config| config.pool_max = Some(1)).await;
    let admin: tokio_postgres::Config = test.dsn().parse().unwrap();
    let (dir, turns) = (tempfile::tempdir().unwrap(), Arc::new(AtomicU32::new(0)));
    let proxy = proxy(dir.path(), &admin, turns.clone()).await;
    let json = serde_json::json!({"backend": "postgres", "dsn": format!("host={} user={} dbname={} password=x", dir.path().display(), admin.get_user().unwrap(), admin.get_dbname().unwrap())});
    let database =
        Database::open("test", "databases.test", &serde_json::from_value(json).unwrap(), None).await.unwrap();
    let read = async || database.query("command", &Identity::Service, "SELECT $1::int4", &[1.into()]).await.unwrap();
    read().await;
    let before = turns.load(Ordering::SeqCst);
    read().await;
    assert_eq!(turns.load(Ordering::SeqCst) - before, 1);
    proxy.abort();
}

trait Stream: tokio::io::AsyncRead + tokio::io::AsyncWrite + Send + Unpin {}
impl<T: tokio::io::AsyncRead + tokio::io::AsyncWrite + Send + Unpin> Stream for T {}

async fn connect(host: &tokio_postgres::config::Host, port: u16) -> Box<dyn Stream> {
    match host {
        tokio_postgres::config::Host::Unix(dir) => {
            let socket = dir.join(format!(".s.PGSQL.{port}"));
            Box::new(tokio::net::UnixStream::connect(socket).await.unwrap())
        }
        tokio_postgres::config::Host::Tcp(name) => {
            Box::new(tokio::net::TcpStream::connect((name.as_str(), port)).await.unwrap())
        }
    }
}

/// Passes connections on to the server, and counts how often it has something to say after the client did.
async fn proxy(
    dir: &std::path::Path,
    server: &tokio_postgres::Config,
    turns: Arc<AtomicU32>,
) -> tokio::task::JoinHandle<()> {
    let port = server.get_ports().first().copied().unwrap_or(5432);
    let server = server.get_hosts()[0].clone();
    let listener = tokio::net::UnixListener::bind(dir.join(".s.PGSQL.5432")).unwrap();
    tokio::spawn(async move {
        loop {
            let (client, _) = listener.accept().await.unwrap();
            let upstream = connect(&server, port).await;
            let turns = turns.clone();
            tokio::spawn(async move {
                let (mut from_client, mut to_client) = client.into_split();
                let (mut from_server, mut to_server) = tokio::io::split(upstream);
                let asked = AtomicBool::new(false);
                let up = async {
                    let mut buffer = [0; 65_536];
                    while let Ok(length @ 1..) = from_client.read(&mut buffer).await {
                        asked.store(true, Ordering::SeqCst);
                        to_server.write_all(&buffer[..length]).await.unwrap();
                    }
                };
                let down = async {
                    let mut buffer = [0; 65_536];
                    while let Ok(length @ 1..) = from_server.read(&mut buffer).await {
                        if asked.swap(false, Ordering::SeqCst) {
                            turns.fetch_add(1, Ordering::SeqCst);
                        }
                        if to_client.write_all(&buffer[..length]).await.is_err() {
                            break;
                        }
                    }
                };
                tokio::join!(up, down);
            });
        }
    })
}
