//! Goal: GraphQL over HTTP as its clients expect it. Method: the requests of Apollo, browsers and attackers.

use mindflow_tests::{Answer, Http, Platform, send};
use reqwest::{Method, Url};
use serde_json::{Value, json};
use sha2::{Digest, Sha256};

async fn get(http: &Http, parameters: &[(&str, &str)], header: Option<(&str, &str)>) -> Answer {
    let url = Url::parse_with_params(&http.url("/graphql"), parameters).unwrap();
    let request = http.request(Method::GET, &format!("{}?{}", url.path(), url.query().unwrap_or_default()));
    send(header.into_iter().fold(request, |request, (name, value)| request.header(name, value))).await
}

const PREFLIGHT: Option<(&str, &str)> = Some(("graphql-preflight", "1"));

#[tokio::test(flavor = "multi_thread")]
async fn a_persisted_query_is_sent_once_and_then_named_by_its_hash() {
    let platform = Platform::services().start().await;
    let ada = platform.register().await;
    let query = "query ($limit: Int) { recentEntries(limit: $limit) { id } __typename }";
    let hash: String = Sha256::digest(query).iter().map(|byte| format!("{byte:02x}")).collect();
    let named = |hash: &str| json!({ "variables": { "limit": 3 }, "extensions": { "persistedQuery": { "version": 1, "sha256Hash": hash } } });
    let unknown = ada.post("/graphql", &named(&hash)).await;
    assert_eq!(
        (unknown.error_code().as_str(), unknown.error()["message"].as_str()),
        ("PERSISTED_QUERY_NOT_FOUND", Some("PersistedQueryNotFound"))
    );
    let mut wrong = named(&"0".repeat(64));
    wrong["query"] = json!(query);
    assert_eq!(ada.post("/graphql", &wrong).await.expect(400).error_code(), "BAD_USER_INPUT");
    let mut first = named(&hash);
    first["query"] = json!(query);
    ada.post("/graphql", &first).await.data();
    assert_eq!(ada.post("/graphql", &named(&hash)).await.data()["__typename"], "Query");
    // By GET, as caches like it.
    let extensions = json!({ "persistedQuery": { "version": 1, "sha256Hash": hash } }).to_string();
    let url = Url::parse_with_params(
        &ada.http().url("/graphql"),
        [("extensions", &*extensions), ("variables", "{\"limit\":1}")],
    )
    .unwrap();
    let request =
        ada.request(Method::GET, &format!("/graphql?{}", url.query().unwrap())).header("x-requested-with", "x");
    assert_eq!(send(request).await.expect(200).data()["recentEntries"], json!([]));
}

#[tokio::test(flavor = "multi_thread")]
async fn requests_that_a_foreign_site_could_make_are_refused() {
    let platform = Platform::services().start().await;
    let http = platform.http();
    get(http, &[("query", "{__typename}")], None).await.expect(400);
    assert_eq!(get(http, &[("query", "{__typename}")], PREFLIGHT).await.expect(200).data()["__typename"], "Query");
    for content_type in ["text/plain", "application/x-www-form-urlencoded", "multipart/form-data; boundary=x"] {
        let simple = || {
            http.request(Method::POST, "/graphql")
                .header("content-type", content_type)
                .body("{\"query\":\"{__typename}\"}")
        };
        send(simple()).await.expect(400);
        send(simple().header("x-requested-with", "x")).await.expect(415);
    }
    let mutation = "mutation { deleteJournalEntry(id: \"x\") }";
    let by_get = get(http, &[("query", mutation)], PREFLIGHT).await.expect(405);
    assert_eq!(by_get.header("allow"), "POST");
}

