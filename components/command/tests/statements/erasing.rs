//! What an erasure takes away, and what it leaves to others.

use mindflow_backends::database::sql::Value;
use uuid::Uuid;

use crate::statements;
use crate::support::*;

const ROWS: [&str; 5] = [
    "SELECT count(*) FROM command.journals WHERE purged_at IS NULL",
    "SELECT count(*) FROM command.journal_moods",
    "SELECT count(*) FROM command.journal_attachments",
    "SELECT count(*) FROM command.journal_tags",
    "SELECT count(*) FROM command.client_mutations WHERE fingerprint IS NOT NULL",
];

/// An entry that has a row in each of the tables.
async fn full_entry(user: &User<'_>, mutation: &'static str) -> Uuid {
    let id = Uuid::now_v7();
    let entry = NewEntry {
        mood: Some("CALM"),
        attachments: vec![Uuid::new_v4()],
        mutation: Some(mutation),
        ..NewEntry::default()
    };
    assert_eq!(user.create(id, &entry).await, WRITTEN);
    let tx = user.begin().await;
    tx.take(user, &["river"], Some(id)).await;
    tx.commit().await;
    id
}

async fn erase(user: &User<'_>, entry: Option<Uuid>) -> serde_json::Value {
    let tx = user.begin().await;
    let rows = tx.query(statements::ERASE, vec![uuid(user.id), entry.map_or(Value::Null, uuid)]).await;
    tx.commit().await;
    match only(&rows, "counts") {
        Value::Json(counts) => serde_json::from_str(&counts).unwrap(),
        other => panic!("{other:?}"),
    }
}

#[tokio::test]
async fn an_erased_entry_leaves_its_id_alone_and_takes_nothing_of_another() {
    let db = Db::new("erasing").await;
    let (user, other) = (db.user(), db.user());
    let (gone, kept, foreign) =
        (full_entry(&user, "one").await, full_entry(&user, "two").await, full_entry(&other, "one").await);
    let counts = erase(&user, Some(gone)).await;
    assert_eq!((&counts["command.journals"], &counts["command.journal_tags"]), (&1.into(), &1.into()), "{counts}");
    for rows in ROWS {
        assert_eq!(db.count(rows).await, 2, "{rows}");
    }
    erase(&user, Some(foreign)).await;
    assert_eq!((user.read(kept).await.rows.len(), other.read(foreign).await.rows.len()), (1, 1));
    assert!(user.read(gone).await.rows.is_empty());
    let id_alone = "SELECT count(*) FROM command.journals j JOIN command.client_mutations m ON m.entry_id = j.id
        WHERE j.purged_at IS NOT NULL AND j.title = '' AND j.content = '' AND m.fingerprint IS NULL";
    assert_eq!(db.count(id_alone).await, 1);

    erase(&user, None).await;
    for rows in ROWS {
        assert_eq!(db.count(rows).await, 1, "{rows}");
    }
    for table in ["journals", "client_mutations", "tags", "change_counters"] {
        assert_eq!(db.count(&format!("SELECT count(*) FROM command.{table}")).await, 1, "{table}");
    }
    assert_eq!(other.read(foreign).await.rows.len(), 1);
}
