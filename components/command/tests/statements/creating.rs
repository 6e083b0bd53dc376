//! One entry per mutation id, and no entry beyond the quota, under any number of concurrent requests.

use crate::statements;
use crate::support::*;
use mindflow_backends::database::sql::{Error, Value};
use uuid::Uuid;

const USED: &str = "SELECT COALESCE(sum(used), 0)::bigint FROM command.quota_usage";
const ENTRIES: &str = "SELECT count(*) FROM command.journals";
const MUTATIONS: &str = "SELECT count(*) FROM command.client_mutations";

#[tokio::test]
async fn an_entry_is_read_as_it_was_written() {
    let db = Db::new("written").await;
    let user = db.user();
    let (id, attachments) = (Uuid::now_v7(), vec![Uuid::new_v4(), Uuid::new_v4(), Uuid::new_v4()]);
    let entry = NewEntry { mood: Some("CALM"), attachments: attachments.clone(), ..NewEntry::default() };
    assert_eq!(user.create(id, &entry).await, WRITTEN);
    let read = user.read(id).await;
    for (column, value) in [
        ("id", uuid(id)),
        ("user_id", uuid(user.id)),
        ("title", text("A walk")),
        ("content", text("Rain, then sun.")),
        ("mood", text("CALM")),
        ("version", Value::Int32(1)),
        ("event_sequence", Value::Int64(1)),
        ("word_count", Value::Int32(3)),
        ("entry_date", Value::Date(20_780)),
        ("created_at", Value::Timestamp(NOW_US)),
        ("updated_at", Value::Timestamp(NOW_US)),
        ("deleted_at", Value::Null),
        ("tag_ids", uuids(&[])),
        ("tag_names", texts(&[])),
        ("attachment_ids", uuids(&attachments)),
    ] {
        assert_eq!(only(&read, column), value, "{column}");
    }
}

#[tokio::test]
async fn of_many_concurrent_requests_exactly_as_many_succeed_as_the_quota_allows() {
    let db = Db::new("quota").await;
    let user = db.user();
    let entry = NewEntry { limit: Some(5), mood: Some("HAPPY"), ..NewEntry::default() };
    let mut outcomes = Vec::new();
    let request = || async { user.create(Uuid::now_v7(), &entry).await };
    let (a, b, c, d) = tokio::join!(
        async { [request().await, request().await, request().await] },
        async { [request().await, request().await, request().await] },
        async { [request().await, request().await, request().await] },
        async { [request().await, request().await, request().await] },
    );
    for some in [a, b, c, d] {
        outcomes.extend(some);
    }
    assert_eq!(outcomes.iter().filter(|outcome| **outcome == WRITTEN).count(), 5);
    assert_eq!(outcomes.iter().filter(|outcome| **outcome == BEYOND_QUOTA).count(), 7);
    assert_eq!((db.count(USED).await, db.count(ENTRIES).await), (5, 5));
}

#[tokio::test]
async fn the_last_place_goes_to_a_waiting_request_when_its_holder_gives_up() {
    let db = Db::new("lastplace").await;
    let user = db.user();
    let entry = NewEntry { limit: Some(1), ..NewEntry::default() };
    let first = user.begin().await;
    assert_eq!(first.create(&user, Uuid::now_v7(), &entry).await, WRITTEN);
    let (outcome, ()) = tokio::join!(user.create(Uuid::now_v7(), &entry), async {
        db.until_waiting(1).await;
        first.rollback().await;
    });
    assert_eq!(outcome, WRITTEN);
    assert_eq!(db.count(USED).await, 1);
}

