//! What a client does, and what must come of it.

use crate::application::Application;
use mindflow_tests::messages_api::Behaviour;
use mindflow_tests::pictures::{black_png, upload};
use mindflow_tests::readme::{ReadmeTour, UNTIL_ANALYZED};
use mindflow_tests::{Account, CREATE, Sse, binary, root, send};
use reqwest::Method;
use serde_json::{Value, json};
use std::process::Command;

const CHANGED: &str = "subscription { entryChanged { kind entryId entry { title } } }";
const ENTRY: &str = "query ($id: ID!) { journalEntry(id: $id) { title content mood tags { name } analysis { status model insights { text } } } }";
const DELETE: &str = "mutation ($id: ID!) { deleteJournalEntry(id: $id) }";
const DASHBOARD: &str = "{ me { displayName quota { used limit } } recentEntries { id title tags { name entryCount } } moodTrends { mood count } }";
const SEARCH: &str = "query ($text: String!) { search(query: $text) { hits { entry { title } } } }";
/// A page, and where the next one begins.
/// By words alone: what is found by meaning moves while the sentence model reads the entries.
const PAGE: &str = "query ($text: String!, $after: String) { search(query: $text, mode: FULL_TEXT, limit: 2, after: $after) { hits { entry { id } } totalCount pageInfo { endCursor hasNextPage } } }";
const NODE: &str = "query ($id: ID!) { node(id: $id) { __typename ... on JournalEntry { title } } }";
const MOVE: &str = "mutation ($zone: String!) { updateProfile(timezone: $zone) { timezone } }";
const WRITTEN: &str = "mutation ($input: CreateJournalEntryInput!) { createJournalEntry(input: $input) { entryDate } }";
/// The address is public, so no name is looked up; the user writes nothing, so it is not called.
const WEBHOOK: &str =
    "mutation { createWebhook(url: \"https://93.184.215.14/hook\", events: [\"MoodRecorded\"]) { id secret } }";
const AUDITS: usize = 61;

pub async fn whole(application: &Application) {
    let ada = Account::register(&application.http).await;
    step("a user registers and logs in", ada.login()).await;
    step("an entry is on the dashboard", dashboard(&ada)).await;
    step("what was just written is in the next answer", own_writes(application)).await;
    step("days are those of the writer's time zone", days(application)).await;
    step("it is found by a word", search(&ada)).await;
    step("two devices hear of a change by server-sent events", devices(&ada)).await;
    step("a device that was away goes on where it was, or learns that it cannot", resumed(application)).await;
    step("a search goes on where its page ended, and an entry is found by its id", pages(application)).await;
    step("another user sees and changes nothing of it", strangers(application, &ada)).await;
    step("what is wrong is refused with its field", refusals(&ada)).await;
    step("the longest entry is taken, and long answers are compressed", long_entries(application)).await;
    step("the secret of a webhook is sealed, and browsers can subscribe", secrets(application)).await;
    step("Claude's insights arrive", insights(application)).await;
    step("a picture is uploaded and comes back", pictures(&ada)).await;
    step("an administrator reads the audit trail", audit(application, &ada)).await;
    step("the tour of the README works", readme(application)).await;
    step("all 61 audits of GraphQL over HTTP are ok", graphql_over_http(application)).await;
}

async fn step<T>(name: &str, does: impl Future<Output = T>) -> T {
    let begun = std::time::Instant::now();
    print!("  {name} … ");
    let _ = std::io::Write::flush(&mut std::io::stdout());
    let done = does.await;
    println!("{:.1} s", begun.elapsed().as_secs_f64());
    done
}

async fn dashboard(ada: &Account) {
    let input = json!({ "title": "A first page", "content": "Slept well, walked by the river.", "mood": "CALM", "tags": ["morning"] });
    let entry = ada.write(input).await;
    let shown = ada.eventually(DASHBOARD, json!({}), |data| {
        data["recentEntries"][0]["tags"][0]["entryCount"] == 1 && data["moodTrends"][0]["count"] == 1
    });
    let shown = shown.await;
    assert_eq!(shown["recentEntries"][0]["id"], entry["id"]);
    assert_eq!(shown["me"]["quota"]["used"], 1);
}

async fn own_writes(application: &Application) {
    let user = Account::register(&application.http).await;
    for number in 1..=2 {
        user.write(json!({ "title": format!("Page {number}"), "content": "c", "tags": ["again"] })).await;
        let next =
            "{ recentEntries { title } tags { name entryCount } me { quota { used } } writingStats { entries } }";
        let shown = user.data(next, json!({})).await;
        assert_eq!(shown["recentEntries"][0]["title"], format!("Page {number}"), "{shown}");
        assert_eq!(shown["tags"], json!([{ "name": "again", "entryCount": number }]), "{shown}");
        assert_eq!(shown["me"]["quota"]["used"], number, "{shown}");
        assert_eq!(shown["writingStats"]["entries"], number, "{shown}");
    }
}

