//! Goal: what a user keeps to the platform leaves it by no way: not to Claude, not to a service that embeds texts, not into webhooks.
//! Method: a stand-in for each on a real socket, which remembers all that it was sent.

use mindflow_tests::messages_api::MessagesApi;
use mindflow_tests::receiver::Receiver;
use mindflow_tests::{Account, Builder, Platform, WITHIN, eventually};
use serde_json::{Value, json};

const ENTRY: &str = "query ($id: ID!) { journalEntry(id: $id) { private version analysis { status model insights { text quotes { text } } } } }";
const UPDATE: &str =
    "mutation ($input: UpdateJournalEntryInput!) { updateJournalEntry(input: $input) { id private version } }";
const REANALYZE: &str = "mutation ($id: ID!) { reanalyzeEntry(id: $id) { id } }";
const WEBHOOK: &str =
    "mutation ($url: String!, $events: [String!]!) { createWebhook(url: $url, events: $events) { id } }";
const EVENTS: [&str; 6] = [
    "JournalEntryCreated",
    "JournalEntryUpdated",
    "JournalEntryDeleted",
    "AIInsightsGenerated",
    "AIAnalysisFailed",
    "TagCreated",
];

/// What is outside of the platform.
struct Outside {
    claude: MessagesApi,
    /// It takes texts, and answers nothing that could be used.
    embeddings: Receiver,
    webhook: Receiver,
}

impl Outside {
    async fn start() -> Self {
        let claude = MessagesApi::start().await.expect("a port");
        Self { claude, embeddings: Receiver::start().await, webhook: Receiver::start().await }
    }

    fn platform(&self) -> Builder {
        let embeddings = self.embeddings.url("/v1/embeddings");
        Platform::services()
            .claude(&self.claude.url())
            .config(&format!("[embeddings]\nbackend = \"http\"\nurl = \"{embeddings}\"\nmodel = \"m\"\n"))
            .config(&format!("[outbound]\nallow-private = [\"{}\"]\n", self.webhook.address))
    }

    /// How often a text was sent to each.
    fn heard(&self, text: &str) -> Heard {
        let of = |receiver: &Receiver| {
            let bodies = receiver.received().into_iter().map(|call| String::from_utf8_lossy(&call.body).into_owned());
            bodies.filter(|body| body.contains(text)).count()
        };
        let claude = self.claude.requests().iter().filter(|request| request.user_message().contains(text)).count();
        Heard { claude, embeddings: of(&self.embeddings), webhook: of(&self.webhook) }
    }

    async fn until(&self, what: &str, text: &str, done: impl Fn(Heard) -> bool) -> Heard {
        let done = &done;
        eventually(what, || async move { Some(self.heard(text)).filter(|heard| done(*heard)) }).await
    }
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
struct Heard {
    claude: usize,
    embeddings: usize,
    webhook: usize,
}

impl Heard {
    const NOTHING: Self = Self { claude: 0, embeddings: 0, webhook: 0 };

