//! Drafts, journals, and moods that are taken back: what readers see of them, whichever event comes first.

use super::server::{As, Database};
use super::stories::after;
use crate::bindings::exports::mindflow::query::reads::{AnalysisStatus, Book};
use crate::calendar::month;
use crate::order::Order;
use crate::projection::tests::{ENTRY, Fact, TAG, USER, book, created, draft, mood, mood_taken_back};
use crate::reading::entries::{self, PAGE_BYTES_MAX, View};
use crate::reading::{books, days, insights, profiles};
use crate::request::{Page, Selection};
use jiff::civil::date;
use serde_json::json;
use uuid::Uuid;

const AT: &str = "2025-05-01T08:00:00.000000Z";
const FIRST: Page = Page { first: 10, after: None };

async fn listed(database: &Database, selection: &Selection, order: Order) -> Vec<String> {
    let rows = database.read(As::User(USER), &entries::page(USER, View::Whole, selection, order, &FIRST)).await;
    let page = entries::paged(&rows, order, &FIRST).unwrap();
    assert_eq!(page.total_count as usize, page.edges.len());
    page.edges.into_iter().map(|edge| edge.node.entry.title).collect()
}

/// Drafts, entries, entries that count in the month, and entries of the tag.
async fn counted(database: &Database) -> (usize, usize, u32, usize) {
    let drafts = Selection { drafts: true, ..Selection::default() };
    let month = month("2025-05-20T00:00:00Z".parse().unwrap());
    let profile = database.read(As::User(USER), &profiles::one(USER, month)).await;
    let tags = database.read(As::User(USER), &insights::tag_counts(USER, vec![TAG])).await;
    (
        listed(database, &drafts, Order::ChangedDescending).await.len(),
        listed(database, &Selection::default(), Order::default()).await.len(),
        profile.first().unwrap().get("used").unwrap(),
        tags.len(),
    )
}

#[tokio::test]
async fn a_draft_is_listed_among_drafts_and_counts_from_when_it_is_published() {
    let tags = json!({ "tags": [{ "id": TAG, "name": "Work" }] });
    let begun = draft(ENTRY, 1, "2025-04-30T23:00:00.000000Z", "").with(tags.clone());
    let database = after(std::slice::from_ref(&begun)).await;
    assert_eq!(counted(&database).await, (1, 0, 0, 0));
    let read = database.read(As::User(USER), &entries::by_id(USER, vec![ENTRY])).await;
    let read = entries::all(&read, "ids", PAGE_BYTES_MAX).unwrap();
    assert!(read[0].entry.draft && read[0].analysis.status == AnalysisStatus::NotIncluded, "it is found by its id");

    let published = json!({ "draft": false, "publishedAt": AT });
    let mut published = begun.clone().with(published);
    (published.event_type, published.sequence) = ("JournalEntryCreated", 2);
    assert!(database.apply(&published).await);
    assert_eq!(counted(&database).await, (0, 1, 1, 1), "in the month in which it was published");
    let whole = database.contents().await;
    assert!(!database.apply(&begun).await, "an older event comes late");
    assert_eq!(database.contents().await, whole);
    assert_eq!(after(&[published, begun]).await.contents().await, whole);
}

#[tokio::test]
async fn drafts_are_listed_by_their_last_change_and_pages_follow_each_other() {
    let at = |hour: u32| format!("2025-05-01T0{hour}:00:00.000000Z");
    let saved = |id: u128, hour: u32, title: &str| {
        draft(Uuid::from_u128(id), 1, AT, title).with(json!({ "updatedAt": at(hour) }))
    };
    let database = after(&[saved(1, 1, "one"), saved(2, 3, "three"), saved(3, 2, "two")]).await;
    let drafts = Selection { drafts: true, ..Selection::default() };
    let order = Order::ChangedDescending;
    assert_eq!(listed(&database, &drafts, order).await, ["three", "two", "one"]);
    let page = Page { first: 2, after: None };
    let rows = database.read(As::User(USER), &entries::page(USER, View::Whole, &drafts, order, &page)).await;
    let first = entries::paged(&rows, order, &page).unwrap();
    let (_, position) = crate::cursor::decode(&first.edges[1].cursor).unwrap();
    let next = Page { first: 2, after: Some(position) };
    let rows = database.read(As::User(USER), &entries::page(USER, View::Whole, &drafts, order, &next)).await;
    let rest = entries::paged(&rows, order, &next).unwrap();
    assert_eq!(rest.edges.iter().map(|edge| edge.node.entry.title.as_str()).collect::<Vec<_>>(), ["one"]);
}

