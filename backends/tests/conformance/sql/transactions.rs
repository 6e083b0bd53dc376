//! How transactions end, and what goes wrong in them.

use mindflow_backends::database::sql::{Error, Identity, NewEvent, READS_MAX, Value};
use mindflow_backends::delivery::publishers::{self, Publisher};
use mindflow_test_support::TestPostgres;
use uuid::Uuid;

use crate::sql::stage::{add, caller, notes, notes_of, platform, role, sqlstate};

#[tokio::test]
async fn a_dropped_transaction_is_rolled_back_and_its_connection_is_clean() {
    let test = notes_of("drop", |config| config.pool_max = Some(1)).await;
    let user = Uuid::new_v4();
    let tx = test.database().begin("command", &caller(user)).await.unwrap();
    tx.execute("INSERT INTO command.notes (user_id, body) VALUES ($1, 'gone')", &[user.into()]).await.unwrap();
    drop(tx);
    // The pool has one connection, so this is the same one.
    let afterwards = test.database().query(
        "command",
        &Identity::Service,
        "SELECT count(*), mindflow.user_id() FROM command.notes",
        &[],
    );
    assert_eq!(afterwards.await.unwrap().rows, [vec![Value::Int64(0), Value::Null]]);
}

#[tokio::test]
async fn reads_of_one_call_see_their_callers_rows_in_one_transaction() {
    let test = notes_of("many", |config| config.pool_max = Some(1)).await;
    let (ada, bob) = (Uuid::new_v4(), Uuid::new_v4());
    add(&test, ada, "ada's").await;
    add(&test, bob, "bob's").await;
    let read =
        async |statements: &[(&str, &[Value])]| test.database().query_many("command", &caller(ada), statements).await;
    let own = [Value::from("ada's")];
    let answers = read(&[
        ("SELECT body, transaction_timestamp() FROM command.notes", &[]),
        ("SELECT count(*) FROM command.notes WHERE body = $1", &own),
        ("SELECT body, transaction_timestamp() FROM command.notes", &[]),
    ])
    .await
    .unwrap();
    assert_eq!(answers[0].rows[0][0], Value::from("ada's"));
    assert_eq!(answers[0], answers[2]);
    assert_eq!(answers[1].rows, [[Value::Int64(1)]]);
    assert!(read(&[]).await.unwrap().is_empty());
    // One that fails fails all, and leaves a clean connection: the pool has no other.
    let failed = read(&[("SELECT 1", &[]), ("SELECT 1 / 0", &[]), ("SELECT 2", &[])]).await.unwrap_err();
    assert_eq!(sqlstate(&failed), "22012");
    let refused = read(&[("SELECT 1", &[]), ("DELETE FROM command.notes", &[])]).await.unwrap_err();
    assert_eq!(sqlstate(&refused), "25006");
    let many: Vec<(&str, &[Value])> = vec![("SELECT 1", &[]); READS_MAX + 1];
    assert!(matches!(read(&many).await, Err(Error::InvalidParams(_))));
    assert_eq!(read(&many[1..]).await.unwrap().len(), READS_MAX);
}

#[tokio::test]
async fn two_transactions_that_wait_for_each_other_make_a_conflict() {
    let test = notes("deadlock").await;
    let user = Uuid::new_v4();
    add(&test, user, "one").await;
    add(&test, user, "two").await;
    let update = "UPDATE command.notes SET user_id = user_id WHERE body = $1";
    let first = test.database().begin("command", &caller(user)).await.unwrap();
    let second = test.database().begin("command", &caller(user)).await.unwrap();
    first.execute(update, &["one".into()]).await.unwrap();
    second.execute(update, &["two".into()]).await.unwrap();
    let (one, two) = ([Value::from("one")], [Value::from("two")]);
    // The one that is chosen to give way rolls back, so that the other one gets on.
    let answers = tokio::join!(
        async {
            let answer = first.execute(update, &two).await;
            drop(first);
            answer
        },
        async {
            let answer = second.execute(update, &one).await;
            drop(second);
            answer
        }
    );
    let conflicts =
        [&answers.0, &answers.1].into_iter().filter(|answer| matches!(answer, Err(Error::Conflict(_)))).count();
    assert_eq!(conflicts, 1, "{answers:?}");
}

#[tokio::test]
async fn a_violated_constraint_is_named() {
    let test = notes("constraint").await;
    let user = Uuid::new_v4();
    add(&test, user, "same").await;
    let tx = test.database().begin("command", &caller(user)).await.unwrap();
    let error =
        tx.execute("INSERT INTO command.notes (user_id, body) VALUES ($1, 'same')", &[user.into()]).await.unwrap_err();
    let Error::Statement(error) = error else { panic!("{error:?}") };
    assert_eq!((error.sqlstate.as_str(), error.constraint.as_deref()), ("23505", Some("notes_body_key")));
    // What failed cannot be committed by mistake.
    assert_eq!(sqlstate(&tx.commit().await.unwrap_err()), "25P02");
}

