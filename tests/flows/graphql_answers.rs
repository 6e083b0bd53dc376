//! Goal: a client learns of everything that was done and not done, in as few bytes as it asks for. Method: requests of which
//! a part fails, and the largest entries that are allowed.

use crate::media::{small_png, upload};
use crate::trouble_kit::{guest, swap};
use mindflow_tests::{CREATE, Platform, send};
use reqwest::Method;
use serde_json::{Value, json};

const UPDATE: &str = "mutation ($input: UpdateJournalEntryInput!) { updateJournalEntry(input: $input) { content } }";

#[tokio::test(flavor = "multi_thread")]
async fn what_fails_is_null_alone_and_hides_nothing_that_was_done() {
    let platform = Platform::services().start().await;
    let ada = platform.register().await;
    let three = "mutation { a: createTag(name: \"one\") { name } b: createTag(name: \" \") { name } c: createTag(name: \"three\") { name } }";
    let answer = ada.graphql(three, json!({})).await;
    assert_eq!(answer.json()["data"], json!({ "a": { "name": "one" }, "b": null, "c": { "name": "three" } }));
    let error = answer.error();
    let extensions = &error["extensions"];
    assert_eq!(error["path"], json!(["b"]));
    assert_eq!((&extensions["field"], &extensions["rule"]), (&json!("name"), &json!("blank")), "{error}");

    // By the engine, by a service, and by REST: the same rule has the same id and values.
    let long = "x".repeat(201);
    let refused = ada.graphql(CREATE, json!({ "input": { "title": long, "content": "c" } })).await.error();
    let params = json!({ "max": 200, "actual": 201, "unit": "characters" });
    assert_eq!((&refused["extensions"]["rule"], &refused["extensions"]["params"]), (&json!("too-long"), &params));
    let problem =
        ada.post("/api/journals", &json!({ "title": long, "content": "c" })).await.expect_problem(422, "invalid-input");
    assert_eq!((&problem["errors"][0]["rule"], &problem["errors"][0]["params"]), (&json!("too-long"), &params));
    let date = json!({ "input": { "title": "T", "content": "c", "entryDate": "2026-02-30" } });
    let refused = ada.graphql(CREATE, date).await.error();
    assert_eq!(
        (&refused["extensions"]["field"], &refused["extensions"]["rule"]),
        (&json!("entryDate"), &json!("format"))
    );

    // Ids of all kinds are read again by `node`, and by their owner alone.
    let entry = ada.write(json!({ "title": "Node", "content": "c", "tags": ["one"] })).await;
    let tag = entry["tags"][0]["id"].clone();
    let image = upload(&ada, "small.png", &small_png()).await.expect(201).json();
    let me = ada.data("{ me { id } }", json!({})).await["me"]["id"].clone();
    let node = "query ($id: ID!) { node(id: $id) { __typename id ... on JournalEntry { title } ... on Tag { name } } }";
    for (id, expected) in [
        (&entry["id"], json!({ "__typename": "JournalEntry", "id": entry["id"], "title": "Node" })),
        (&tag, json!({ "__typename": "Tag", "id": tag, "name": "one" })),
        (&image["id"], json!({ "__typename": "Media", "id": image["id"] })),
        (&me, json!({ "__typename": "User", "id": me })),
    ] {
        ada.eventually(node, json!({ "id": id }), |data| data["node"] == expected).await;
    }
    let bob = platform.register().await;
    for id in [&entry["id"], &tag, &image["id"], &me, &json!("nothing")] {
        assert_eq!(bob.data(node, json!({ "id": id })).await["node"], Value::Null);
    }

    // A service that fails takes its own fields along and no others.
    swap(&platform, "query", &guest("broken-query")).await;
    let answer = ada.graphql("{ tags { name } writingStats { words } webhooks { id } }", json!({})).await;
    let data = answer.json()["data"].clone();
    assert_eq!((&data["tags"], &data["webhooks"]), (&Value::Null, &json!([])), "{data}");
    assert!(data["writingStats"]["words"].is_number(), "{data}");
    assert_eq!(answer.error()["path"], json!(["tags"]));
}

