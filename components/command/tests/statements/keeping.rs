//! Drafts, versions, the trash, journals, and moods that are taken back.

use crate::statements;
use crate::support::*;
use mindflow_backends::database::sql::{Error, Rowset, Value};
use uuid::Uuid;

const USED: &str = "SELECT COALESCE(sum(used), 0)::bigint FROM command.quota_usage";

async fn one(user: &User<'_>, statement: &str, params: Vec<Value>) -> Rowset {
    let tx = user.begin().await;
    let rows = tx.query(statement, params).await;
    tx.commit().await;
    rows
}

fn delete(user: &User<'_>, id: Uuid, at_us: i64) -> Vec<Value> {
    vec![uuid(id), uuid(user.id), Value::Timestamp(at_us), Value::Null]
}

fn column(rows: &Rowset, name: &str) -> Vec<Value> {
    let index = rows.columns.iter().position(|column| column == name).unwrap();
    rows.rows.iter().map(|row| row[index].clone()).collect()
}

#[tokio::test]
async fn a_draft_takes_its_place_in_the_quota_when_it_is_published() {
    let db = Db::new("draft").await;
    let user = db.user();
    let drafts = [Uuid::now_v7(), Uuid::now_v7()];
    for id in drafts {
        let draft = NewEntry { draft: true, limit: Some(0), ..NewEntry::default() };
        assert_eq!(user.create(id, &draft).await, WRITTEN, "no quota holds it up");
    }
    assert_eq!(db.count(USED).await, 0);
    let publish = |id| vec![uuid(id), uuid(user.id), Value::Date(MONTH), Value::Int64(1), Value::Timestamp(NOW_US + 7)];
    let published = one(&user, statements::PUBLISH_ENTRY, publish(drafts[0])).await;
    assert_eq!(only(&published, "event_sequence"), Value::Int64(2));
    let read = user.read(drafts[0]).await;
    assert_eq!(
        (only(&read, "draft"), only(&read, "published_at")),
        (Value::Boolean(false), Value::Timestamp(NOW_US + 7))
    );
    assert_eq!(only(&read, "version"), Value::Int32(1));
    assert!(one(&user, statements::PUBLISH_ENTRY, publish(drafts[1])).await.rows.is_empty(), "the quota is used up");
    assert_eq!((db.count(USED).await, only(&user.read(drafts[1]).await, "draft")), (1, Value::Boolean(true)));
}

#[tokio::test]
async fn only_a_draft_can_be_without_a_title() {
    let db = Db::new("untitled").await;
    let user = db.user();
    let id = user.entry().await;
    let tx = user.begin().await;
    let emptied = tx.try_query("UPDATE command.journals SET title = '' WHERE id = $1::uuid", vec![uuid(id)]).await;
    assert!(matches!(emptied, Err(Error::Statement(error)) if error.sqlstate == "23514"));
    tx.rollback().await;
}

#[tokio::test]
async fn as_many_versions_are_kept_as_there_may_be_and_the_oldest_go() {
    let db = Db::new("versions").await;
    let user = db.user();
    let id = user.entry().await;
    for version in 1..=4 {
        let columns = format!(
            r#"{{"version": {version}, "title": "V{version}", "content": "{}", "tags": [{{"id": "{id}", "name": "rain"}}], "mood": "CALM",
            "entry_date": "2026-11-23", "word_count": 1, "updated_at": "2026-11-23T05:39:05.678901Z", "place": {{"name": "Home"}}}}"#,
            "x".repeat(10)
        );
        let params = vec![uuid(id), uuid(user.id), Value::Json(columns), Value::Int64(3)];
        one(&user, statements::KEEP_VERSION, params).await;
    }
    let page = |before: Value, first: i64, bytes: i64| {
        vec![uuid(id), uuid(user.id), before, Value::Int64(first), Value::Int64(bytes)]
    };
    let all = one(&user, statements::PAGE_OF_VERSIONS, page(Value::Null, 10, 1_000)).await;
    assert_eq!(column(&all, "version"), [4, 3, 2].map(Value::Int32));
    assert_eq!(
        only(&one(&user, statements::COUNT_VERSIONS, vec![uuid(id), uuid(user.id)]).await, "total"),
        Value::Int64(3)
    );
    let first = one(&user, statements::PAGE_OF_VERSIONS, page(Value::Null, 2, 1_000)).await;
    assert_eq!((column(&first, "version").len(), &column(&first, "found")[0]), (2, &Value::Int64(3)), "more follow");
    // A page is as long as its bytes allow, and never empty.
    let short = one(&user, statements::PAGE_OF_VERSIONS, page(Value::Null, 10, 15)).await;
    assert_eq!(column(&short, "version"), [Value::Int32(4)]);
    let last = one(&user, statements::PAGE_OF_VERSIONS, page(Value::Int64(3), 10, 1)).await;
    assert_eq!((column(&last, "version"), only(&last, "found")), (vec![Value::Int32(2)], Value::Int64(1)));
    let read = one(&user, statements::READ_VERSION, vec![uuid(id), uuid(user.id), Value::Int64(3)]).await;
    assert_eq!((only(&read, "title"), only(&read, "mood")), (text("V3"), text("CALM")));
}

