//! Goal: days are the writer's, entries are listed by them, and nothing that was written moves when a writer does.
//! Method: a user at the date line, where it is another day than in UTC for most of the day.

use jiff::{Timestamp, ToSpan, civil::Date, tz::Offset};
use mindflow_tests::{Account, Platform, send};
use reqwest::Method;
use serde_json::{Value, json};

const MOVE: &str = "mutation ($zone: String!) { updateProfile(timezone: $zone) { timezone } }";
const LIST: &str = "query ($first: Int, $after: String, $order: JournalOrder) {
    journalEntries(first: $first, after: $after, orderBy: $order) { edges { cursor node { title } } } }";
const CHANGE: &str =
    "mutation ($input: UpdateJournalEntryInput!) { updateJournalEntry(input: $input) { entryDate version } }";

/// The day of a moment where the clock is so many hours ahead of UTC.
fn day(moment: &Value, hours: i8) -> Date {
    let moment: Timestamp = moment.as_str().unwrap().parse().unwrap();
    Offset::constant(hours).to_datetime(moment).date()
}

fn titles(data: &Value) -> Vec<String> {
    let edges = data["journalEntries"]["edges"].as_array().unwrap();
    edges.iter().map(|edge| edge["node"]["title"].as_str().unwrap().to_owned()).collect()
}

