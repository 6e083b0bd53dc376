//! What an import asks before it writes.

use crate::statements::imports;
use crate::support::*;
use mindflow_backends::database::sql::Value;
use uuid::Uuid;

async fn begin(db: &Db, user: &User<'_>, status: &str) -> Uuid {
    let job = Uuid::new_v4();
    let made = format!(
        "WITH made AS (INSERT INTO portability.jobs (id, user_id, kind, status, premium, created_at, advanced_at)
            VALUES ('{job}', '{}', 'import', '{status}', true, now(), now()) RETURNING id) SELECT count(*) FROM made",
        user.id
    );
    assert_eq!(db.count(&made).await, 1);
    job
}

#[tokio::test]
async fn an_import_is_its_users_while_it_runs_and_no_caller_sees_it() {
    let db = Db::new("importing").await;
    let user = db.user();
    let (running, over) = (begin(&db, &user, "RUNNING").await, begin(&db, &user, "READY").await);
    let service = db.begin().await;
    let rows = service.query(imports::IMPORTER, vec![uuid(running)]).await;
    assert_eq!((only(&rows, "user_id"), only(&rows, "premium")), (uuid(user.id), Value::Boolean(true)));
    assert!(service.query(imports::IMPORTER, vec![uuid(over)]).await.rows.is_empty());
    let caller = user.begin().await;
    assert!(caller.query(imports::IMPORTER, vec![uuid(running)]).await.rows.is_empty());
}

#[tokio::test]
async fn what_is_there_is_found_of_its_own_user_alone() {
    let db = Db::new("known").await;
    let (user, other) = (db.user(), db.user());
    let entry = user.entry().await;
    let tx = user.begin().await;
    tx.take(&user, &["walk"], None).await;
    tx.commit().await;
    let service = db.begin().await;
    let known = service.query(imports::KNOWN_ENTRY, vec![uuid(entry), uuid(user.id)]).await;
    assert_eq!(only(&known, "ended"), Value::Boolean(false));
    assert_eq!(service.query(imports::KNOWN_TAG, vec![text("walk"), uuid(user.id)]).await.rows.len(), 1);
    for (statement, key) in [
        (imports::KNOWN_ENTRY, uuid(entry)),
        (imports::KNOWN_TAG, text("walk")),
        (imports::KNOWN_MOOD, uuid(entry)),
        (imports::KNOWN_BOOK, text("walk")),
    ] {
        assert!(service.query(statement, vec![key, uuid(other.id)]).await.rows.is_empty(), "{statement}");
    }
    assert!(service.query(imports::RENAMED_DEFAULT, vec![uuid(user.id)]).await.rows.is_empty());
}
