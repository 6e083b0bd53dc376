//! `spin:variables`: what the manifest gives.

use crate::probe::{Stage, error};
use serde_json::json;

#[tokio::test(flavor = "multi_thread")]
async fn only_variables_that_are_given_can_be_read() {
    let stage =
        Stage::with("variables", |component| drop(component.variables.insert("known".into(), "yes".into()))).await;
    let answers =
        stage.run(json!([{ "variable": "known" }, { "variable": "unknown" }, { "variable": "No name" }])).await;
    assert_eq!(answers[0], "yes");
    assert!(error(&answers[1]).contains("Undefined"), "{answers:?}");
    assert!(error(&answers[2]).contains("InvalidName"), "{answers:?}");
}
