//! The steps that there are.

use crate::bindings::spin::variables::variables;
use crate::{postgres, redis};
use mindflow_guest::http::post;
use serde::Deserialize;
use serde_json::{Value, json};
use std::sync::atomic::{AtomicU32, Ordering};
use wasip3::clocks::monotonic_clock;

const MS_NS: u64 = 1_000_000;
const REPLY_BYTES_MAX: usize = 1 << 20;
const REPLY_WITHIN_NS: u64 = 60_000 * MS_NS;

/// Calls that this instance has had.
static CALLS: AtomicU32 = AtomicU32::new(0);

/// Connections are named by the number of their `open` among all of the kind.
#[derive(Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Step {
    /// How many calls the instance has had.
    Calls,
    Open(String),
    Execute(usize, String, Vec<Value>),
    Query(usize, String, Vec<Value>),
    /// Row by row.
    Stream(usize, String, Vec<Value>),
    Close(usize),
    OpenRedis(String),
    Command(usize, String, Vec<Value>),
    Variable(String),
    /// A `POST` without a body.
    Post(String),
    WaitMs(u64),
    Panic,
}

pub async fn run(steps: Vec<Step>) -> Value {
    let calls = CALLS.fetch_add(1, Ordering::Relaxed) + 1;
    let (mut databases, mut stores) = (postgres::Connections::default(), redis::Connections::default());
    let mut answers = Vec::new();
    for step in steps {
        let answer = match step {
            Step::Calls => Ok(json!(calls)),
            Step::Open(address) => databases.open(address).await,
            Step::Execute(connection, statement, params) => databases.execute(connection, statement, params).await,
            Step::Query(connection, statement, params) => databases.query(connection, statement, params).await,
            Step::Stream(connection, statement, params) => databases.stream(connection, statement, params).await,
            Step::Close(connection) => databases.close(connection),
            Step::OpenRedis(address) => stores.open(address).await,
            Step::Command(connection, name, arguments) => stores.command(connection, name, arguments).await,
            Step::Variable(name) => {
                variables::get(name).await.map(|value| json!(value)).map_err(|error| format!("{error:?}"))
            }
            Step::Post(url) => send(&url).await,
            Step::WaitMs(ms) => {
                monotonic_clock::wait_for(ms * MS_NS).await;
                Ok(Value::Null)
            }
            Step::Panic => trap(),
        };
        answers.push(answer.unwrap_or_else(|error| json!({ "error": error })));
    }
    Value::Array(answers)
}

#[allow(clippy::panic, reason = "what it is for")]
fn trap() -> Result<Value, String> {
    panic!("broken on purpose")
}

async fn send(url: &str) -> Result<Value, String> {
    let uri = url.parse().map_err(|_| "no address".to_owned())?;
    let reply = post(&uri, http::HeaderMap::new(), Vec::new(), REPLY_WITHIN_NS, REPLY_BYTES_MAX).await;
    reply.map(|reply| json!(reply.status)).map_err(|error| format!("{error:?}"))
}