#[tokio::test(flavor = "multi_thread")]
async fn batches_are_answered_in_order_up_to_ten() {
    let platform = Platform::services().start().await;
    let ada = platform.register().await;
    let operations: Vec<Value> =
        (0..10).map(|number| json!({ "query": format!("{{ a{number}: __typename }}") })).collect();
    let answers = ada.post("/graphql", &json!(operations)).await.expect(200).json();
    for (number, answer) in answers.as_array().unwrap().iter().enumerate() {
        assert_eq!(*answer, json!({ "data": { format!("a{number}"): "Query" } }));
    }
    let mut eleven = operations.clone();
    eleven.push(operations[0].clone());
    let refused = ada.post("/graphql", &json!(eleven)).await.expect(400).json();
    assert_eq!(refused.as_array().map(Vec::len), Some(11), "{refused}");
    ada.post("/graphql", &json!([])).await.expect(400);
    // A failed one does not spoil the others.
    let mixed = json!([{ "query": "{ nothing }" }, { "query": "{ __typename }" }]);
    let answers = ada.post("/graphql", &mixed).await.expect(200).json();
    assert!(answers[0]["errors"].is_array() && answers[0].get("data").is_none());
    assert_eq!(answers[1], json!({ "data": { "__typename": "Query" } }));
    // A write and a read of it, in this order.
    let write_then_read = json!([
        { "query": mindflow_tests::CREATE, "variables": { "input": { "title": "T", "content": "c" } } },
        { "query": "{ me { quota { limit } } }" },
    ]);
    let answers = ada.post("/graphql", &write_then_read).await.expect(200).json();
    assert_eq!(
        (&answers[0]["data"]["createJournalEntry"]["title"], &answers[1]["data"]["me"]["quota"]["limit"]),
        (&json!("T"), &json!(5))
    );
}

#[tokio::test(flavor = "multi_thread")]
async fn queries_that_ask_too_much_are_refused_before_they_run() {
    let platform = Platform::services().start().await;
    let ada = platform.register().await;
    let deep = format!("{{ {} id {} }}", "a {".repeat(12), "}".repeat(12));
    assert_eq!(ada.graphql(&deep, json!({})).await.error_code(), "QUERY_TOO_COMPLEX");
    let wide = "query ($first: Int) { journalEntries(first: $first) { edges { cursor node { id title content mood version wordCount createdAt updatedAt entryDate analysis { status } } } } }";
    ada.graphql(wide, json!({ "first": 100 })).await.data();
    let aliases: String = (0..1_001).map(|number| format!("a{number}: __typename ")).collect();
    assert_eq!(ada.graphql(&format!("{{ {aliases} }}"), json!({})).await.error_code(), "QUERY_TOO_COMPLEX");
    // What would exhaust a naive parser's stack costs one answer, not the service.
    for bomb in [
        "{a".repeat(20_000),
        format!("{{ a(x: {}1{}) }}", "[".repeat(20_000), "]".repeat(20_000)),
        format!("query ($x: {}Int{}) {{ a }}", "[".repeat(20_000), "]".repeat(20_000)),
        format!("{{ {} }}", "...@skip(if: true) {".repeat(5_000) + "a" + &"}".repeat(5_000)),
        format!("{{ {} }}", "a ".repeat(100_000)),
        format!("{{ recentEntries(limit: [{}]) {{ id }} }}", "1,".repeat(100_000)),
        format!("{{ __typename {} }}", "@skip(if: false) ".repeat(10_000)),
        format!(
            "{{ ...F0 }} {}",
            (0..5_000).map(|n| format!("fragment F{n} on Query {{ ...F{} }} ", n + 1)).collect::<String>()
        ),
        format!(
            "{{ ...F0 }} {}",
            (0..200).map(|n| format!("fragment F{n} on Query {{ ...F{} }} ", n + 1)).collect::<String>()
        ),
        format!("query ({}) {{ a }}", (0..8_000).map(|n| format!("$v{n}: Int ")).collect::<String>()),
    ] {
        let answer = ada.graphql(&bomb, json!({})).await.expect(200).json();
        let shown: String = bomb.chars().take(60).collect();
        let code = answer["errors"][0]["extensions"]["code"].as_str();
        assert!([Some("BAD_USER_INPUT"), Some("QUERY_TOO_COMPLEX")].contains(&code), "{shown}: {code:?}");
    }
    let nested = format!("{{\"query\":\"{{__typename}}\",\"variables\":{}{}}}", "[".repeat(20_000), "]".repeat(20_000));
    let request = ada.request(Method::POST, "/graphql").header("content-type", "application/json").body(nested);
    send(request).await.expect(400);
    let large = format!("{{ __typename }} #{}", "x".repeat(1_400 * 1024));
    assert_eq!(ada.graphql(&large, json!({})).await.status.as_u16(), 413);
}

