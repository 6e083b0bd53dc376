//! Goal: tags go, or become one, and every entry and list follows. Method: GraphQL, the search, and the reconciliation afterwards.

use crate::journal_keeping::both_sides_agree;
use mindflow_tests::{Account, Platform};
use serde_json::{Value, json};

const DELETE: &str = "mutation ($id: ID!) { deleteTag(id: $id) }";
const MERGE: &str = "mutation ($ids: [ID!]!, $into: ID!) { mergeTags(ids: $ids, into: $into) { id name } }";
const ENTRY: &str = "query ($id: ID!) { journalEntry(id: $id) { version tags { name entryCount } } }";
const LIST: &str = "query ($filter: JournalFilter) { journalEntries(filter: $filter, first: 50) { totalCount edges { node { title } } } }";

async fn tag(account: &Account, name: &str) -> Value {
    let tags = account.data("{ tags { id name } }", json!({})).await["tags"].clone();
    let found = tags.as_array().expect("tags").iter().find(|tag| tag["name"] == name);
    found.unwrap_or_else(|| panic!("no {name} in {tags}"))["id"].clone()
}

async fn names(account: &Account) -> Vec<String> {
    let tags = account.data("{ tags { name entryCount } }", json!({})).await["tags"].clone();
    let shown = |tag: &Value| format!("{} {}", tag["name"].as_str().expect("a name"), tag["entryCount"]);
    tags.as_array().expect("tags").iter().map(shown).collect()
}

async fn titles(account: &Account, filter: Value) -> Vec<String> {
    let page = account.data(LIST, json!({ "filter": filter })).await["journalEntries"].clone();
    let mut titles: Vec<String> = page["edges"]
        .as_array()
        .expect("edges")
        .iter()
        .map(|edge| edge["node"]["title"].as_str().expect("a title").to_owned())
        .collect();
    assert_eq!(page["totalCount"], titles.len());
    titles.sort();
    titles
}

fn builder() -> mindflow_tests::Builder {
    Platform::services().variable("reconcile_pause_ms", "700").variable("free_entries_per_month", "50")
}

#[tokio::test(flavor = "multi_thread")]
async fn a_deleted_tag_is_off_all_entries_and_its_name_is_free() {
    let platform = builder().variable("tags_max", "2").start().await;
    let (ada, bob) = (platform.register().await, platform.register().await);
    let mut ids = Vec::new();
    for title in ["one", "two"] {
        ids.push(ada.write(json!({ "title": title, "content": "x", "tags": ["work", "home"] })).await["id"].clone());
    }
    let deleted = ada.write(json!({ "title": "deleted", "content": "x", "tags": ["work"] })).await["id"].clone();
    ada.data("mutation ($id: ID!) { deleteJournalEntry(id: $id) }", json!({ "id": deleted })).await;
    let work = tag(&ada, "work").await;
    assert_eq!(bob.graphql(DELETE, json!({ "id": work })).await.error_code(), "NOT_FOUND");
    assert_eq!(ada.data(DELETE, json!({ "id": work })).await["deleteTag"], true);
    assert_eq!(ada.graphql(DELETE, json!({ "id": work })).await.error_code(), "NOT_FOUND");
    // What the user has just done is shown.
    let shown = ada.data(ENTRY, json!({ "id": ids[0] })).await["journalEntry"].clone();
    assert_eq!(shown, json!({ "version": 1, "tags": [{ "name": "home", "entryCount": 2 }] }));
    assert_eq!(names(&ada).await, ["home 2"]);
    assert!(titles(&ada, json!({ "tag": "work" })).await.is_empty());
    let restored = "mutation ($id: ID!) { restoreJournalEntry(id: $id) { tags { name } } }";
    let restored = ada.data(restored, json!({ "id": deleted })).await["restoreJournalEntry"].clone();
    assert_eq!(restored["tags"], json!([]));
    // There is room for another one, also of the same name.
    ada.write(json!({ "title": "three", "content": "x", "tags": ["WORK"] })).await;
    let again = tag(&ada, "WORK").await;
    assert_ne!(again, work);
    both_sides_agree(&platform).await;
    let shadow = platform.cli(&["replay", "--consumer", "query", "--shadow", "--json"]).await;
    assert_eq!(shadow.code, Some(0), "{shadow:?}");
}

