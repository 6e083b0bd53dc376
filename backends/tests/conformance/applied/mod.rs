//! Goal: an event that comes again, late, or concurrently has its effect once. Method: the counter
//! that handlers raise is not idempotent by itself, so that every second application shows.

use futures::{TryStreamExt, future::join_all};
use jiff::Timestamp;
use mindflow_backends::database::sql::{Error, Identity, Transaction, Value};
use mindflow_backends::delivery::applied::{self, Mark, Once};
use mindflow_backends::delivery::{Event, Metadata};
use mindflow_test_support::{TestDatabase, TestPostgres};
use uuid::Uuid;

const COUNTER: &str = "CREATE TABLE query.counter (key text PRIMARY KEY, applied bigint NOT NULL DEFAULT 0); \
     GRANT SELECT, INSERT, UPDATE ON query.counter TO mindflow_query;";
const RAISE: &str = "INSERT INTO query.counter AS c (key, applied) VALUES ($1, 1) \
     ON CONFLICT (key) DO UPDATE SET applied = c.applied + 1";

async fn stage(name: &str) -> TestDatabase {
    let db = TestPostgres::read(name).await;
    db.script(COUNTER).await;
    db
}

fn event(key: &str, sequence: u64) -> Event {
    Event {
        event_id: Uuid::new_v4(),
        event_type: "A".to_owned(),
        version: "1.0".to_owned(),
        timestamp: Timestamp::UNIX_EPOCH,
        source: "command-service".to_owned(),
        correlation_id: "c-1".to_owned(),
        traceparent: None,
        sequence,
        partition_key: key.to_owned(),
        metadata: Metadata::default(),
        payload: serde_json::Map::new(),
    }
}

async fn once(db: &TestDatabase, subscription: &str, event: &Event) -> Once {
    db.database().begin_once("query", &Identity::Service, &Mark::of(event, subscription)).await.unwrap()
}

async fn raise(transaction: &Transaction, event: &Event) {
    transaction.execute(RAISE, &[event.partition_key.as_str().into()]).await.unwrap();
}

/// A handler. Answers whether it had anything to do.
async fn handle(db: &TestDatabase, subscription: &str, event: &Event) -> bool {
    match once(db, subscription, event).await {
        Once::Fresh(transaction) => {
            raise(&transaction, event).await;
            transaction.commit().await.unwrap();
            true
        }
        Once::Already => false,
    }
}

async fn applied(db: &TestDatabase, key: &str) -> i64 {
    let client = db.database().admin().await.unwrap();
    let row = client.query_opt("SELECT applied FROM query.counter WHERE key = $1", &[&key]).await.unwrap();
    row.map_or(0, |row| row.get(0))
}

async fn marks(db: &TestDatabase) -> Vec<(String, String, i64)> {
    let client = db.database().admin().await.unwrap();
    let all = "SELECT component, subscription, sequence FROM mindflow.applied ORDER BY 1, 2, 3";
    client.query(all, &[]).await.unwrap().iter().map(|row| (row.get(0), row.get(1), row.get(2))).collect()
}

#[tokio::test]
async fn a_duplicate_changes_nothing() {
    let db = stage("duplicate").await;
    let first = event("entry:1", 1);
    assert!(handle(&db, "query", &first).await);
    assert!(!handle(&db, "query", &first).await);
    assert!(handle(&db, "query", &event("entry:1", 2)).await);
    assert!(!handle(&db, "query", &first).await);
    assert_eq!(applied(&db, "entry:1").await, 2);
}

#[tokio::test]
async fn an_older_event_after_a_newer_changes_nothing_and_gaps_are_no_obstacle() {
    let db = stage("older").await;
    assert!(handle(&db, "query", &event("entry:1", 7)).await);
    assert!(!handle(&db, "query", &event("entry:1", 6)).await);
    assert!(handle(&db, "query", &event("entry:1", 9)).await);
    assert!(handle(&db, "query", &event("entry:2", 1)).await, "another key has its own count");
    assert_eq!(applied(&db, "entry:1").await, 2);
}

#[tokio::test]
async fn two_events_of_one_sequence_are_distinguished_by_their_ids() {
    let db = stage("same").await;
    let (one, two) = (event("user:1", 3), event("user:1", 3));
    for event in [&one, &two] {
        assert!(handle(&db, "query", event).await);
    }
    for event in [&one, &two] {
        assert!(!handle(&db, "query", event).await);
    }
    assert_eq!(applied(&db, "user:1").await, 2);
}

