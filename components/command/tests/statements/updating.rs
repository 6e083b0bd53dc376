//! Changes of one entry take turns, and each sees what the one before has left.

use crate::statements;
use crate::support::*;
use mindflow_backends::database::sql::{Rowset, Value};
use uuid::Uuid;

/// A change that leaves everything as it is but what the test sets.
fn change(user: &User<'_>, id: Uuid) -> Vec<Value> {
    let now = Value::Timestamp(NOW_US + 1);
    let columns = Value::Json("{}".to_owned());
    vec![uuid(id), uuid(user.id), columns, now, Value::Boolean(false), Value::Null, Value::Null, Value::Null]
}

async fn changed(user: &User<'_>, params: Vec<Value>) -> Rowset {
    let tx = user.begin().await;
    let rows = tx.query(statements::CHANGE_ENTRY, params).await;
    tx.commit().await;
    rows
}

#[tokio::test]
async fn only_the_given_fields_change() {
    let db = Db::new("fields").await;
    let user = db.user();
    let (id, attachment) = (Uuid::now_v7(), Uuid::new_v4());
    user.create(id, &NewEntry { mood: Some("CALM"), attachments: vec![attachment], ..NewEntry::default() }).await;
    let mut params = change(&user, id);
    params[2] = Value::Json(r#"{"title": "A run", "entry_date": "2026-11-01"}"#.to_owned());
    let answer = changed(&user, params).await;
    assert_eq!((only(&answer, "version"), only(&answer, "event_sequence")), (Value::Int32(2), Value::Int64(2)));
    let read = user.read(id).await;
    for (column, value) in [
        ("title", text("A run")),
        ("content", text("Rain, then sun.")),
        ("word_count", Value::Int32(3)),
        ("entry_date", Value::Date(MONTH)),
        ("mood", text("CALM")),
        ("attachment_ids", uuids(&[attachment])),
        ("created_at", Value::Timestamp(NOW_US)),
        ("updated_at", Value::Timestamp(NOW_US + 1)),
        ("version", Value::Int32(2)),
    ] {
        assert_eq!(only(&read, column), value, "{column}");
    }
}

#[tokio::test]
async fn moods_and_attachments_are_set_replaced_and_removed() {
    let db = Db::new("details").await;
    let user = db.user();
    let id = user.entry().await;
    let (a, b, c) = (Uuid::new_v4(), Uuid::new_v4(), Uuid::new_v4());
    for (mood, attachments) in
        [(Some("SAD"), vec![a, b]), (Some("ANGRY"), vec![b, c, a]), (None, vec![c]), (None, vec![])]
    {
        let mut params = change(&user, id);
        params[4] = Value::Boolean(true);
        params[5] = mood.map_or(Value::Null, text);
        params[7] = uuids(&attachments);
        changed(&user, params).await;
        let read = user.read(id).await;
        assert_eq!(only(&read, "mood"), mood.map_or(Value::Null, text));
        assert_eq!(only(&read, "attachment_ids"), uuids(&attachments));
    }
}

#[tokio::test]
async fn tags_that_are_not_kept_are_taken_off_the_entry_and_stay_the_users() {
    let db = Db::new("tagsoff").await;
    let user = db.user();
    let id = user.entry().await;
    let tx = user.begin().await;
    assert_eq!(tx.take(&user, &["work", "Nature"], Some(id)).await, ["Nature+", "work+"]);
    tx.commit().await;
    let Value::UuidArray(ids) = only(&user.read(id).await, "tag_ids") else { panic!("no ids") };
    let mut params = change(&user, id);
    params[6] = Value::UuidArray(vec![ids[1].clone()]);
    changed(&user, params).await;
    assert_eq!(only(&user.read(id).await, "tag_names"), texts(&["work"]));
    let mut params = change(&user, id);
    params[6] = uuids(&[]);
    changed(&user, params).await;
    assert_eq!(only(&user.read(id).await, "tag_names"), texts(&[]));
    assert_eq!(db.count("SELECT count(*) FROM command.tags").await, 2);
}

#[tokio::test]
async fn a_change_that_waited_for_an_entry_sees_all_that_was_changed_meanwhile() {
    let db = Db::new("turns").await;
    let user = db.user();
    let id = user.entry().await;
    let key = || vec![uuid(id), uuid(user.id)];
    let first = user.begin().await;
    first.query(statements::LOCK_ENTRY, key()).await;
    let second = async {
        let tx = user.begin().await;
        tx.query(statements::LOCK_ENTRY, key()).await;
        tx.query(statements::READ_ENTRY, key()).await
    };
    let (read, ()) = tokio::join!(second, async {
        db.until_waiting(1).await;
        first.take(&user, &["work"], Some(id)).await;
        let mut params = change(&user, id);
        params[4] = Value::Boolean(true);
        params[5] = text("HAPPY");
        first.query(statements::CHANGE_ENTRY, params).await;
        first.commit().await;
    });
    assert_eq!(only(&read, "version"), Value::Int32(2));
    assert_eq!(only(&read, "mood"), text("HAPPY"));
    assert_eq!(only(&read, "tag_names"), texts(&["work"]));
}

#[tokio::test]
async fn an_entry_that_comes_back_with_fewer_files_is_live_and_at_its_next_version() {
    let db = Db::new("fewer").await;
    let user = db.user();
    let (id, kept, gone) = (Uuid::now_v7(), Uuid::new_v4(), Uuid::new_v4());
    user.create(id, &NewEntry { attachments: vec![gone, kept], ..NewEntry::default() }).await;
    let tx = user.begin().await;
    let now = Value::Timestamp(NOW_US);
    tx.query(statements::DELETE_ENTRY, vec![uuid(id), uuid(user.id), now, Value::Null]).await;
    let attached = tx.query(statements::ATTACHMENTS_OF_ENTRY, vec![uuid(id), uuid(user.id)]).await;
    assert_eq!(attached.rows, [[uuid(gone)], [uuid(kept)]]);
    tx.commit().await;
    let mut params = change(&user, id);
    params[7] = uuids(&[kept]);
    let answer = changed(&user, params).await;
    assert_eq!((only(&answer, "version"), only(&answer, "event_sequence")), (Value::Int32(2), Value::Int64(3)));
    let read = user.read(id).await;
    assert_eq!((only(&read, "deleted_at"), only(&read, "attachment_ids")), (Value::Null, uuids(&[kept])));
}

#[tokio::test]
async fn a_deleted_entry_is_deleted_once_and_comes_back_as_it_was() {
    let db = Db::new("deleted").await;
    let user = db.user();
    let id = user.entry().await;
    let delete = |expected| vec![uuid(id), uuid(user.id), Value::Timestamp(NOW_US + 5), expected];
    let tx = user.begin().await;
    assert!(tx.query(statements::DELETE_ENTRY, delete(Value::Int64(2))).await.rows.is_empty(), "another version");
    let deleted = tx.query(statements::DELETE_ENTRY, delete(Value::Int64(1))).await;
    assert_eq!((only(&deleted, "version"), only(&deleted, "event_sequence")), (Value::Int32(1), Value::Int64(2)));
    assert!(tx.query(statements::DELETE_ENTRY, delete(Value::Null)).await.rows.is_empty(), "a second time");
    assert!(tx.query(statements::VERSION_OF_ENTRY, vec![uuid(id), uuid(user.id)]).await.rows.is_empty());
    tx.commit().await;
    assert_eq!(only(&user.read(id).await, "deleted_at"), Value::Timestamp(NOW_US + 5));
    let tx = user.begin().await;
    let revived = tx.query(statements::REVIVE_ENTRY, vec![uuid(id), uuid(user.id)]).await;
    assert_eq!(only(&revived, "event_sequence"), Value::Int64(3));
    tx.commit().await;
    let read = user.read(id).await;
    assert_eq!((only(&read, "deleted_at"), only(&read, "version")), (Value::Null, Value::Int32(1)));
}
