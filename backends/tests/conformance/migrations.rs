//! Goal: the schema is what the files say, or an error says why not. Method: folders of migrations written
//! for each story, on private databases.

use std::path::Path;

use mindflow_backends::database::postgres::migrate::{MigrateError, migrate, require_current, status};
use mindflow_test_support::{TestPostgres, migrations};

fn write(dir: &Path, name: &str, sql: &str) {
    std::fs::write(dir.join(name), sql).unwrap();
}

fn components(names: &[&str]) -> Vec<String> {
    names.iter().map(ToString::to_string).collect()
}

#[tokio::test]
async fn what_is_missing_is_applied_once_and_a_lower_number_may_come_later() {
    let test = TestPostgres::empty("once").await;
    let dir = tempfile::tempdir().unwrap();
    write(
        dir.path(),
        "0001_create_a.sql",
        "CREATE TABLE a (x int); -- one\nCREATE FUNCTION f() RETURNS int LANGUAGE sql AS $$ SELECT 1; $$;",
    );
    write(dir.path(), "0020_create_b.sql", "CREATE TABLE b (x int)");
    assert_eq!(status(test.database(), dir.path()).await.unwrap().pending.len(), 2);
    let text = require_current(test.database(), dir.path()).await.unwrap_err().to_string();
    assert_eq!(text, "schema of database `test` is older: 2 migration(s) to apply; run `mindflow migrate`");
    let report = migrate(test.database(), dir.path(), &[]).await.unwrap();
    assert_eq!(report.applied, ["0001_create_a.sql", "0020_create_b.sql"]);
    write(dir.path(), "0010_fill_a.sql", "INSERT INTO a VALUES (1)");
    let report = migrate(test.database(), dir.path(), &[]).await.unwrap();
    assert_eq!((report.applied.as_slice(), report.already), (["0010_fill_a.sql".to_owned()].as_slice(), 2));
    require_current(test.database(), dir.path()).await.unwrap();
}

#[tokio::test]
async fn a_failing_statement_is_named_by_file_and_line_and_leaves_nothing() {
    let test = TestPostgres::empty("failing").await;
    let dir = tempfile::tempdir().unwrap();
    write(dir.path(), "0001_create_a.sql", "CREATE TABLE a (x int);\n\n-- Ü\nSELECT x\n  FROM nowhere;\n");
    let error = migrate(test.database(), dir.path(), &[]).await.unwrap_err();
    let text = error.to_string();
    assert!(text.ends_with("0001_create_a.sql:5: relation \"nowhere\" does not exist (42P01)"), "{text}");
    let admin = test.database().admin().await.unwrap();
    let row = admin
        .query_one("SELECT to_regclass('a') IS NULL, (SELECT count(*) FROM mindflow.migrations)", &[])
        .await
        .unwrap();
    assert_eq!((row.get::<_, bool>(0), row.get::<_, i64>(1)), (true, 0));
}

#[tokio::test]
async fn a_changed_file_and_a_newer_database_are_refused() {
    let test = TestPostgres::empty("changed").await;
    let dir = tempfile::tempdir().unwrap();
    write(dir.path(), "0001_create_a.sql", "CREATE TABLE a (x int)");
    write(dir.path(), "0002_create_b.sql", "CREATE TABLE b (x int)");
    migrate(test.database(), dir.path(), &[]).await.unwrap();
    write(dir.path(), "0001_create_a.sql", "CREATE TABLE a (x bigint)");
    let error = migrate(test.database(), dir.path(), &[]).await.unwrap_err();
    assert!(matches!(error, MigrateError::Changed { .. }), "{error}");
    std::fs::remove_file(dir.path().join("0002_create_b.sql")).unwrap();
    let error = status(test.database(), dir.path()).await.unwrap_err();
    assert!(error.to_string().contains("newer than this program: 0002_create_b.sql"), "{error}");
}

