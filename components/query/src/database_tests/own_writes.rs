//! Whether what was just written is shown, by the statement of the component.

use super::{
    server::{As, Database},
    stories::after,
};
use crate::projection::tests::{ENTRY, TAG, USER, created, deleted, mood, tag, updated, user};
use crate::reading::own_writes::SHOWN;
use crate::statement::Statement;
use mindflow_guest::{journal::Mark, own_writes};
use uuid::Uuid;

const AT: &str = "2025-05-01T08:00:00.000000Z";

async fn shows(database: &Database, marks: &[Mark]) -> bool {
    let statement = Statement { text: SHOWN.to_owned(), params: own_writes::parameters(marks) };
    database.read(As::Service, &statement).await.first().unwrap().get("shown").unwrap()
}

#[tokio::test]
async fn a_write_is_shown_from_its_event_on_and_a_part_of_several_is_not_enough() {
    let (gone, felt) = (Uuid::from_u128(2), Uuid::from_u128(3));
    let database = after(&[
        user("UserRegistered", USER, 1, "Ann", &["user"]),
        user("UserUpdated", USER, 3, "Ann", &["user", "premium"]),
        created(ENTRY, AT, "one"),
        updated(ENTRY, 2, AT, "two"),
        created(gone, AT, "gone"),
        deleted(gone, 2),
        tag("TagCreated", TAG, 1, "Work"),
        mood(3, "CALM", AT),
    ])
    .await;
    let arrived = [
        Mark::user(USER, 1),
        Mark::user(USER, 3),
        Mark::entry(ENTRY, 2),
        Mark::entry(gone, 2),
        Mark::tag(TAG, 1),
        Mark::mood(felt, 1),
    ];
    assert!(shows(&database, &arrived).await && shows(&database, &[]).await);
    let other = Uuid::from_u128(9);
    for missing in [
        Mark::user(USER, 4),
        Mark::user(other, 1),
        Mark::entry(ENTRY, 3),
        Mark::entry(other, 1),
        Mark::tag(TAG, 2),
        Mark::tag(other, 1),
        Mark::mood(other, 1),
    ] {
        assert!(!shows(&database, std::slice::from_ref(&missing)).await, "{missing:?}");
        assert!(!shows(&database, &[arrived.as_slice(), &[missing]].concat()).await);
    }
    // Nothing here would ever show it.
    assert!(shows(&database, &[Mark { aggregate: format!("file:{other}"), sequence: 1 }]).await);
}
