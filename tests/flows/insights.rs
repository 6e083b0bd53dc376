//! Goal: premium users get insights, once, also while the Messages API fails. Method: the stand-in API on a real socket.

use crate::media::{small_png, upload};
use mindflow_tests::messages_api::{Behaviour, INVENTED_QUOTE, MessagesApi};
use mindflow_tests::{Account, Platform, WITHIN};
use serde_json::{Value, json};

const ANALYZED: &str = "subscription { entryAnalyzed { id title analysis { status model sentiment themes completedAt insights { id entryId text kind } } } }";
const ENTRY: &str =
    "query ($id: ID!) { journalEntry(id: $id) { analysis { status model sentiment themes insights { id text } } } }";
const REANALYZE: &str = "mutation ($id: ID!) { reanalyzeEntry(id: $id) { analysis { status } } }";
const GOOD_DAY: &str = "A good day with friends at the harbour. I felt grateful and calm.";

async fn with_status(account: &Account, entry: &Value, status: &str) -> Value {
    account
        .eventually(ENTRY, json!({ "id": entry["id"] }), |data| data["journalEntry"]["analysis"]["status"] == status)
        .await["journalEntry"]["analysis"]
        .clone()
}

#[tokio::test(flavor = "multi_thread")]
async fn a_premium_user_gets_insights_over_a_websocket_and_over_sse() {
    let api = MessagesApi::start().await.unwrap();
    let platform = Platform::services().claude(&api.url()).env("MINDFLOW_CLAUDE_MODEL", "claude-test-1").start().await;
    let ada = platform.register_as("premium").await;
    let (mut socket, mut stream) = (ada.socket().await, ada.sse(ANALYZED, json!({})).await);
    let id = socket.subscribe(ANALYZED, json!({})).await;
    let ping = socket.subscribe("{ __typename }", json!({})).await;
    socket.next(&ping).await;
    socket.message().await;

    let entry = ada.write(json!({ "title": "Harbour", "content": GOOD_DAY })).await;
    assert_eq!(entry["analysis"]["status"], "PENDING");
    let analyzed = socket.next(&id).await["entryAnalyzed"].clone();
    assert_eq!((&analyzed["id"], &analyzed["title"]), (&entry["id"], &json!("Harbour")));
    let analysis = &analyzed["analysis"];
    assert_eq!((&analysis["status"], &analysis["model"]), (&json!("READY"), &json!("claude-test-1")));
    assert!(analysis["sentiment"].as_f64().is_some_and(|sentiment| sentiment > 0.0 && sentiment <= 1.0));
    assert!(!analysis["themes"].as_array().unwrap().is_empty() && analysis["completedAt"].is_string());
    assert!(analysis["insights"].as_array().unwrap().iter().all(|insight| insight["entryId"] == entry["id"]));
    let (_, by_sse) = stream.next().await.unwrap();
    assert_eq!(by_sse["data"]["entryAnalyzed"], analyzed);
    let listed = ada.data("{ insights { entryId text } recentEntries { analysis { status } } }", json!({})).await;
    assert_eq!(listed["insights"].as_array().unwrap().len(), analysis["insights"].as_array().unwrap().len());
    assert_eq!(listed["recentEntries"][0]["analysis"]["status"], "READY");
    let rest = ada.get(&format!("/api/journals/{}", entry["id"].as_str().unwrap())).await.json();
    assert_eq!(
        (&rest["analysis"]["status"], &rest["analysis"]["insights"][0]["text"]),
        (&json!("READY"), &analysis["insights"][0]["text"])
    );

    let requests = api.requests();
    assert_eq!(requests.len(), 1);
    assert_eq!((requests[0].violation.clone(), requests[0].headers["x-api-key"].as_str()), (None, "test-key"));
    assert!(requests[0].user_message().contains(GOOD_DAY));

    // AI insights are premium: nothing of others' entries goes out.
    let bob = platform.register().await;
    let theirs = bob.write(json!({ "title": "Plain", "content": GOOD_DAY })).await;
    assert_eq!(theirs["analysis"]["status"], "NOT_INCLUDED");
    with_status(&bob, &theirs, "NOT_INCLUDED").await;
    assert_eq!(bob.graphql(REANALYZE, json!({ "id": theirs["id"] })).await.error_code(), "FORBIDDEN");
    // A change of the content is analysed again; events of one entry come in order.
    ada.data(
        "mutation ($input: UpdateJournalEntryInput!) { updateJournalEntry(input: $input) { id } }",
        json!({ "input": { "id": entry["id"], "content": "An awful day." } }),
    )
    .await;
    let again = socket.next(&id).await["entryAnalyzed"].clone();
    assert!(again["analysis"]["sentiment"].as_f64().is_some_and(|sentiment| sentiment < 0.0), "{again}");
    assert_eq!(api.requests().len(), 2);

    // Of a photo there is nothing to read: the API is not asked, and nothing is said.
    let photo = upload(&ada, "beach.png", &small_png()).await.expect(201).json();
    let silent = json!({ "title": "A wonderful day", "content": " \u{200b}", "attachmentIds": [photo["id"]] });
    let silent = ada.write(silent).await;
    assert_eq!(silent["analysis"]["status"], "PENDING");
    let analysis = with_status(&ada, &silent, "READY").await;
    let nothing = json!({ "status": "READY", "model": "none", "sentiment": null, "themes": [], "insights": [] });
    assert_eq!(analysis, nothing);
    assert_eq!(api.requests().len(), 2);
    let stats = ada.data("{ writingStats { entries words currentStreakDays } insights { entryId } }", json!({})).await;
    assert_eq!(stats["writingStats"], json!({ "entries": 2, "words": 3, "currentStreakDays": 1 }), "{stats}");
    assert!(stats["insights"].as_array().unwrap().iter().all(|insight| insight["entryId"] == entry["id"]), "{stats}");
}

