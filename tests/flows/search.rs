//! Goal: users find their own entries and no others, for any query. Method: entries written through
//! the API, found through it once their events have been applied.

use mindflow_tests::{Account, Builder, Platform, eventually};
use rustix::process::{Pid, Signal, kill_process};
use serde_json::{Value, json};

const SEARCH: &str =
    "query ($query: String!, $mode: SearchMode, $limit: Int) { search(query: $query, mode: $mode, limit: $limit) {
    totalCount tookMs hits { score highlights entry { id title } } } }";

/// Titles of what full text finds now.
async fn titles(account: &Account, query: &str) -> Vec<String> {
    of(&account.data(SEARCH, json!({ "query": query, "mode": "FULL_TEXT" })).await)
}

fn of(data: &Value) -> Vec<String> {
    let hits = data["search"]["hits"].as_array().unwrap();
    hits.iter().map(|hit| hit["entry"]["title"].as_str().unwrap().to_owned()).collect()
}

/// The answer, once exactly these titles are found, in any order.
async fn found(account: &Account, query: &str, wanted: &[&str]) -> Value {
    let mut wanted: Vec<&str> = wanted.to_vec();
    wanted.sort_unstable();
    let variables = json!({ "query": query, "mode": "FULL_TEXT" });
    let data = account
        .eventually(SEARCH, variables, |data| {
            let mut titles = of(data);
            titles.sort_unstable();
            titles == wanted
        })
        .await;
    data["search"].clone()
}

async fn write(account: &Account, title: &str, content: &str) -> String {
    let entry = account.write(json!({ "title": title, "content": content })).await;
    entry["id"].as_str().unwrap().to_owned()
}

#[tokio::test(flavor = "multi_thread")]
async fn entries_are_found_by_their_words_in_every_form_by_beginnings_phrases_and_despite_typos() {
    let platform = Platform::services().start().await;
    let ada = platform.register_as("premium").await;
    write(&ada, "Harbour", "We walked along the harbour in the evening, and the ships were beautiful.").await;
    write(&ada, "Exercise", "My exercise today was running through the park before breakfast.").await;
    write(&ada, "Meer", "Die Häuser am Meer waren schön, und wir haben lange gefrühstückt.").await;
    let tagged = json!({ "title": "Plan", "content": "The evening is for planning.", "tags": ["Deep Work"], "entryDate": "2026-02-03" });
    ada.write(tagged).await;
    found(&ada, "evening", &["Harbour", "Plan"]).await;
    found(&ada, "evening tag:\"deep work\"", &["Plan"]).await;

    for (query, wanted) in [
        ("walking", vec!["Harbour"]),
        ("HARBOUR ship", vec!["Harbour"]),
        ("beauti", vec!["Harbour"]),
        ("\"ships were\"", vec!["Harbour"]),
        ("\"were ships\"", vec![]),
        ("evening -harbour", vec!["Plan"]),
        ("excercise", vec!["Exercise"]),
        ("beuatiful", vec!["Harbour"]),
        ("Haus", vec!["Meer"]),
        ("frühstücken", vec!["Meer"]),
        ("MEER schön", vec!["Meer"]),
        ("evening to:2026-02-03 from:2026-02-03", vec!["Plan"]),
        ("evening from:2026-02-04", vec!["Harbour"]),
        ("' & !( | :* <-> \\ harbour", vec!["Harbour"]),
        ("nowhere", vec![]),
    ] {
        let mut titles = titles(&ada, query).await;
        titles.sort_unstable();
        assert_eq!(titles, wanted, "{query}");
    }
    // What is in the title counts more, and HYBRID is the default.
    let data = ada.data("{ search(query: \"exercise\") { hits { entry { title } } } }", json!({})).await;
    assert_eq!(of(&data), ["Exercise"]);
}

