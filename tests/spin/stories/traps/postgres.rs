//! `spin:postgres`: what happens to connections, and which values come through.

use crate::probe::{Stage, error};
use mindflow_test_support::until;
use serde_json::{Value, json};
use std::time::Duration;

/// How long something is watched that must not happen.
const WATCHED: Duration = Duration::from_millis(300);

async fn with_a_table(hint: &str) -> (Stage, String) {
    let stage = Stage::new(hint).await;
    stage.database.script("CREATE TABLE notes (body text)").await;
    let address = stage.address().await;
    (stage, address)
}

const COUNT: &str = "SELECT count(*) FROM notes";

#[tokio::test(flavor = "multi_thread")]
async fn a_dropped_connection_comes_back_with_its_transaction_open() {
    let (stage, address) = with_a_table("leak").await;
    let leak = json!([
        { "open": address },
        { "execute": [0, "BEGIN", []] },
        { "execute": [0, "INSERT INTO notes VALUES ('never committed')", []] },
        { "close": 0 },
    ]);
    stage.run(leak).await;
    let next = stage.run(json!([{ "open": address }, { "query": [0, COUNT, []] }])).await;
    assert_eq!(next[1]["rows"], json!([[{ "int64": 1 }]]));
    assert_eq!(stage.database.one::<i64>(COUNT).await, 0);
    let mended = json!([{ "open": address }, { "execute": [0, "ROLLBACK", []] }, { "query": [0, COUNT, []] }]);
    assert_eq!(stage.run(mended).await[2]["rows"], json!([[{ "int64": 0 }]]));
}