#[tokio::test(flavor = "multi_thread")]
async fn the_largest_entry_fits_however_it_is_sent_and_answers_are_compressed_for_those_who_ask() {
    let platform = Platform::services().start().await;
    let ada = platform.register().await;
    let raw = |path: &str, body: String| {
        send(ada.request(Method::POST, path).header("content-type", "application/json").body(body))
    };
    // 100,000 characters of three bytes; then of four, each as two escapes, as Python writes them.
    let chinese = "語".repeat(100_000);
    let entry = ada.write(json!({ "title": "長い", "content": chinese })).await;
    assert_eq!(entry["content"].as_str().map(str::len), Some(300_000));
    let escaped = "\\ud83d\\ude00".repeat(100_000);
    let body = format!("{{\"title\":\"Smiles\",\"content\":\"{escaped}\"}}");
    let smiles = raw("/api/journals", body).await.expect(201).json();
    assert_eq!(smiles["content"].as_str().map(|text| text.chars().count()), Some(100_000));
    let mut socket = ada.socket().await;
    let change = json!({ "input": { "id": entry["id"], "content": "言".repeat(100_000) } });
    let id = socket.subscribe(UPDATE, change).await;
    assert_eq!(socket.next(&id).await["updateJournalEntry"]["content"].as_str().map(str::len), Some(300_000));
    // One character more is the field's fault, and what fits no field is answered in the client's protocol.
    let more = json!({ "input": { "title": "T", "content": "語".repeat(100_001) } });
    assert_eq!(ada.graphql(CREATE, more).await.error()["extensions"]["field"], "content");
    let large = "x".repeat(1_400 * 1024);
    let refused = ada.graphql(CREATE, json!({ "input": { "title": "T", "content": large } })).await.expect(413);
    assert!(refused.header("content-type").starts_with("application/json"), "{}", refused.header("content-type"));
    assert_eq!(refused.error_code(), "BAD_USER_INPUT");
    ada.post("/api/journals", &json!({ "title": "T", "content": large }))
        .await
        .expect_problem(413, "payload-too-large");

    // A photo needs no words.
    let photo = upload(&ada, "small.png", &small_png()).await.expect(201).json();
    let only = ada.write(json!({ "title": "Photo", "content": "", "attachmentIds": [photo["id"]] })).await;
    assert_eq!((&only["content"], &only["wordCount"]), (&json!(""), &json!(0)));
    let bare = ada.graphql(UPDATE, json!({ "input": { "id": only["id"], "attachmentIds": [] } })).await.error();
    assert_eq!(bare["extensions"]["field"], "attachmentIds", "{bare}");
    ada.eventually("{ recentEntries { title content } }", json!({}), |data| {
        data["recentEntries"].as_array().unwrap().contains(&json!({ "title": "Photo", "content": "" }))
    })
    .await;

    let pages = json!({ "query": "{ journalEntries { edges { node { content } } } }" });
    let ask = |accept: &'static str| {
        send(ada.request(Method::POST, "/graphql").header("accept-encoding", accept).json(&pages))
    };
    let plain = ask("identity").await.expect(200);
    assert_eq!((plain.header("content-encoding"), plain.header("vary")), ("", "accept-encoding"));
    // A long answer is smaller in Brotli, for those who take both.
    for (accept, coding) in [("gzip", "gzip"), ("br", "br"), ("gzip, br", "br")] {
        let answer = ask(accept).await.expect(200);
        assert_eq!((answer.header("content-encoding"), answer.header("vary")), (coding, "accept-encoding"));
        assert!(answer.bytes.len() * 10 < plain.bytes.len(), "{} of {}", answer.bytes.len(), plain.bytes.len());
    }
    let sdl = send(ada.request(Method::GET, "/schema.graphql").header("accept-encoding", "gzip, br")).await.expect(200);
    assert_ne!(sdl.header("content-encoding"), "");
    let head =
        send(ada.request(Method::HEAD, "/schema.graphql").header("accept-encoding", "gzip, br")).await.expect(200);
    assert_eq!((head.header("content-encoding"), head.bytes.len()), (sdl.header("content-encoding"), 0));
    let login = json!({ "email": ada.email, "password": mindflow_tests::PASSWORD });
    let login = send(ada.request(Method::POST, "/auth/login").header("accept-encoding", "gzip, br").json(&login)).await;
    assert_eq!(login.expect(200).header("content-encoding"), "");
}
