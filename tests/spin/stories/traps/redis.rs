//! `spin:redis`: connections, and replies without their nesting.

use crate::probe::{Stage, error};
use serde_json::{Value, json};

#[tokio::test(flavor = "multi_thread")]
async fn every_opening_is_a_connection_of_its_own() {
    let stage = Stage::new("redis").await;
    let url = stage.redis.redis();
    for calls in 1..=3 {
        let answers = stage.run(json!([{ "open-redis": url }, { "open-redis": url }, { "command": [1, "PING", []] }]));
        assert_eq!(answers.await[2], json!([{ "status": "PONG" }]));
        assert_eq!(stage.redis.taken(), calls * 2);
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_reply_has_no_nesting() {
    let stage = Stage::new("flat").await;
    let nested = "return {1, {2, {'x', {}}}, false, 'y'}";
    let answers =
        stage.run(json!([{ "open-redis": stage.redis.redis() }, { "command": [0, "EVAL", [nested, 0]] }])).await;
    assert_eq!(answers[1], json!([1, 2, "x", null, "y"]));
}

#[tokio::test(flavor = "multi_thread")]
async fn only_allowed_servers_are_connected_to() {
    let stage = Stage::new("redishosts").await;
    let answers: Vec<Value> = stage.run(json!([{ "open-redis": "redis://127.0.0.1:1" }])).await;
    assert!(error(&answers[0]).contains("InvalidAddress"), "{answers:?}");
}