#[tokio::test(flavor = "multi_thread")]
async fn what_was_found_is_marked_and_nothing_else_of_an_entry_is_html() {
    let platform = Platform::services().start().await;
    let ada = platform.register().await;
    let content = "<script>alert('pwned')</script> & \"quotes\" \u{E000}near\u{E001} the \u{FFFE}lighthouse <mark>by</mark> night";
    write(&ada, "Lighthouse <b>", content).await;
    let answer = found(&ada, "lighthouse", &["Lighthouse <b>"]).await;
    let highlights = answer["hits"][0]["highlights"].as_array().unwrap();
    assert_eq!(highlights[0], "<mark>Lighthouse</mark> &lt;b&gt;");
    let body = highlights[1].as_str().unwrap();
    assert!(body.contains("<mark>lighthouse</mark>"), "{body}");
    assert!(!body.contains("<script>") && !body.contains("<mark>by"), "{body}");
    assert_eq!(body.matches("<mark>").count(), 1, "{body}");
    assert!(answer["hits"][0]["score"].as_f64().unwrap() > 0.0 && answer["tookMs"].as_f64().unwrap() > 0.0);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_tag_finds_its_entries_by_the_name_that_it_has_now() {
    let platform = Platform::services().start().await;
    let (ada, eve) = (platform.register().await, platform.register().await);
    for account in [&ada, &eve] {
        account.write(json!({ "title": "Plan", "content": "An evening for planning.", "tags": ["Work"] })).await;
        found(account, "evening tag:work", &["Plan"]).await;
    }
    let tags = ada.data("{ tags { id } }", json!({})).await["tags"].clone();
    let rename = "mutation ($id: ID!) { renameTag(id: $id, name: \"Craft\") { name } }";
    ada.data(rename, json!({ "id": tags[0]["id"] })).await;
    found(&ada, "evening tag:craft", &["Plan"]).await;
    found(&ada, "evening tag:work", &[]).await;
    // As a phone types it, and alone, in every mode.
    for mode in ["FULL_TEXT", "HYBRID", "SEMANTIC"] {
        let data = ada.data(SEARCH, json!({ "query": "Tag:“CRAFT” -nothing", "mode": mode })).await;
        assert_eq!(of(&data), ["Plan"], "{mode}");
    }
    assert_eq!(titles(&eve, "evening tag:work").await, ["Plan"], "hers has its name still");
    assert!(titles(&eve, "evening tag:craft").await.is_empty());
}

/// Further entries like the user's first, on the read side and in the index.
async fn copies(platform: &Platform, times: i32) {
    let copied = "WITH ids AS (SELECT n, gen_random_uuid() AS id FROM generate_series(1, $1::int) n), views AS (
            INSERT INTO query.journals_view (entry_id, user_id, sequence, version, title, content, tags, tag_ids, tag_names,
                attachment_ids, created_at, updated_at, entry_date, word_count)
            SELECT i.id, user_id, sequence, version, 'copy ' || n, content, tags, tag_ids, tag_names,
                attachment_ids, created_at, updated_at, entry_date, word_count
            FROM query.journals_view, ids i
        )
        INSERT INTO search_index.documents (index_name, id, owner, version, title, body, keywords, config, at, terms, words, plain, vector)
        SELECT index_name, i.id::text, owner, version, title, body, keywords, config, at, terms, words, plain, vector
        FROM search_index.documents, ids i";
    platform.read_database().await.execute(copied, &[&times]).await.unwrap();
}

#[tokio::test(flavor = "multi_thread")]
async fn every_entry_is_found_once_page_by_page_in_every_spelling() {
    let platform = Platform::services().start().await;
    let ada = platform.register().await;
    let tagged = json!({ "title": "Cafe\u{301}", "content": "Cre\u{300}me bru\u{302}le\u{301}e in Zürich 🎉", "tags": ["\u{200b}İstanbul"] });
    let entry = ada.write(tagged).await;
    assert_eq!((&entry["title"], &entry["tags"][0]["name"]), (&json!("Café"), &json!("İstanbul")));
    for query in ["Zu\u{308}rich ", "“crème brûlée”", "tag:i\u{307}STANBUL", "🎉 "] {
        found(&ada, query, &["Café"]).await;
    }
    let filter =
        "query ($text: String, $tag: String) { journalEntries(filter: { text: $text, tag: $tag }) { totalCount } }";
    let listed = json!({ "text": "BRU\u{302}LE\u{301}E", "tag": "İstanbul" });
    ada.eventually(filter, listed, |data| data["journalEntries"]["totalCount"] == 1).await;
    let blank = json!({ "input": { "title": "\u{2800}\u{3164}", "content": "x", "tags": ["\u{2060}"] } });
    let refused =
        ada.graphql("mutation ($input: CreateJournalEntryInput!) { createJournalEntry(input: $input) { id } }", blank);
    let errors = refused.await.json()["errors"].take();
    let fields: Vec<_> = errors.as_array().unwrap().iter().map(|error| &error["extensions"]["field"]).collect();
    assert_eq!(fields, ["title", "tags[0]"], "{errors}");

    copies(&platform, 240).await;
    for (query, mode) in [("brûlée ", "HYBRID"), ("brûlée ", "FULL_TEXT"), ("tag:İstanbul", "HYBRID")] {
        every_page(&ada, query, mode).await;
    }
}

