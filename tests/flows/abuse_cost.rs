//! Goal: a client that asks for too much gets a clear error, and harms no other: no instance of the gateway or of the read side ends, and the
//! connections of others stay. Method: each attack several times together, while there is a user with an open WebSocket.

use crate::trouble_kit::{grants, manifest, state};
use futures::future::join_all;
use mindflow_tests::{Account, Answer, GraphqlSocket, Platform};
use reqwest::Method;
use serde_json::{Value, json};

const CHANGED: &str = "subscription { entryChanged { entryId entry { title } } }";
/// Of each attack, at the same time.
const TIMES: usize = 8;
/// A content of 200 KB, as long as one may be.
fn large() -> String {
    "é".repeat(100_000)
}

/// A user who listens for changes, and writes some.
struct Honest {
    account: Account,
    socket: GraphqlSocket,
    subscription: String,
}

impl Honest {
    async fn new(platform: &Platform) -> Self {
        let account = platform.register().await;
        let mut socket = account.socket().await;
        let subscription = socket.subscribe(CHANGED, json!({})).await;
        let later = socket.subscribe("{ me { id } }", json!({})).await;
        assert!(socket.next(&later).await["me"]["id"].is_string());
        assert_eq!(socket.message().await["type"], "complete");
        Self { account, socket, subscription }
    }

    /// The same connection still hears of a change.
    async fn is_served(&mut self, platform: &Platform, title: &str) {
        self.account.write(json!({ "title": title, "content": "c" })).await;
        assert_eq!(self.socket.next(&self.subscription).await["entryChanged"]["entry"]["title"], title);
        self.survives(platform).await;
    }

    /// The same connection is still answered, and no instance has ended.
    async fn survives(&mut self, platform: &Platform) {
        let id = self.socket.subscribe("{ me { id } }", json!({})).await;
        assert_eq!(self.socket.next(&id).await["me"]["id"], self.account.id);
        assert_eq!(self.socket.message().await["type"], "complete");
        for component in ["gateway", "query", "search", "command"] {
            assert_eq!(state(platform, component).await["state"], "ready", "{component}");
            assert!(!platform.log().contains(&format!("`{component}` failed")), "{component}");
        }
    }
}

fn aliases(times: usize, field: &str) -> String {
    let fields: String = (0..times).map(|alias| format!("a{alias}: {field} ")).collect();
    format!("{{ {fields} }}")
}

/// Asks several times together; each answer is one error that says what it costs and what is allowed.
async fn refused(attacker: &Account, query: &str, unit: &str) {
    let answers = join_all((0..TIMES).map(|_| attacker.graphql(query, json!({})))).await;
    for answer in answers {
        is_too_complex(&answer.expect(200).json(), unit);
    }
}

fn is_too_complex(answer: &Value, unit: &str) {
    let errors = answer["errors"].as_array().unwrap_or_else(|| panic!("no errors: {answer}"));
    let extensions = &errors[0]["extensions"];
    assert_eq!((errors.len(), &extensions["code"]), (1, &json!("QUERY_TOO_COMPLEX")), "{errors:?}");
    assert_eq!(extensions["unit"], unit, "{extensions}");
    assert!(extensions["cost"].as_u64() > extensions["allowed"].as_u64(), "{extensions}");
    // What a mutation has done is no secret; nothing of it is shown.
    let data = answer["data"].as_object();
    assert!(data.is_none_or(|roots| roots.values().all(Value::is_null)), "{answer}");
}

