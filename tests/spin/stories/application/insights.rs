//! Goal: what is written reaches the model, the figures, the search index and the user's other devices. Method: the stand-in for
//! Claude on a real socket, and two devices that listen by server-sent events while a third one writes.

use super::Stage;
use mindflow_tests::Sse;
use mindflow_tests::messages_api::MessagesApi;
use reqwest::Method;
use serde_json::{Value, json};

const CHANGED: &str = "subscription { entryChanged { kind entryId entry { title version } } }";
const ANALYZED: &str =
    "subscription { entryAnalyzed { id title analysis { status model sentiment insights { text } } } }";
const DASHBOARD: &str = "{ recentEntries { id analysis { status } } insights { entryId } moodTrends { mood count averageSentiment } \
                         writingStats { entries words } }";
const FOUND: &str =
    "query ($words: String!) { search(query: $words, mode: FULL_TEXT) { hits { entry { id } highlights } } }";
const GOOD_DAY: &str = "A good day with friends at the harbour. I felt grateful and calm.";

/// The next event's data.
async fn next(stream: &mut Sse) -> Value {
    let (name, received) = stream.next().await.expect("an event");
    assert_eq!((name.as_str(), received.get("errors")), ("next", None), "{received}");
    received["data"].clone()
}

#[tokio::test(flavor = "multi_thread")]
async fn an_entry_is_analysed_counted_found_and_shown_on_all_devices() {
    let claude = MessagesApi::start().await.unwrap();
    let url = claude.url();
    let variables = [("claude_url", &*url), ("claude_model", "claude-test-1"), ("anthropic_api_key", "test-key")];
    let stage = Stage::with(&variables).await;
    let ada = stage.register_as("premium").await;
    let mut phone = ada.login().await.sse(CHANGED, json!({})).await;
    let mut tablet = ada.login().await.sse(ANALYZED, json!({})).await;
    let bob = stage.register().await;
    let mut stranger = bob.sse(CHANGED, json!({})).await;
    assert!(phone.status == 200 && phone.content_type.starts_with("text/event-stream"));

    let entry = ada.write(json!({ "title": "Harbour", "content": GOOD_DAY, "mood": "HAPPY" })).await;
    assert_eq!(entry["analysis"]["status"], "PENDING");
    let created = json!({ "kind": "CREATED", "entryId": entry["id"], "entry": { "title": "Harbour", "version": 1 } });
    assert_eq!(next(&mut phone).await["entryChanged"], created);
    let seen = phone.last_id.clone().expect("an id");
    let analyzed = next(&mut tablet).await["entryAnalyzed"].clone();
    assert_eq!((&analyzed["id"], &analyzed["analysis"]["model"]), (&entry["id"], &json!("claude-test-1")));
    assert!(analyzed["analysis"]["sentiment"].as_f64().is_some_and(|sentiment| sentiment > 0.0), "{analyzed}");
    let requests = claude.requests();
    assert_eq!((requests.len(), &requests[0].violation, &*requests[0].headers["x-api-key"]), (1, &None, "test-key"));

    let complete =
        |data: &Value| data["moodTrends"][0]["averageSentiment"].is_number() && data["writingStats"]["entries"] == 1;
    let shown = ada.eventually(DASHBOARD, json!({}), complete).await;
    assert_eq!(
        (&shown["recentEntries"][0]["analysis"]["status"], &shown["insights"][0]["entryId"]),
        (&json!("READY"), &entry["id"])
    );
    assert_eq!((&shown["moodTrends"][0]["mood"], &shown["writingStats"]["words"]), (&json!("HAPPY"), &json!(13)));
    let found = ada.eventually(FOUND, json!({ "words": "grateful friend" }), |data| {
        data["search"]["hits"].as_array().is_some_and(|hits| hits.len() == 1)
    });
    assert_eq!(found.await["search"]["hits"][0]["entry"]["id"], entry["id"]);

    ada.data(UPDATE, json!({ "input": { "id": entry["id"], "title": "Two" } })).await;
    let updated = next(&mut phone).await["entryChanged"].clone();
    assert_eq!((&updated["kind"], &updated["entry"]), (&json!("UPDATED"), &json!({ "title": "Two", "version": 2 })));
    // Another device goes on after the phone's last but one, and learns that what it asks for is forgotten.
    let resumed = async |cursor: &str| {
        let request = ada.request(Method::POST, "/graphql").header("accept", "text/event-stream");
        Sse::open(request.header("last-event-id", cursor).json(&json!({ "query": CHANGED }))).await
    };
    assert_eq!(next(&mut resumed(&seen).await).await["entryChanged"]["kind"], "UPDATED");
    let (_, refused) = resumed("1-0").await.next().await.expect("an event");
    assert_eq!(refused["errors"][0]["extensions"]["rule"], "forgotten", "{refused}");
    // Nothing of it reached the stranger, whose first message is of an entry of the stranger's own.
    let own = bob.write(json!({ "title": "Own", "content": "c" })).await;
    assert_eq!(next(&mut stranger).await["entryChanged"]["entryId"], own["id"]);
}

const UPDATE: &str = "mutation ($input: UpdateJournalEntryInput!) { updateJournalEntry(input: $input) { id } }";
