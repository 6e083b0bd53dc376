//! How Spin uses instances again.

use crate::probe::{PROBE, Stage};
use futures::future::join_all;
use mindflow_test_support::until;
use serde_json::{Value, json};

fn count(answers: &[Value]) -> u64 {
    answers[0].as_u64().unwrap()
}

#[tokio::test(flavor = "multi_thread")]
async fn an_instance_is_used_for_128_calls_at_most() {
    let stage = Stage::new("reuse").await;
    let mut most = 0;
    for _ in 0..300 {
        most = most.max(count(&stage.run(json!(["calls"])).await));
    }
    let made = stage.spin.instances(PROBE);
    assert!(most <= 128 && (3..50).contains(&made), "{most} calls, {made} instances");
}

#[tokio::test(flavor = "multi_thread")]
async fn an_instance_has_16_concurrent_calls_at_most() {
    // Calls that arrive while instances are being made get one each.
    until("calls share an instance", async || {
        let stage = Stage::new("concurrency").await;
        let answers = join_all((0..60).map(|_| stage.run(json!(["calls", { "wait-ms": 1000 }])))).await;
        let most = answers.iter().map(|answers| count(answers)).max().unwrap();
        let made = stage.spin.instances(PROBE);
        assert!(most <= 16 && made >= 4, "{most} calls, {made} instances");
        most > 1
    })
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_trap_ends_the_calls_of_its_neighbours() {
    let stage = Stage::new("neighbours").await;
    let neighbour = stage.call(json!([{ "wait-ms": 3_600_000 }]));
    // Until one of them is in the neighbour's instance.
    let trouble = until("it is hit", async || {
        stage.call(json!(["panic"])).await;
        false
    });
    tokio::select! {
        answer = neighbour => assert_eq!(answer.0, 500),
        () = trouble => {}
    }
}