#[tokio::test(flavor = "multi_thread")]
async fn days_are_those_of_the_writers_time_zone_and_stay_when_the_writer_moves() {
    let platform = Platform::services().variable("free_entries_per_month", "100").start().await;
    let http = platform.http();
    let register = |email: &str, more: Value| {
        let mut body = json!({ "email": email, "password": "correct horse", "displayName": "Teuea" });
        body.as_object_mut().unwrap().extend(more.as_object().unwrap().clone());
        async move { http.post("/auth/register", &body).await }
    };
    let wrong = register("a@example.org", json!({ "timezone": "Mars/Olympus", "timeZone": "UTC" })).await;
    let wrong = wrong.expect_problem(422, "invalid-input");
    assert_eq!(
        (&wrong["errors"][0]["field"], &wrong["errors"][0]["rule"]),
        (&json!("timeZone"), &json!("unknown-field"))
    );
    for none in ["Mars/Olympus", "Factory"] {
        let wrong = register("a@example.org", json!({ "timezone": none })).await.expect_problem(422, "invalid-input");
        assert_eq!(wrong["errors"][0]["field"], "timezone");
    }
    let answer = register("teuea@example.org", json!({ "timezone": "pacific/kiritimati" })).await.expect(201);
    assert_eq!(answer.json()["user"]["timezone"], "Pacific/Kiritimati");
    let teuea = Account::granted(http, "teuea@example.org", "correct horse", &answer);

    let entry = teuea.write(json!({ "title": "Here", "content": "c", "mood": "CALM" })).await;
    let here = day(&entry["createdAt"], 14);
    assert_eq!(entry["entryDate"], here.to_string());
    let record = "mutation ($at: DateTime!) { recordMood(mood: HAPPY, at: $at) { date } }";
    let mood = teuea.data(record, json!({ "at": entry["createdAt"] })).await;
    assert_eq!(mood["recordMood"]["date"], here.to_string());
    // Four years earlier there is a 29th of February as well.
    let earlier = here - 4.years();
    teuea.write(json!({ "title": "Earlier", "content": "c", "entryDate": earlier.to_string() })).await;
    let remembered = |data: &Value| data["onThisDay"] == json!([{ "title": "Earlier" }]);
    teuea.eventually("{ onThisDay { title } }", json!({}), remembered).await;
    let points = json!([{ "date": here.to_string(), "mood": "HAPPY" }, { "date": here.to_string(), "mood": "CALM" }]);
    let moods = |data: &Value| data["moodTrends"] == points;
    teuea.eventually("{ moodTrends(days: 2) { date mood } }", json!({}), moods).await;

    // From the next request on the writer is elsewhere: with a token that still names the former zone.
    teuea.data(MOVE, json!({ "zone": "Pacific/Pago_Pago" })).await;
    let entry = teuea.write(json!({ "title": "There", "content": "c" })).await;
    assert_eq!(entry["entryDate"], day(&entry["createdAt"], -11).to_string());
    let by_rest =
        teuea.post("/api/journals", &json!({ "title": "There, too", "content": "c" })).await.expect(201).json();
    assert_eq!(by_rest["entryDate"], day(&by_rest["createdAt"], -11).to_string());
    // What is dated later than the writer's today is not there yet; where that day has come it is.
    let none = |data: &Value| data["moodTrends"] == json!([]);
    teuea.eventually("{ moodTrends(days: 2) { date mood } }", json!({}), none).await;
    // Already within the request that moves the writer.
    let moving = "mutation ($zone: String!) {
        before: createJournalEntry(input: { title: \"Before\", content: \"c\" }) { entryDate createdAt }
        updateProfile(timezone: $zone) { timezone }
        after: createJournalEntry(input: { title: \"After\", content: \"c\" }) { entryDate createdAt }
        recordMood(mood: CALM) { date } }";
    let moved = teuea.data(moving, json!({ "zone": "Pacific/Kiritimati" })).await;
    for (entry, hours) in [(&moved["before"], -11), (&moved["after"], 14)] {
        assert_eq!(entry["entryDate"], day(&entry["createdAt"], hours).to_string(), "{moved}");
    }
    assert_eq!(moved["recordMood"]["date"], moved["after"]["entryDate"]);
    let back = |data: &Value| data["moodTrends"].as_array().is_some_and(|points| points.len() >= 2);
    teuea.eventually("{ moodTrends(days: 2) { date mood } }", json!({}), back).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn entries_that_were_written_later_about_earlier_days_are_listed_where_they_belong() {
    let platform = Platform::services().start().await;
    let ada = platform.register_as("premium").await;
    let first = ada.write(json!({ "title": "today", "content": "c" })).await;
    let today: Date = first["entryDate"].as_str().unwrap().parse().unwrap();
    // An import begins with the newest.
    for back in 1..=12 {
        let day = today - back.days();
        ada.write(json!({ "title": format!("{back}"), "content": "c", "entryDate": day.to_string() })).await;
    }
    let stats = "{ writingStats(days: 1) { entries currentStreakDays longestStreakDays } }";
    ada.eventually(stats, json!({}), |data| {
        data["writingStats"] == json!({ "entries": 13, "currentStreakDays": 13, "longestStreakDays": 13 })
    })
    .await;
    let newest: Vec<String> =
        std::iter::once("today".to_owned()).chain((1..=12).map(|back| back.to_string())).collect();
    ada.eventually(LIST, json!({}), |data| titles(data) == newest).await;
    let recent = ada.data("{ recentEntries(limit: 3) { title } }", json!({})).await;
    assert_eq!(recent["recentEntries"], json!([{ "title": "today" }, { "title": "1" }, { "title": "2" }]));
    let items = ada.get("/api/journals?limit=2&orderBy=CREATED_AT_DESC").await.expect(200).json()["items"].clone();
    assert_eq!((&items[0]["title"], &items[1]["title"]), (&json!("12"), &json!("11")));

    // A further page goes on in the order of the one before, and in no other.
    let page = ada.data(LIST, json!({ "first": 2, "order": "ENTRY_DATE_ASC" })).await;
    assert_eq!(titles(&page), ["12", "11"]);
    let after = page["journalEntries"]["edges"][1]["cursor"].clone();
    assert_eq!(titles(&ada.data(LIST, json!({ "first": 2, "after": after })).await), ["10", "9"]);
    let other = ada.graphql(LIST, json!({ "first": 2, "after": after, "order": "CREATED_AT_ASC" })).await.error();
    assert_eq!(other["extensions"]["field"], "after");

    // An entry's day can be changed, by both protocols.
    let moved = today - 20.days();
    let input = json!({ "id": first["id"], "entryDate": moved.to_string() });
    let changed = ada.data(CHANGE, json!({ "input": input })).await["updateJournalEntry"].clone();
    assert_eq!(changed, json!({ "entryDate": moved.to_string(), "version": 2 }));
    let last = |data: &Value| titles(data).last().is_some_and(|title| title == "today");
    ada.eventually(LIST, json!({}), last).await;
    let path = format!("/api/journals/{}", first["id"].as_str().unwrap());
    let back = ada.patch(&path, &json!({ "entryDate": today.to_string() })).await.expect(200).json();
    assert_eq!((&back["entryDate"], &back["version"]), (&json!(today.to_string()), &json!(3)));
    for (body, field) in [
        (json!({ "entrydate": "2025-01-01" }), "entrydate"),
        (json!({ "entryDate": "2999-01-01" }), "entryDate"),
        (json!({ "title": "t", "createdAt": "2025-01-01T00:00:00Z" }), "createdAt"),
    ] {
        let refused = ada.patch(&path, &body).await.expect_problem(422, "invalid-input");
        assert_eq!(refused["errors"][0]["field"], field);
    }
    assert_eq!(ada.get(&path).await.expect(200).json()["version"], 3, "nothing of it was written");
}

#[tokio::test(flavor = "multi_thread")]
async fn what_is_shown_of_an_entry_changes_with_its_last_modified_however_fast() {
    let platform = Platform::services().start().await;
    let ada = platform.register().await;
    let entry = ada.write(json!({ "title": "One", "content": "c", "tags": ["rain"] })).await;
    let path = format!("/api/journals/{}", entry["id"].as_str().unwrap());
    let since = |modified: &str| send(ada.request(Method::GET, &path).header("if-modified-since", modified));
    let shown = ada.get(&path).await.expect(200);
    let (mut modified, mut etag) = (shown.header("last-modified").to_owned(), shown.header("etag").to_owned());
    let tag = shown.json()["tags"][0]["id"].clone();
    since(&modified).await.expect(304);
    for change in 0..4 {
        let text = format!("change {change}");
        if change % 2 == 0 {
            ada.patch(&path, &json!({ "content": text })).await.expect(200);
        } else {
            let rename = "mutation ($id: ID!, $name: String!) { renameTag(id: $id, name: $name) { name } }";
            ada.data(rename, json!({ "id": tag, "name": text })).await;
        }
        let shown = since(&modified).await.expect(200);
        assert!(shown.text().contains(&text), "{}", shown.text());
        assert_ne!(shown.header("last-modified"), modified);
        assert_ne!(shown.header("etag"), etag);
        (modified, etag) = (shown.header("last-modified").to_owned(), shown.header("etag").to_owned());
        since(&modified).await.expect(304);
    }
}