#[tokio::test]
async fn no_limit_lets_everything_through_and_a_limit_of_none_nothing() {
    let db = Db::new("limits").await;
    let user = db.user();
    assert_eq!(user.create(Uuid::now_v7(), &NewEntry { limit: Some(0), ..NewEntry::default() }).await, BEYOND_QUOTA);
    for _ in 0..7 {
        user.entry().await;
    }
    assert_eq!(user.create(Uuid::now_v7(), &NewEntry { limit: Some(7), ..NewEntry::default() }).await, BEYOND_QUOTA);
    assert_eq!(user.create(Uuid::now_v7(), &NewEntry { limit: Some(8), ..NewEntry::default() }).await, WRITTEN);
    assert_eq!(db.user().create(Uuid::now_v7(), &NewEntry { limit: Some(1), ..NewEntry::default() }).await, WRITTEN);
}

#[tokio::test]
async fn a_mutation_that_comes_twice_concurrently_creates_one_entry() {
    let db = Db::new("mutation").await;
    let user = db.user();
    let entry = NewEntry { mutation: Some("m-1"), limit: Some(5), ..NewEntry::default() };
    let id = Uuid::now_v7();
    let winner = user.begin().await;
    assert_eq!(winner.create(&user, id, &entry).await, WRITTEN);
    let loser = async {
        let tx = user.begin().await;
        assert_eq!(tx.create(&user, Uuid::now_v7(), &entry).await, REPEATED);
        let found = tx.query(statements::FIND_MUTATION, vec![uuid(user.id), text("m-1")]).await;
        tx.commit().await;
        assert_eq!(only(&found, "fingerprint"), Value::Bytes(FINGERPRINT.to_vec()));
        only(&found, "entry_id")
    };
    let (found, ()) = tokio::join!(loser, async {
        db.until_waiting(1).await;
        winner.commit().await;
    });
    assert_eq!(found, uuid(id));
    assert_eq!((db.count(USED).await, db.count(ENTRIES).await, db.count(MUTATIONS).await), (1, 1, 1));
}

#[tokio::test]
async fn a_mutation_is_repeated_even_when_the_quota_is_used_up() {
    let db = Db::new("repeated").await;
    let user = db.user();
    let entry = NewEntry { mutation: Some("m-1"), limit: Some(1), ..NewEntry::default() };
    assert_eq!(user.create(Uuid::now_v7(), &entry).await, WRITTEN);
    assert_eq!(user.create(Uuid::now_v7(), &entry).await, REPEATED);
    assert_eq!(user.create(Uuid::now_v7(), &NewEntry { mutation: Some("m-2"), ..entry.clone() }).await, BEYOND_QUOTA);
    assert_eq!(db.count(MUTATIONS).await, 1);
    assert_eq!(db.user().create(Uuid::now_v7(), &entry).await, WRITTEN, "another user's id is another id");
}

#[tokio::test]
async fn a_mutation_that_failed_leaves_its_id_to_the_one_that_waits() {
    let db = Db::new("failed").await;
    let user = db.user();
    let entry = NewEntry { mutation: Some("m-1"), ..NewEntry::default() };
    let first = user.begin().await;
    assert_eq!(first.create(&user, Uuid::now_v7(), &entry).await, WRITTEN);
    let (outcome, ()) = tokio::join!(user.create(Uuid::now_v7(), &entry), async {
        db.until_waiting(1).await;
        first.rollback().await;
    });
    assert_eq!(outcome, WRITTEN);
    assert_eq!(db.count(ENTRIES).await, 1);
}

#[tokio::test]
async fn an_id_of_any_users_entry_is_refused_by_a_constraint_that_the_service_knows() {
    let db = Db::new("ids").await;
    let (owner, stranger) = (db.user(), db.user());
    let id = owner.entry().await;
    for user in [&owner, &stranger] {
        let tx = user.begin().await;
        match tx.try_query(statements::CREATE_ENTRY, user.create_params(id, &NewEntry::default())).await {
            Err(Error::Statement(error)) => {
                let constraint = error.constraint.unwrap();
                assert!(statements::ENTRY_ID_CONSTRAINTS.contains(&constraint.as_str()), "{constraint}");
            }
            other => panic!("{other:?}"),
        }
        tx.rollback().await;
    }
}
