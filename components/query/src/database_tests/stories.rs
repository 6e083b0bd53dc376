//! What readers see after events, by the same statements and readers as in the component.

use super::server::{As, Database};
use crate::bindings::exports::mindflow::query::reads::{
    AnalysisStatus, AnalyzedEntry, EntryPage, Filter, Insight, Mood,
};
use crate::calendar::{Month, month};
use crate::cursor;
use crate::order::Order;
use crate::projection::tests::{ENTRY, Fact, TAG, USER, created, deleted, insights as analysed, tag, updated};
use crate::reading::entries::{PAGE_BYTES_MAX, View};
use crate::reading::{entries, insights, profiles};
use crate::request::tests::no_filter;
use crate::request::{self, Page, Selection};
use jiff::civil::date;
use mindflow_guest::call::Error;
use serde_json::json;
use uuid::Uuid;

const AT: &str = "2025-05-01T08:00:00.000000Z";

pub async fn after(facts: &[Fact]) -> Database {
    let database = Database::create().await;
    for fact in facts {
        database.apply(fact).await;
    }
    database
}

fn entry_id(number: u128) -> Uuid {
    Uuid::from_u128(0xe00 + number)
}

async fn recent(database: &Database) -> Vec<AnalyzedEntry> {
    entries::all(
        &database.read(As::User(USER), &entries::recent(USER, 10, PAGE_BYTES_MAX)).await,
        "limit",
        PAGE_BYTES_MAX,
    )
    .unwrap()
}

async fn page(database: &Database, view: View, selection: &Selection, page: &Page) -> EntryPage {
    let who = if view == View::Whole { As::User(USER) } else { As::Service };
    ordered(database, who, view, selection, Order::default(), page).await
}

async fn ordered(
    database: &Database,
    who: As,
    view: View,
    selection: &Selection,
    order: Order,
    page: &Page,
) -> EntryPage {
    let rows = database.read(who, &entries::page(USER, view, selection, order, page)).await;
    entries::paged(&rows, order, page).unwrap()
}

async fn titles(database: &Database, selection: Selection) -> Vec<String> {
    let found = page(database, View::Whole, &selection, &Page { first: 100, after: None }).await;
    assert_eq!(found.total_count as usize, found.edges.len());
    found.edges.into_iter().map(|edge| edge.node.entry.title).collect()
}

#[tokio::test]
async fn an_entry_is_shown_with_its_tags_counted_and_its_analysis() {
    let tags = json!([{ "id": TAG, "name": "Work" }]);
    let first = created(ENTRY, AT, "one")
        .with(json!({ "tags": tags, "mood": "CALM", "attachmentIds": [entry_id(9)], "analysis": "requested" }));
    let second = created(entry_id(2), "2025-05-02T08:00:00.000001Z", "two").with(json!({ "tags": tags }));
    let database = after(&[first, second, analysed(ENTRY, 1, 1, 0.25)]).await;
    let shown = recent(&database).await;
    assert_eq!(shown.iter().map(|shown| shown.entry.title.as_str()).collect::<Vec<_>>(), ["two", "one"]);
    assert_eq!(shown[0].entry.created_at, 1_746_172_800_000_001);
    assert_eq!(shown[0].analysis.status, AnalysisStatus::NotIncluded);
    let one = &shown[1];
    assert_eq!(
        (one.entry.mood, one.entry.entry_date.as_str(), one.entry.version, one.entry.word_count),
        (Some(Mood::Calm), "2025-05-01", 1, 1)
    );
    assert_eq!((one.entry.tags[0].name.as_str(), one.entry.tags[0].entry_count), ("Work", Some(2)));
    assert_eq!(one.entry.attachment_ids, [entry_id(9).to_string()]);
    assert_eq!((one.analysis.status, one.analysis.sentiment), (AnalysisStatus::Ready, Some(0.25)));
    assert_eq!(
        (one.analysis.insights[0].text.as_str(), one.analysis.themes.as_slice()),
        ("You rest more.", ["work".to_owned()].as_slice())
    );
}

