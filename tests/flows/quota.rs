//! Goal: concurrent requests never exceed the quota of five entries a month. Method: races.

use futures::future::join_all;
use mindflow_tests::{CREATE, Platform};
use serde_json::json;

#[tokio::test(flavor = "multi_thread")]
async fn of_twenty_concurrent_entries_exactly_five_are_written() {
    let platform = Platform::services().start().await;
    let ada = platform.register().await;
    let racing = (0..20)
        .map(|number| ada.graphql(CREATE, json!({ "input": { "title": format!("E{number}"), "content": "c" } })));
    let answers = join_all(racing).await;
    let (written, refused): (Vec<_>, Vec<_>) = answers.iter().partition(|answer| answer.json().get("errors").is_none());
    assert_eq!((written.len(), refused.len()), (5, 15));
    assert!(refused.iter().all(|answer| answer.error_code() == "QUOTA_EXCEEDED"));
    ada.post("/api/journals", &json!({ "title": "Sixth", "content": "c" })).await.expect_problem(403, "quota-exceeded");
    let seen = ada
        .eventually("{ me { quota { limit used resetsAt } } journalEntries { totalCount } }", json!({}), |data| {
            // Read side by side: one may be a projection ahead of the other.
            data["journalEntries"]["totalCount"] == 5 && data["me"]["quota"]["used"] == 5
        })
        .await;
    let quota = &seen["me"]["quota"];
    assert_eq!((&quota["limit"], &quota["used"]), (&json!(5), &json!(5)));
    assert!(quota["resetsAt"].as_str().is_some_and(|at| at.contains("-01T00:00:00")), "{quota}");
    // Another user's month is another's.
    platform.register().await.write(json!({ "title": "T", "content": "c" })).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn premium_writes_without_limit_and_no_longer_once_revoked() {
    let platform = Platform::services().start().await;
    let ada = platform.register_as("premium").await;
    for number in 0..7 {
        ada.write(json!({ "title": format!("E{number}"), "content": "c" })).await;
    }
    let me = ada
        .eventually("{ me { roles quota { limit used resetsAt } } }", json!({}), |data| {
            data["me"]["quota"]["used"] == 7
        })
        .await;
    assert_eq!(
        me["me"],
        json!({ "roles": ["USER", "PREMIUM"], "quota": { "limit": null, "used": 7, "resetsAt": null } })
    );
    let revoked = platform.cli(&["users", "revoke", &ada.email, "premium"]).await;
    assert_eq!(revoked.code, Some(0), "{revoked:?}");
    let ada = ada.login().await;
    assert_eq!(
        ada.graphql(CREATE, json!({ "input": { "title": "E", "content": "c" } })).await.error_code(),
        "QUOTA_EXCEEDED"
    );
    let unknown = platform.cli(&["users", "grant", "unknown@example.org", "premium"]).await;
    assert_eq!((unknown.code, unknown.stderr.lines().count()), (Some(1), 1), "{unknown:?}");
}

#[tokio::test(flavor = "multi_thread")]
async fn the_same_client_mutation_id_creates_one_entry_however_often_it_comes() {
    let platform = Platform::services().start().await;
    let ada = platform.register().await;
    let input = json!({ "title": "Once", "content": "c", "clientMutationId": "m-1" });
    let first = ada.write(input.clone()).await;
    assert_eq!(ada.write(input.clone()).await["id"], first["id"]);
    // Another content would be lost behind a success.
    let mut changed = input.clone();
    changed["content"] = json!("d");
    let refused = ada.graphql(CREATE, json!({ "input": changed })).await;
    let error = refused.error();
    assert_eq!(
        (&error["extensions"]["code"], &error["extensions"]["field"]),
        (&json!("CONFLICT"), &json!("clientMutationId")),
        "{error}"
    );
    assert!(error["message"].as_str().unwrap().contains("m-1"), "{error}");
    assert_eq!(ada.post("/api/journals", &changed).await.status, 409);
    let racing = (0..8).map(|_| ada.write(json!({ "title": "Race", "content": "c", "clientMutationId": "m-2" })));
    let ids: std::collections::BTreeSet<String> =
        join_all(racing).await.iter().map(|entry| entry["id"].as_str().unwrap().to_owned()).collect();
    assert_eq!(ids.len(), 1);
    let by_rest = ada.post("/api/journals", &input).await.json();
    assert_eq!(by_rest["id"], first["id"]);
    // Mutation ids belong to their user: another user's m-1 creates another entry. Repeats take no quota.
    assert_ne!(platform.register().await.write(input).await["id"], first["id"]);
    let seen = ada
        .eventually("{ me { quota { used } } journalEntries { totalCount } }", json!({}), |data| {
            data["journalEntries"]["totalCount"] == 2 && data["me"]["quota"]["used"] == 2
        })
        .await;
    assert_eq!(seen["me"]["quota"]["used"], 2);
    // The same texts are the same request, however a keyboard encodes them.
    let spelled = |title: &str, content: &str, tags: [&str; 2]| json!({ "title": title, "content": content, "tags": tags, "clientMutationId": "m-3" });
    let composed = ada.write(spelled("Caf\u{e9}", "Cr\u{e8}me", ["B\u{fc}ro", "a"])).await;
    let decomposed = spelled(" Cafe\u{301}\u{a0}", "Cre\u{300}me", ["A ", "Bu\u{308}ro"]);
    assert_eq!(ada.write(decomposed.clone()).await["id"], composed["id"]);
    assert_eq!(ada.post("/api/journals", &decomposed).await.json()["id"], composed["id"]);
    // Of an entry that is gone, a success would be a lie.
    ada.data("mutation ($id: ID!) { deleteJournalEntry(id: $id) }", json!({ "id": first["id"] })).await;
    for content in ["c", "d"] {
        let again = json!({ "input": { "title": "Once", "content": content, "clientMutationId": "m-1" } });
        assert_eq!(ada.graphql(CREATE, again).await.error_code(), "CONFLICT");
    }
}
