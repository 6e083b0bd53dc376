//! Tags that several requests make or rename concurrently.

use crate::statements;
use crate::support::*;
use mindflow_backends::database::sql::{Error, Value};

const TAGS: &str = "SELECT count(*) FROM command.tags";

async fn tag(user: &User<'_>, name: &str) -> Value {
    let tx = user.begin().await;
    let rows = tx.query(statements::TAKE_TAGS, user.take_params(&[name], None)).await;
    tx.commit().await;
    only(&rows, "id")
}

fn rename(user: &User<'_>, id: &Value, name: &str) -> Vec<Value> {
    vec![id.clone(), uuid(user.id), text(name), text(&name.to_lowercase())]
}

#[tokio::test]
async fn tags_that_are_there_are_taken_as_they_are_spelled() {
    let db = Db::new("spelled").await;
    let user = db.user();
    let first = tag(&user, "Work").await;
    let tx = user.begin().await;
    assert_eq!(tx.take(&user, &["WORK", "nature"], None).await, ["nature+", "Work"]);
    tx.commit().await;
    assert_eq!(tag(&user, "work").await, first);
    assert_eq!(db.count(TAGS).await, 2);
}

#[tokio::test]
async fn tags_are_answered_as_lists_sort_them() {
    let db = Db::new("language").await;
    let user = db.user();
    let entry = user.entry().await;
    let tx = user.begin().await;
    let taken = tx.take(&user, &["zebra", "Über", "apfel", "Ärger"], Some(entry)).await;
    // A letter with an accent next to the letter, and not after Z.
    assert_eq!(taken, ["apfel+", "Ärger+", "Über+", "zebra+"]);
    tx.commit().await;
    assert_eq!(only(&user.read(entry).await, "tag_names"), texts(&["apfel", "Ärger", "Über", "zebra"]));
}

#[tokio::test]
async fn two_requests_that_make_the_same_tags_make_them_once() {
    let db = Db::new("same").await;
    let user = db.user();
    let first = user.begin().await;
    assert_eq!(first.take(&user, &["b", "a"], None).await, ["a+", "b+"]);
    let second = async {
        let tx = user.begin().await;
        let before = tx.take(&user, &["a", "c", "b"], None).await;
        let after = tx.take(&user, &["a", "c", "b"], None).await;
        tx.commit().await;
        (before, after)
    };
    let ((before, after), ()) = tokio::join!(second, async {
        db.until_waiting(1).await;
        first.commit().await;
    });
    assert_eq!(before, ["c+"], "what the other request made is not seen yet, and says so by its absence");
    assert_eq!(after, ["a", "b", "c"]);
    assert_eq!(db.count(TAGS).await, 3);
}

#[tokio::test]
async fn what_a_user_has_is_counted_exactly_while_others_make_tags_too() {
    let db = Db::new("counted").await;
    let (user, other) = (db.user(), db.user());
    tag(&other, "elsewhere").await;
    tag(&user, "work").await;
    let used = async |tx: &Tx| only(&tx.query(statements::TAGS_USED, vec![uuid(user.id)]).await, "used");
    let first = user.begin().await;
    first.take(&user, &["a", "WORK", "b"], None).await;
    assert_eq!(used(&first).await, Value::Int64(3));
    let second = async {
        let tx = user.begin().await;
        tx.take(&user, &["c"], None).await;
        let counted = used(&tx).await;
        tx.rollback().await;
        counted
    };
    let (counted, ()) = tokio::join!(second, async {
        db.until_waiting(1).await;
        first.commit().await;
    });
    assert_eq!(counted, Value::Int64(4), "with those of the request that it waited for");
    let tx = user.begin().await;
    assert_eq!(used(&tx).await, Value::Int64(3), "what was undone is given back");
    tx.rollback().await;
}

#[tokio::test]
async fn requests_that_name_tags_in_any_order_never_deadlock() {
    let db = Db::new("order").await;
    let user = db.user();
    let many = |names: &'static [&'static str]| {
        let user = user.again();
        async move {
            for _ in 0..20 {
                let tx = user.begin().await;
                tx.take(&user, names, None).await;
                tx.rollback().await;
            }
        }
    };
    tokio::join!(
        many(&["a", "b", "c", "d"]),
        many(&["d", "c", "b", "a"]),
        many(&["c", "a", "d", "b"]),
        many(&["b", "d", "a", "c"])
    );
    assert_eq!(db.count(TAGS).await, 0);
}

#[tokio::test]
async fn a_tag_that_is_renamed_meanwhile_is_not_taken_by_its_old_name() {
    let db = Db::new("renamed").await;
    let user = db.user();
    let (entry, id) = (user.entry().await, tag(&user, "work").await);
    let renaming = user.begin().await;
    renaming.query(statements::LOCK_TAG, vec![id.clone(), uuid(user.id)]).await;
    let taking = async {
        let tx = user.begin().await;
        let before = tx.take(&user, &["work"], Some(entry)).await;
        let after = tx.take(&user, &["work"], Some(entry)).await;
        tx.commit().await;
        (before, after)
    };
    let ((before, after), ()) = tokio::join!(taking, async {
        db.until_waiting(1).await;
        let renamed = renaming.query(statements::RENAME_TAG, rename(&user, &id, "job")).await;
        assert_eq!(only(&renamed, "event_sequence"), Value::Int64(2));
        renaming.commit().await;
    });
    assert_eq!((before, after), (vec![], vec!["work+".to_owned()]));
    assert_eq!(only(&user.read(entry).await, "tag_names"), texts(&["work"]));
}

#[tokio::test]
async fn a_tag_is_not_renamed_while_an_event_is_about_to_carry_its_name() {
    let db = Db::new("held").await;
    let user = db.user();
    let (entry, id) = (user.entry().await, tag(&user, "work").await);
    let tx = user.begin().await;
    tx.take(&user, &["work"], Some(entry)).await;
    tx.commit().await;
    let reading = user.begin().await;
    let read = reading.query(statements::READ_ENTRY, vec![uuid(entry), uuid(user.id)]).await;
    assert_eq!(only(&read, "tag_names"), texts(&["work"]));
    let renaming = async {
        let tx = user.begin().await;
        tx.query(statements::LOCK_TAG, vec![id.clone(), uuid(user.id)]).await;
        tx.query(statements::RENAME_TAG, rename(&user, &id, "Work")).await;
        tx.commit().await;
    };
    tokio::join!(renaming, async {
        db.until_waiting(1).await;
        reading.commit().await;
    });
    assert_eq!(only(&user.read(entry).await, "tag_names"), texts(&["Work"]));
}

#[tokio::test]
async fn a_name_that_another_tag_has_is_refused_by_the_constraint_that_the_service_knows() {
    let db = Db::new("taken").await;
    let user = db.user();
    let (_, id) = (tag(&user, "Work").await, tag(&user, "job").await);
    let tx = user.begin().await;
    match tx.try_query(statements::RENAME_TAG, rename(&user, &id, "WORK")).await {
        Err(Error::Statement(error)) => assert_eq!(error.constraint.as_deref(), Some(statements::TAG_NAME_CONSTRAINT)),
        other => panic!("{other:?}"),
    }
    tx.rollback().await;
    let other = db.user();
    let id = tag(&other, "job").await;
    let tx = other.begin().await;
    tx.query(statements::RENAME_TAG, rename(&other, &id, "Work")).await;
    tx.commit().await;
}
