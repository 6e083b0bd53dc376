//! Values, transactions, and events that take effect once.

use super::{PROBE, Stage};
use mindflow_backends::delivery::publishers::{self, Publisher};
use mindflow_test_support::until;
use serde_json::{Value, json};
use uuid::Uuid;

const NOTES: &str = "CREATE TABLE command.notes (body text PRIMARY KEY); \
                     GRANT SELECT, INSERT, UPDATE, DELETE ON command.notes TO mindflow_command";
const COUNT: &str = "SELECT count(*) FROM command.notes";
const INSERT: &str = "INSERT INTO command.notes VALUES ($1)";

async fn with_notes(story: &str) -> Stage {
    let stage = Stage::new(story).await;
    stage.database.script(NOTES).await;
    stage
}

#[tokio::test(flavor = "multi_thread")]
async fn every_kind_of_value_survives_the_round_trip() {
    let stage = Stage::new("sqlvalues").await;
    let id = "0190f5fe-7c00-7a00-8000-000000000001";
    let cases = [
        ("bool", json!({ "boolean": true })),
        ("int2", json!({ "int32": -7 })),
        ("int4", json!({ "int32": i32::MIN })),
        ("int8", json!({ "int64": i64::MAX })),
        ("float4", json!({ "float64": 0.5 })),
        ("float8", json!({ "float64": 0.1 })),
        ("numeric", json!({ "numeric": "-12345678901234567890.123450" })),
        ("numeric", json!({ "numeric": "NaN" })),
        ("text", json!({ "text": "Ü 🦀 it's \\ $1" })),
        ("varchar", json!({ "text": "" })),
        ("bytea", json!({ "bytes": [0, 255, 1] })),
        ("uuid", json!({ "uuid": id })),
        ("json", json!({ "json": "{\"a\": [1,  2]}" })),
        ("jsonb", json!({ "json": "{\"a\": [1, 2]}" })),
        ("timestamptz", json!({ "timestamp": 1_761_424_200_123_456_i64 })),
        ("timestamptz", json!({ "timestamp": -1 })),
        ("date", json!({ "date": 20_386 })),
        ("int4[]", json!({ "int64-array": [1, -2, 3] })),
        ("int8[]", json!({ "int64-array": [i64::MIN] })),
        ("text[]", json!({ "text-array": ["a", ""] })),
        ("text[]", json!({ "text-array": [] })),
        ("uuid[]", json!({ "uuid-array": [id, id] })),
        ("int4", json!("null")),
        ("text[]", json!("null")),
    ];
    let mut steps = vec![json!({ "begin": ["write", null] })];
    steps.extend(cases.iter().map(|(ty, value)| json!({ "query": [0, format!("SELECT $1::{ty} AS v"), [value]] })));
    let answers = stage.run(Value::Array(steps)).await;
    for ((ty, value), answer) in cases.iter().zip(&answers[1..]) {
        assert_eq!(*answer, json!({ "ok": [["v"], [[value]]] }), "{ty}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_transaction_counts_only_when_it_commits() {
    let stage = with_notes("sqlcommit").await;
    let answers = stage.run(json!([
        { "begin": ["write", null] },
        { "execute": [0, INSERT, [{ "text": "kept" }]] },
        { "query": [0, "UPDATE command.notes SET body = body || '!' RETURNING body", []] },
        { "commit": 0 },
        { "begin": ["write", null] },
        { "execute": [1, INSERT, [{ "text": "dropped" }]] },
        { "drop": 1 },
        { "begin": ["write", null] },
        { "execute": [2, INSERT, [{ "text": "failed" }]] },
        { "execute": [2, INSERT, [{ "text": "failed" }]] },
        { "execute": [2, INSERT, [{ "text": "after" }]] },
        { "commit": 2 },
        { "read-many": ["write", null, [COUNT, "SELECT body FROM command.notes"]] },
        { "read": ["write", null, "DELETE FROM command.notes RETURNING body", []] },
    ]));
    let answers = answers.await;
    assert_eq!(answers[2]["ok"][1], json!([[{ "text": "kept!" }]]));
    assert_eq!(answers[3], json!({ "ok": null }));
    assert_eq!(answers[9]["error"], json!(["statement", "23505"]));
    for after in [&answers[10], &answers[11]] {
        assert_eq!(after["error"], json!(["statement", "25P02"]));
    }
    let read = answers[12]["ok"].as_str().unwrap();
    assert!(read.contains("Int64(1)") && read.contains("\"kept!\""), "{read}");
    // Reads write nothing.
    assert_eq!(answers[13]["error"], json!(["statement", "25006"]));
    assert_eq!(stage.database.one::<i64>(COUNT).await, 1);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_leaked_transaction_harms_no_later_request() {
    let stage = with_notes("sqlleak").await;
    let begun = json!({ "begin": ["write", null] });
    let insert = json!({ "execute": [0, INSERT, [{ "text": "never committed" }]] });
    let trapped = stage.spin.call(PROBE, "/", json!([begun, insert, "panic"]).to_string()).await;
    assert!(trapped.status().is_server_error(), "{trapped:?}");
    until("the connection has come back", async || {
        let next = stage.run(json!([begun, { "query": [0, COUNT, []] }, insert, { "commit": 0 }])).await;
        assert_eq!(next[1]["ok"][1], json!([[{ "int64": 0 }]]));
        next[3]["error"].is_null()
    })
    .await;
    assert_eq!(stage.database.one::<i64>(COUNT).await, 1);
}

#[tokio::test(flavor = "multi_thread")]
async fn an_event_is_applied_once() {
    let stage = with_notes("sqlonce").await;
    let (event, newer) = (Uuid::new_v4(), Uuid::new_v4());
    let once = |id: Uuid, sequence: u64| json!({ "begin-once": ["write", null, ["command", id, "tag:1", sequence]] });
    let answers = stage.run(json!([
        once(event, 1),
        { "execute": [0, INSERT, [{ "text": "once" }]] },
        { "drop": 0 },
        once(event, 1),
        { "execute": [1, INSERT, [{ "text": "once" }]] },
        { "commit": 1 },
        once(event, 1),
        once(newer, 2),
        { "commit": 2 },
        once(event, 1),
        { "begin-once": ["write", null, ["command", "x", "tag:1", 1]] },
    ]));
    let answers = answers.await;
    assert_eq!([&answers[0], &answers[3], &answers[7]].map(|answer| answer["ok"].clone()), [0, 1, 2].map(Value::from));
    for again in [&answers[6], &answers[9]] {
        assert_eq!(*again, json!({ "ok": null }));
    }
    assert_eq!(answers[10]["error"], json!(["invalid-params", "the event's id \"x\" is no UUID"]));
    assert_eq!(stage.database.one::<i64>(COUNT).await, 1);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_batch_says_which_of_its_events_are_still_to_be_applied() {
    let stage = Stage::new("sqlbatch").await;
    let (first, second) = (Uuid::new_v4(), Uuid::new_v4());
    let batch = json!([["command", first, "tag:1", 1], ["command", second, "tag:2", 1]]);
    let twice = json!([["command", first, "tag:1", 1], ["command", second, "tag:1", 2]]);
    let answers = stage.run(json!([
        { "begin-once": ["write", null, ["command", first, "tag:1", 1]] },
        { "commit": 0 },
        { "begin-batch": ["write", null, batch] },
        { "commit": 1 },
        { "begin-batch": ["write", null, []] },
        { "begin-batch": ["write", null, twice] },
    ]));
    let answers = answers.await;
    assert_eq!(answers[2]["ok"], json!([1, [false, true]]));
    assert_eq!(answers[4]["ok"], json!([2, []]));
    let text = "the events of a batch have different partition keys; tag:1 is there twice";
    assert_eq!(answers[5]["error"], json!(["invalid-params", text]));
}

#[tokio::test(flavor = "multi_thread")]
async fn an_event_is_published_with_its_transaction() {
    let stage = Stage::new("sqlpublish").await;
    let event_types = ["TagCreated".to_owned()].into();
    let command = Publisher { component: "command".into(), source: "command-service".into(), event_types };
    publishers::set(stage.database.database(), &[command]).await.unwrap();
    let publish = |number: u64, sequence: u64| json!({ "publish": [number, "TagCreated", "tag:1", sequence, "{\"name\": \"x\"}"] });
    let answers = stage.run(json!([
        { "begin": ["write", null] },
        publish(0, 1),
        { "drop": 0 },
        { "begin": ["write", null] },
        publish(1, 1),
        { "publish": [1, "UserRegistered", "user:1", 1, "{}"] },
        { "publish": [1, "TagCreated", "tag:1", 0, "{}"] },
        { "commit": 1 },
    ]));
    let answers = answers.await;
    assert!(answers[4]["ok"].is_string(), "{answers:?}");
    let refused = "`probe` may not publish UserRegistered; add it to `publishes` in the manifest";
    assert_eq!(answers[5]["error"], json!(["access-denied", refused]));
    assert_eq!(answers[6]["error"], json!(["invalid-params", "an event needs a partition key and a sequence from 1"]));
    assert_eq!(answers[7], json!({ "ok": null }));
    let ids = stage.database.one::<String>("SELECT string_agg(event_id::text, ',') FROM delivery.archive").await;
    assert_eq!(ids, answers[4]["ok"].as_str().unwrap());
}
