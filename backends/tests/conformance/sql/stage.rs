//! What the stories share: a private database with the platform's migration and a table of notes.

use mindflow_backends::database::postgres::PostgresConfig;
use mindflow_backends::database::postgres::migrate::migrate;
use mindflow_backends::database::sql::{Error, Identity, Value};
use mindflow_test_support::{TestDatabase, TestPostgres, migrations};
use uuid::Uuid;

/// A table of notes under row-level security, as a service's migration would make it.
const NOTES: &str = "
    CREATE SCHEMA command;
    GRANT USAGE ON SCHEMA command TO mindflow_command;
    CREATE TABLE command.notes (
        id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY, user_id uuid NOT NULL, body text NOT NULL UNIQUE);
    ALTER TABLE command.notes ENABLE ROW LEVEL SECURITY;
    ALTER TABLE command.notes FORCE ROW LEVEL SECURITY;
    CREATE POLICY own ON command.notes USING (user_id = mindflow.user_id() OR mindflow.is_service());
    GRANT SELECT, INSERT, UPDATE, DELETE ON command.notes TO mindflow_command;";

pub async fn platform(hint: &str, change: impl FnOnce(&mut PostgresConfig)) -> TestDatabase {
    let components: Vec<String> = ["command", "auth"].map(String::from).to_vec();
    let test = TestPostgres::configured(hint, change).await;
    // Only the platform's own migration: what services add is not this test's business.
    let dir = tempfile::tempdir().unwrap();
    let file = "0001_create_platform.sql";
    std::fs::copy(migrations("write").join(file), dir.path().join(file)).unwrap();
    migrate(test.database(), dir.path(), &components).await.unwrap();
    test
}

/// A database with one component's role and nothing else.
pub async fn role(hint: &str, component: &str, change: impl FnOnce(&mut PostgresConfig)) -> TestDatabase {
    let test = TestPostgres::configured(hint, change).await;
    let empty = tempfile::tempdir().unwrap();
    migrate(test.database(), empty.path(), &[component.to_owned()]).await.unwrap();
    test
}

pub async fn notes(hint: &str) -> TestDatabase {
    notes_of(hint, |_| {}).await
}

pub async fn notes_of(hint: &str, change: impl FnOnce(&mut PostgresConfig)) -> TestDatabase {
    let test = platform(hint, change).await;
    test.script(NOTES).await;
    test
}

pub fn caller(user_id: Uuid) -> Identity {
    Identity::Caller { user_id, roles: vec!["user".to_owned()] }
}

pub async fn add(test: &TestDatabase, user_id: Uuid, body: &str) {
    let tx = test.database().begin("command", &caller(user_id)).await.unwrap();
    let sql = "INSERT INTO command.notes (user_id, body) VALUES ($1, $2)";
    assert_eq!(tx.execute(sql, &[user_id.into(), body.into()]).await.unwrap(), 1);
    tx.commit().await.unwrap();
}

pub async fn bodies(test: &TestDatabase, identity: &Identity) -> Vec<Value> {
    let sql = "SELECT body FROM command.notes ORDER BY id";
    let rowset = test.database().query("command", identity, sql, &[]).await.unwrap();
    rowset.rows.into_iter().map(|mut row| row.remove(0)).collect()
}

pub fn sqlstate(error: &Error) -> &str {
    match error {
        Error::Statement(error) | Error::Conflict(error) => &error.sqlstate,
        other => panic!("{other:?}"),
    }
}
