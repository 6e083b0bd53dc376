//! With the service's own checks left out, another user's rows still cannot be read or written.

use crate::statements;
use crate::support::*;
use mindflow_backends::database::sql::{Error, Value};
use uuid::Uuid;

fn sqlstate<T: std::fmt::Debug>(outcome: Result<T, Error>) -> String {
    match outcome {
        Err(Error::Statement(error)) => error.sqlstate,
        other => panic!("{other:?}"),
    }
}

#[tokio::test]
async fn a_stranger_sees_and_changes_nothing_even_in_the_owners_name() {
    let db = Db::new("stranger").await;
    let (owner, stranger) = (db.user(), db.user());
    let entry = Uuid::now_v7();
    owner.create(entry, &NewEntry { mood: Some("CALM"), mutation: Some("m-1"), ..NewEntry::default() }).await;
    let tx = owner.begin().await;
    let tags = tx.query(statements::TAKE_TAGS, owner.take_params(&["work"], Some(entry))).await;
    tx.commit().await;
    let key = || vec![uuid(entry), uuid(owner.id)];
    let now = Value::Timestamp(NOW_US + 9);
    let tx = stranger.begin().await;
    for (statement, params) in [
        (statements::LOCK_ENTRY, key()),
        (statements::READ_ENTRY, key()),
        (statements::VERSION_OF_ENTRY, key()),
        (statements::REVIVE_ENTRY, key()),
        (statements::FIND_MUTATION, vec![uuid(owner.id), text("m-1")]),
        (statements::ENTRIES_USED, vec![uuid(owner.id), Value::Date(MONTH)]),
        (statements::TAGS_USED, vec![uuid(owner.id)]),
        (statements::DELETE_ENTRY, vec![uuid(entry), uuid(owner.id), now, Value::Null]),
        (statements::LOCK_TAG, vec![only(&tags, "id"), uuid(owner.id)]),
        (statements::RENAME_TAG, vec![only(&tags, "id"), uuid(owner.id), text("mine"), text("mine")]),
    ] {
        assert_eq!(tx.query(statement, params).await.rows, Vec::<Vec<Value>>::new(), "{statement}");
    }
    for table in [
        "journals",
        "tags",
        "tag_usage",
        "journal_tags",
        "journal_moods",
        "journal_attachments",
        "quota_usage",
        "client_mutations",
        "books",
        "entry_versions",
    ] {
        let rows = tx.query(&format!("SELECT count(*) AS seen FROM command.{table}"), vec![]).await;
        assert_eq!(only(&rows, "seen"), Value::Int64(0), "{table}");
    }
    tx.commit().await;
    assert_eq!(only(&owner.read(entry).await, "event_sequence"), Value::Int64(1));
}

#[tokio::test]
async fn a_stranger_writes_no_row_in_the_owners_name() {
    let db = Db::new("forged").await;
    let (owner, stranger) = (db.user(), db.user());
    let at = Value::Timestamp(NOW_US);
    let mood = vec![uuid(Uuid::now_v7()), uuid(owner.id), text("SAD"), Value::Null, at, Value::Date(MONTH)];
    for (statement, params) in [
        (statements::CREATE_ENTRY, owner.create_params(Uuid::now_v7(), &NewEntry::default())),
        (statements::TAKE_TAGS, owner.take_params(&["work"], None)),
        (statements::RECORD_MOOD, mood),
    ] {
        let tx = stranger.begin().await;
        assert_eq!(sqlstate(tx.try_query(statement, params).await), "42501", "{statement}");
        tx.rollback().await;
    }
}

#[tokio::test]
async fn a_users_own_tag_does_not_stick_to_another_users_entry() {
    let db = Db::new("mixed").await;
    let (owner, stranger) = (db.user(), db.user());
    let entry = owner.entry().await;
    let tx = stranger.begin().await;
    assert_eq!(
        sqlstate(tx.try_query(statements::TAKE_TAGS, stranger.take_params(&["mine"], Some(entry))).await),
        "23503"
    );
    tx.rollback().await;
}

#[tokio::test]
async fn the_services_role_may_not_do_what_the_service_never_does() {
    let db = Db::new("role").await;
    let user = db.user();
    user.entry().await;
    for statement in [
        "DELETE FROM command.journals",
        "UPDATE command.journals SET user_id = gen_random_uuid()",
        "DELETE FROM command.quota_usage",
        "UPDATE command.tag_usage SET used = 0",
        "UPDATE command.client_mutations SET entry_id = gen_random_uuid()",
        "SELECT * FROM auth.users",
    ] {
        let tx = user.begin().await;
        assert_eq!(sqlstate(tx.try_query(statement, vec![]).await), "42501", "{statement}");
        tx.rollback().await;
    }
}

#[tokio::test]
async fn a_mood_is_recorded_with_or_without_a_note() {
    let db = Db::new("moods").await;
    let user = db.user();
    for note in [Value::Null, text("after the walk")] {
        let tx = user.begin().await;
        let at = Value::Timestamp(NOW_US);
        let params = vec![uuid(Uuid::now_v7()), uuid(user.id), text("CALM"), note, at, Value::Date(MONTH)];
        tx.query(statements::RECORD_MOOD, params).await;
        tx.commit().await;
    }
    assert_eq!(db.count("SELECT count(*) FROM command.mood_records").await, 2);
}
