//! Who a transaction acts for, and that a component cannot change it.

use mindflow_backends::database::sql::{Error, Identity, Value};
use uuid::Uuid;

use crate::sql::stage::{add, bodies, caller, notes, sqlstate};

#[tokio::test]
async fn a_caller_sees_and_changes_only_rows_of_its_own() {
    let test = notes("rls").await;
    let (alice, bob) = (Uuid::new_v4(), Uuid::new_v4());
    add(&test, alice, "alice's").await;
    add(&test, bob, "bob's").await;
    assert_eq!(bodies(&test, &caller(alice)).await, [Value::from("alice's")]);
    assert_eq!(bodies(&test, &Identity::Service).await.len(), 2);

    let tx = test.database().begin("command", &caller(alice)).await.unwrap();
    assert_eq!(tx.execute("UPDATE command.notes SET body = 'x' WHERE user_id = $1", &[bob.into()]).await.unwrap(), 0);
    assert_eq!(tx.execute("DELETE FROM command.notes WHERE user_id = $1", &[bob.into()]).await.unwrap(), 0);
    let sql = "INSERT INTO command.notes (user_id, body) VALUES ($1, 'forged')";
    assert_eq!(sqlstate(&tx.execute(sql, &[bob.into()]).await.unwrap_err()), "42501");
    drop(tx);
    assert_eq!(bodies(&test, &caller(bob)).await, [Value::from("bob's")]);
}

#[tokio::test]
async fn a_component_cannot_change_who_it_acts_for() {
    let test = notes("identity").await;
    let tx = test.database().begin("command", &caller(Uuid::new_v4())).await.unwrap();
    for sql in [
        "SET ROLE postgres",
        "RESET ALL",
        "SELECT set_config('mindflow.identity', 'service', true)",
        "SELECT 1; SET LOCAL mindflow.identity = 'service'",
        "UPDATE pg_settings SET setting = '0' WHERE name = 'statement_timeout'",
        "SELECT query_to_xml('SELECT set_' || 'config(''mindflow.identity'', ''service'', true)', true, true, '')",
        "SELECT U&\"set\\005fconfig\"('mindflow.identity', 'service', true)",
        "COMMIT",
    ] {
        let error = tx.query(sql, &[]).await.unwrap_err();
        assert!(matches!(error, Error::AccessDenied(_)), "{sql}: {error:?}");
    }
    // The guard sends nothing, so the transaction goes on.
    let rowset = tx
        .query("SELECT mindflow.is_service(), mindflow.has_role('user'), mindflow.has_role('admin')", &[])
        .await
        .unwrap();
    assert_eq!(rowset.rows, [vec![Value::Boolean(false), Value::Boolean(true), Value::Boolean(false)]]);
}

#[tokio::test]
async fn the_database_itself_refuses_what_the_guard_would() {
    let test = notes("raw").await;
    let mut settings: tokio_postgres::Config = test.dsn().parse().unwrap();
    settings.user("mindflow_command");
    let (client, connection) = settings.connect(tokio_postgres::NoTls).await.unwrap();
    tokio::spawn(connection);
    for sql in [
        "SELECT set_config('mindflow.identity', 'service', false)",
        "UPDATE pg_settings SET setting = '0' WHERE name = 'statement_timeout'",
        "CREATE TABLE public.x ()",
        "CREATE TEMPORARY TABLE x ()",
        "SELECT * FROM mindflow.signing_keys",
        "SELECT * FROM mindflow.migrations",
    ] {
        let error = client.batch_execute(sql).await.unwrap_err();
        assert_eq!(error.code().unwrap().code(), "42501", "{sql}: {error:?}");
    }
    let error = client.batch_execute("SET ROLE mindflow_auth").await.unwrap_err();
    assert_eq!(error.code().unwrap().code(), "42501");
}

#[tokio::test]
async fn a_component_sees_no_other_components_tables() {
    let test = notes("walls").await;
    let error =
        test.database().query("auth", &Identity::Service, "SELECT * FROM command.notes", &[]).await.unwrap_err();
    assert_eq!(sqlstate(&error), "42501");
}
