//! Steps on `spin:redis`. An argument is a number or a text.

use crate::bindings::spin::redis::redis::{Connection, RedisParameter, RedisResult};
use serde_json::{Value, json};

#[derive(Default)]
pub struct Connections(Vec<Option<Connection>>);

impl Connections {
    pub async fn open(&mut self, address: String) -> Result<Value, String> {
        let opened = Connection::open(address).await;
        let number = self.0.len();
        let (connection, answer) = match opened {
            Ok(connection) => (Some(connection), Ok(json!(number))),
            Err(error) => (None, Err(format!("{error:?}"))),
        };
        self.0.push(connection);
        answer
    }

    pub async fn command(&self, number: usize, name: String, arguments: Vec<Value>) -> Result<Value, String> {
        let connection = self.0.get(number).and_then(Option::as_ref).ok_or("no such connection")?;
        let arguments = arguments.into_iter().map(|argument| match argument {
            Value::Number(number) => RedisParameter::Int64(number.as_i64().unwrap_or_default()),
            Value::String(text) => RedisParameter::Binary(text.into_bytes()),
            other => RedisParameter::Binary(other.to_string().into_bytes()),
        });
        let reply = connection.execute(name, arguments.collect()).await.map_err(|error| format!("{error:?}"))?;
        Ok(reply.into_iter().map(shown).collect())
    }
}

fn shown(result: RedisResult) -> Value {
    match result {
        RedisResult::Nil => Value::Null,
        RedisResult::Status(text) => json!({ "status": text }),
        RedisResult::Int64(number) => json!(number),
        RedisResult::Binary(bytes) => json!(String::from_utf8_lossy(&bytes)),
    }
}
