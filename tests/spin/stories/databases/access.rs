//! Whose rows of which database, and what a token proves.

use super::Stage;
use serde_json::{Value, json};
use uuid::Uuid;

const WHO: &str = "SELECT mindflow.user_id()::text AS id, current_user::text AS role, mindflow.is_service() AS service";

fn refused(case: &str, text: &str) -> Value {
    json!({ "error": [case, text] })
}

#[tokio::test(flavor = "multi_thread")]
async fn only_granted_databases_and_identities_are_to_be_had() {
    let stage = Stage::granted("sqlgrants", "sql-caller", json!({ "sql": { "write": "caller" } }), |_| {}).await;
    let answers = stage.run(json!([
        { "begin": ["read", null] },
        { "begin": ["write", null] },
        { "read": ["write", null, "SELECT 1", []] },
        { "begin-once": ["write", null, ["query", Uuid::new_v4(), "a", 1]] },
        { "sign": "{}" },
        { "verify": "a.b.c" },
    ]));
    let as_service = "`probe` may ask database `write` only for a caller, not as the service";
    assert_eq!(
        answers.await,
        [
            refused("access-denied", "database `read` is not granted to `probe`"),
            refused("access-denied", as_service),
            refused("access-denied", as_service),
            refused("access-denied", "`query` is no subscription of `probe`"),
            refused("refused", r#"`probe` needs the line jwt = ["sign"] in its table tool.mindflow of spin.toml"#),
            refused(
                "unavailable",
                r#"`probe` needs the line jwt = ["verify"] in its table tool.mindflow of spin.toml"#
            ),
        ]
    );
}

#[tokio::test(flavor = "multi_thread")]
async fn a_token_proves_its_user_and_a_forged_one_does_not() {
    let stage = Stage::granted("sqltokens", "sql-caller", json!({ "sql": { "write": "caller" } }), |_| {}).await;
    let (ann, bob) = (Uuid::from_u128(1), Uuid::from_u128(2));
    let (token, other) = (stage.token(ann).await, stage.token(bob).await);
    let asked = async |token: &str| {
        stage.run(json!([{ "begin": ["write", token] }, { "query": [0, WHO, []] }])).await.swap_remove(1)["ok"][1]
            .clone()
    };
    let row = |user: Uuid| json!([[{ "text": user }, { "text": "mindflow_command" }, { "boolean": false }]]);
    assert_eq!(asked(&token).await, row(ann));
    assert_eq!(asked(&other).await, row(bob));
    let (ours, claims) = (token.rsplit_once('.').unwrap(), other.split('.').nth(1).unwrap());
    let forged = format!("{}.{claims}.{}", ours.0.split_once('.').unwrap().0, ours.1);
    let begun = stage.step(json!({ "begin": ["write", forged] })).await;
    assert_eq!(begun, refused("access-denied", "the token's signature is wrong"));
    let begun = stage.step(json!({ "begin": ["write", "a.b.c"] })).await;
    assert_eq!(begun, refused("access-denied", "the token is malformed"));
}

#[tokio::test(flavor = "multi_thread")]
async fn statements_of_the_session_and_unknown_variables_are_refused() {
    let stage = Stage::new("sqlguard").await;
    let answers = stage.run(json!([
        { "begin": ["write", null] },
        { "execute": [0, "SET ROLE mindflow_auth", []] },
        { "query": [0, "SELECT set_config('mindflow.user_id', 'x', true)", []] },
        { "query": [0, "SELECT count(*) FROM auth.users", []] },
        { "commit": 0 },
    ]));
    let answers = answers.await;
    assert_eq!(answers[1]["error"][0], "access-denied");
    assert_eq!(answers[2], refused("access-denied", "`set_config` is not for components"));
    // A privilege that its role does not have.
    assert_eq!(answers[3], refused("statement", "42501"));
    assert_eq!(answers[4], refused("statement", "25P02"));
    let stage = Stage::granted("sqlunset", "sql-other", json!({ "sql": { "figures": "service" } }), |_| {}).await;
    let begun = stage.step(json!({ "begin": ["figures", null] })).await;
    assert_eq!(begun, refused("unavailable", "the variable `probe_figures_dsn` is not set"));
}
