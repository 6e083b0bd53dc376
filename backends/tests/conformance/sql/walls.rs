//! What a component's role can do with the database where nothing is between them: a direct connection, as from an adapter on Spin,
//! or with the role's connection string in other hands.

use mindflow_backends::database::postgres::migrate::migrate;
use mindflow_backends::database::postgres::{Database, DatabaseConfig};
use mindflow_test_support::{COMPONENTS, PrivatePostgres, TestDatabase, TestPostgres, migrations as repository};
use tokio_postgres::Client;

use crate::sql::stage::role;

/// The sequencer's.
const LOCK: &str = "7883954000182931319";

/// A connection of the role.
async fn login(test: &TestDatabase, role: &str) -> Result<Client, tokio_postgres::Error> {
    let mut settings: tokio_postgres::Config = test.dsn().parse().unwrap();
    settings.user(role);
    let (client, connection) = settings.connect(tokio_postgres::NoTls).await?;
    tokio::spawn(connection);
    Ok(client)
}

async fn refused(client: &Client, statement: &str) {
    let error = client.batch_execute(statement).await.expect_err(statement);
    assert_eq!(error.code().map(|code| code.code()), Some("42501"), "{statement}: {error:?}");
}

#[tokio::test]
async fn a_components_role_writes_nothing_of_delivery_and_of_the_audit_trail() {
    let test = TestPostgres::write("forger").await;
    test.script("INSERT INTO delivery.publisher VALUES ('mindflow_auth', 'UserUpdated', 'auth', 'auth-service')").await;
    let client = login(&test, "mindflow_command").await.unwrap();
    for statement in [
        "SELECT delivery.publish(gen_random_uuid(), 'UserUpdated', '1.0', now(), 1, 'user', 'c', NULL, NULL, NULL, '{}')",
        "INSERT INTO delivery.publisher VALUES ('mindflow_command', 'UserUpdated', 'auth', 'auth-service')",
        "INSERT INTO delivery.archive DEFAULT VALUES",
        "INSERT INTO delivery.archived_event VALUES (gen_random_uuid())",
        "UPDATE delivery.archive SET payload = '{}'",
        "DELETE FROM delivery.archive",
        "TRUNCATE delivery.archive",
        "DO $$ BEGIN LOCK TABLE delivery.archive IN SHARE ROW EXCLUSIVE MODE; END $$",
        "INSERT INTO delivery.sequenced VALUES (1, 1, 1, 'x')",
        "UPDATE delivery.sequencer SET last_ordinal = 0",
        "UPDATE delivery.cursor SET ordinal = 0",
        "DELETE FROM delivery.queue",
        "DELETE FROM delivery.subscription",
        "DELETE FROM delivery.hold",
        "SELECT nextval('delivery.archive_position')",
        "SELECT delivery.next_position()",
        "SELECT delivery.hold_relay()",
        "SELECT delivery.adopt_server(1)",
        "SELECT delivery.make_archive_partitions(1)",
        "DELETE FROM mindflow.applied",
        "DELETE FROM mindflow.schedule",
        "INSERT INTO audit.records VALUES (1)",
        "UPDATE audit.head SET number = 0",
        "DELETE FROM logs.lines",
    ] {
        refused(&client, statement).await;
    }
    assert_eq!(test.one::<i64>("SELECT count(*) FROM delivery.archive").await, 0);
}

#[tokio::test]
async fn no_components_role_has_a_privilege_to_write_the_platforms_tables_or_to_call_more_than_it_needs() {
    let test = TestPostgres::write("privileges").await;
    let roles = COMPONENTS.iter().map(|name| format!("'mindflow_{name}'")).collect::<Vec<_>>().join(", ");
    let writable: Option<String> = test
        .one(&format!(
            "SELECT string_agg(r || ' ' || c.oid::regclass, ', ') FROM unnest(ARRAY[{roles}]) r, pg_class c
             WHERE c.relnamespace::regnamespace::text IN ('delivery', 'mindflow', 'audit', 'logs')
                AND c.relkind IN ('r', 'p', 'v')
                AND has_table_privilege(r, c.oid, 'INSERT, UPDATE, DELETE, TRUNCATE, REFERENCES, TRIGGER')"
        ))
        .await;
    assert_eq!(writable, None);
    let callable: String = test
        .one(&format!(
            "SELECT string_agg(DISTINCT p.proname, ' ' ORDER BY p.proname) FROM unnest(ARRAY[{roles}]) r, pg_proc p
             WHERE p.pronamespace = 'delivery'::regnamespace AND has_function_privilege(r, p.oid, 'EXECUTE')"
        ))
        .await;
    // The first computes, the second publishes what the role may, the third refuses.
    assert_eq!(callable, "month_start publish refuse_archive_change");
}