#[tokio::test]
async fn insights_are_shown_with_their_quotes_and_those_of_earlier_releases_without() {
    let (old, new) = (entry_id(1), entry_id(2));
    let quote = json!({ "text": "words", "start": 0, "end": 5 });
    let quoted = json!([{ "id": "q", "text": "You write.", "kind": "pattern", "quotes": [quote] }]);
    let database = after(&[
        created(old, AT, "one").with(json!({ "analysis": "requested" })),
        created(new, AT, "two").with(json!({ "analysis": "requested" })),
        analysed(old, 1, 1, 0.5),
        analysed(new, 2, 1, 0.5).with(json!({ "insights": quoted })),
    ])
    .await;
    let listed = database.read(As::User(USER), &insights::newest(USER, 10)).await;
    let listed: Vec<_> = listed.iter().map(|row| insights::insight(&row).unwrap()).collect();
    let with_entries = recent(&database).await.into_iter().flat_map(|shown| shown.analysis.insights);
    let quotes = |entry: Uuid, insights: Vec<Insight>| {
        let of_entry = insights.into_iter().filter(|insight| insight.entry_id == entry.to_string());
        of_entry
            .flat_map(|insight| insight.quotes)
            .map(|quote| (quote.text, quote.start, quote.end))
            .collect::<Vec<_>>()
    };
    for insights in [listed, with_entries.collect()] {
        assert_eq!(insights.len(), 2);
        assert_eq!(quotes(new, insights.clone()), [("words".to_owned(), 0, 5)]);
        assert_eq!(quotes(old, insights), []);
    }
}

#[tokio::test]
async fn a_renamed_tag_has_its_new_name_on_the_entries_that_carry_it() {
    let tags = json!([{ "id": TAG, "name": "Work" }, { "id": entry_id(8), "name": "ÜBER" }]);
    let database = after(&[
        created(ENTRY, AT, "one").with(json!({ "tags": tags })),
        tag("TagCreated", TAG, 1, "Work"),
        tag("TagRenamed", TAG, 2, "Zest"),
    ])
    .await;
    let names: Vec<String> = recent(&database).await[0].entry.tags.iter().map(|tag| tag.name.clone()).collect();
    // By the language's order: next to U, and not after Z.
    assert_eq!(names, ["ÜBER", "Zest"]);
    for (tag, carried) in [(TAG, 1), (entry_id(8), 1), (entry_id(9), 0)] {
        let rows = database.read(As::Service, &entries::tagged(USER, tag, 100)).await;
        assert_eq!(rows.iter().filter(|row| row.get::<Uuid>("entry_id").unwrap() == ENTRY).count(), carried);
    }
    for (name, found) in [("zest", 1), ("work", 0), ("über", 1)] {
        let selection = Selection { tag: Some(name.into()), ..Selection::default() };
        assert_eq!(titles(&database, selection).await.len(), found, "{name}");
    }
}

#[tokio::test]
async fn a_deleted_entry_is_gone_everywhere_but_in_the_quota_and_comes_back_when_restored() {
    let tagged = json!({ "tags": [{ "id": TAG, "name": "Work" }] });
    let database = after(&[
        tag("TagCreated", TAG, 1, "Work"),
        created(ENTRY, AT, "one").with(tagged.clone()),
        analysed(ENTRY, 1, 1, 0.5),
        deleted(ENTRY, 2),
    ])
    .await;
    let who = As::User(USER);
    let used: Month = month(AT.parse().unwrap());
    assert!(recent(&database).await.is_empty());
    assert!(database.read(who, &entries::by_id(USER, vec![ENTRY])).await.is_empty());
    assert!(database.read(who, &insights::newest(USER, 10)).await.is_empty());
    let tags = database.read(who, &insights::tags(USER)).await;
    assert_eq!(insights::tag(&tags.first().unwrap()).unwrap().entry_count, Some(0));
    assert_eq!(database.read(who, &profiles::one(USER, used)).await.first().unwrap().get::<u32>("used").unwrap(), 1);

    database.apply(&updated(ENTRY, 3, AT, "one").with(tagged).with(json!({ "reason": "restored" }))).await;
    let back = recent(&database).await;
    assert_eq!((back[0].analysis.status, back[0].entry.tags[0].entry_count), (AnalysisStatus::Ready, Some(1)));
    assert_eq!(database.read(who, &insights::newest(USER, 10)).await.len(), 1);
    assert_eq!(database.read(who, &profiles::one(USER, used)).await.first().unwrap().get::<u32>("used").unwrap(), 1);
}