#[tokio::test]
async fn a_commit_that_a_deferred_constraint_refuses_says_so() {
    let test = notes("deferred").await;
    test.script(
        "CREATE TABLE command.parents (id int PRIMARY KEY);
         CREATE TABLE command.children (parent int REFERENCES command.parents DEFERRABLE INITIALLY DEFERRED);
         GRANT ALL ON command.parents, command.children TO mindflow_command",
    )
    .await;
    let tx = test.database().begin("command", &Identity::Service).await.unwrap();
    tx.execute("INSERT INTO command.children VALUES (1)", &[]).await.unwrap();
    assert_eq!(sqlstate(&tx.commit().await.unwrap_err()), "23503");
}

#[tokio::test]
async fn a_read_cannot_write() {
    let test = notes("readonly").await;
    let sql = "INSERT INTO command.notes (user_id, body) VALUES ($1, 'x') RETURNING id";
    let error = test.database().query("command", &Identity::Service, sql, &[Uuid::new_v4().into()]).await.unwrap_err();
    assert_eq!(sqlstate(&error), "25006");
}

#[tokio::test]
async fn a_statement_is_prepared_again_after_its_table_has_changed() {
    let test = role("plan", "command", |config| config.pool_max = Some(1)).await;
    test.script(
        "CREATE TABLE public.t (a int); GRANT SELECT ON public.t TO mindflow_command; INSERT INTO public.t VALUES (1)",
    )
    .await;
    let database = test.database();
    let sql = "SELECT * FROM public.t";
    database.query("command", &Identity::Service, sql, &[]).await.unwrap();
    test.script("ALTER TABLE public.t ADD b text DEFAULT 'b'").await;
    let rowset = database.query("command", &Identity::Service, sql, &[]).await.unwrap();
    assert_eq!(rowset.columns, ["a", "b"]);
    test.script("ALTER TABLE public.t DROP a").await;
    let tx = database.begin("command", &Identity::Service).await.unwrap();
    assert!(matches!(tx.query(sql, &[]).await, Err(Error::Conflict(_))));
    drop(tx);
    let tx = database.begin("command", &Identity::Service).await.unwrap();
    assert_eq!(tx.query(sql, &[]).await.unwrap().columns, ["b"]);
}

#[tokio::test]
async fn statements_sent_together_in_one_transaction_are_all_answered() {
    let test = platform("atonce", |_| {}).await;
    let tx = test.database().begin("command", &Identity::Service).await.unwrap();
    let numbers: Vec<[Value; 1]> = (0..20).map(|n| [Value::Int32(n)]).collect();
    let all = futures::future::join_all(numbers.iter().map(|n| tx.query("SELECT $1::int4", n))).await;
    for (n, answer) in all.into_iter().enumerate() {
        assert_eq!(answer.unwrap().rows, [vec![Value::Int32(i32::try_from(n).unwrap())]]);
    }
}

#[tokio::test]
async fn an_event_is_published_only_when_its_transaction_commits() {
    let test = TestPostgres::write("publish").await;
    let command = Publisher {
        component: "command".into(),
        source: "command-service".into(),
        event_types: ["TagCreated".to_owned()].into(),
    };
    publishers::set(test.database(), &[command]).await.unwrap();
    let event = NewEvent {
        event_id: Uuid::new_v4(),
        event_type: "TagCreated".into(),
        version: "1.0".into(),
        occurred_at_us: 1_761_424_200_123_456,
        sequence: 1,
        partition_key: "tag:1".into(),
        correlation_id: "c".into(),
        traceparent: None,
        user_id: Some(Uuid::new_v4()),
        tenant_id: None,
        payload: "{\"a\":1}".into(),
    };
    let tx = test.database().begin("command", &Identity::Service).await.unwrap();
    tx.publish(&event).await.unwrap();
    tx.rollback().await.unwrap();
    let tx = test.database().begin("command", &Identity::Service).await.unwrap();
    tx.publish(&event).await.unwrap();
    tx.commit().await.unwrap();
    let admin = test.database().admin().await.unwrap();
    let rows = admin
        .query("SELECT event_id, payload->>'a', extract(epoch FROM occurred_at)::text FROM delivery.archive", &[])
        .await
        .unwrap();
    assert_eq!(rows.len(), 1);
    assert_eq!(rows[0].get::<_, Uuid>(0), event.event_id);
    assert_eq!((rows[0].get::<_, &str>(1), rows[0].get::<_, &str>(2)), ("1", "1761424200.123456"));
}