/// Two places that have another day at every moment: one is 14 hours ahead of UTC, one 11 behind.
async fn days(application: &Application) {
    let user = Account::register(&application.http).await;
    let mut days = Vec::new();
    for zone in ["Pacific/Pago_Pago", "Pacific/Kiritimati"] {
        user.data(MOVE, json!({ "zone": zone })).await;
        let written = user.data(WRITTEN, json!({ "input": { "title": zone, "content": "c" } })).await;
        days.push(
            written["createJournalEntry"]["entryDate"].as_str().unwrap_or_else(|| panic!("{written}")).to_owned(),
        );
    }
    assert!(days.is_sorted() && days.first() != days.last(), "{days:?}");
}

async fn resumed(application: &Application) {
    let user = Account::register(&application.http).await;
    let write = async |title: &str| user.write(json!({ "title": title, "content": "c" })).await["id"].clone();
    let heard = async |stream: &mut Sse| {
        let (_, event) = stream.next().await.expect("an event");
        assert!(event.get("errors").is_none(), "{event}");
        event["data"]["entryChanged"]["entryId"].clone()
    };
    let after = async |cursor: &str| {
        let request = user.request(Method::POST, "/graphql").header("accept", "text/event-stream");
        Sse::open(request.header("last-event-id", cursor).json(&json!({ "query": CHANGED }))).await
    };
    let mut stream = user.sse(CHANGED, json!({})).await;
    assert_eq!(write("Seen").await, heard(&mut stream).await);
    let cursor = stream.last_id.take().expect("a change has an id");
    drop(stream);
    let away = [write("While away").await, write("Still away").await];
    let mut stream = after(&cursor).await;
    assert_eq!([heard(&mut stream).await, heard(&mut stream).await], away);
    let (_, refused) = after("1-0").await.next().await.expect("an event");
    assert_eq!(refused["errors"][0]["extensions"]["rule"], "forgotten", "{refused}");
}

async fn pages(application: &Application) {
    let user = Account::register(&application.http).await;
    let mut written = Vec::new();
    for number in 1..=3 {
        let entry = user.write(json!({ "title": format!("Walk {number}"), "content": "By the lighthouse." })).await;
        written.push(entry["id"].to_string());
    }
    let first = user.eventually(PAGE, json!({ "text": "lighthouse" }), |data| data["search"]["totalCount"] == 3).await;
    let ids = |data: &Value| -> Vec<String> {
        let hits = data["search"]["hits"].as_array().cloned().unwrap_or_default();
        hits.iter().map(|hit| hit["entry"]["id"].to_string()).collect()
    };
    let page = &first["search"]["pageInfo"];
    assert!(ids(&first).len() == 2 && page["hasNextPage"] == true, "{first}");
    let second = user.data(PAGE, json!({ "text": "lighthouse", "after": page["endCursor"] })).await;
    let mut found = [ids(&first), ids(&second)].concat();
    found.sort();
    written.sort();
    assert_eq!(found, written, "{first} {second}");
    let id = json!({ "id": first["search"]["hits"][0]["entry"]["id"] });
    assert_eq!(user.data(NODE, id.clone()).await["node"]["__typename"], "JournalEntry");
    let bob = Account::register(&application.http).await;
    assert!(bob.data(NODE, id).await["node"].is_null());
}

async fn long_entries(application: &Application) {
    let user = Account::register(&application.http).await;
    let content = "語".repeat(100_000);
    let entry = user.write(json!({ "title": "長い", "content": content })).await;
    assert_eq!(entry["content"].as_str().map(str::len), Some(content.len()));
    let large = json!({ "input": { "title": "T", "content": "x".repeat(1_400 * 1024) } });
    assert_eq!(user.graphql(CREATE, large).await.expect(413).error_code(), "BAD_USER_INPUT");
    let query = json!({ "query": "{ recentEntries { content } }" });
    let ask = user.request(Method::POST, "/graphql").header("accept-encoding", "gzip, br").json(&query);
    let answer = send(ask).await.expect(200);
    assert_eq!(answer.header("content-encoding"), "br");
    assert!(answer.bytes.len() * 10 < content.len(), "{} bytes", answer.bytes.len());
}

async fn secrets(application: &Application) {
    let user = Account::register(&application.http).await;
    let made = user.data(WEBHOOK, json!({})).await;
    assert!(made["createWebhook"]["secret"].is_string(), "{made}");
    let shown = user.data("{ webhooks { id secret } pushPublicKey }", json!({})).await;
    assert_eq!(shown["webhooks"], json!([{ "id": made["createWebhook"]["id"], "secret": null }]));
    assert!(shown["pushPublicKey"].is_string(), "{shown}");
}

async fn search(ada: &Account) {
    let found = |data: &Value| data["search"]["hits"][0]["entry"]["title"] == "A first page";
    ada.eventually(SEARCH, json!({ "text": "river" }), found).await;
}