#[tokio::test]
async fn pages_lead_through_all_entries_once_although_many_have_the_same_time() {
    let facts: Vec<Fact> = (0..7).map(|number| created(entry_id(number), AT, &format!("n{number}"))).collect();
    let database = after(&facts).await;
    let (mut seen, mut request) = (Vec::new(), Page { first: 3, after: None });
    loop {
        let found = page(&database, View::Whole, &Selection::default(), &request).await;
        assert_eq!((found.total_count, found.has_previous_page), (7, request.after.is_some()));
        seen.extend(found.edges.iter().map(|edge| edge.node.entry.title.clone()));
        if !found.has_next_page {
            break;
        }
        request.after = cursor::decode(&found.edges.last().unwrap().cursor).map(|(_, position)| position);
    }
    assert_eq!(seen, ["n6", "n5", "n4", "n3", "n2", "n1", "n0"]);
    request.after = Some(cursor::Position { day: Some(date(1970, 1, 1)), created_at: 0, id: Uuid::nil() });
    let beyond = page(&database, View::Whole, &Selection::default(), &request).await;
    assert_eq!((beyond.edges.len(), beyond.total_count, beyond.has_next_page), (0, 7, false));
}

#[tokio::test]
async fn entries_are_listed_by_the_days_that_they_are_about_in_either_direction_or_by_when_they_were_begun() {
    let day = |number: u128, begun: &str, day: &str| {
        created(entry_id(number), begun, &format!("n{number}")).with(json!({ "entryDate": day }))
    };
    // The newest day was written first, and two are about one day.
    let database = after(&[
        day(1, "2025-05-01T08:00:00Z", "2025-04-30"),
        day(2, "2025-05-02T08:00:00Z", "2025-04-28"),
        day(3, "2025-05-03T08:00:00Z", "2025-04-28"),
        day(4, "2025-05-04T08:00:00Z", "2025-04-01"),
    ])
    .await;
    let titles = |page: &EntryPage| page.edges.iter().map(|edge| edge.node.entry.title.clone()).collect::<Vec<_>>();
    for (order, expected) in [
        (Order::EntryDateDescending, ["n1", "n3", "n2", "n4"]),
        (Order::EntryDateAscending, ["n4", "n2", "n3", "n1"]),
        (Order::CreatedDescending, ["n4", "n3", "n2", "n1"]),
        (Order::CreatedAscending, ["n1", "n2", "n3", "n4"]),
    ] {
        let (mut seen, mut request) = (Vec::new(), Page { first: 1, after: None });
        loop {
            let who = As::User(USER);
            let found = ordered(&database, who, View::Whole, &Selection::default(), order, &request).await;
            seen.extend(titles(&found));
            let Some(last) = found.edges.last().filter(|_| found.has_next_page) else { break };
            request.after = cursor::decode(&last.cursor).map(|(_, position)| position);
        }
        assert_eq!(seen, expected, "{order:?}");
    }
    let titles: Vec<String> = recent(&database).await.into_iter().map(|shown| shown.entry.title).collect();
    assert_eq!(titles, ["n1", "n3", "n2", "n4"]);
}