#[tokio::test(flavor = "multi_thread")]
async fn the_answers_status_and_type_follow_what_the_client_accepts() {
    let platform = Platform::services().start().await;
    let http = platform.http();
    let ask = |accept: &str, query: &str| {
        send(http.request(Method::POST, "/graphql").header("accept", accept).json(&json!({ "query": query })))
    };
    let new = "application/graphql-response+json";
    for (accept, query, status, kind) in [
        (new, "{ __typename }", 200, new),
        (new, "{ nothing }", 400, new),
        (new, "{ broken", 400, new),
        // It ran, and a field failed: data is null, the status 200.
        (new, "{ me { id } }", 200, new),
        ("application/json", "{ nothing }", 200, "application/json"),
        ("*/*", "{ __typename }", 200, "application/json"),
    ] {
        let answer = ask(accept, query).await;
        assert_eq!(answer.status.as_u16(), status, "{accept} {query}: {}", answer.text());
        assert!(answer.header("content-type").starts_with(kind), "{}", answer.header("content-type"));
    }
    ask("image/png", "{ __typename }").await.expect(406);
    let failed = ask(new, "{ me { id } }").await;
    let error = failed.error();
    assert_eq!(failed.json()["data"], Value::Null);
    assert_eq!((&error["path"], &error["extensions"]["code"]), (&json!(["me"]), &json!("UNAUTHENTICATED")));
    assert_eq!(error["extensions"]["correlationId"], failed.header("x-correlation-id"));
    for body in
        ["", "{", "[1]", "{\"query\": 3}", "{\"variables\": {}}", "{\"query\": \"{__typename}\", \"variables\": 1}"]
    {
        send(http.request(Method::POST, "/graphql").header("content-type", "application/json").body(body))
            .await
            .expect(400);
    }
    send(http.request(Method::DELETE, "/graphql")).await.expect(405);
}

#[tokio::test(flavor = "multi_thread")]
async fn fields_are_answered_in_the_order_they_were_asked_for() {
    let platform = Platform::services().start().await;
    let ada = platform.register().await;
    ada.write(json!({ "title": "T", "content": "c", "tags": ["a"] })).await;
    ada.eventually("{ me { id } recentEntries { id } }", json!({}), |data| data["recentEntries"][0].is_object()).await;
    let fields = [
        "recentEntries { tags { entryCount name } analysis { status } id }",
        "me { quota { used limit } id }",
        "tags { name id }",
        "moodTrends { count }",
        "journalEntries { totalCount }",
        "insights { id }",
        "onThisDay { id }",
    ];
    for turn in 0..fields.len() {
        let query: Vec<String> =
            (0..fields.len()).map(|index| format!("f{index}: {}", fields[(index + turn) % fields.len()])).collect();
        let answer = ada.graphql(&format!("{{ {} }}", query.join(" ")), json!({})).await;
        answer.data();
        let text = answer.text();
        let places: Vec<usize> = (0..fields.len()).map(|index| text.find(&format!("\"f{index}\"")).unwrap()).collect();
        assert!(places.is_sorted(), "{text}");
        // What has to be asked for (`entryCount`, `quota`) does not come after what is there already.
        assert!(text.contains(r#"[{"tags":[{"entryCount":1,"name":"a"}],"analysis":{"#), "{text}");
        assert!(text.contains(r#"{"quota":{"used":1,"limit":5},"id":"#), "{text}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_browser_gets_graphiql_and_tools_get_the_schema_unless_they_are_off() {
    let platform = Platform::services().start().await;
    let page = send(
        platform.http().request(Method::GET, "/graphql").header("accept", "text/html,application/xhtml+xml,*/*;q=0.8"),
    )
    .await
    .expect(200);
    assert!(page.header("content-type").starts_with("text/html") && page.text().to_lowercase().contains("graphiql"));
    let sdl = platform.http().get("/schema.graphql").await.expect(200).text();
    for line in [
        "type Query",
        "type Mutation",
        "type Subscription",
        "enum Mood",
        "scalar DateTime",
        "input CreateJournalEntryInput",
    ] {
        assert!(sdl.contains(line), "{line}");
    }
    drop(platform);

    let production =
        Platform::services().variable("introspection", "false").variable("graphiql", "false").start().await;
    production.http().get("/schema.graphql").await.expect_problem(404, "not-found");
    let introspection = production.http().graphql("{ __schema { types { name } } }", json!({})).await.json();
    assert!(introspection["data"]["__schema"].is_null(), "{introspection}");
    let page = send(production.http().request(Method::GET, "/graphql").header("accept", "text/html")).await;
    assert!(!page.text().to_lowercase().contains("<html"));
}
