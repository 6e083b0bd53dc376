//! HTTP of a component: where it may go, who is reached inside, and what a client's leaving means.

use crate::probe::{Stage, error};
use ::http::Method;
use mindflow_test_support::{WITHIN, until};
use mindflow_tests::Http;
use serde_json::json;

#[tokio::test(flavor = "multi_thread")]
async fn a_component_reaches_allowed_hosts_alone() {
    let stage = Stage::new("outbound").await;
    let answers = stage.run(json!([{ "post": "http://127.0.0.1:1/" }])).await;
    assert!(error(&answers[0]).contains("HttpRequestDenied"), "{answers:?}");
    let open = |component: &mut mindflow_spin_tests::runtime::Component| {
        component.allowed_outbound_hosts.push("http://127.0.0.1:1".into());
    };
    let stage = Stage::with("outbound", open).await;
    let answers = stage.run(json!([{ "post": "http://127.0.0.1:1/" }])).await;
    assert!(error(&answers[0]).contains("ConnectionRefused"), "{answers:?}");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_component_reaches_another_where_the_manifest_says_so_and_no_one_else_reaches_a_private_one() {
    let private = "http://private.spin.internal/";
    let stage = Stage::new("internal").await;
    let denied = stage.run(json!([{ "post": private }])).await;
    assert!(error(&denied[0]).contains("HttpRequestDenied"), "{denied:?}");
    for allowed in [private, "http://*.spin.internal"] {
        let stage =
            Stage::with("internal", |component| component.allowed_outbound_hosts.push(allowed.to_owned())).await;
        // Its body is no list of steps.
        assert_eq!(stage.run(json!([{ "post": private }])).await, [400]);
        assert_eq!(stage.spin.instances("private"), 1);
    }
    let request = Http::at(stage.spin.url()).request(Method::POST, "/").header("host", "private.spin.internal");
    assert_eq!(mindflow_tests::send(request.body("[]")).await.status, 500);
    assert_eq!(stage.spin.instances("private"), 0);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_call_goes_on_when_its_client_has_gone() {
    let stage = Stage::new("gone").await;
    stage.database.script("CREATE TABLE notes (body text)").await;
    let steps = json!([
        { "open": stage.address().await },
        { "execute": [0, "INSERT INTO notes VALUES ('began')", []] },
        { "wait-ms": 300 },
        { "execute": [0, "INSERT INTO notes VALUES ('ended')", []] },
    ]);
    let written = async || stage.database.one::<i64>("SELECT count(*) FROM notes").await;
    let client = Http::at(stage.spin.url());
    let request = client.request(Method::POST, "/").body(steps.to_string()).timeout(WITHIN);
    let sent = tokio::spawn(request.send());
    until("the call has begun", async || written().await > 0).await;
    sent.abort();
    until("the call has ended", async || written().await == 2).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_component_that_traps_is_answered_for_with_500() {
    let stage = Stage::new("500").await;
    let answer = Http::at(stage.spin.url()).post("/", &json!(["panic"])).await;
    assert_eq!((answer.status.as_u16(), answer.text().as_str()), (500, ""));
}