#[tokio::test]
async fn a_components_role_takes_no_lock_and_leaves_nothing_behind() {
    let test = TestPostgres::write("locks").await;
    let client = login(&test, "mindflow_command").await.unwrap();
    for function in [
        "pg_advisory_lock",
        "pg_advisory_lock_shared",
        "pg_advisory_xact_lock",
        "pg_advisory_xact_lock_shared",
        "pg_try_advisory_lock",
        "pg_try_advisory_xact_lock",
        "pg_try_advisory_xact_lock_shared",
    ] {
        refused(&client, &format!("SELECT {function}({LOCK})")).await;
        refused(&client, &format!("SELECT {function}(1, 2)")).await;
    }
    for statement in [
        "SELECT lo_create(0)",
        "SELECT lo_creat(-1)",
        "SELECT lo_from_bytea(0, 'loot')",
        "SELECT lo_import('/etc/passwd')",
        "SELECT lo_put(1, 0, 'loot')",
        "SELECT lo_unlink(1)",
        "CREATE TEMPORARY TABLE loot (x int)",
        "SELECT 1 INTO TEMPORARY loot",
        "CREATE TABLE public.loot (x int)",
        "CREATE SCHEMA loot",
        "CREATE FUNCTION public.loot() RETURNS int LANGUAGE sql RETURN 1",
    ] {
        refused(&client, statement).await;
    }
    // What a pool resets a connection by, Spin's among them.
    client
        .batch_execute("CLOSE ALL; SET SESSION AUTHORIZATION DEFAULT; RESET ALL; UNLISTEN *; SELECT pg_advisory_unlock_all(); DISCARD TEMP; DISCARD SEQUENCES;")
        .await
        .unwrap();
    // Delivery on Spin works as a role of its own.
    let delivery = login(&test, "mindflow_delivery").await.unwrap();
    delivery.batch_execute(&format!("SELECT pg_try_advisory_xact_lock({LOCK})")).await.unwrap();
    refused(&delivery, &format!("SELECT pg_advisory_lock({LOCK})")).await;
}

#[tokio::test]
async fn a_components_role_enters_no_database_that_its_component_was_not_granted() {
    let own = role("own", "command", |_| {}).await;
    let other = role("other", "auth", |_| {}).await;
    login(&own, "mindflow_command").await.unwrap();
    let mut settings: tokio_postgres::Config = own.dsn().parse().unwrap();
    settings.user("mindflow_command");
    let name: String = other.one("SELECT current_database()::text").await;
    for database in [name.as_str(), "postgres", "template1"] {
        let error = settings.dbname(database).connect(tokio_postgres::NoTls).await.err().expect(database);
        assert_eq!(error.code().map(|code| code.code()), Some("42501"), "{database}: {error:?}");
    }
}

#[tokio::test]
async fn roles_of_other_programs_keep_the_maintenance_databases() {
    let server = PrivatePostgres::start(&["own"]).await;
    server.script("postgres", "CREATE ROLE monitor LOGIN").await;
    let config = serde_json::json!({ "backend": "postgres", "dsn": server.dsn("own") });
    let config: DatabaseConfig = serde_json::from_value(config).unwrap();
    let database = Database::open("own", "databases.own", &config, None).await.unwrap();
    let empty = tempfile::tempdir().unwrap();
    for _ in 0..2 {
        migrate(&database, empty.path(), &["command".to_owned()]).await.unwrap();
    }
    let mut settings: tokio_postgres::Config = server.dsn("postgres").parse().unwrap();
    settings.user("monitor").connect(tokio_postgres::NoTls).await.map(drop).unwrap();
    settings.user("mindflow_command").connect(tokio_postgres::NoTls).await.err().expect("it is closed");
    // A superuser leaves nothing open but what is not the platform's.
    assert_eq!(database.left_open(&[]).await.unwrap(), Vec::<String>::new());
    server.script("postgres", "CREATE DATABASE blog").await;
    assert_eq!(database.left_open(&[]).await.unwrap(), ["connections to other databases (blog)"]);
    assert_eq!(database.left_open(&["blog"]).await.unwrap(), Vec::<String>::new());
    database.close();
}

#[tokio::test]
async fn what_a_login_may_not_take_from_the_roles_is_named() {
    let server = PrivatePostgres::start(&[]).await;
    server.script("postgres", "CREATE ROLE tenant LOGIN CREATEROLE").await;
    server.script("postgres", "CREATE DATABASE journal OWNER tenant").await;
    let dsn = server.dsn("journal").replace("user=mindflow", "user=tenant");
    let config: DatabaseConfig =
        serde_json::from_value(serde_json::json!({ "backend": "postgres", "dsn": dsn })).unwrap();
    let database = Database::open("write", "databases.write", &config, None).await.unwrap();
    let expected = [
        "set_config, which names to row-level security who asks",
        "advisory locks",
        "large objects",
        "connections to other databases (postgres, template1)",
    ];
    // Before the migrations as after them.
    assert_eq!(database.left_open(&["journal"]).await.unwrap(), expected);
    let migrations = tempfile::tempdir().unwrap();
    let file = "0001_create_platform.sql";
    std::fs::copy(repository("write").join(file), migrations.path().join(file)).unwrap();
    migrate(&database, migrations.path(), &["command".to_owned()]).await.unwrap();
    assert_eq!(database.left_open(&["journal"]).await.unwrap(), expected);
    database.close();
}