#[tokio::test(flavor = "multi_thread")]
async fn without_a_key_entries_are_analysed_locally_and_the_model_says_so() {
    let platform = Platform::embedded().start().await;
    let ada = platform.register_as("premium").await;
    let entry = ada.write(json!({ "title": "Harbour", "content": GOOD_DAY, "mood": "HAPPY" })).await;
    let analysis = with_status(&ada, &entry, "READY").await;
    assert!(analysis["model"].as_str().is_some_and(|model| model.starts_with("local")), "{analysis}");
    assert!(analysis["sentiment"].as_f64().is_some_and(|sentiment| sentiment > 0.0), "{analysis}");
    let quoted = ada.data("{ insights { quotes { text start end } } }", json!({})).await;
    let quotes =
        quoted["insights"].as_array().unwrap().iter().flat_map(|insight| insight["quotes"].as_array().unwrap());
    let quotes: Vec<&Value> = quotes.collect();
    assert!(!quotes.is_empty() && quotes.iter().all(|quote| slice(GOOD_DAY, quote) == quote["text"]), "{quoted}");
    let trends = ada
        .eventually("{ moodTrends { mood averageSentiment } }", json!({}), |data| {
            data["moodTrends"][0]["averageSentiment"].is_number()
        })
        .await;
    assert_eq!(trends["moodTrends"][0]["mood"], "HAPPY");
}

/// As JavaScript's `slice`.
fn slice(content: &str, quote: &Value) -> String {
    let place = |end: &str| usize::try_from(quote[end].as_u64().expect("a place")).expect("a small one");
    let units: Vec<u16> = content.encode_utf16().collect();
    String::from_utf16(&units[place("start")..place("end")]).expect("whole characters")
}