/// Asks for all 241, each found once, and counted from the first page on.
async fn every_page(account: &Account, query: &str, mode: &str) {
    let page = "query ($query: String!, $mode: SearchMode, $after: String) { search(query: $query, mode: $mode, limit: 100, after: $after) {
        totalCount pageInfo { hasNextPage endCursor } hits { entry { id title } } } }";
    let (mut seen, mut after) = (std::collections::BTreeSet::new(), Value::Null);
    for left in [141, 41, 0] {
        let data = account.data(page, json!({ "query": query, "mode": mode, "after": after })).await;
        assert_eq!(data["search"]["totalCount"], 241, "{query} {mode}");
        seen.extend(of(&data));
        assert_eq!(seen.len(), 241 - left, "{query} {mode}");
        assert_eq!(data["search"]["pageInfo"]["hasNextPage"], left > 0, "{query} {mode}");
        after = data["search"]["pageInfo"]["endCursor"].clone();
    }
    let other = account.graphql(page, json!({ "query": "another", "mode": mode, "after": after })).await;
    assert_eq!(other.error()["extensions"]["field"], "after");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_search_finds_no_entry_of_another_user() {
    let platform = Platform::services().start().await;
    let (ada, eve) = (platform.register().await, platform.register().await);
    write(&ada, "Secret", "The treasure is under the old oak.").await;
    write(&eve, "Mine", "The treasure is mine.").await;
    found(&ada, "treasure", &["Secret"]).await;
    let answer = found(&eve, "treasure", &["Mine"]).await;
    assert_eq!(answer["totalCount"], 1);
    // Not by a typo either, and not without a token.
    assert_eq!(titles(&eve, "oaak treasuer").await, ["Mine"; 0]);
    let anonymous = platform.http().graphql(SEARCH, json!({ "query": "treasure" })).await;
    assert_eq!(anonymous.error_code(), "UNAUTHENTICATED");
}

