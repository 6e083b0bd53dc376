//! What a client does, and what must come of it.

use crate::application::Application;
use mindflow_tests::messages_api::Behaviour;
use mindflow_tests::pictures::{black_png, upload};
use mindflow_tests::{Account, root, send};
use reqwest::Method;
use serde_json::{Value, json};
use std::process::Command;

const CHANGED: &str = "subscription { entryChanged { kind entryId entry { title } } }";
const ENTRY: &str = "query ($id: ID!) { journalEntry(id: $id) { title content mood tags { name } analysis { status model insights { text } } } }";
const DELETE: &str = "mutation ($id: ID!) { deleteJournalEntry(id: $id) }";
const DASHBOARD: &str = "{ me { displayName quota { used limit } } recentEntries { id title tags { name entryCount } } moodTrends { mood count } }";
const SEARCH: &str = "query ($text: String!) { search(query: $text) { hits { entry { title } } } }";
const AUDITS: usize = 61;

pub async fn whole(application: &Application) {
    let ada = Account::register(&application.http).await;
    step("a user registers and logs in", ada.login()).await;
    step("an entry is on the dashboard", dashboard(&ada)).await;
    step("it is found by a word", search(&ada)).await;
    step("two devices hear of a change by server-sent events", devices(&ada)).await;
    step("another user sees and changes nothing of it", strangers(application, &ada)).await;
    step("what is wrong is refused with its field", refusals(&ada)).await;
    step("Claude's insights arrive", insights(application)).await;
    step("a picture is uploaded and comes back", pictures(&ada)).await;
    step("an administrator reads the audit trail", audit(application, &ada)).await;
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