#[tokio::test]
async fn filters_combine_and_signs_mean_themselves() {
    let database = after(&[
        created(entry_id(1), "2025-05-01T08:00:00Z", "100% Überraschung").with(json!({ "mood": "HAPPY" })),
        created(entry_id(2), "2025-05-02T08:00:00Z", "1000 steps")
            .with(json!({ "tags": [{ "id": TAG, "name": "Sport" }], "mood": "HAPPY" })),
        created(entry_id(3), "2025-05-03T08:00:00Z", "Tired")
            .with(json!({ "content": r"under_score \o/", "tags": [{ "id": TAG, "name": "Sport" }] })),
    ])
    .await;
    let all = Selection::default;
    let text = |text: &str| Selection { text: Some(text.into()), ..all() };
    assert_eq!(titles(&database, text("100%")).await, ["100% Überraschung"]);
    assert_eq!(titles(&database, text("überRASCH")).await, ["100% Überraschung"]);
    assert_eq!(titles(&database, text("r_s")).await, ["Tired"]);
    assert_eq!(titles(&database, text(r"\o/")).await, ["Tired"]);
    assert_eq!(titles(&database, Selection { tag: Some("sport".into()), ..all() }).await, ["Tired", "1000 steps"]);
    assert_eq!(
        titles(&database, Selection { tag: Some("sport".into()), mood: Some(Mood::Happy), ..all() }).await,
        ["1000 steps"]
    );
    let days = Selection { from: Some(date(2025, 5, 2)), to: Some(date(2025, 5, 2)), ..all() };
    assert_eq!(titles(&database, days).await, ["1000 steps"]);
}

#[tokio::test]
async fn an_administrator_learns_that_there_are_entries_and_nothing_of_what_they_say() {
    let secret = json!({ "content": "secret", "tags": [{ "id": TAG, "name": "secret" }], "mood": "SAD", "attachmentIds": [ENTRY] });
    let database = after(&[created(ENTRY, AT, "secret").with(secret), analysed(ENTRY, 1, 1, 0.5)]).await;
    let found = page(&database, View::WithoutContent, &Selection::default(), &Page { first: 5, after: None }).await;
    let entry = &found.edges[0].node;
    assert_eq!((entry.entry.word_count, entry.analysis.status), (1, AnalysisStatus::Ready));
    let all = serde_json::to_string(entry).unwrap();
    assert!(
        !all.contains("secret") && !all.contains("rest more") && !all.contains("Sad") && !all.contains("work"),
        "{all}"
    );
    assert!(entry.analysis.sentiment.is_none() && entry.entry.attachment_ids.is_empty());
}

#[tokio::test]
async fn on_this_day_shows_the_same_day_of_earlier_years_only() {
    let years = ["2023-05-01T08:00:00Z", "2024-05-01T08:00:00Z", "2024-05-02T08:00:00Z", "2025-05-01T08:00:00Z"];
    let facts: Vec<Fact> = (1..).zip(years).map(|(number, at)| created(entry_id(number), at, at)).collect();
    let database = after(&facts).await;
    let rows = database.read(As::User(USER), &entries::on_this_day(USER, date(2025, 5, 1), PAGE_BYTES_MAX)).await;
    let shown: Vec<String> =
        entries::all(&rows, "date", PAGE_BYTES_MAX).unwrap().into_iter().map(|shown| shown.entry.title).collect();
    assert_eq!(shown, ["2024-05-01T08:00:00Z", "2023-05-01T08:00:00Z"]);
}

#[tokio::test]
async fn entries_that_are_too_large_together_are_not_read() {
    let long =
        |number, content: &str| created(entry_id(number), AT, "long").with(json!({ "content": content.repeat(30) }));
    // 60 and 90 bytes.
    let database = after(&[long(1, "ab"), long(2, "ü "), long(3, "abc")]).await;
    let read = async |limit, bytes_max| {
        let rows = database.read(As::User(USER), &entries::recent(USER, limit, bytes_max)).await;
        (rows.len(), entries::all(&rows, "limit", bytes_max))
    };
    assert_eq!(read(3, 240).await.1.unwrap().len(), 3);
    let (rows, refused) = read(3, 239).await;
    let Err(Error::Invalid(fields)) = refused else { panic!("{refused:?}") };
    assert_eq!((rows, fields[0].field.as_str()), (1, "limit"));
    assert!(fields[0].message.starts_with("These entries have 240 bytes of content together; at most 239"));
    assert_eq!(read(1, 90).await.1.unwrap().len(), 1);
}