#[tokio::test(flavor = "multi_thread")]
async fn many_times_the_same_large_or_dear_field_is_refused_and_another_users_socket_stays() {
    let platform = Platform::services().start().await;
    let mut honest = Honest::new(&platform).await;
    let mallory = platform.register().await;
    for number in 0..5 {
        mallory.write(json!({ "title": format!("large {number}"), "content": large() })).await;
    }
    let five = "{ recentEntries(limit: 5) { id content } }";
    let read = mallory.eventually(five, json!({}), |data| data["recentEntries"][4]["id"].is_string()).await;
    let id = read["recentEntries"][0]["id"].as_str().unwrap();
    let tags = "INSERT INTO query.tags_view SELECT gen_random_uuid(), $1::text::uuid, 'tag ' || n, 1 FROM generate_series(1, 1600) n";
    platform.read_database().await.execute(tags, &[&mallory.id]).await.unwrap();

    let dear = [
        aliases(300, "search(query: \"rain\") { totalCount }"),
        aliases(249, "tags { id name entryCount }"),
        aliases(20, "journalEntries(first: 100) { edges { node { id title } } }"),
        format!("mutation {}", aliases(20, "createTag(name: \"x\") { id }")),
        aliases(
            20,
            "__schema { types { name fields { name args { name type { name } } type { name ofType { name } } } } }",
        ),
    ];
    for query in dear {
        refused(&mallory, &query, "points").await;
        let shown: String = query.chars().take(40).collect();
        honest.is_served(&platform, &shown).await;
        assert_eq!(platform.http().graphql(&query, json!({})).await.error_code(), "QUERY_TOO_COMPLEX");
    }
    let large = [
        aliases(40, "recentEntries(limit: 5) { content }"),
        aliases(40, "recentEntries(limit: 5) { id }"),
        format!("{{ recentEntries(limit: 1) {} }}", aliases(900, "content")),
        aliases(60, &format!("journalEntry(id: \"{id}\") {{ content }}")),
        format!("mutation {{ updateJournalEntry(input: {{ id: \"{id}\", mood: CALM }}) {} }}", aliases(100, "content")),
    ];
    for query in large {
        refused(&mallory, &query, "bytes").await;
        honest.survives(&platform).await;
    }
    // Of several mutations one that is too large to show hides none of the others.
    let contents: String = (0..100).map(|alias| format!("a{alias}: content ")).collect();
    let two = format!(
        "mutation {{ kept: recordMood(mood: CALM) {{ mood }} large: updateJournalEntry(input: {{ id: \"{id}\", mood: CALM }}) {{ {contents} }} }}"
    );
    let answer = mallory.graphql(&two, json!({})).await.expect(200);
    assert_eq!(answer.json()["data"], json!({ "kept": { "mood": "CALM" }, "large": null }));
    assert_eq!(answer.error_code(), "QUERY_TOO_COMPLEX");
    // What is as large as it may be is answered, to several together.
    for answer in join_all((0..TIMES).map(|_| mallory.graphql(five, json!({})))).await {
        let data = answer.data();
        assert!(data["recentEntries"].as_array().unwrap().iter().all(|entry| entry["content"] == self::large()));
    }
    let all_tags = mallory.data("{ tags { id name entryCount } }", json!({})).await;
    assert_eq!(all_tags["tags"].as_array().unwrap().len(), 1_600);
    honest.survives(&platform).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_batch_has_one_budget_and_an_honest_one_is_answered() {
    let platform = Platform::services().start().await;
    let mut honest = Honest::new(&platform).await;
    let mallory = platform.register().await;
    let batch = |times: usize, query: &str| Value::Array(vec![json!({ "query": query }); times]);
    let searches = batch(10, &aliases(100, "search(query: \"rain\") { totalCount }"));
    // Each is within the budget, all of them are not.
    let pages = batch(10, &aliases(2, "journalEntries(first: 100) { edges { node { id title mood } } }"));
    for attack in [searches, pages] {
        for answer in join_all((0..TIMES).map(|_| mallory.post("/graphql", &attack))).await {
            let answers = answer.expect(200).json();
            assert_eq!(answers.as_array().unwrap().len(), 10);
            for answer in answers.as_array().unwrap() {
                is_too_complex(answer, "points");
            }
        }
    }
    let creates = batch(10, "mutation { createTag(name: \"walk\") { name } }");
    let answers = mallory.post("/graphql", &creates).await.expect(200).json();
    assert!(
        answers.as_array().unwrap().iter().all(|answer| answer["data"]["createTag"]["name"] == "walk"),
        "{answers}"
    );
    mallory.write(json!({ "title": "large", "content": large() })).await;
    let query = "{ recentEntries(limit: 1) { content } }";
    mallory.eventually(query, json!({}), |data| data["recentEntries"][0]["content"].is_string()).await;
    // The answers have one bound together: each content is 200 KB, and what does not fit says so.
    let answers = mallory.post("/graphql", &batch(10, &aliases(4, "recentEntries(limit: 1) { content }"))).await;
    is_too_complex(&answers.expect(200).json()[9], "bytes");
    honest.survives(&platform).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn what_is_costly_to_read_is_refused_before_it_is_parsed_and_fills_no_memory() {
    let platform = Platform::services().start().await;
    let mut honest = Honest::new(&platform).await;
    let anonymous = platform.http();
    let nested = format!("{} a {}", "...{".repeat(50), "}".repeat(50));
    let fragments: String = (0..150)
        .map(|n| format!("fragment F{n} on Query {{ {} ...F{} {} }} ", "...{".repeat(50), n + 1, "}".repeat(50)))
        .collect();
    for bomb in [
        format!("{{ {} }}", "a ".repeat(100_000)),
        format!("{{ {} }}", "__typename ".repeat(20_000)),
        format!("{{ ...F0 }} {fragments} fragment F150 on Query {{ {nested} }}"),
        format!("{{ search(query: \"x\", limit: [{}]) {{ totalCount }} }}", "1 ".repeat(60_000)),
    ] {
        for answer in join_all((0..TIMES).map(|_| anonymous.graphql(&bomb, json!({})))).await {
            let shown: String = bomb.chars().take(40).collect();
            assert_eq!(answer.expect(200).error_code(), "QUERY_TOO_COMPLEX", "{shown}");
        }
    }
    let many = json!({ "x": vec![0; 60_000] });
    let answer = anonymous.graphql("query ($x: [Int]) { __typename }", many).await.expect(200);
    assert_eq!(answer.error_code(), "QUERY_TOO_COMPLEX");
    // More documents than are kept, each as long as one that is kept.
    let documents = (0..200).map(|n| format!("{{ a{n}: __typename {} }}", "__typename ".repeat(300)));
    for query in documents {
        anonymous.graphql(&query, json!({})).await.data();
    }
    let lists = json!({ "title": "t", "content": "c", "tags": vec!["x"; 50_000] });
    honest.account.post("/api/journals", &lists).await.expect_problem(422, "invalid-input");
    honest.survives(&platform).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn each_notice_of_a_subscription_has_a_bound_and_neither_socket_nor_stream_ends() {
    let platform = Platform::services().start().await;
    let mut honest = Honest::new(&platform).await;
    let mallory = platform.register().await;
    let mut socket = mallory.socket().await;
    let small = socket.subscribe(CHANGED, json!({})).await;
    let asked = socket.subscribe("{ me { id } }", json!({})).await;
    socket.next(&asked).await;
    assert_eq!(socket.message().await["type"], "complete");
    let entry = mallory.write(json!({ "title": "large", "content": large() })).await;
    assert_eq!(socket.next(&small).await["entryChanged"]["entryId"], entry["id"]);
    let greedy = format!("subscription {{ entryChanged {{ entryId entry {} }} }}", aliases(100, "content"));
    let large = socket.subscribe(&greedy, json!({})).await;
    let later = socket.subscribe("{ me { id } }", json!({})).await;
    socket.next(&later).await;
    assert_eq!(socket.message().await["type"], "complete");
    let mut streams = Vec::new();
    for _ in 0..TIMES {
        streams.push(mallory.sse(&greedy, json!({})).await);
    }
    for title in ["once", "again"] {
        let change = json!({ "title": title });
        mallory.patch(&format!("/api/journals/{}", entry["id"].as_str().unwrap()), &change).await.expect(200);
        let mut seen = Vec::new();
        for _ in 0..2 {
            let message = socket.message().await;
            if message["id"] == json!(large) {
                is_too_complex(&message["payload"], "bytes");
            } else {
                assert_eq!(message["payload"]["data"]["entryChanged"]["entry"]["title"], title, "{message}");
            }
            seen.push(message["id"].clone());
        }
        assert!(seen.contains(&json!(large)) && seen.contains(&json!(small)), "{seen:?}");
        for stream in &mut streams {
            let (name, data) = stream.next().await.expect("an event");
            assert_eq!(name, "next");
            is_too_complex(&data, "bytes");
        }
    }
    honest.survives(&platform).await;
}

/// Further entries like the user's first, on the read side.
async fn copies(platform: &Platform, user: &Account, times: i32, content: &str) {
    let entry = "INSERT INTO query.journals_view (entry_id, user_id, sequence, version, title, content, mood, tags, tag_ids, tag_names,
            attachment_ids, created_at, updated_at, entry_date, word_count)
        SELECT gen_random_uuid(), user_id, sequence, version, 'copy ' || n, $3, mood, tags, tag_ids, tag_names,
            attachment_ids, created_at - n * interval '1 minute', updated_at, entry_date, word_count
        FROM query.journals_view, generate_series(1, $2::int) n WHERE user_id = $1::text::uuid AND title = 'first'";
    platform.read_database().await.execute(entry, &[&user.id, &times, &content]).await.unwrap();
}

#[tokio::test(flavor = "multi_thread")]
async fn an_honest_big_page_is_answered_and_one_of_large_entries_says_what_to_ask_for() {
    let platform = Platform::services().start().await;
    let mut honest = Honest::new(&platform).await;
    let (ada, mallory) = (platform.register().await, platform.register().await);
    for user in [&ada, &mallory] {
        user.write(json!({ "title": "first", "content": "c", "tags": ["a", "b", "c"], "mood": "CALM" })).await;
        user.eventually("{ recentEntries { id } }", json!({}), |data| data["recentEntries"][0]["id"].is_string()).await;
    }
    copies(&platform, &ada, 99, &"A usual entry of some words. ".repeat(100)).await;
    copies(&platform, &mallory, 99, &large()).await;
    let everything =
        "{ journalEntries(first: 100) { totalCount pageInfo { hasNextPage endCursor } edges { cursor node {
        id title content mood createdAt updatedAt entryDate version wordCount tags { id name entryCount }
        attachments { id fileName contentType bytes width height url thumbnailUrl }
        analysis { status sentiment themes model completedAt insights { id entryId text kind createdAt } } } } } }";
    let page = ada.data(everything, json!({})).await;
    assert_eq!(page["journalEntries"]["edges"].as_array().unwrap().len(), 100);
    let rest: Answer = ada.get("/api/journals?limit=100").await.expect(200);
    assert_eq!(rest.json()["items"].as_array().unwrap().len(), 100);
    assert_eq!(rest.header("content-length"), rest.bytes.len().to_string());

    for (query, field) in [
        (everything, "first"),
        ("{ journalEntries(first: 100) { edges { node { id } } } }", "first"),
        ("{ recentEntries(limit: 100) { id } }", "limit"),
    ] {
        for answer in join_all((0..TIMES).map(|_| mallory.graphql(query, json!({})))).await {
            let error = answer.expect(200).error();
            assert_eq!(error["extensions"]["code"], "BAD_USER_INPUT", "{error}");
            assert_eq!(error["extensions"]["field"], field, "{error}");
            assert!(error["message"].as_str().unwrap().contains("at most 6291456 are read at a time"), "{error}");
        }
    }
    // Five and a half megabytes can be read, and four answered.
    let many = join_all((0..TIMES).map(|_| mallory.get("/api/journals?limit=28"))).await;
    for answer in many {
        let problem = answer.expect_problem(422, "invalid-input");
        assert_eq!(problem["errors"][0]["field"], "limit", "{problem}");
    }
    refused(&mallory, "{ journalEntries(first: 28) { edges { node { content } } } }", "bytes").await;
    for answer in join_all((0..2 * TIMES).map(|_| mallory.get("/api/journals?limit=15"))).await {
        assert_eq!(answer.expect(200).json()["items"].as_array().unwrap().len(), 15);
    }
    let aliases: String = (30..60).map(|limit| format!("a{limit}: recentEntries(limit: {limit}) {{ id }} ")).collect();
    let answer = mallory.graphql(&format!("{{ {aliases} }}"), json!({})).await.expect(200).json();
    let nothing = answer["data"].as_object().is_none_or(|data| data.values().all(Value::is_null));
    assert!(nothing && answer["errors"][0]["extensions"]["code"].is_string(), "{answer}");
    honest.is_served(&platform, "after large pages").await;
}

