//! Goal: new entries begin with the user's templates, or with a question. Method: GraphQL as clients send it.

use mindflow_tests::Platform;
use serde_json::json;

const TEMPLATES: &str = "{ templates { id name title content tags journalId } }";
const CREATE: &str = "mutation ($input: EntryTemplateInput!) { createTemplate(input: $input) { id name } }";
const UPDATE: &str =
    "mutation ($id: ID!, $input: EntryTemplateInput!) { updateTemplate(id: $id, input: $input) { name content tags } }";
const DELETE: &str = "mutation ($id: ID!) { deleteTemplate(id: $id) }";
const PROMPTS: &str = "query ($first: Int, $theme: String) { prompts(first: $first, theme: $theme) { id text theme } }";

#[tokio::test(flavor = "multi_thread")]
async fn a_template_is_its_users_alone_and_has_a_name_of_its_own() {
    let platform = Platform::services().start().await;
    let (ada, bob) = (platform.register().await, platform.register().await);
    let morning =
        json!({ "name": "Morning", "title": "Good morning", "content": "Slept:", "tags": ["sleep", "Sleep"] });
    let id = ada.data(CREATE, json!({ "input": morning })).await["createTemplate"]["id"].clone();
    ada.data(CREATE, json!({ "input": { "name": "evening" } })).await;
    let all = ada.data(TEMPLATES, json!({})).await["templates"].clone();
    assert_eq!((&all[0]["name"], &all[1]["name"]), (&json!("evening"), &json!("Morning")));
    assert_eq!(all[1]["tags"], json!(["sleep"]));
    assert_eq!(bob.data(TEMPLATES, json!({})).await["templates"], json!([]));

    let taken = ada.graphql(CREATE, json!({ "input": { "name": "MORNING" } })).await.error();
    assert_eq!(
        (&taken["extensions"]["code"], &taken["extensions"]["field"]),
        (&json!("CONFLICT"), &json!("name")),
        "{taken}"
    );
    let changed = ada.data(UPDATE, json!({ "id": id, "input": { "name": "Morning", "content": "Dreamt:" } })).await;
    assert_eq!(changed["updateTemplate"], json!({ "name": "Morning", "content": "Dreamt:", "tags": [] }));
    for account in [&bob, &ada] {
        let not_theirs = if account.id == bob.id { id.clone() } else { json!("x") };
        assert_eq!(account.graphql(DELETE, json!({ "id": not_theirs })).await.error_code(), "NOT_FOUND");
    }
    assert_eq!(ada.data(DELETE, json!({ "id": id })).await["deleteTemplate"], true);
    assert_eq!(ada.graphql(UPDATE, json!({ "id": id, "input": { "name": "x" } })).await.error_code(), "NOT_FOUND");

    let wrong =
        json!({ "name": " ", "content": "x".repeat(10_001), "journalId": "00000000-0000-4000-8000-000000000000" });
    let refused = ada.graphql(CREATE, json!({ "input": wrong })).await;
    assert_eq!(refused.wrong_fields(), ["name", "content"]);
    let unknown = json!({ "name": "x", "journalId": "00000000-0000-4000-8000-000000000000" });
    let error = ada.graphql(CREATE, json!({ "input": unknown })).await.error();
    assert_eq!(error["extensions"]["errors"][0]["field"], "journalId", "{error}");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_day_has_its_question_on_all_devices() {
    let platform = Platform::services().start().await;
    let ada = platform.register().await;
    let first = ada.data(PROMPTS, json!({})).await["prompts"].clone();
    assert_eq!(first.as_array().map(Vec::len), Some(5));
    assert_eq!(ada.login().await.data(PROMPTS, json!({ "first": 1 })).await["prompts"][0], first[0]);
    let themed = ada.data(PROMPTS, json!({ "first": 100, "theme": "gratitude" })).await["prompts"].clone();
    assert!(themed.as_array().expect("prompts").iter().all(|prompt| prompt["theme"] == "gratitude"), "{themed}");
    let error = ada.graphql(PROMPTS, json!({ "theme": "weather" })).await.error();
    let rule = &error["extensions"]["errors"][0];
    assert_eq!((&rule["field"], &rule["rule"]), (&json!("theme"), &json!("one-of")), "{error}");
}