#[tokio::test(flavor = "multi_thread")]
async fn a_component_that_traps_leaves_its_transaction_to_the_next() {
    let (stage, address) = with_a_table("trap").await;
    let trap = json!([
        { "open": address },
        { "execute": [0, "BEGIN", []] },
        { "execute": [0, "INSERT INTO notes VALUES ('never committed')", []] },
        "panic",
    ]);
    assert_eq!(stage.call(trap).await.0, 500);
    until("the connection has come back", async || {
        let next = stage.run(json!([{ "open": address }, { "query": [0, COUNT, []] }])).await;
        next[1]["rows"] == json!([[{ "int64": 1 }]])
    })
    .await;
    assert_eq!(stage.database.one::<i64>(COUNT).await, 0);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_65th_connection_is_waited_for_without_an_end() {
    let (stage, address) = with_a_table("exhausted").await;
    let mut steps = vec![json!({ "open": address }); 64];
    steps.extend([json!({ "execute": [63, "INSERT INTO notes VALUES ('the last one works')", []] }), steps[0].clone()]);
    let greedy = stage.call(Value::Array(steps));
    let all_taken = || until("all are taken", async || stage.database.one::<i64>(COUNT).await == 1);
    let other = async {
        all_taken().await;
        // Also for another call of the component.
        stage.call(json!([{ "open": address }])).await
    };
    let watched = async {
        all_taken().await;
        tokio::time::sleep(WATCHED).await;
    };
    tokio::select! {
        answer = greedy => panic!("a call was answered: {answer:?}"),
        answer = other => panic!("another call was answered: {answer:?}"),
        () = watched => {}
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_parameter_has_exactly_the_type_that_the_statement_wants() {
    let (stage, address) = with_a_table("parameters").await;
    let of = async |kind: &str, parameter: Value| {
        let statement = format!("SELECT ($1::{kind})::text");
        stage.run(json!([{ "open": address }, { "query": [0, statement, [parameter]] }])).await[1].clone()
    };
    for (kind, parameter, text) in [
        ("int4", json!({ "int32": 7 }), "7"),
        ("int8", json!({ "int64": 7 }), "7"),
        ("bool", json!(true), "true"),
        ("text", json!({ "str": "a" }), "a"),
        ("jsonb", json!({ "jsonb": { "a": 1 } }), "{\"a\": 1}"),
        ("json", json!({ "jsonb": { "a": 1 } }), "{\"a\":1}"),
        ("numeric", json!({ "decimal": "1.50" }), "1.50"),
        ("timestamp", json!({ "datetime": 2024 }), "2024-01-01 00:00:00"),
    ] {
        assert_eq!(of(kind, parameter).await["rows"], json!([[text]]), "{kind}");
    }
    assert_eq!(of("uuid", Value::Null).await["rows"], json!([[null]]));
    for (kind, parameter) in [
        ("int8", json!({ "int32": 7 })),
        ("int4", json!({ "int64": 7 })),
        ("float8", json!({ "int64": 7 })),
        ("numeric", json!({ "int64": 7 })),
        ("uuid", json!({ "str": "00000000-0000-0000-0000-000000000000" })),
        ("jsonb", json!({ "str": "{}" })),
        ("timestamptz", json!({ "datetime": 2024 })),
        ("inet", json!({ "str": "127.0.0.1" })),
    ] {
        let answer = of(kind, parameter).await;
        assert!(error(&answer).contains("kind: ToSql(0)"), "{kind}: {answer}");
    }
    assert!(error(&of("numeric", json!({ "decimal": "NaN" })).await).starts_with("bad parameter"));
}

#[tokio::test(flavor = "multi_thread")]
async fn few_types_come_back_as_values() {
    let (stage, address) = with_a_table("results").await;
    let of = async |expression: &str| {
        let statement = format!("SELECT {expression} AS v");
        stage.run(json!([{ "open": address }, { "query": [0, statement, []] }])).await[1].clone()
    };
    for (expression, value) in [
        ("1::int8", json!({ "int64": 1 })),
        ("'a'::varchar", json!("a")),
        ("'{\"a\": 1}'::jsonb", json!({ "jsonb": "{\"a\":1}" })),
        ("'{a,b}'::text[]", json!({ "array-str": ["a", "b"] })),
        ("'{1,NULL}'::int8[]", json!({ "array-int64": [1, null] })),
        ("1.50::numeric", json!({ "decimal": "1.50" })),
    ] {
        assert_eq!(of(expression).await["rows"], json!([[value]]), "{expression}");
    }
    for expression in
        ["'{}'::json", "'{}'::uuid[]", "'{t}'::bool[]", "'127.0.0.1'::inet", "'a b'::tsvector", "'a'::name"]
    {
        let answer = of(expression).await;
        assert!(answer["rows"][0][0]["unsupported"].is_array(), "{expression}: {answer}");
    }
    // `timestamptz` fails even where there is no time.
    for expression in ["now()", "NULL::timestamptz", "'NaN'::numeric", "'1e40'::numeric"] {
        assert!(error(&of(expression).await).starts_with("query failed"), "{expression}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn an_answer_without_rows_has_no_columns() {
    let (stage, address) = with_a_table("columns").await;
    let answers = stage.run(json!([{ "open": address }, { "query": [0, "SELECT body FROM notes", []] }])).await;
    assert_eq!(answers[1], json!({ "columns": [], "rows": [] }));
}

#[tokio::test(flavor = "multi_thread")]
async fn rows_can_be_streamed_and_an_error_comes_after_them() {
    let (stage, address) = with_a_table("stream").await;
    let answers = stage
        .run(json!([
            { "open": address },
            { "stream": [0, "SELECT n FROM generate_series(1, 500) n", []] },
            { "stream": [0, "SELECT 10 / (n - 3) FROM generate_series(1, 5) n", []] },
            { "query": [0, "SELECT 1 / 0", []] },
        ]))
        .await;
    assert_eq!(answers[1]["columns"], json!(["n"]));
    assert_eq!(answers[1]["rows"].as_array().unwrap().len(), 500);
    assert_eq!(error(&answers[2]), "22012");
    assert!(error(&answers[3]).contains("22012"));
}

#[tokio::test(flavor = "multi_thread")]
async fn only_allowed_servers_are_connected_to_and_no_unix_sockets() {
    let (stage, _) = with_a_table("hosts").await;
    let direct = stage.database.dsn();
    let answers = stage
        .run(json!([
            { "open": "postgres://mindflow@127.0.0.1:5432/x" },
            { "open": direct },
            { "open": stage.postgres.postgres("mindflow", "x").replace("127.0.0.1", "localhost") },
        ]))
        .await;
    assert!(error(&answers[0]).contains("address postgres://127.0.0.1:5432 is not permitted"), "{answers:?}");
    assert!(error(&answers[1]).contains("Unix sockets are not supported"), "{answers:?}");
    assert!(error(&answers[2]).contains("is not permitted"), "{answers:?}");
}