#[tokio::test(flavor = "multi_thread")]
async fn of_duplicates_at_the_same_moment_one_is_applied() {
    let db = stage("together").await;
    for sequence in 1..=10 {
        let event = event("entry:1", sequence);
        let fresh = join_all((0..4).map(|_| handle(&db, "query", &event))).await;
        assert_eq!(fresh.iter().filter(|fresh| **fresh).count(), 1);
    }
    assert_eq!(applied(&db, "entry:1").await, 10);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_duplicate_waits_for_the_first_ones_end_and_takes_over_when_that_is_undone() {
    let db = stage("waits").await;
    let event = event("entry:1", 1);
    let Once::Fresh(first) = once(&db, "query", &event).await else { panic!("the first is fresh") };
    raise(&first, &event).await;
    let second = handle(&db, "query", &event);
    let undone = async {
        // The second one is at the row's lock.
        db.until_waiting(1).await;
        first.rollback().await.unwrap();
    };
    let (fresh, ()) = futures::future::join(second, undone).await;
    assert!(fresh);
    assert_eq!(applied(&db, "entry:1").await, 1);
}

#[tokio::test]
async fn a_transaction_that_is_undone_leaves_no_trace() {
    let db = stage("undone").await;
    let event = event("entry:1", 1);
    let Once::Fresh(transaction) = once(&db, "query", &event).await else { panic!("fresh") };
    raise(&transaction, &event).await;
    transaction.rollback().await.unwrap();
    let Once::Fresh(transaction) = once(&db, "query", &event).await else { panic!("fresh again") };
    transaction.execute("INSERT INTO query.counter (key) VALUES (NULL)", &[]).await.unwrap_err();
    assert!(transaction.commit().await.is_err());
    assert_eq!(marks(&db).await, []);
    assert!(handle(&db, "query", &event).await);
}

#[tokio::test]
async fn a_replay_in_another_database_counts_for_itself_and_its_marks_can_take_the_live_ones_place() {
    let (live, shadow) = (stage("live").await, stage("shadow").await);
    for sequence in 1..=2 {
        handle(&live, "query", &event("entry:1", sequence)).await;
    }
    for sequence in 1..=3 {
        assert!(handle(&shadow, "query", &event("entry:1", sequence)).await);
        // Another subscription counts by its own name, in one database too.
        assert!(handle(&shadow, "other", &event("entry:1", sequence)).await);
    }
    let from = shadow.database().admin().await.unwrap();
    let marked = applied::marks(&**from, "query", "query").await.unwrap();
    let rows: Vec<String> = marked.map_ok(|row| row.get(0)).try_collect().await.unwrap();
    assert_eq!(rows.len(), 1);
    let mut client = live.database().admin().await.unwrap();
    let transaction = client.transaction().await.unwrap();
    assert_eq!(applied::forget(&*transaction, "query", "query").await.unwrap(), 1);
    applied::put(&*transaction, &rows).await.unwrap();
    transaction.commit().await.unwrap();
    assert_eq!(marks(&live).await, [("mindflow_query".to_owned(), "query".to_owned(), 3)]);
    assert!(!handle(&live, "query", &event("entry:1", 2)).await);
    let keys = ["entry:1".to_owned(), "entry:2".to_owned()];
    assert_eq!(applied::forget_keys(&**client, "query", "query", &keys).await.unwrap(), 1);
    assert!(handle(&live, "query", &event("entry:1", 1)).await);
}

#[tokio::test]
async fn a_component_reaches_its_own_marks_through_the_function_alone() {
    let db = stage("authority").await;
    handle(&db, "query", &event("entry:1", 5)).await;
    for statement in [
        "SELECT * FROM mindflow.applied",
        "DELETE FROM mindflow.applied",
        "UPDATE mindflow.applied SET sequence = 0",
        "INSERT INTO mindflow.applied (component, subscription, partition_key, sequence, event_ids) VALUES ('a','b','c',1,'{}')",
    ] {
        let transaction = db.database().begin("query", &Identity::Service).await.unwrap();
        let refused = transaction.query(statement, &[]).await.unwrap_err();
        assert!(matches!(&refused, Error::Statement(error) if error.sqlstate == "42501"), "{statement}: {refused:?}");
    }
    // Another component that names the same subscription and key writes a row of its own.
    let transaction = db.database().begin("ai", &Identity::Service).await.unwrap();
    let params = [Value::from("query"), "entry:1".into(), 9_i64.into(), Uuid::new_v4().into()];
    transaction.query("SELECT mindflow.apply_once($1, $2, $3, $4)", &params).await.unwrap();
    transaction.commit().await.unwrap();
    let names: Vec<_> = marks(&db).await.into_iter().map(|(component, _, sequence)| (component, sequence)).collect();
    assert_eq!(names, [("mindflow_ai".to_owned(), 9), ("mindflow_query".to_owned(), 5)]);
    assert!(handle(&db, "query", &event("entry:1", 6)).await);
}

#[tokio::test]
async fn both_databases_have_the_marks_and_a_sequence_beyond_counting_is_refused() {
    let db = TestPostgres::write("sides").await;
    let begin = async |sequence| {
        let event = event("analysis:1", sequence);
        db.database().begin_once("ai", &Identity::Service, &Mark::of(&event, "ai")).await
    };
    assert!(matches!(begin(1).await, Ok(Once::Fresh(_))));
    assert!(matches!(begin(u64::MAX).await, Err(Error::InvalidParams(_))));
}

async fn batch(db: &TestDatabase, events: &[&Event]) -> Result<(Transaction, Vec<bool>), Error> {
    let marks: Vec<_> = events.iter().map(|event| Mark::of(event, "query")).collect();
    db.database().begin_batch("query", &Identity::Service, &marks).await
}

#[tokio::test]
async fn of_a_batch_what_was_applied_alone_or_in_another_batch_is_not_applied_again() {
    let db = stage("batch").await;
    let (one, other, third) = (event("entry:2", 1), event("entry:1", 5), event("entry:3", 1));
    assert!(handle(&db, "query", &one).await);
    let older = event("entry:1", 4);
    let (transaction, fresh) = batch(&db, &[&one, &other, &third]).await.unwrap();
    assert_eq!(fresh, [false, true, true]);
    raise(&transaction, &other).await;
    raise(&transaction, &third).await;
    transaction.commit().await.unwrap();
    let (transaction, fresh) = batch(&db, &[&third, &older, &one]).await.unwrap();
    assert_eq!(fresh, [false, false, false]);
    transaction.commit().await.unwrap();
    // Another event with the same sequence is another event.
    let twin = event("entry:3", 1);
    assert_eq!(batch(&db, &[&twin]).await.unwrap().1, [true], "and not applied: its transaction is gone");
    assert!(handle(&db, "query", &twin).await);
    assert!(!handle(&db, "query", &third).await && !handle(&db, "query", &twin).await);
    assert_eq!(applied(&db, "entry:3").await, 2);
}

#[tokio::test]
async fn a_batch_with_two_events_of_a_key_or_of_two_subscriptions_is_refused() {
    let db = stage("refused batch").await;
    let (one, next) = (event("entry:1", 1), event("entry:1", 2));
    let Err(Error::InvalidParams(reason)) = batch(&db, &[&one, &next]).await else { panic!("it is refused") };
    assert_eq!(reason, "the events of a batch have different partition keys; entry:1 is there twice");
    let marks = [Mark::of(&one, "query"), Mark::of(&event("entry:2", 1), "other")];
    let refused = db.database().begin_batch("query", &Identity::Service, &marks).await;
    let Err(Error::InvalidParams(reason)) = refused else { panic!("it is refused") };
    assert_eq!(reason, "the events of a batch have one subscription");
    let (transaction, fresh) = batch(&db, &[]).await.unwrap();
    assert!(fresh.is_empty());
    transaction.commit().await.unwrap();
}

#[tokio::test]
async fn a_batch_that_is_undone_is_applied_later() {
    let db = stage("undone batch").await;
    let events = [event("entry:1", 1), event("entry:2", 1)];
    let (transaction, _) = batch(&db, &[&events[0], &events[1]]).await.unwrap();
    transaction.rollback().await.unwrap();
    assert!(handle(&db, "query", &events[1]).await);
    assert_eq!(batch(&db, &[&events[1], &events[0]]).await.unwrap().1, [false, true]);
}
