//! Statements with literals for parameters, whose rows are records, answer what the same statements do on the host's own
//! connections. That is how the adapter for Spin runs them.

use mindflow_backends::database::sql::{Identity, Value};
use mindflow_platform::sql::{literal, record};
use tokio_postgres::types::{FromSql, Type};
use uuid::Uuid;

use crate::sql::stage::notes;

/// A value in its binary form, whatever its type.
struct Raw(Vec<u8>);

impl<'a> FromSql<'a> for Raw {
    fn from_sql(_: &Type, raw: &'a [u8]) -> Result<Self, Box<dyn std::error::Error + Sync + Send>> {
        Ok(Self(raw.to_vec()))
    }

    fn accepts(_: &Type) -> bool {
        true
    }
}

#[tokio::test]
async fn a_bound_statement_answers_the_same_rows_as_records() {
    let test = notes("records").await;
    let (id, other) = (Uuid::new_v4(), Uuid::new_v4());
    let every = "SELECT $1::bool AS a, $2::int4 AS b, $3::int8, $4::float8, $5::numeric, $6::text, $7::bytea, $8::uuid, $9::jsonb, \
                 $10::timestamptz AS t, $11::date, $12::int8[], $13::text[], $14::uuid[], $15::json, NULL::text, 1, 2";
    let values = vec![
        Value::Boolean(false),
        Value::Int32(i32::MIN),
        Value::Int64(i64::MAX),
        Value::Float64(0.1),
        Value::Numeric("-12345678901234567890.123450".into()),
        Value::Text("it's \\ \"Ü\" 🦀 $1".into()),
        Value::Bytes(vec![0, 39, 92, 255]),
        id.into(),
        Value::Json(r#"{"a": ["it's", "\\"]}"#.into()),
        Value::Timestamp(1_761_424_200_123_456),
        Value::Date(-1),
        Value::Int64Array(vec![i64::MIN, 0]),
        Value::TextArray(vec!["a,b".into(), String::new(), "NULL".into(), "q\"\\'{}".into()]),
        Value::UuidArray([id, other].iter().map(Uuid::to_string).collect()),
        Value::Json("{\"a\":  1}".into()),
    ];
    let insert = "INSERT INTO command.notes (user_id, body) VALUES ($1, $2), ($1, $3) RETURNING id, body";
    let cases: Vec<(&str, Vec<Value>)> = vec![
        (every, values),
        ("SELECT 1 WHERE $1", vec![false.into()]),
        ("VALUES (1, 'a'), (2, NULL) -- the end", vec![]),
        ("SELECT n, $1 || n FROM generate_series(1, 3) n ORDER BY n DESC LIMIT $2;", vec!["n".into(), Value::Int64(2)]),
        (insert, vec![id.into(), "one".into(), "two".into()]),
        (
            "WITH gone AS (DELETE FROM command.notes WHERE user_id = $1 RETURNING body), \
             kept AS MATERIALIZED (SELECT $2::text AS body) SELECT body FROM gone UNION ALL SELECT body FROM kept ORDER BY 1",
            vec![id.into(), "zero".into()],
        ),
        (
            "SELECT body FROM command.notes WHERE user_id = ANY($1) AND body <> ALL ($2)",
            vec![Value::UuidArray(vec![id.to_string()]), Value::TextArray(vec!["one".into()])],
        ),
    ];
    let plain = test.database().begin("command", &Identity::Service).await.unwrap();
    let mut expected = Vec::new();
    for (statement, params) in &cases {
        expected.push(plain.query(statement, params).await.unwrap_or_else(|error| panic!("{statement}: {error}")));
    }
    drop(plain);
    let client = test.database().admin().await.unwrap();
    client.batch_execute("BEGIN; SET LOCAL mindflow.identity = 'service'").await.unwrap();
    for ((statement, params), mut expected) in cases.into_iter().zip(expected) {
        let bound = record::wrap(&literal::bind(statement, &params).unwrap()).unwrap();
        let found = client.query_one(&bound, &[]).await.unwrap_or_else(|error| panic!("{bound}: {error:?}"));
        if let Some(columns) = found.get::<_, Option<Vec<String>>>(1) {
            assert_eq!(columns, expected.columns, "{statement}");
        }
        let mut rows = match found.get::<_, Option<Raw>>(0) {
            Some(raw) => record::rows(&raw.0).unwrap(),
            None => Vec::new(),
        };
        if statement == insert {
            // Ids come from a sequence, which a rollback leaves as it is.
            for row in rows.iter_mut().chain(&mut expected.rows) {
                row.remove(0);
            }
        }
        assert_eq!(rows, expected.rows, "{statement}");
    }
    client.batch_execute("ROLLBACK").await.unwrap();
}

#[tokio::test]
async fn a_literal_never_ends_before_its_value_does() {
    let test = notes("literals").await;
    let client = test.database().admin().await.unwrap();
    for hostile in ["'; DROP TABLE command.notes; --", "\\'; --", "''", "$$", "*/ '", "E'\\''", "\u{2019}\u{ff07}'"] {
        let bound =
            literal::bind("SELECT $1::text = $2 AND $1::text <> ''", &[hostile.into(), hostile.into()]).unwrap();
        assert!(client.query_one(&bound, &[]).await.unwrap().get::<_, bool>(0), "{bound}");
        let array = Value::TextArray(vec![hostile.to_owned()]);
        let bound = literal::bind("SELECT $1 = ANY($2::text[])", &[hostile.into(), array]).unwrap();
        assert!(client.query_one(&bound, &[]).await.unwrap().get::<_, bool>(0), "{bound}");
    }
}