#[tokio::test(flavor = "multi_thread")]
async fn insights_quote_the_entry_word_for_word_and_nothing_that_is_not_in_it() {
    const QUOTED: &str = "query ($id: ID!) { journalEntry(id: $id) { content analysis { status insights { quotes { text start end } } } }
        insights { quotes { text start end } } }";
    let api = MessagesApi::start().await.unwrap();
    let platform = Platform::services().claude(&api.url()).start().await;
    let ada = platform.register_as("premium").await;
    // An emoji has two units; letters with accents are sent in two parts, and shown in one.
    let content = format!("🌊🌊 Cafe\u{301}: {GOOD_DAY}");
    let entry = ada.write(json!({ "title": "Harbour", "content": content })).await;
    // The list is cached apart from the entry, and follows a moment later.
    let is_shown = |data: &Value| {
        data["journalEntry"]["analysis"]["status"] == "READY"
            && data["insights"].as_array().is_some_and(|all| !all.is_empty())
    };
    let shown = ada.eventually(QUOTED, json!({ "id": entry["id"] }), is_shown).await;
    let sent = api.requests()[0].body["output_config"]["format"]["schema"].to_string();
    assert!(sent.contains("\"quotes\""), "{sent}");
    let insights = &shown["journalEntry"]["analysis"]["insights"];
    let [quote] = insights[0]["quotes"].as_array().expect("quotes").as_slice() else { panic!("{shown}") };
    let text = "🌊🌊 Caf\u{e9}: A good day with friends at the harbour.";
    assert_eq!(quote, &json!({ "text": text, "start": 0, "end": text.encode_utf16().count() }));
    assert_eq!(slice(shown["journalEntry"]["content"].as_str().unwrap(), quote), text);
    assert_eq!(insights[1]["quotes"], json!([]));
    assert_eq!(&shown["insights"], insights);
    let rest = ada.get(&format!("/api/journals/{}", entry["id"].as_str().unwrap())).await.json();
    assert_eq!(rest["analysis"]["insights"][0]["quotes"], json!([quote]));
    // What the model invented was in its answer, and is nowhere else.
    let kept = platform.kept("true", &[]).await;
    for (text, times) in [(INVENTED_QUOTE, 0), ("friends at the harbour", 2)] {
        let says = |payload: &Option<Value>| payload.as_ref().is_some_and(|says| says.to_string().contains(text));
        assert_eq!(kept.iter().filter(|kept| says(&kept.payload)).count(), times, "{text}");
        assert!(!kept.iter().any(|kept| kept.event.payload_text().contains(text)), "{text} is there in clear");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn an_answer_to_retry_later_never_counts_as_a_failure() {
    let api = MessagesApi::start().await.unwrap();
    let platform = Platform::services().claude(&api.url()).start().await;
    // More than the five attempts that a failing delivery has.
    for _ in 0..4 {
        api.then(Behaviour::rate_limited("1")).then(Behaviour::overloaded(Some("0")));
    }
    let ada = platform.register_as("premium").await;
    let entry = ada.write(json!({ "title": "Busy", "content": GOOD_DAY })).await;
    let analysis = with_status(&ada, &entry, "READY").await;
    assert_eq!(api.requests().len(), 9);
    assert_eq!(analysis["insights"].as_array().unwrap().len(), 2);
}

#[tokio::test(flavor = "multi_thread")]
async fn failures_are_tried_again_and_leave_no_second_insights() {
    let api = MessagesApi::start().await.unwrap();
    let platform = Platform::services().claude(&api.url()).start().await;
    api.then(Behaviour::server_error()).then(Behaviour::CloseMidBody).then(Behaviour::Garbage);
    let ada = platform.register_as("premium").await;
    let entry = ada.write(json!({ "title": "Bumpy", "content": GOOD_DAY })).await;
    let first = with_status(&ada, &entry, "READY").await;
    assert_eq!((api.requests().len(), first["insights"].as_array().unwrap().len()), (4, 2));

    let pending = ada.data(REANALYZE, json!({ "id": entry["id"] })).await;
    assert_eq!(pending["reanalyzeEntry"]["analysis"]["status"], "PENDING");
    api.wait_for_requests(5, WITHIN).await.unwrap();
    let listed = ada
        .eventually("{ insights { id } recentEntries { analysis { status insights { id } } } }", json!({}), |data| {
            let analysis = &data["recentEntries"][0]["analysis"];
            analysis["status"] == "READY"
                && analysis["insights"][0]["id"] != first["insights"][0]["id"]
                && data["insights"].as_array().is_some_and(|insights| insights.len() == 2)
        })
        .await;
    assert_eq!(listed["recentEntries"][0]["analysis"]["insights"].as_array().unwrap().len(), 2);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_refusal_fails_the_analysis_until_it_is_asked_for_again() {
    let api = MessagesApi::start().await.unwrap();
    let platform = Platform::services().claude(&api.url()).start().await;
    api.then(Behaviour::Refusal);
    let ada = platform.register_as("premium").await;
    let entry = ada.write(json!({ "title": "Refused", "content": GOOD_DAY })).await;
    let failed = with_status(&ada, &entry, "FAILED").await;
    assert_eq!((&failed["insights"], &failed["sentiment"]), (&json!([]), &Value::Null));
    assert_eq!(api.requests().len(), 1);
    ada.data(REANALYZE, json!({ "id": entry["id"] })).await;
    with_status(&ada, &entry, "READY").await;
    // Out of range is not believed.
    api.then(Behaviour::analysis(&json!({ "sentiment": 7, "themes": ["x"], "insights": [] })));
    let second = ada.write(json!({ "title": "Odd", "content": GOOD_DAY })).await;
    let analysis = with_status(&ada, &second, "READY").await;
    assert!(analysis["sentiment"].as_f64().is_some_and(|sentiment| (-1.0..=1.0).contains(&sentiment)), "{analysis}");
}
