//! Several tags in a filter, and tags that were deleted.

use super::server::{As, Database};
use super::stories::after;
use crate::order::Order;
use crate::projection::tests::{ENTRY, Fact, TAG, USER, created, tag, tag_deleted, updated};
use crate::reading::entries::{self, View};
use crate::reading::insights;
use crate::request::{Page, Selection};
use serde_json::{Value, json};
use uuid::Uuid;

const AT: &str = "2025-05-01T08:00:00.000000Z";
const FIRST: Page = Page { first: 10, after: None };

async fn listed(database: &Database, selection: &Selection) -> Vec<String> {
    let order = Order::default();
    let rows = database.read(As::User(USER), &entries::page(USER, View::Whole, selection, order, &FIRST)).await;
    let page = entries::paged(&rows, order, &FIRST).unwrap();
    assert_eq!(page.total_count as usize, page.edges.len());
    let mut titles: Vec<String> = page.edges.into_iter().map(|edge| edge.node.entry.title).collect();
    titles.sort();
    titles
}

async fn tags(database: &Database) -> Vec<(String, u32)> {
    let rows = database.read(As::User(USER), &insights::tags(USER)).await;
    rows.iter()
        .map(|row| {
            let tag = insights::tag(&row).unwrap();
            (tag.name, tag.entry_count.unwrap())
        })
        .collect()
}

/// An entry with the tags of these letters.
fn tagged(id: u128, letters: &str) -> Fact {
    let tag =
        |letter: char| json!({ "id": Uuid::from_u128(u128::from(letter)), "name": letter.to_uppercase().to_string() });
    let tags: Value = letters.chars().map(tag).collect();
    created(Uuid::from_u128(id), AT, letters).with(json!({ "tags": tags }))
}

#[tokio::test]
async fn entries_have_all_of_some_tags_one_of_others_and_none_of_the_rest() {
    let database = after(&[tagged(1, "ab"), tagged(2, "a"), tagged(3, "bc"), tagged(4, "c")]).await;
    let keys = |letters: &str| letters.chars().map(String::from).collect::<Vec<_>>();
    for (all, any, none, expected) in [
        ("ab", "", "", vec!["ab"]),
        ("", "ac", "", vec!["a", "ab", "bc", "c"]),
        ("", "", "b", vec!["a", "c"]),
        ("a", "bc", "", vec!["ab"]),
        ("", "ab", "c", vec!["a", "ab"]),
        ("ax", "", "", vec![]),
        ("", "", "", vec!["a", "ab", "bc", "c"]),
    ] {
        let selection =
            Selection { tags_all: keys(all), tags_any: keys(any), tags_none: keys(none), ..Selection::default() };
        assert_eq!(listed(&database, &selection).await, expected, "all of {all}, any of {any}, none of {none}");
    }
}

#[tokio::test]
async fn a_deleted_tag_is_listed_no_more_whichever_event_comes_first() {
    let with = json!({ "tags": [{ "id": TAG, "name": "Work" }] });
    let retagged = updated(ENTRY, 2, AT, "one").with(json!({ "version": 1, "reason": "retagged" }));
    let life = [tag("TagCreated", TAG, 1, "Work"), created(ENTRY, AT, "one").with(with), retagged, tag_deleted(TAG, 2)];
    let database = after(&life).await;
    assert!(tags(&database).await.is_empty());
    let renamed = Selection { tag: Some("work".into()), ..Selection::default() };
    assert!(listed(&database, &renamed).await.is_empty());
    assert!(!database.apply(&life[0]).await, "an older event comes late");
    assert!(tags(&database).await.is_empty());
}