#[tokio::test]
async fn entries_are_in_their_journal_and_in_the_default_one_when_it_is_deleted() {
    let dreams = Uuid::from_u128(0xb1);
    let within = |id: u128, book: Option<Uuid>| {
        created(Uuid::from_u128(id), AT, &format!("e{id}")).with(json!({ "bookId": book }))
    };
    let facts = [
        book("JournalCreated", dreams, 1, "Dreams"),
        within(1, Some(dreams)),
        within(2, None),
        within(3, None),
        draft(Uuid::from_u128(4), 1, AT, "").with(json!({ "bookId": dreams })),
    ];
    let database = after(&facts).await;
    let shown = async || -> Vec<(String, bool, Option<u32>)> {
        let rows = database.read(As::User(USER), &books::all(USER)).await;
        let read = |book: Book| (book.name, book.is_default, book.entry_count);
        rows.iter().map(|row| books::book(&row).map(read).unwrap()).collect()
    };
    let of = |name: &str, is_default, count| (name.to_owned(), is_default, Some(count));
    assert_eq!(shown().await, [of("Journal", true, 2), of("Dreams", false, 1)]);
    let titles = async |book: Uuid| {
        listed(&database, &Selection { book: Some(book), ..Selection::default() }, Order::CreatedAscending).await
    };
    assert_eq!(
        (titles(dreams).await, titles(USER).await),
        (vec!["e1".to_owned()], vec!["e2".to_owned(), "e3".to_owned()])
    );

    database.apply(&book("JournalRenamed", USER, 1, "Days")).await;
    database.apply(&book("JournalDeleted", dreams, 2, "")).await;
    assert_eq!(shown().await, [of("Days", true, 3)]);
    assert_eq!((titles(dreams).await.len(), titles(USER).await.len()), (0, 3));
    let whole = database.contents().await;
    assert!(!database.apply(&facts[0]).await);
    assert_eq!(database.contents().await, whole, "a deleted journal does not come back");
}

#[tokio::test]
async fn marks_narrow_a_list() {
    let marked = |id: u128, marks: serde_json::Value| created(Uuid::from_u128(id), AT, &format!("e{id}")).with(marks);
    let database =
        after(&[marked(1, json!({ "pinned": true })), marked(2, json!({ "favourite": true })), marked(3, json!({}))])
            .await;
    let titles = async |pinned, favourite| {
        listed(&database, &Selection { pinned, favourite, ..Selection::default() }, Order::CreatedAscending).await
    };
    assert_eq!(titles(Some(true), None).await, ["e1"]);
    assert_eq!(titles(Some(false), Some(false)).await, ["e3"]);
    assert_eq!(titles(None, Some(true)).await, ["e2"]);
}

#[tokio::test]
async fn a_day_shows_its_entries_and_its_moods_without_those_that_were_taken_back() {
    let facts = [
        created(ENTRY, AT, "one").with(json!({ "mood": "CALM", "wordCount": 7 })),
        draft(Uuid::from_u128(4), 1, AT, "").with(json!({ "mood": "ANGRY" })),
        mood(1, "CALM", AT),
        mood(2, "SAD", AT),
        // Of the day before in UTC, and of the first of May where its user was.
        mood(3, "HAPPY", "2025-04-30T23:00:00.000000Z").with(json!({ "date": "2025-05-01" })),
        mood_taken_back(2),
    ];
    let database = after(&facts).await;
    let (from, to) = (date(2025, 5, 1), date(2025, 5, 31));
    let rows = database.read(As::User(USER), &days::calendar(USER, from, to)).await;
    let shown: Vec<_> = rows.iter().map(|row| days::day(&row).unwrap()).collect();
    assert_eq!(shown.len(), 1);
    assert_eq!((shown[0].date.as_str(), shown[0].entries, shown[0].words), ("2025-05-01", 1, 7));
    let moods: Vec<_> = shown[0]
        .moods
        .iter()
        .map(|counted| (mindflow_events::Mood::from(counted.mood).name(), counted.count))
        .collect();
    assert_eq!(moods, [("CALM".to_owned(), 2), ("HAPPY".to_owned(), 1)]);
    let rows = database.read(As::User(USER), &days::recorded_moods(USER, from, to)).await;
    let recorded: Vec<_> = rows.iter().map(|row| days::recorded_mood(&row).unwrap().date).collect();
    assert_eq!(recorded, ["2025-05-01", "2025-05-01"]);
    let whole = database.contents().await;
    let reversed: Vec<Fact> = facts.iter().rev().cloned().collect();
    assert_eq!(after(&reversed).await.contents().await, whole);
}
