//! When an entry last changed: later by a whole second with each change of anything that it shows, however fast they follow
//! each other, and for entries that have not changed not at all.

use super::server::{As, Database};
use super::stories::after;
use crate::projection::tests::{
    ENTRY, Fact, TAG, USER, analysis_failed, created, deleted, insights as analysed, tag, updated, user,
};
use crate::reading::entries::{self, PAGE_BYTES_MAX};
use serde_json::json;
use uuid::Uuid;

const AT: &str = "2025-05-01T08:00:00Z";
const OTHER_TAG: Uuid = Uuid::from_u128(0x72);
const OTHER_ENTRY: Uuid = Uuid::from_u128(0xe2);

/// In seconds, as HTTP says it.
async fn shown_since(database: &Database, entry: Uuid) -> i64 {
    let rows = database.read(As::User(USER), &entries::by_id(USER, vec![entry])).await;
    let shown = entries::all(&rows, "ids", PAGE_BYTES_MAX).unwrap().remove(0);
    shown.shown_since.unwrap().div_euclid(1_000_000)
}

fn tagged(fact: Fact, tags: &[Uuid]) -> Fact {
    let tags: Vec<_> = tags.iter().map(|id| json!({ "id": id, "name": "x" })).collect();
    fact.with(json!({ "tags": tags }))
}

#[tokio::test]
async fn an_entrys_time_moves_with_everything_that_it_shows_and_with_nothing_else() {
    let both = [TAG, OTHER_TAG];
    let database = after(&[
        user("UserRegistered", USER, 1, "Ann", &["user"]),
        tag("TagCreated", TAG, 1, "work"),
        tag("TagCreated", OTHER_TAG, 1, "rain"),
        tagged(created(ENTRY, AT, "one"), &both),
        tagged(created(OTHER_ENTRY, AT, "other"), &[OTHER_TAG]),
    ])
    .await;
    let (mut before, other) = (shown_since(&database, ENTRY).await, shown_since(&database, OTHER_ENTRY).await);
    for change in [
        tagged(updated(ENTRY, 2, AT, "two"), &both),
        tagged(updated(ENTRY, 3, AT, "three"), &both),
        tag("TagRenamed", TAG, 2, "job"),
        analysed(ENTRY, 1, 3, 0.5),
        tag("TagRenamed", TAG, 3, "career"),
        tagged(updated(ENTRY, 4, AT, "three"), &both).with(json!({ "reason": "reanalyze", "analysis": "requested" })),
        analysis_failed(ENTRY, 2, 4),
        // Without the tag that was renamed last.
        tag("TagRenamed", TAG, 4, "work"),
        tagged(updated(ENTRY, 5, AT, "five"), &[OTHER_TAG]),
    ] {
        assert!(database.apply(&change).await);
        let now = shown_since(&database, ENTRY).await;
        assert!(now > before, "{} {}: {before} {now}", change.event_type, change.sequence);
        before = now;
    }
    database.apply(&deleted(ENTRY, 6)).await;
    let restored = tagged(updated(ENTRY, 7, AT, "five"), &[OTHER_TAG]).with(json!({ "reason": "restored" }));
    database.apply(&restored).await;
    assert!(shown_since(&database, ENTRY).await > before);
    assert_eq!(shown_since(&database, OTHER_ENTRY).await, other);
    for nothing in [
        tag("TagRenamed", TAG, 5, "work"),
        tagged(created(ENTRY, AT, "one"), &both),
        user("UserUpdated", USER, 2, "Anna", &["user"]),
    ] {
        let before = shown_since(&database, OTHER_ENTRY).await;
        database.apply(&nothing).await;
        assert_eq!(shown_since(&database, OTHER_ENTRY).await, before, "{}", nothing.event_type);
    }
    database.apply(&tag("TagRenamed", OTHER_TAG, 2, "sun")).await;
    assert!(shown_since(&database, OTHER_ENTRY).await > other);
}

#[tokio::test]
async fn an_entry_of_an_earlier_release_has_the_time_of_its_last_event() {
    let database = after(&[created(ENTRY, AT, "one"), analysed(ENTRY, 1, 1, 0.5)]).await;
    database.script("TRUNCATE query.last_changes").await;
    let completed: i64 = "2025-05-01T00:00:00Z".parse::<jiff::Timestamp>().unwrap().as_second();
    // It was begun after the time of the analysis that the fixture has.
    assert_eq!(shown_since(&database, ENTRY).await, completed + 8 * 3600);
    database.apply(&updated(ENTRY, 2, AT, "two")).await;
    assert!(shown_since(&database, ENTRY).await > completed + 8 * 3600);
}

#[tokio::test]
async fn no_user_sees_when_another_users_entries_changed() {
    let database = after(&[created(ENTRY, AT, "one")]).await;
    let count = crate::statement::Statement {
        text: "SELECT count(*) AS seen FROM query.last_changes".into(),
        params: Vec::new(),
    };
    for (who, seen) in [(As::User(USER), 1), (As::User(OTHER_TAG), 0), (As::Admin(OTHER_TAG), 0), (As::Service, 1)] {
        let rows = database.read(who, &count).await;
        assert_eq!(rows.first().unwrap().get::<u32>("seen").unwrap(), seen, "{who:?}");
    }
    let forged = crate::statement::Statement {
        text: "INSERT INTO query.last_changes (id, user_id, at) SELECT gen_random_uuid(), gen_random_uuid(), now() RETURNING id".into(),
        params: Vec::new(),
    };
    assert!(database.write(As::Service, &forged).await.is_err());
}
