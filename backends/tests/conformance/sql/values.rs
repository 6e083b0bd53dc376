//! Values on their way in and out, and how much of an answer there may be.

use mindflow_backends::database::sql::{Error, Identity, ROWS_MAX, Value};
use uuid::Uuid;

use crate::sql::stage::{platform, sqlstate};

#[tokio::test]
async fn every_kind_of_value_survives_the_round_trip() {
    let test = platform("values", |_| {}).await;
    test.script(
        "CREATE TYPE public.mood AS ENUM ('HAPPY', 'SAD'); CREATE DOMAIN public.title AS text CHECK (length(value) < 9)",
    )
    .await;
    let id = Uuid::new_v4().to_string();
    let cases: Vec<(&str, Value)> = vec![
        ("bool", Value::Boolean(true)),
        ("int2", Value::Int32(-7)),
        ("int4", Value::Int32(i32::MIN)),
        ("int8", Value::Int64(i64::MAX)),
        ("float4", Value::Float64(0.5)),
        ("float8", Value::Float64(0.1)),
        ("numeric", Value::Numeric("-12345678901234567890.123450".into())),
        ("numeric", Value::Numeric("0.00001".into())),
        ("numeric", Value::Numeric("NaN".into())),
        ("text", Value::Text("Ü 🦀".into())),
        ("varchar", Value::Text(String::new())),
        ("name", Value::Text("n".into())),
        ("public.mood", Value::Text("SAD".into())),
        ("public.title", Value::Text("short".into())),
        ("bytea", Value::Bytes(vec![0, 255, 1])),
        ("uuid", Value::Uuid(id.clone())),
        ("json", Value::Json("{\"a\": [1,  2]}".into())),
        ("jsonb", Value::Json("{\"a\": [1, 2]}".into())),
        ("timestamptz", Value::Timestamp(1_761_424_200_123_456)),
        ("timestamptz", Value::Timestamp(-1)),
        ("timestamp", Value::Timestamp(0)),
        ("date", Value::Date(20_386)),
        ("date", Value::Date(-1)),
        ("int4[]", Value::Int64Array(vec![1, -2, 3])),
        ("int8[]", Value::Int64Array(vec![i64::MIN])),
        ("text[]", Value::TextArray(vec!["a".into(), String::new()])),
        ("text[]", Value::TextArray(vec![])),
        ("uuid[]", Value::UuidArray(vec![id.clone(), id])),
        ("public.mood[]", Value::TextArray(vec!["SAD".into(), "HAPPY".into()])),
        ("int4", Value::Null),
        ("text[]", Value::Null),
    ];
    let tx = test.database().begin("command", &Identity::Service).await.unwrap();
    for (ty, value) in cases {
        let rowset = tx
            .query(&format!("SELECT $1::{ty} AS v"), std::slice::from_ref(&value))
            .await
            .unwrap_or_else(|error| panic!("{ty}: {error}"));
        assert_eq!((rowset.columns, rowset.rows), (vec!["v".to_owned()], vec![vec![value]]), "{ty}");
    }
    let sql = "SELECT $1::numeric::text, ($2::timestamptz AT TIME ZONE 'UTC')::text, $3::date::text, $4::int8::text";
    let params = [Value::Int64(-100), Value::Timestamp(1), Value::Date(0), Value::Numeric("12".into())];
    let texts = ["-100", "1970-01-01 00:00:00.000001", "1970-01-01", "12"].map(Value::from);
    assert_eq!(tx.query(sql, &params).await.unwrap().rows, [texts.to_vec()]);
}

#[tokio::test]
async fn a_wrong_parameter_leaves_the_transaction_usable() {
    let test = platform("params", |_| {}).await;
    let tx = test.database().begin("command", &Identity::Service).await.unwrap();
    let error = tx.query("SELECT $1::int4, $2::text", &[1.into(), true.into()]).await.unwrap_err();
    assert_eq!(error, Error::InvalidParams("$2: boolean given where text is wanted".to_owned()));
    let error = tx.query("SELECT $1::int4", &[]).await.unwrap_err();
    assert_eq!(error, Error::InvalidParams("the statement has 1 parameter(s), 0 given".to_owned()));
    let error = tx.query("SELECT '1 day'::interval AS age", &[]).await.unwrap_err();
    assert!(
        error.to_string().contains("column `age` is of type interval") && error.to_string().contains("cast"),
        "{error}"
    );
    assert_eq!(tx.query("SELECT 1", &[]).await.unwrap().rows, [vec![Value::Int32(1)]]);
    tx.commit().await.unwrap();
}

#[tokio::test]
async fn an_array_with_a_null_says_what_to_do() {
    let test = platform("nulls", |_| {}).await;
    let error = test.database().query("command", &Identity::Service, "SELECT ARRAY[1, NULL]", &[]).await.unwrap_err();
    assert!(error.to_string().contains("array_remove"), "{error}");
}

#[tokio::test]
async fn an_answer_that_is_too_large_is_refused_and_the_next_one_is_served() {
    let test = platform("bounds", |_| {}).await;
    let database = test.database();
    let most = format!("SELECT generate_series(1, {ROWS_MAX})");
    assert_eq!(database.query("command", &Identity::Service, &most, &[]).await.unwrap().rows.len(), ROWS_MAX);
    let error =
        database.query("command", &Identity::Service, "SELECT generate_series(1, 1000000)", &[]).await.unwrap_err();
    assert!(error.to_string().contains("10,000 rows"), "{error}");
    let sql = "SELECT repeat('x', 1000000) FROM generate_series(1, 40)";
    let tx = database.begin("command", &Identity::Service).await.unwrap();
    let error = tx.query(sql, &[]).await.unwrap_err();
    assert!(error.to_string().contains("32 MiB"), "{error}");
    assert_eq!(sqlstate(&tx.query("SELECT 1", &[]).await.unwrap_err()), "25P02");
    assert_eq!(sqlstate(&tx.commit().await.unwrap_err()), "25P02");
    database.query("command", &Identity::Service, "SELECT 1", &[]).await.unwrap();
}