#[tokio::test(flavor = "multi_thread")]
async fn an_edited_entry_is_found_as_it_is_and_a_deleted_one_not_until_it_is_restored() {
    let platform = Platform::services().start().await;
    let ada = platform.register().await;
    let id = write(&ada, "Draft", "A day at the castle.").await;
    found(&ada, "castle", &["Draft"]).await;
    let update = "mutation ($input: UpdateJournalEntryInput!) { updateJournalEntry(input: $input) { id } }";
    ada.data(update, json!({ "input": { "id": id, "content": "A day at the museum." } })).await;
    found(&ada, "museum", &["Draft"]).await;
    found(&ada, "castle", &[]).await;

    ada.data("mutation ($id: ID!) { deleteJournalEntry(id: $id) }", json!({ "id": id })).await;
    found(&ada, "museum", &[]).await;
    let database = platform.read_database().await;
    let kept =
        "SELECT count(*) FROM search_index.documents WHERE deleted AND title || body || words = '' AND vector IS NULL";
    let kept = &kept;
    let tombstones = eventually("a tombstone without content", || {
        let database = &database;
        async move { Some(database.query_one(*kept, &[]).await.unwrap().get::<_, i64>(0)).filter(|count| *count > 0) }
    });
    assert_eq!(tombstones.await, 1);
    ada.data("mutation ($id: ID!) { restoreJournalEntry(id: $id) { id } }", json!({ "id": id })).await;
    found(&ada, "museum", &["Draft"]).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn an_empty_or_slow_search_is_refused_with_its_rule() {
    let platform = Platform::services().start().await;
    let ada = platform.register().await;
    let long = "x".repeat(10_000);
    let many = "word ".repeat(21);
    for (query, limit, field, rule) in [
        ("", 20, "query", "at least one word"),
        ("  !? ", 20, "query", "at least one word"),
        ("-office", 20, "query", "must be there"),
        (long.as_str(), 20, "query", "at most 200 characters"),
        (many.as_str(), 20, "query", "at most 20 words"),
        ("walk from:yesterday", 20, "query", "a day such as"),
        ("walk from:-9998-01-01", 20, "query", "a day such as"),
        ("walk", 0, "limit", "1 to 100"),
        ("walk", 101, "limit", "1 to 100"),
        ("walk", -1, "limit", "1 to 100"),
    ] {
        for mode in ["FULL_TEXT", "HYBRID"] {
            let answer = ada.graphql(SEARCH, json!({ "query": query, "mode": mode, "limit": limit })).await;
            assert_eq!(answer.error_code(), "BAD_USER_INPUT", "{query}");
            let error = answer.error();
            assert_eq!(error["extensions"]["field"], field, "{error}");
            assert!(error["message"].as_str().unwrap().contains(rule), "{error}");
        }
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn the_index_is_rebuilt_by_a_replay() {
    let platform = Platform::services().start().await;
    let ada = platform.register().await;
    let gone = write(&ada, "Gone", "The meadow in spring.").await;
    write(&ada, "Kept", "The meadow in autumn.").await;
    found(&ada, "meadow", &["Gone", "Kept"]).await;
    ada.data("mutation ($id: ID!) { deleteJournalEntry(id: $id) }", json!({ "id": gone })).await;
    found(&ada, "meadow", &["Kept"]).await;
    platform.read_database().await.batch_execute("TRUNCATE search_index.documents").await.unwrap();
    assert_eq!(titles(&ada, "meadow").await, ["Kept"; 0]);
    let output = platform.cli(&["replay", "--consumer", "search"]).await;
    assert_eq!(output.code, Some(0), "{output:?}");
    found(&ada, "meadow", &["Kept"]).await;
}

const RELATED: &str =
    "query ($id: ID!, $limit: Int) { relatedEntries(id: $id, limit: $limit) { score highlights entry { title } } }";

/// With the real model, in its own process.
fn reading() -> Builder {
    let model = std::env::var("MINDFLOW_TEST_MODEL")
        .unwrap_or_else(|_| panic!("MINDFLOW_TEST_MODEL is not set: run scripts/test, which installs the model"));
    Platform::services().config(&format!("[embeddings]\nbackend = \"local\"\nmodel-dir = {model:?}\n"))
}

/// Titles by meaning, once exactly these are found.
async fn meant(account: &Account, query: &str, wanted: &[&str]) {
    let variables = json!({ "query": query, "mode": "SEMANTIC" });
    account.eventually(SEARCH, variables, |data| of(data) == wanted).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn entries_are_found_by_what_they_mean_and_by_what_they_are_related_to() {
    let platform = reading().start().await;
    let (ada, eve) = (platform.register().await, platform.register().await);
    let drained = write(&ada, "Monday", "The office drained me; I fell asleep on the sofa at seven.").await;
    write(&ada, "Overtime", "Too many meetings and deadlines. My job leaves me no energy at all.").await;
    write(&ada, "Cake", "We baked a plum cake with cream.").await;
    write(&eve, "Eve's", "I am exhausted from work, the office is killing me.").await;
    let exhausted = json!({ "query": "exhausted from work", "mode": "SEMANTIC" });
    let data = ada
        .eventually(SEARCH, exhausted, |data| {
            let titles = of(data);
            titles.len() == 2 && titles.contains(&"Monday".to_owned()) && titles.contains(&"Overtime".to_owned())
        })
        .await;
    assert_eq!(data["search"]["hits"][0]["highlights"], json!([]));
    meant(&ada, "dessert from the oven", &["Cake"]).await;

    // Both: what has the word comes with its highlight, and what only means it comes as well.
    let both = ada.data(SEARCH, json!({ "query": "office", "mode": "HYBRID" })).await;
    assert_eq!(of(&both)[0], "Monday", "{both}");
    assert!(both["search"]["hits"][0]["highlights"][0].as_str().unwrap().contains("<mark>office</mark>"), "{both}");

    let related = ada.data(RELATED, json!({ "id": drained, "limit": 1 })).await;
    assert_eq!(related["relatedEntries"][0]["entry"]["title"], "Overtime", "{related}");
    assert!(related["relatedEntries"][0]["score"].as_f64().unwrap() > 0.25, "{related}");
    // Another user's entry is not found, and a page has its bounds.
    assert_eq!(eve.graphql(RELATED, json!({ "id": drained })).await.error_code(), "NOT_FOUND");
    assert_eq!(ada.graphql(RELATED, json!({ "id": "x" })).await.error_code(), "NOT_FOUND");
    let none = ada.graphql(RELATED, json!({ "id": drained, "limit": 0 })).await;
    assert_eq!(none.error()["extensions"]["field"], "limit");

    // What must not be there is in no ranking.
    for mode in ["SEMANTIC", "HYBRID"] {
        let data = ada.data(SEARCH, json!({ "query": "exhausted from work -office", "mode": mode })).await;
        assert_eq!(of(&data), ["Overtime"], "{mode}");
    }

    ada.data("mutation ($id: ID!) { deleteJournalEntry(id: $id) }", json!({ "id": drained })).await;
    meant(&ada, "exhausted from work", &["Overtime"]).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn what_was_written_before_the_model_was_installed_is_found_by_its_meaning_afterwards() {
    let installed = std::env::var("MINDFLOW_TEST_MODEL").expect("MINDFLOW_TEST_MODEL: scripts/test sets it");
    let folder = tempfile::tempdir().expect("a folder");
    let model = folder.path().join("all-minilm-l6-v2");
    let settings = format!("[embeddings]\nbackend = \"local\"\nmodel-dir = {model:?}\n");
    let platform = Platform::services().config(&settings).start().await;
    let ada = platform.register().await;
    write(&ada, "Cake", "We baked a plum cake with cream.").await;
    let both = json!({ "query": "plum", "mode": "HYBRID" });
    ada.eventually(SEARCH, both, |data| of(data) == ["Cake"]).await;
    let semantic = ada.graphql(SEARCH, json!({ "query": "dessert", "mode": "SEMANTIC" })).await;
    assert_eq!(semantic.error_code(), "UNAVAILABLE");
    eventually("the log says what is missing", || async { platform.log().contains("not installed yet").then_some(()) })
        .await;
    std::os::unix::fs::symlink(installed, &model).expect("the model");
    meant(&ada, "dessert from the oven", &["Cake"]).await;
    assert_eq!(platform.log().matches("not installed yet").count(), 1, "said once");
    let dead = platform.cli(&["dead-letters", "list"]).await;
    assert!(!dead.stdout.contains("search-meaning"), "{}", dead.stdout);

    // More than a ranking that is fused has: by meaning, and by words that all of them have too.
    copies(&platform, 240).await;
    for (query, mode) in [("dessert from the oven", "SEMANTIC"), ("plum", "HYBRID")] {
        every_page(&ada, query, mode).await;
    }
}

/// The process of the platform's model.
fn model_of(platform: &Platform) -> Option<i32> {
    let children = std::fs::read_to_string(format!("/proc/{0}/task/{0}/children", platform.pid())).unwrap_or_default();
    let all = std::fs::read_dir(format!("/proc/{}/task", platform.pid())).into_iter().flatten().flatten();
    let threads = all.filter_map(|thread| std::fs::read_to_string(thread.path().join("children")).ok());
    let pids: Vec<i32> = threads
        .chain([children])
        .flat_map(|list| list.split(' ').filter_map(|pid| pid.parse().ok()).collect::<Vec<_>>())
        .collect();
    pids.into_iter().find(|pid| runs_model(*pid))
}

fn runs_model(pid: i32) -> bool {
    // Empty for one that has ended and has not been waited for yet.
    std::fs::read_to_string(format!("/proc/{pid}/cmdline")).is_ok_and(|line| line.contains("mindflow-embedder"))
}

#[tokio::test(flavor = "multi_thread")]
async fn a_crash_of_the_model_harms_nothing_else_and_the_model_ends_with_its_host() {
    let mut platform = reading().start().await;
    let ada = platform.register().await;
    write(&ada, "Monday", "The office drained me.").await;
    meant(&ada, "exhausted from work", &["Monday"]).await;
    let first = model_of(&platform).unwrap();
    kill_process(Pid::from_raw(first).unwrap(), Signal::KILL).unwrap();
    // What is written meanwhile is found by its words, and by its meaning once the model is back.
    write(&ada, "Cake", "We baked a plum cake with cream.").await;
    let both = json!({ "query": "plum", "mode": "HYBRID" });
    ada.eventually(SEARCH, both, |data| of(data) == ["Cake"]).await;
    meant(&ada, "dessert from the oven", &["Cake"]).await;
    let second = model_of(&platform).unwrap();
    assert_ne!(first, second);
    platform.kill();
    eventually("the model ends with its host", || async move { (!runs_model(second)).then_some(()) }).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_platform_without_a_model_finds_words_and_says_that_it_has_none() {
    let platform = Platform::services().start().await;
    let ada = platform.register().await;
    let id = write(&ada, "Monday", "The office drained me.").await;
    found(&ada, "office", &["Monday"]).await;
    let semantic = ada.graphql(SEARCH, json!({ "query": "work", "mode": "SEMANTIC" })).await.error();
    let related = ada.graphql(RELATED, json!({ "id": id })).await.error();
    for (error, field) in [(semantic, "mode"), (related, "")] {
        let extensions = &error["extensions"];
        assert_eq!((&extensions["code"], &extensions["field"]), (&json!("BAD_USER_INPUT"), &json!(field)), "{error}");
        assert_eq!(extensions["rule"], "unsupported");
        assert!(error["message"].as_str().unwrap().contains("has no model"), "{error}");
    }
    let both = ada.data(SEARCH, json!({ "query": "office", "mode": "HYBRID" })).await;
    assert_eq!(of(&both), ["Monday"]);
}