#[tokio::test]
async fn of_a_purged_entry_nothing_is_left_but_that_its_id_was_used() {
    let db = Db::new("purged").await;
    let (user, stranger) = (db.user(), db.user());
    let (id, live) = (Uuid::now_v7(), user.entry().await);
    let entry =
        NewEntry { mood: Some("SAD"), attachments: vec![Uuid::new_v4()], mutation: Some("m-1"), ..NewEntry::default() };
    user.create(id, &entry).await;
    let tx = user.begin().await;
    tx.take(&user, &["work"], Some(id)).await;
    tx.commit().await;
    let version = Value::Json(r#"{"version": 1, "title": "t", "content": "c", "tags": [], "entry_date": "2026-11-23", "word_count": 1, "updated_at": "2026-11-23T05:39:05Z"}"#.into());
    one(&user, statements::KEEP_VERSION, vec![uuid(id), uuid(user.id), version, Value::Int64(3)]).await;
    let before = |at_us: i64| vec![uuid(id), uuid(user.id), Value::Timestamp(at_us)];
    let late = NOW_US + 9;
    assert!(one(&user, statements::IN_TRASH_BEFORE, before(late)).await.rows.is_empty(), "it is not in the trash");
    one(&user, statements::DELETE_ENTRY, delete(&user, id, NOW_US + 5)).await;
    let early = one(&user, statements::IN_TRASH_BEFORE, before(NOW_US + 5)).await;
    assert!(early.rows.is_empty(), "it has not been there for long");
    assert!(one(&stranger, statements::IN_TRASH_BEFORE, before(late)).await.rows.is_empty());
    assert_eq!(only(&one(&user, statements::IN_TRASH_BEFORE, before(late)).await, "id"), uuid(id));

    let trash = |after: [Value; 2]| {
        let [at, id] = after;
        vec![uuid(user.id), at, id, Value::Int64(10), Value::Int64(1_000)]
    };
    let shown = one(&user, statements::PAGE_OF_TRASH, trash([Value::Null, Value::Null])).await;
    assert_eq!((only(&shown, "id"), only(&shown, "tag_names")), (uuid(id), texts(&["work"])));
    assert_eq!(only(&shown, "in_trash_since"), Value::Timestamp(NOW_US + 5));
    let after = one(&user, statements::PAGE_OF_TRASH, trash([Value::Timestamp(NOW_US + 5), uuid(id)])).await;
    assert!(after.rows.is_empty());

    let erase = vec![uuid(user.id), uuid(id)];
    one(&stranger, statements::ERASE, vec![uuid(stranger.id), uuid(id)]).await;
    assert_eq!(only(&user.read(id).await, "title"), text("A walk"), "it is another user's");
    one(&user, statements::ERASE, erase).await;
    assert!(one(&user, statements::IN_TRASH_BEFORE, before(late)).await.rows.is_empty());
    for statement in [statements::READ_ENTRY, statements::LOCK_ENTRY] {
        assert!(one(&user, statement, vec![uuid(id), uuid(user.id)]).await.rows.is_empty(), "{statement}");
    }
    for table in ["entry_versions", "journal_moods", "journal_tags", "journal_attachments"] {
        assert_eq!(
            db.count(&format!("SELECT count(*) FROM command.{table} WHERE entry_id = '{id}'")).await,
            0,
            "{table}"
        );
    }
    let left = "SELECT count(*) FROM command.journals j JOIN command.client_mutations m ON m.entry_id = j.id
        WHERE j.title = '' AND j.content = '' AND m.fingerprint IS NULL AND m.client_mutation_id = 'm-1'";
    assert_eq!(db.count(left).await, 1);
    assert_eq!(only(&user.read(live).await, "title"), text("A walk"));
}

#[tokio::test]
async fn a_journal_has_a_name_of_its_own_and_leaves_it_when_it_is_deleted() {
    let db = Db::new("books").await;
    let user = db.user();
    let (first, second) = (Uuid::now_v7(), Uuid::now_v7());
    let create = |id: Uuid, name: &str, most: i64| {
        vec![uuid(id), uuid(user.id), text(name), text(&name.to_lowercase()), Value::Int64(most)]
    };
    one(&user, statements::CREATE_BOOK, create(first, "Dreams", 2)).await;
    let tx = user.begin().await;
    let taken = tx.try_query(statements::CREATE_BOOK, create(second, "DREAMS", 2)).await;
    assert!(
        matches!(taken, Err(Error::Statement(error)) if error.constraint.as_deref() == Some(statements::BOOK_NAME_CONSTRAINT))
    );
    tx.rollback().await;
    assert!(
        one(&user, statements::CREATE_BOOK, create(second, "Work", 1)).await.rows.is_empty(),
        "there are as many as there may be"
    );
    // The default one has no row before it is renamed, and does not count.
    let rename = vec![uuid(user.id), uuid(user.id), text("Days"), text("days")];
    assert_eq!(only(&one(&user, statements::RENAME_BOOK, rename.clone()).await, "event_sequence"), Value::Int64(1));
    assert_eq!(only(&one(&user, statements::RENAME_BOOK, rename).await, "event_sequence"), Value::Int64(2));
    assert!(!one(&user, statements::CREATE_BOOK, create(second, "Work", 2)).await.rows.is_empty());

    let gone = vec![uuid(first), uuid(user.id), Value::Timestamp(NOW_US)];
    assert_eq!(only(&one(&user, statements::DELETE_BOOK, gone.clone()).await, "event_sequence"), Value::Int64(2));
    assert!(one(&user, statements::DELETE_BOOK, gone).await.rows.is_empty());
    assert!(one(&user, statements::HOLD_BOOK, vec![uuid(first), uuid(user.id)]).await.rows.is_empty());
    assert!(
        !one(&user, statements::CREATE_BOOK, create(Uuid::now_v7(), "Dreams", 9)).await.rows.is_empty(),
        "the name is free"
    );
}

#[tokio::test]
async fn a_mood_is_taken_back_once_and_leaves_nothing_of_what_it_was() {
    let db = Db::new("back").await;
    let (user, stranger) = (db.user(), db.user());
    let id = Uuid::now_v7();
    let at = Value::Timestamp(NOW_US);
    let params = vec![uuid(id), uuid(user.id), text("SAD"), text("hm"), at, Value::Date(MONTH)];
    one(&user, statements::RECORD_MOOD, params).await;
    let back = || vec![uuid(id), uuid(user.id), Value::Timestamp(NOW_US + 1)];
    assert!(one(&stranger, statements::TAKE_BACK_MOOD, back()).await.rows.is_empty());
    assert_eq!(one(&user, statements::TAKE_BACK_MOOD, back()).await.rows.len(), 1);
    assert!(one(&user, statements::TAKE_BACK_MOOD, back()).await.rows.is_empty());
    assert_eq!(db.count("SELECT count(*) FROM command.mood_records WHERE mood IS NULL AND note IS NULL").await, 1);
}

#[tokio::test]
async fn what_is_asked_of_drafts_journals_and_the_trash_is_answered_to_their_user_alone() {
    let db = Db::new("alone").await;
    let (user, stranger) = (db.user(), db.user());
    let (draft, trashed, book) = (Uuid::now_v7(), user.entry().await, Uuid::now_v7());
    assert_eq!(user.create(draft, &NewEntry { draft: true, ..NewEntry::default() }).await, WRITTEN);
    one(&user, statements::DELETE_ENTRY, delete(&user, trashed, NOW_US + 1)).await;
    let named = vec![uuid(book), uuid(user.id), text("Dreams"), text("dreams"), Value::Int64(100)];
    one(&user, statements::CREATE_BOOK, named).await;
    for (asked, rows) in [(&user, 1), (&stranger, 0)] {
        let of_draft = one(asked, statements::DRAFT_OF_USER, vec![uuid(draft), uuid(user.id)]).await;
        let of_book = one(asked, statements::LOCK_BOOK, vec![uuid(book), uuid(user.id)]).await;
        assert_eq!((of_draft.rows.len(), of_book.rows.len()), (rows, rows));
        let total = one(asked, statements::COUNT_TRASH, vec![uuid(user.id)]).await;
        assert_eq!(only(&total, "total"), Value::Int64(i64::try_from(rows).unwrap()));
    }
    assert!(one(&user, statements::DRAFT_OF_USER, vec![uuid(trashed), uuid(user.id)]).await.rows.is_empty());
    let tx = db.begin().await;
    for (before, rows) in [(NOW_US, 0), (NOW_US + 2, 1)] {
        let long = tx.query(statements::LONG_IN_TRASH, vec![Value::Timestamp(before), Value::Int64(10)]).await;
        assert_eq!(long.rows.len(), rows);
    }
    tx.rollback().await;
}