#[tokio::test]
async fn malformed_names_duplicates_and_transaction_commands_are_refused() {
    let test = TestPostgres::empty("malformed").await;
    let cases: [(&str, &str, &str); 4] = [
        ("1_create_a.sql", "SELECT 1", "named NNNN_verb_noun.sql"),
        ("0001_create_other.sql", "SELECT 1", "number 0001 is taken by 0001_create_a.sql"),
        ("0002_create_b.sql", "SELECT 1;\nCOMMIT;", ":2: COMMIT is reserved for the runner"),
        ("0002_create_b.sql", "SELECT 1;\n\nSELECT 'x", ":3: a quote or comment never ends"),
    ];
    for (name, sql, said) in cases {
        let dir = tempfile::tempdir().unwrap();
        write(dir.path(), "0001_create_a.sql", "SELECT 1");
        write(dir.path(), name, sql);
        let error = migrate(test.database(), dir.path(), &[]).await.unwrap_err();
        assert!(error.to_string().contains(said), "{error}");
    }
    let error = migrate(test.database(), Path::new("/nowhere"), &[]).await.unwrap_err();
    assert!(error.to_string().starts_with("/nowhere: cannot be read"), "{error}");
}

#[tokio::test]
async fn replicas_that_start_together_apply_each_file_once() {
    let test = TestPostgres::empty("together").await;
    let dir = migrations("write");
    let all = components(mindflow_test_support::COMPONENTS);
    let runs = (0..5).map(|_| migrate(test.database(), &dir, &all));
    let reports = futures::future::join_all(runs).await;
    let applied: Vec<usize> = reports.into_iter().map(|report| report.unwrap().applied.len()).collect();
    assert_eq!(applied.iter().filter(|count| **count > 0).count(), 1, "{applied:?}");
}

#[tokio::test]
async fn roles_are_made_concurrently_by_many_databases_of_one_server() {
    let unique = format!("race{}", std::process::id());
    let names = components(&[&format!("{unique}a"), &format!("{unique}b")]);
    let empty = tempfile::tempdir().unwrap();
    let tests = futures::future::join_all((0..6).map(|_| TestPostgres::empty("roles"))).await;
    let runs = tests.iter().map(|test| migrate(test.database(), empty.path(), &names));
    for report in futures::future::join_all(runs).await {
        report.unwrap();
    }
    let clean = names.iter().map(|name| format!("DROP OWNED BY mindflow_{name};")).collect::<String>();
    for test in &tests {
        test.script(&clean).await;
    }
    drop(tests);
    let last = TestPostgres::empty("roles").await;
    for name in &names {
        last.script(&format!("DROP ROLE mindflow_{name}")).await;
    }
}

#[tokio::test]
async fn a_role_that_may_bypass_row_level_security_is_refused() {
    let test = TestPostgres::empty("bypass").await;
    let name = format!("bypass{}", std::process::id());
    test.script(&format!("CREATE ROLE mindflow_{name} BYPASSRLS")).await;
    let empty = tempfile::tempdir().unwrap();
    let error = migrate(test.database(), empty.path(), &components(&[&name])).await.unwrap_err();
    assert!(error.to_string().contains("may bypass row-level security; run: ALTER ROLE"), "{error}");
    test.script(&format!("DROP ROLE mindflow_{name}")).await;
}

#[tokio::test]
async fn a_component_with_the_name_of_a_capabilitys_role_is_refused() {
    let test = TestPostgres::empty("reserved").await;
    let empty = tempfile::tempdir().unwrap();
    let error = migrate(test.database(), empty.path(), &components(&["auth", "audit-log"])).await.unwrap_err();
    assert!(error.to_string().starts_with("component name `audit-log`: the platform's own capability"), "{error}");
}

#[tokio::test]
async fn both_sides_of_the_repository_apply() {
    let (write, read) = tokio::join!(TestPostgres::write("repo"), TestPostgres::read("repo"));
    for (test, side) in [(&write, "write"), (&read, "read")] {
        require_current(test.database(), &migrations(side)).await.unwrap();
    }
}