#[tokio::test(flavor = "multi_thread")]
async fn merged_tags_are_one_on_all_entries_and_in_the_search() {
    let platform = builder().start().await;
    let ada = platform.register().await;
    for (title, tags) in
        [("one", vec!["job"]), ("two", vec!["job", "work"]), ("three", vec!["office", "job"]), ("four", vec!["home"])]
    {
        ada.write(json!({ "title": title, "content": "By the river.", "tags": tags })).await;
    }
    let (job, office, work) = (tag(&ada, "job").await, tag(&ada, "office").await, tag(&ada, "work").await);
    let wrong = ada.graphql(MERGE, json!({ "ids": [job, work], "into": work })).await.error();
    assert_eq!(wrong["extensions"]["errors"][0]["field"], "ids[1]", "{wrong}");
    let merged = ada.data(MERGE, json!({ "ids": [job, office, job], "into": work })).await["mergeTags"].clone();
    assert_eq!(merged, json!({ "id": work, "name": "work" }));
    assert_eq!(names(&ada).await, ["home 1", "work 3"]);
    assert_eq!(titles(&ada, json!({ "tag": "work" })).await, ["one", "three", "two"]);
    let search = "query { search(query: \"river tag:work\") { totalCount } }";
    ada.eventually(search, json!({}), |data| data["search"]["totalCount"] == 3).await;
    both_sides_agree(&platform).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn entries_are_listed_by_all_any_or_none_of_several_tags() {
    let platform = builder().start().await;
    let ada = platform.register().await;
    for (title, tags) in [("ab", vec!["a", "b"]), ("a", vec!["a"]), ("bc", vec!["b", "c"]), ("none", vec![])] {
        ada.write(json!({ "title": title, "content": "x", "tags": tags })).await;
    }
    for (filter, expected) in [
        (json!({ "tagsAll": ["A", "b"] }), vec!["ab"]),
        (json!({ "tagsAny": ["a", "C"] }), vec!["a", "ab", "bc"]),
        (json!({ "tagsNone": ["b"] }), vec!["a", "none"]),
        (json!({ "tagsAny": ["a", "b"], "tagsNone": ["c"] }), vec!["a", "ab"]),
        (json!({ "tagsAll": ["a", "unknown"] }), vec![]),
        (json!({ "tagsAny": [], "tagsAll": [], "tagsNone": [] }), vec!["a", "ab", "bc", "none"]),
    ] {
        assert_eq!(titles(&ada, filter.clone()).await, expected, "{filter}");
    }
    let many: Vec<String> = (0..21).map(|number| format!("t{number}")).collect();
    let error = ada.graphql(LIST, json!({ "filter": { "tagsAny": many } })).await.error();
    assert_eq!(error["extensions"]["errors"][0]["field"], "tagsAny", "{error}");
}

#[tokio::test(flavor = "multi_thread")]
async fn an_entry_that_gets_a_tag_while_it_is_deleted_has_it_or_not_on_both_sides() {
    let platform = builder().start().await;
    let ada = platform.register().await;
    for _ in 0..4 {
        let held = ada.write(json!({ "title": "held", "content": "x", "tags": ["going"] })).await["id"].clone();
        let going = tag(&ada, "going").await;
        let update = "mutation ($input: UpdateJournalEntryInput!) { updateJournalEntry(input: $input) { id } }";
        let (deleted, changed, written) = tokio::join!(
            ada.graphql(DELETE, json!({ "id": going })),
            ada.graphql(update, json!({ "input": { "id": held, "title": "changed" } })),
            ada.write(json!({ "title": "new", "content": "x", "tags": ["going"] })),
        );
        assert!(deleted.json().get("errors").is_none() && changed.json().get("errors").is_none(), "{}", deleted.text());
        assert!(written["id"].is_string());
    }
    both_sides_agree(&platform).await;
}