#[tokio::test]
async fn the_newest_insights_come_first_and_a_newer_text_puts_them_away() {
    let database = after(&[
        created(entry_id(1), AT, "a"),
        created(entry_id(2), AT, "b"),
        analysed(entry_id(1), 1, 1, 0.1),
        analysed(entry_id(2), 2, 1, 0.1),
    ])
    .await;
    let newest = async || {
        let rows = database.read(As::User(USER), &insights::newest(USER, 10)).await;
        rows.iter().map(|row| insights::insight(&row).unwrap().id).collect::<Vec<_>>()
    };
    assert_eq!(newest().await, ["i2", "i1"]);
    database.apply(&updated(entry_id(2), 2, AT, "c").with(json!({ "analysis": "requested" }))).await;
    assert_eq!(newest().await, ["i1"]);
    assert_eq!(recent(&database).await[0].analysis.status, AnalysisStatus::Pending);
}

#[tokio::test]
async fn a_text_is_found_in_every_spelling_of_its_letters() {
    let tags = json!([{ "id": TAG, "name": "İstanbul" }, { "id": entry_id(8), "name": "ΟΔΟΣ" }, { "id": entry_id(9), "name": "Straße" }]);
    let database = after(&[
        created(ENTRY, AT, "Cre\u{300}me bru\u{302}le\u{301}e")
            .with(json!({ "content": "ΟΔΟΣ in Zu\u{308}rich, Straße 1, coop", "tags": tags })),
        // The tags' own events may come later.
        tag("TagCreated", TAG, 1, "İstanbul"),
    ])
    .await;
    let request = |text: &str, tag: &str| {
        let filter = Filter { text: Some(text.into()), tag: Some(tag.into()), ..no_filter() };
        request::selection(&filter).unwrap()
    };
    for (text, tag) in [
        ("crème brûlée", "İstanbul"),
        ("Cre\u{300}me", "i\u{307}STANBUL"),
        ("Zürich", "οδος"),
        ("οδος", "ΟΔΟΣ"),
        ("zu\u{308}rich", "STRASSE"),
        ("STRASSE", "İstanbul"),
        ("co\u{ad}op", "ΟΔΟΣ"),
    ] {
        assert_eq!(titles(&database, request(text, tag)).await, ["Crème brûlée"], "{text} {tag}");
    }
}

#[tokio::test]
async fn words_of_a_filter_are_compared_by_their_keys_also_with_rows_of_an_earlier_release() {
    let database = after(&[
        created(entry_id(1), AT, "Ｗｏｒｋ at the ﬁne old mill"),
        created(entry_id(2), "2025-05-02T08:00:00Z", "Plain").with(json!({ "content": "Fine WORK" })),
        created(entry_id(3), "2025-05-03T08:00:00Z", "Größe").with(json!({ "content": "½ Äpfel, ５０％" })),
    ])
    .await;
    let found =
        async |text: &str| titles(&database, Selection { text: Some(text.into()), ..Selection::default() }).await;
    let both = ["Plain", "Ｗｏｒｋ at the ﬁne old mill"];
    // By the keys of the projection, then as rows of an earlier release have none, then with those of an earlier event.
    for change in
        ["", "title_key = NULL, content_key = NULL, keys_of = NULL", "title_key = 'x', content_key = 'x', keys_of = 0"]
    {
        if !change.is_empty() {
            database.script(&format!("UPDATE query.journals_view SET {change}")).await;
        }
        for text in ["work", "ＷＯＲＫ", "FINE", "ﬁne"] {
            assert_eq!(found(text).await, both, "{text} {change}");
        }
        for text in ["GRÖSSE", "gro\u{308}ße", "äpfel", "50%", "1⁄2 Ä"] {
            assert_eq!(found(text).await, ["Größe"], "{text} {change}");
        }
        assert_eq!(found("x").await, [""; 0], "{change}");
    }
}