    fn by_all(self) -> bool {
        self.claude > 0 && self.embeddings > 0 && self.webhook > 0
    }
}

/// The analysis of this version or a later one, as soon as it is there.
async fn analysed(account: &Account, id: &Value, version: u64) -> Value {
    let done = |data: &Value| {
        let entry = &data["journalEntry"];
        entry["version"].as_u64() >= Some(version) && entry["analysis"]["status"] == "READY"
    };
    account.eventually(ENTRY, json!({ "id": id }), done).await["journalEntry"]["analysis"].clone()
}

fn is_local(analysis: &Value) -> bool {
    analysis["model"].as_str().is_some_and(|model| model.starts_with("local"))
}

#[tokio::test(flavor = "multi_thread")]
async fn a_private_entry_is_read_by_the_local_analyser_and_leaves_by_no_way() {
    let outside = Outside::start().await;
    let platform = outside.platform().start().await;
    let ada = platform.register_as("premium").await;
    ada.data(WEBHOOK, json!({ "url": outside.webhook.url("/hook"), "events": EVENTS })).await;
    let secret = "I love the quiet of the secret garden.";
    let kept = json!({ "title": "Kept", "content": secret, "tags": ["hidden grove"], "private": true });
    let kept = ada.write(kept).await;
    let analysis = analysed(&ada, &kept["id"], 1).await;
    assert!(is_local(&analysis), "{analysis}");
    assert_eq!(analysis["insights"][0]["quotes"][0]["text"], secret, "the local analyser read it: {analysis}");
    ada.data(REANALYZE, json!({ "id": kept["id"] })).await;
    analysed(&ada, &kept["id"], 1).await;

    // By then, everyone outside hears of what was written later and is not private.
    let open = "I love the open sea.";
    let shared = ada.write(json!({ "title": "Open", "content": open, "tags": ["ocean"], "private": null })).await;
    outside.until("the open entry is sent to all", open, Heard::by_all).await;
    outside.until("its tag is sent to the webhook", "TagCreated", |heard| heard.webhook > 0).await;
    assert!(!is_local(&analysed(&ada, &shared["id"], 1).await));
    assert_eq!(outside.heard("secret garden"), Heard::NOTHING);
    assert_eq!(outside.heard("hidden grove"), Heard::NOTHING);
    assert_eq!(outside.heard(kept["id"].as_str().unwrap()), Heard::NOTHING);

    // REST says and takes it as well.
    let path = format!("/api/journals/{}", kept["id"].as_str().unwrap());
    assert_eq!(ada.get(&path).await.json()["private"], true);
    let refused = ada.patch(&path, &json!({ "private": null })).await.expect(422).json();
    assert_eq!(refused["errors"][0]["field"], "private");
    let refused = ada.post("/api/journals", &json!({ "title": "t", "content": "c", "private": "yes" })).await;
    assert_eq!(refused.expect(422).json()["errors"][0]["rule"], "type");
    let made = ada.post("/api/journals", &json!({ "title": "Kept", "content": "By REST.", "private": true })).await;
    assert_eq!(made.expect(201).json()["private"], true);

    // What is no longer private leaves, with its next version.
    let shown =
        ada.data(UPDATE, json!({ "input": { "id": kept["id"], "private": false } })).await["updateJournalEntry"]
            .clone();
    assert_eq!((&shown["private"], &shown["version"]), (&json!(false), &json!(2)));
    outside.until("what is shown again is sent to all", "secret garden", Heard::by_all).await;
    assert_eq!(outside.heard("By REST."), Heard::NOTHING);
}

#[tokio::test(flavor = "multi_thread")]
async fn of_an_entry_that_is_made_private_nothing_further_leaves() {
    let outside = Outside::start().await;
    let platform = outside.platform().start().await;
    let ada = platform.register_as("premium").await;
    ada.data(WEBHOOK, json!({ "url": outside.webhook.url("/hook"), "events": EVENTS })).await;
    let first = "I love the first words.";
    let entry = ada.write(json!({ "title": "Diary", "content": first })).await;
    outside.until("the entry is sent to all", first, Heard::by_all).await;
    assert!(!is_local(&analysed(&ada, &entry["id"], 1).await));

    let change = json!({ "id": entry["id"], "content": "I love the second words.", "private": true });
    ada.data(UPDATE, json!({ "input": change })).await;
    assert!(is_local(&analysed(&ada, &entry["id"], 2).await), "what Claude said is replaced");
    ada.data("mutation ($id: ID!) { deleteJournalEntry(id: $id) }", json!({ "id": entry["id"] })).await;
    let fence = "I love the fence.";
    ada.write(json!({ "title": "Fence", "content": fence })).await;
    outside.until("what comes later is sent to all", fence, Heard::by_all).await;
    assert_eq!(outside.heard("second words"), Heard::NOTHING);
    // The embeddings of the first version may still be tried again: its text was never taken.
    assert_eq!(outside.heard("first words").claude, 1);
    let of_entry = outside.webhook.received().into_iter().filter(|call| {
        let body: Value = serde_json::from_slice(&call.body).unwrap();
        body["payload"]["journalId"] == entry["id"]
    });
    let events: Vec<String> = of_entry.map(|call| call.headers["x-mindflow-event"].clone()).collect();
    assert!(
        events.iter().all(|event| ["JournalEntryCreated", "AIInsightsGenerated"].contains(&event.as_str())),
        "{events:?}"
    );
}

const CONSENT: &str = "{ me { aiConsent aiConsentAt } }";
const SAY: &str = "mutation ($given: Boolean) { updateProfile(aiConsent: $given) { aiConsent aiConsentAt } }";
const SEARCH: &str = "query ($query: String!, $mode: SearchMode) { search(query: $query, mode: $mode) { totalCount } }";

#[tokio::test(flavor = "multi_thread")]
async fn where_consent_is_asked_for_nothing_leaves_before_the_user_says_yes() {
    let outside = Outside::start().await;
    let platform = outside.platform().variable("ai_consent", "asked").start().await;
    let ada = platform.register_as("premium").await;
    assert_eq!(ada.data(CONSENT, json!({})).await["me"], json!({ "aiConsent": false, "aiConsentAt": null }));
    let unasked = ada.write(json!({ "title": "Unasked", "content": "I love the unasked word." })).await;
    assert!(is_local(&analysed(&ada, &unasked["id"], 1).await));
    let found = |data: &Value| data["search"]["totalCount"] == 1;
    ada.eventually(SEARCH, json!({ "query": "unasked word" }), found).await;
    let by_meaning = ada.graphql(SEARCH, json!({ "query": "unasked thought", "mode": "SEMANTIC" })).await;
    assert_eq!(by_meaning.error_code(), "FORBIDDEN");

    let said = ada.data(SAY, json!({ "given": true })).await["updateProfile"].clone();
    assert_eq!(said["aiConsent"], true);
    assert_eq!(ada.data(CONSENT, json!({})).await["me"], said);
    // The same once more is nothing new, and null is no answer.
    assert_eq!(ada.data(SAY, json!({ "given": true })).await["updateProfile"], said);
    assert_eq!(ada.graphql(SAY, json!({ "given": null })).await.error()["extensions"]["field"], "aiConsent");
    let allowed = "I love the allowed word.";
    let entry = ada.write(json!({ "title": "Allowed", "content": allowed })).await;
    let sent = |heard: Heard| heard.claude > 0 && heard.embeddings > 0;
    outside.until("what is allowed is sent", allowed, sent).await;
    assert!(!is_local(&analysed(&ada, &entry["id"], 1).await));
    ada.data(SEARCH, json!({ "query": "allowed thought" })).await;
    assert!(outside.heard("allowed thought").embeddings > 0);
    assert_eq!(outside.heard("unasked"), Heard::NOTHING);

    // What one user says is said for that user, and shown to no other.
    let bob = platform.register_as("premium").await;
    let theirs = bob.write(json!({ "title": "Bob", "content": "I love the word of Bob." })).await;
    assert!(is_local(&analysed(&bob, &theirs["id"], 1).await));
    assert_eq!(outside.heard("word of Bob"), Heard::NOTHING);
    platform.grant(&bob.email, "admin").await;
    let shown = "query ($email: String) { users(search: $email) { edges { node { email aiConsent aiConsentAt } } } }";
    let listed = bob.data(shown, json!({ "email": ada.email })).await;
    let node = json!({ "email": ada.email, "aiConsent": null, "aiConsentAt": null });
    assert_eq!(listed["users"]["edges"], json!([{ "node": node }]));
}

#[tokio::test(flavor = "multi_thread")]
async fn a_consent_that_is_withdrawn_holds_for_what_waits() {
    let outside = Outside::start().await;
    // Long enough for the user to change their mind, however busy the machine is.
    outside.claude.then(mindflow_tests::messages_api::Behaviour::rate_limited("8"));
    let platform = outside.platform().start().await;
    let ada = platform.register_as("premium").await;
    // Assumed, until the user says something.
    assert_eq!(ada.data(CONSENT, json!({})).await["me"], json!({ "aiConsent": true, "aiConsentAt": null }));
    let text = "I love what waits.";
    let entry = ada.write(json!({ "title": "Waits", "content": text })).await;
    outside.claude.wait_for_requests(1, WITHIN).await.unwrap();
    let said = ada.data(SAY, json!({ "given": false })).await["updateProfile"].clone();
    assert!(said["aiConsent"] == false && said["aiConsentAt"].is_string(), "{said}");
    assert!(is_local(&analysed(&ada, &entry["id"], 1).await));
    assert_eq!(outside.heard(text).claude, 1);
    let later = ada.write(json!({ "title": "Later", "content": "I love what comes later." })).await;
    assert!(is_local(&analysed(&ada, &later["id"], 1).await));
    ada.data(SEARCH, json!({ "query": "later thought" })).await;
    assert_eq!((outside.heard("comes later"), outside.heard("later thought")), (Heard::NOTHING, Heard::NOTHING));

    // It is said in the event, and the audit trail names it without its value.
    let updated = platform.kept("a.event_type = 'UserUpdated'", &[]).await;
    let said = updated.iter().filter_map(|updated| updated.payload.as_ref()?.get("aiConsent"));
    assert_eq!(said.collect::<Vec<_>>(), [false]);
}

#[tokio::test(flavor = "multi_thread")]
async fn what_waits_to_be_sent_is_held_back_when_its_entry_is_made_private() {
    let outside = Outside::start().await;
    // Both are asked, and take nothing.
    outside.webhook.answer(503);
    for _ in 0..2 {
        outside.claude.then(mindflow_tests::messages_api::Behaviour::rate_limited("2"));
    }
    let platform = outside.platform().start().await;
    let ada = platform.register_as("premium").await;
    ada.data(WEBHOOK, json!({ "url": outside.webhook.url("/hook"), "events": ["JournalEntryCreated"] })).await;
    let text = "I love what waits.";
    let entry = ada.write(json!({ "title": "Waits", "content": text })).await;
    outside.claude.wait_for_requests(1, WITHIN).await.unwrap();
    outside.webhook.first().await;
    ada.data(UPDATE, json!({ "input": { "id": entry["id"], "private": true } })).await;
    // From here on, nothing of it is asked for: the write was answered.
    let before = outside.heard(text);
    let analysis = analysed(&ada, &entry["id"], 2).await;
    assert!(is_local(&analysis), "{analysis}");
    let database = &platform.write_database().await;
    let skipped = "SELECT reason FROM notification.sends WHERE channel = 'webhook' AND status = 'skipped'";
    let reason: String = eventually("the waiting send is settled", || async {
        database.query(skipped, &[]).await.unwrap().first().map(|row| row.get(0))
    })
    .await;
    assert_eq!(reason, "the entry is private");
    let after = outside.heard(text);
    assert!(after.claude <= before.claude + 1 && after.webhook <= before.webhook + 1, "{before:?} {after:?}");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_private_version_stays_inside_also_when_it_is_played_again_after_the_entry_was_made_public() {
    let outside = Outside::start().await;
    outside.embeddings.answer_with(vectors);
    let platform = outside.platform().start().await;
    let ada = platform.register_as("premium").await;
    ada.data(WEBHOOK, json!({ "url": outside.webhook.url("/hook"), "events": EVENTS })).await;
    let entry = ada.write(json!({ "title": "Diary", "content": "I love the secret.", "private": true })).await;
    analysed(&ada, &entry["id"], 1).await;
    let open = "I love the open sea.";
    ada.data(UPDATE, json!({ "input": { "id": entry["id"], "content": open, "private": false } })).await;
    outside.until("the open version is sent to all", open, Heard::by_all).await;
    analysed(&ada, &entry["id"], 2).await;

    for consumer in ["notification", "ai", "search-meaning"] {
        let replayed = platform.cli(&["replay", "--consumer", consumer]).await;
        assert_eq!(replayed.code, Some(0), "{replayed:?}");
    }
    let fence = "I love the fence.";
    ada.write(json!({ "title": "Fence", "content": fence })).await;
    outside.until("what comes later is sent to all", fence, Heard::by_all).await;
    assert_eq!(outside.heard("the secret"), Heard::NOTHING);
}

/// What an outside service makes of texts: those about the sea mean the same, and all others something else.
fn vectors(request: &[u8]) -> Vec<u8> {
    let request: Value = serde_json::from_slice(request).expect("JSON");
    let vector = |text: &Value| if text.as_str().is_some_and(|text| text.contains("sea")) { [1, 0] } else { [0, 1] };
    let texts = request["input"].as_array().expect("texts").iter().enumerate();
    let data: Vec<Value> = texts.map(|(index, text)| json!({ "index": index, "embedding": vector(text) })).collect();
    json!({ "data": data }).to_string().into_bytes()
}

#[tokio::test(flavor = "multi_thread")]
async fn what_an_earlier_text_meant_is_forgotten_with_it_where_the_new_one_may_not_be_embedded() {
    const RELATED: &str = "query ($id: ID!) { relatedEntries(id: $id, limit: 9) { entry { title } } }";
    const MEANT: &str = "{ search(query: \"ocean sea\", mode: SEMANTIC) { hits { entry { title } } } }";
    let outside = Outside::start().await;
    outside.embeddings.answer_with(vectors);
    let platform = outside.platform().start().await;
    let ada = platform.register().await;
    let titles = |data: &Value, field: &str| -> Vec<String> {
        let hits = data[field].as_array().or_else(|| data[field]["hits"].as_array()).expect("hits");
        let mut titles: Vec<String> =
            hits.iter().map(|hit| hit["entry"]["title"].as_str().expect("a title").to_owned()).collect();
        titles.sort_unstable();
        titles
    };
    let mut ids = Vec::new();
    for title in ["Boats", "Tides", "Waves"] {
        ids.push(ada.write(json!({ "title": title, "content": "The sea." })).await["id"].clone());
    }
    ada.eventually(MEANT, json!({}), |data| titles(data, "search") == ["Boats", "Tides", "Waves"]).await;

    // One is made private, the text unchanged; of another the text is changed.
    ada.data(UPDATE, json!({ "input": { "id": ids[0], "private": true } })).await;
    ada.eventually(MEANT, json!({}), |data| titles(data, "search") == ["Tides", "Waves"]).await;
    ada.eventually(RELATED, json!({ "id": ids[0] }), |data| titles(data, "relatedEntries").is_empty()).await;
    ada.data(SAY, json!({ "given": false })).await;
    ada.data(UPDATE, json!({ "input": { "id": ids[1], "content": "The garden." } })).await;
    ada.eventually(RELATED, json!({ "id": ids[2] }), |data| titles(data, "relatedEntries").is_empty()).await;
    ada.eventually(RELATED, json!({ "id": ids[1] }), |data| titles(data, "relatedEntries").is_empty()).await;
    // What the third means was found while it might be, and is the platform's own now.
    let kept = "SELECT id FROM search_index.documents WHERE vector IS NOT NULL";
    let rows = platform.read_database().await.query(kept, &[]).await.expect("documents");
    assert_eq!(rows.iter().map(|row| row.get::<_, String>(0)).collect::<Vec<_>>(), [ids[2].as_str().unwrap()]);
    assert_eq!(outside.heard("garden"), Heard::NOTHING);
}

#[tokio::test(flavor = "multi_thread")]
async fn who_sends_reads_what_may_leave_without_any_text_and_as_the_service_alone() {
    let platform = Platform::services().start().await;
    let ada = platform.register().await;
    ada.write(json!({ "title": "Kept", "content": "c", "private": true })).await;
    ada.write(json!({ "title": "Open", "content": "c" })).await;
    for role in ["mindflow_ai", "mindflow_notification", "mindflow_query"] {
        let mut client = platform.write_database().await;
        client.batch_execute(&format!("SET SESSION AUTHORIZATION {role}")).await.expect("the role");
        let transaction = client.transaction().await.expect("a transaction");
        let as_ada = format!("SET LOCAL mindflow.user_id = '{}'; SET LOCAL mindflow.identity = 'caller'", ada.id);
        transaction.batch_execute(&as_ada).await.expect("an identity");
        let all = "SELECT * FROM consent.entries WHERE private";
        assert!(transaction.query(all, &[]).await.expect("rows").is_empty(), "{role}: a caller sees nothing");
        transaction.batch_execute("SET LOCAL mindflow.identity = 'service'").await.expect("an identity");
        let rows = transaction.query(all, &[]).await.expect("rows");
        let names: Vec<&str> =
            rows.first().expect("the private one").columns().iter().map(|column| column.name()).collect();
        assert_eq!((rows.len(), names.as_slice()), (1, ["id", "user_id", "private", "deleted"].as_slice()), "{role}");
        drop(transaction);
        let texts = client.batch_execute("SELECT content FROM command.journals").await.expect_err("no texts");
        assert_eq!(texts.code().map(|code| code.code()), Some("42501"), "{role}: {texts:?}");
        let users = client.batch_execute("SELECT ai_consent FROM consent.users").await;
        assert_eq!(users.is_ok(), role != "mindflow_notification", "{role}: {users:?}");
    }
}
