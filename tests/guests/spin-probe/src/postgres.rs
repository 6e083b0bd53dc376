//! Steps on `spin:postgres`. A parameter is `null`, a truth, or a type with its value, such as `{"int32": 1}`.

use crate::bindings::spin::postgres::postgres::{Column, Connection, DbValue, Error, ParameterValue, QueryError};
use serde_json::{Value, json};
use wit_bindgen::StreamResult;

/// Rows are taken in pieces of so many.
const ROWS: usize = 64;

#[derive(Default)]
pub struct Connections(Vec<Option<Connection>>);

impl Connections {
    pub async fn open(&mut self, address: String) -> Result<Value, String> {
        let opened = Connection::open_async(address).await;
        let number = self.0.len();
        let (connection, answer) = match opened {
            Ok(connection) => (Some(connection), Ok(json!(number))),
            Err(error) => (None, Err(text(error))),
        };
        self.0.push(connection);
        answer
    }

    pub async fn execute(&self, number: usize, statement: String, params: Vec<Value>) -> Result<Value, String> {
        let count = self.get(number)?.execute_async(statement, parameters(params)?).await;
        count.map(|count| json!(count)).map_err(text)
    }

    pub async fn query(&self, number: usize, statement: String, params: Vec<Value>) -> Result<Value, String> {
        let rows = self.get(number)?.query(&statement, &parameters(params)?).map_err(text)?;
        Ok(answer(rows.columns, rows.rows))
    }

    pub async fn stream(&self, number: usize, statement: String, params: Vec<Value>) -> Result<Value, String> {
        let (columns, mut stream, ended) =
            self.get(number)?.query_async(statement, parameters(params)?).await.map_err(text)?;
        let mut rows = Vec::new();
        loop {
            let (result, piece) = stream.read(Vec::with_capacity(ROWS)).await;
            rows.extend(piece);
            if !matches!(result, StreamResult::Complete(_)) {
                break;
            }
        }
        ended.await.map_err(text)?;
        Ok(answer(columns, rows))
    }

    pub fn close(&mut self, number: usize) -> Result<Value, String> {
        self.0.get_mut(number).ok_or("no such connection")?.take().ok_or("it is closed")?;
        Ok(Value::Null)
    }

    fn get(&self, number: usize) -> Result<&Connection, String> {
        self.0.get(number).and_then(Option::as_ref).ok_or_else(|| "no such connection".to_owned())
    }
}

fn text(error: Error) -> String {
    match error {
        Error::QueryFailed(QueryError::DbError(error)) => error.code,
        Error::QueryFailed(QueryError::Text(text)) => format!("query failed: {text}"),
        Error::ConnectionFailed(text) => format!("connection failed: {text}"),
        Error::BadParameter(text) => format!("bad parameter: {text}"),
        Error::ValueConversionFailed(text) => format!("conversion failed: {text}"),
        Error::Other(text) => text,
    }
}

fn parameters(values: Vec<Value>) -> Result<Vec<ParameterValue>, String> {
    values.into_iter().map(|value| parameter(&value).ok_or_else(|| format!("no parameter: {value}"))).collect()
}

fn parameter(value: &Value) -> Option<ParameterValue> {
    if value.is_null() {
        return Some(ParameterValue::DbNull);
    }
    if let Some(truth) = value.as_bool() {
        return Some(ParameterValue::Boolean(truth));
    }
    let (kind, value) = value.as_object()?.iter().next()?;
    Some(match kind.as_str() {
        "int16" => ParameterValue::Int16(value.as_i64()?.try_into().ok()?),
        "int32" => ParameterValue::Int32(value.as_i64()?.try_into().ok()?),
        "int64" => ParameterValue::Int64(value.as_i64()?),
        "str" => ParameterValue::Str(value.as_str()?.to_owned()),
        "uuid" => ParameterValue::Uuid(value.as_str()?.to_owned()),
        "jsonb" => ParameterValue::Jsonb(value.to_string().into_bytes()),
        "decimal" => ParameterValue::Decimal(value.as_str()?.to_owned()),
        "datetime" => ParameterValue::Datetime((value.as_i64()?.try_into().ok()?, 1, 1, 0, 0, 0, 0)),
        "timestamp" => ParameterValue::Timestamp(value.as_i64()?),
        _ => return None,
    })
}

fn answer(columns: Vec<Column>, rows: Vec<Vec<DbValue>>) -> Value {
    let names: Vec<_> = columns.into_iter().map(|column| column.name).collect();
    let rows: Vec<Vec<Value>> = rows.into_iter().map(|row| row.into_iter().map(shown).collect()).collect();
    json!({ "columns": names, "rows": rows })
}

fn shown(value: DbValue) -> Value {
    match value {
        DbValue::DbNull => Value::Null,
        DbValue::Boolean(truth) => json!(truth),
        DbValue::Int16(number) => json!({ "int16": number }),
        DbValue::Int32(number) => json!({ "int32": number }),
        DbValue::Int64(number) => json!({ "int64": number }),
        DbValue::Str(text) => json!(text),
        DbValue::Uuid(text) => json!({ "uuid": text }),
        DbValue::Decimal(text) => json!({ "decimal": text }),
        DbValue::Jsonb(bytes) => json!({ "jsonb": String::from_utf8_lossy(&bytes) }),
        DbValue::ArrayInt64(values) => json!({ "array-int64": values }),
        DbValue::ArrayStr(values) => json!({ "array-str": values }),
        DbValue::Unsupported(bytes) => json!({ "unsupported": bytes }),
        other => json!(format!("{other:?}")),
    }
}