async fn devices(ada: &Account) {
    let other = ada.login().await;
    let (mut first, mut second) = (ada.sse(CHANGED, json!({})).await, other.sse(CHANGED, json!({})).await);
    // A subscription hears what comes after its start.
    let heard = async |stream: &mut mindflow_tests::Sse| {
        let (_, event) = stream.next().await.expect("an event");
        event["data"]["entryChanged"]["kind"].clone()
    };
    let writes = async {
        for number in 0.. {
            ada.write(json!({ "title": format!("Seen elsewhere {number}"), "content": "now" })).await;
            tokio::time::sleep(std::time::Duration::from_secs(2)).await;
        }
    };
    let both = async { (heard(&mut first).await, heard(&mut second).await) };
    tokio::select! {
        (first, second) = both => assert_eq!((first, second), (json!("CREATED"), json!("CREATED"))),
        () = writes => {}
    }
}

async fn strangers(application: &Application, ada: &Account) {
    let shown = ada.data("{ recentEntries { id } }", json!({})).await;
    let id = json!({ "id": shown["recentEntries"][0]["id"] });
    let bob = Account::register(&application.http).await;
    assert!(bob.data(ENTRY, id.clone()).await["journalEntry"].is_null());
    assert_eq!(bob.graphql(DELETE, id).await.error_code(), "NOT_FOUND");
    let forged =
        send(application.http.request(Method::GET, "/api/journals").bearer_auth(format!("{}x", bob.token))).await;
    forged.expect_problem(401, "unauthenticated");
}

async fn refusals(ada: &Account) {
    let answer = ada.graphql(mindflow_tests::CREATE, json!({ "input": { "title": "", "content": "x" } })).await;
    assert_eq!(answer.error_code(), "BAD_USER_INPUT", "{}", answer.text());
    ada.post("/api/journals", &json!({ "title": "", "content": "x" })).await.expect_problem(422, "invalid-input");
}

async fn insights(application: &Application) {
    let ada = application.register_as("premium").await;
    application.claude.then(Behaviour::overloaded(Some("1")));
    let entry = ada.write(json!({ "title": "Deadline", "content": "Stressful, but I am proud of the team." })).await;
    let analysed = ada
        .eventually(ENTRY, json!({ "id": entry["id"] }), |data| data["journalEntry"]["analysis"]["status"] == "READY");
    assert!(analysed.await["journalEntry"]["analysis"]["insights"][0]["text"].is_string());
}

async fn pictures(ada: &Account) {
    let media = send(upload(ada, "a.png", &black_png())).await.expect(201).json();
    let url = media["url"].as_str().unwrap_or_else(|| panic!("{media}")).to_owned();
    let shown = ada.get(&url).await.expect(200);
    assert!(shown.header("content-type").starts_with("image/"), "{}", shown.header("content-type"));
    send(ada.http().request(Method::GET, &format!("/media/{}", media["id"].as_str().unwrap_or_default())))
        .await
        .expect_problem(401, "unauthenticated");
}

async fn audit(application: &Application, ada: &Account) {
    let admin = application.register_as("admin").await;
    let log = "query ($user: ID) { auditLog(userId: $user, eventType: \"JournalEntryCreated\") { edges { node { withheld } } } }";
    let shown = |data: &Value| data["auditLog"]["edges"].as_array().is_some_and(|edges| !edges.is_empty());
    admin.eventually(log, json!({ "user": ada.id }), shown).await;
    assert_eq!(ada.graphql(log, json!({})).await.error_code(), "FORBIDDEN");
}

async fn readme(application: &Application) {
    let tour = ReadmeTour::of(&application.http.url(""), &binary().display().to_string());
    let tour = tour.waiting("3", UNTIL_ANALYZED).without_the_swap();
    let mut settings = application.settings();
    // A command without a host says what it starts.
    settings.push(("RUST_LOG".to_owned(), "error".to_owned()));
    let printed = tour.walk(settings.into_iter().map(|(name, value)| (name.into(), Some(value.into())))).await;
    assert!(printed.contains("A first page") && printed.contains("\"entryAnalyzed\""), "{printed}");
}

async fn graphql_over_http(application: &Application) {
    let mut node = Command::new("node");
    node.arg(root().join("tests/graphql-http/audit.mjs")).arg(application.http.url("/graphql"));
    let output = tokio::task::spawn_blocking(move || node.output()).await.expect("it ends").expect("node starts");
    let printed = String::from_utf8_lossy(&output.stdout);
    let audits: Vec<Value> = printed.lines().map(|line| serde_json::from_str(line).expect("a line of JSON")).collect();
    let failing: Vec<_> = audits.iter().filter(|audit| audit["status"] != "ok").collect();
    assert!(
        failing.is_empty() && audits.len() == AUDITS,
        "{failing:#?} of {}: {}",
        audits.len(),
        String::from_utf8_lossy(&output.stderr)
    );
}
