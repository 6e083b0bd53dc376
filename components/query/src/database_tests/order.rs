//! The views end up the same for every order and number of deliveries.

use super::server::Database;
use crate::projection::tests::{
    ENTRY, Fact, TAG, USER, analysis_failed, book, created, deleted, draft, insights, mood, mood_taken_back, tag,
    tag_deleted, updated, user,
};
use proptest::{prelude::*, strategy::ValueTree, test_runner::TestRunner};
use serde_json::json;
use uuid::Uuid;

const AT: &str = "2025-05-01T08:00:00.000000Z";
const SECOND: Uuid = Uuid::from_u128(0xe2);
const BOOK: Uuid = Uuid::from_u128(0xb1);
/// Each applies about thirty statements; enough to meet each pair of events both ways round many times.
const ORDERS: usize = 60;

fn a_life() -> Vec<Fact> {
    let tags = json!([{ "id": TAG, "name": "Work" }]);
    vec![
        user("UserRegistered", USER, 1, "Ann", &["user"]),
        user("UserUpdated", USER, 2, "Anna", &["user", "premium"]),
        tag("TagCreated", TAG, 1, "Work"),
        tag("TagRenamed", TAG, 2, "Job"),
        mood(9, "SAD", AT),
        created(ENTRY, AT, "one").with(json!({ "tags": tags, "analysis": "requested" })),
        insights(ENTRY, 1, 1, 0.5),
        updated(ENTRY, 2, AT, "two").with(json!({ "analysis": "requested" })),
        deleted(ENTRY, 3),
        analysis_failed(ENTRY, 2, 2),
        updated(ENTRY, 4, AT, "three").with(json!({ "tags": tags, "reason": "restored" })),
        updated(ENTRY, 5, AT, "three").with(json!({ "tags": tags, "reason": "reanalyze", "analysis": "requested" })),
        insights(ENTRY, 3, 5, -0.5),
        mood_taken_back(9),
        book("JournalCreated", BOOK, 1, "Dreams"),
        book("JournalDeleted", BOOK, 2, ""),
        draft(SECOND, 1, AT, "").with(json!({ "tags": tags, "bookId": BOOK })),
        published(),
        insights(SECOND, 1, 2, 0.25),
        deleted(SECOND, 3),
        tag_deleted(TAG, 3),
    ]
}

/// The second entry, which was a draft.
fn published() -> Fact {
    let mut published = created(SECOND, AT, "four").with(json!({ "publishedAt": AT, "analysis": "requested" }));
    published.sequence = 2;
    published
}

/// A prefix of that life, in any order, with any of its events delivered twice.
fn shuffled(count: usize) -> impl Strategy<Value = Vec<usize>> {
    prop::collection::vec(0..count, 0..=6).prop_flat_map(move |again| {
        let mut all: Vec<usize> = (0..count).collect();
        all.extend(again);
        Just(all).prop_shuffle()
    })
}

#[tokio::test]
async fn any_order_of_the_same_events_leaves_the_same_views() {
    let database = Database::create().await;
    let life = a_life();
    let mut runner = TestRunner::deterministic();
    // Ends with every event, and once with each state in between: the tombstone among them.
    for count in [9, 10, life.len()] {
        database.clear().await;
        for fact in life.iter().take(count) {
            database.apply(fact).await;
        }
        let expected = database.contents().await;
        for _ in 0..ORDERS / 3 {
            let order = shuffled(count).new_tree(&mut runner).unwrap().current();
            database.clear().await;
            for fact in order.iter().map(|at| &life[*at]) {
                database.apply(fact).await;
            }
            assert_eq!(database.contents().await, expected, "{order:?}");
        }
    }
}

#[tokio::test]
async fn only_what_readers_now_see_is_shown_and_a_repeated_event_counts_as_seen() {
    let database = Database::create().await;
    assert!(database.apply(&updated(ENTRY, 2, AT, "two")).await);
    assert!(database.apply(&updated(ENTRY, 2, AT, "two")).await);
    assert!(!database.apply(&created(ENTRY, AT, "one")).await);
    assert!(database.apply(&deleted(ENTRY, 3)).await);
    assert!(!database.apply(&updated(ENTRY, 2, AT, "two")).await);
    assert!(database.apply(&insights(ENTRY, 2, 2, 0.0)).await);
    assert!(!database.apply(&insights(ENTRY, 1, 1, 0.0)).await);
}