/// A gateway of one instance, which all of its calls share.
fn one_instance(table: &mut toml::Table) {
    let limits = "max = 1\nconcurrency = 32\nmemory-mib-max = 128\ndeadline-ms = 30000";
    let limits: toml::Table = limits.parse().expect("limits");
    grants(table, "gateway").insert("instances".to_owned(), limits.into());
}

#[tokio::test(flavor = "multi_thread")]
async fn large_answers_that_are_not_read_leave_memory_in_their_instance_for_the_others() {
    let platform = Platform::services().manifest(manifest(one_instance)).start().await;
    let mut honest = Honest::new(&platform).await;
    let mallory = platform.register().await;
    mallory.write(json!({ "title": "first", "content": "c" })).await;
    mallory.eventually("{ recentEntries { id } }", json!({}), |data| data["recentEntries"][0]["id"].is_string()).await;
    copies(&platform, &mallory, 15, &large()).await;
    let query = json!({ "query": "{ recentEntries(limit: 15) { content } }" });
    let unread = (0..10).map(|_| mallory.request(Method::POST, "/graphql").json(&query).send());
    // The heads have come, and the bodies stay where they are.
    let answers: Vec<_> = join_all(unread).await.into_iter().map(|answer| answer.expect("a head")).collect();
    assert!(answers.iter().all(|answer| answer.status() == 200));
    honest.is_served(&platform, "while answers are unread").await;
    let dashboard = "{ me { displayName } recentEntries { title } tags { name } }";
    assert_eq!(honest.account.data(dashboard, json!({})).await["me"]["displayName"], "Ada");
    for answer in answers {
        let text = answer.text().await.expect("a body");
        assert!(text.len() > 2_800_000 && text.ends_with("}}"), "{} bytes", text.len());
    }
    honest.survives(&platform).await;
}
