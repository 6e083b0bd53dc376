//! Does with databases and tokens what a test says: the body of a request is a list of steps as JSON, and the answer a list of
//! what each came to, `{"ok": …}` or `{"error": […]}` with the error's case and text.

mod value;

use http::StatusCode;
use mindflow_guest::events::{Mark, NewEvent, Subject};
use mindflow_guest::sql::{self, Error, Identity, Transaction};
use mindflow_guest::web::{Body, Response, wire};
use mindflow_guest::{jwt_signer, jwt_verifier};
use serde::{Deserialize, Serialize};
use serde_json::{Value as Json, json};
use value::Value;
use wasip3::http::types::{ErrorCode, Request, Response as WasiResponse};

struct Probe;

/// Whose rows: of an access token, or of the service.
type Who = Option<String>;

/// Of a subscription: the event's id, partition key and sequence.
type Marked = (String, String, String, u64);

#[derive(Deserialize)]
#[serde(rename_all = "kebab-case")]
enum Step {
    Begin(String, Who),
    BeginOnce(String, Who, Marked),
    BeginBatch(String, Who, Vec<Marked>),
    /// In the transaction of this number, from 0.
    Execute(usize, String, Vec<Value>),
    Query(usize, String, Vec<Value>),
    /// Type, partition key, sequence, payload.
    Publish(usize, String, String, u64, String),
    Commit(usize),
    Drop(usize),
    Read(String, Who, String, Vec<Value>),
    ReadMany(String, Who, Vec<String>),
    Sign(String),
    Verify(String),
    Jwks,
    Panic,
}

/// Transactions by number, also those that have ended.
#[derive(Default)]
struct Open(Vec<Option<Transaction>>);

impl wasip3::exports::http::handler::Guest for Probe {
    async fn handle(request: Request) -> Result<WasiResponse, ErrorCode> {
        let mut incoming = wire::Incoming::new(request);
        let mut body = Vec::new();
        while let Some(piece) = incoming.next().await {
            body.extend(piece);
        }
        incoming.end().await?;
        let (status, text) = match serde_json::from_slice::<Vec<Step>>(&body) {
            Ok(steps) => {
                let (mut open, mut answers) = (Open::default(), Vec::new());
                for step in steps {
                    answers.push(open.run(step).await);
                }
                (StatusCode::OK, Json::Array(answers).to_string())
            }
            Err(error) => (StatusCode::BAD_REQUEST, error.to_string()),
        };
        wire::send(Response { status, headers: http::HeaderMap::new(), body: Body::Bytes(text.into_bytes()) })
    }
}

impl Open {
    async fn run(&mut self, step: Step) -> Json {
        match step {
            Step::Begin(database, who) => {
                let begun = Transaction::begin(database, identity(who)).await;
                answer(begun.map(|open| self.keep(open)).map_err(failure))
            }
            Step::BeginOnce(database, who, event) => {
                let begun = sql::begin_once(database, identity(who), mark(event)).await;
                answer(begun.map(|open| open.map(|open| self.keep(open))).map_err(failure))
            }
            Step::BeginBatch(database, who, events) => {
                let marks = events.into_iter().map(mark).collect();
                let begun = sql::begin_batch(database, identity(who), marks).await;
                answer(begun.map(|(open, fresh)| (self.keep(open), fresh)).map_err(failure))
            }
            Step::Execute(number, statement, params) => match self.get(number) {
                Some(open) => answer(open.execute(statement, values(params)).await.map_err(failure)),
                None => ended(),
            },
            Step::Query(number, statement, params) => match self.get(number) {
                Some(open) => answer(open.query(statement, values(params)).await.map(rows).map_err(failure)),
                None => ended(),
            },
            Step::Publish(number, event_type, partition_key, sequence, payload) => match self.get(number) {
                Some(open) => {
                    let event = event(event_type, partition_key, sequence, payload);
                    answer(open.publish(event).await.map_err(failure))
                }
                None => ended(),
            },
            Step::Commit(number) => match self.take(number) {
                Some(open) => answer(Transaction::commit(open).await.map_err(failure)),
                None => ended(),
            },
            Step::Drop(number) => {
                drop(self.take(number));
                json!({ "ok": null })
            }
            Step::Read(database, who, statement, params) => {
                let read = sql::query(&database, identity(who), &statement, values(params)).await;
                answer(read.map(|rows| format!("{rows:?}")).map_err(failure))
            }
            Step::ReadMany(database, who, statements) => {
                let statements = statements.into_iter().map(|text| (text, Vec::new())).collect();
                let read = sql::query_many(&database, identity(who), statements).await;
                answer(read.map(|rows| format!("{rows:?}")).map_err(failure))
            }
            Step::Sign(claims) => answer(jwt_signer::sign(claims).await.map_err(|reason| ("refused", reason))),
            Step::Verify(token) => answer(jwt_verifier::verify(token).await.map_err(unproven)),
            Step::Jwks => answer(jwt_verifier::jwks().await.map_err(|reason| ("refused", reason))),
            Step::Panic => std::process::abort(),
        }
    }

    fn keep(&mut self, open: Transaction) -> usize {
        self.0.push(Some(open));
        self.0.len() - 1
    }

    fn get(&self, number: usize) -> Option<&Transaction> {
        self.0.get(number)?.as_ref()
    }

    fn take(&mut self, number: usize) -> Option<Transaction> {
        self.0.get_mut(number)?.take()
    }
}

fn identity(who: Who) -> Identity {
    who.map_or(Identity::Service, Identity::Caller)
}

fn mark((subscription, event_id, partition_key, sequence): Marked) -> Mark {
    Mark { subscription, event_id, partition_key, sequence }
}

fn event(event_type: String, partition_key: String, sequence: u64, payload: String) -> NewEvent {
    NewEvent {
        event_type,
        version: "1.0".into(),
        sequence,
        partition_key,
        correlation_id: "probe".into(),
        traceparent: None,
        user_id: None,
        tenant_id: None,
        subject: Subject::Itself,
        payload,
    }
}

fn values(values: Vec<Value>) -> Vec<sql::Value> {
    values.into_iter().map(Into::into).collect()
}

fn rows(set: sql::Rowset) -> (Vec<String>, Vec<Vec<Value>>) {
    let row = |row: Vec<sql::Value>| row.into_iter().map(Into::into).collect();
    (set.columns, set.rows.into_iter().map(row).collect())
}

fn answer<T: Serialize>(outcome: Result<T, (&'static str, String)>) -> Json {
    match outcome {
        Ok(value) => json!({ "ok": value }),
        Err(failure) => json!({ "error": failure }),
    }
}

fn ended() -> Json {
    json!({ "error": ["ended", ""] })
}

fn failure(error: Error) -> (&'static str, String) {
    match error {
        Error::AccessDenied(reason) => ("access-denied", reason),
        Error::Unavailable(reason) => ("unavailable", reason),
        Error::PoolExhausted => ("pool-exhausted", String::new()),
        Error::Timeout => ("timeout", String::new()),
        Error::InvalidParams(reason) => ("invalid-params", reason),
        Error::Conflict(error) => ("conflict", error.sqlstate),
        Error::Statement(error) => ("statement", error.sqlstate),
        Error::Other(reason) => ("other", reason),
    }
}

fn unproven(error: jwt_verifier::Error) -> (&'static str, String) {
    match error {
        jwt_verifier::Error::Malformed => ("malformed", String::new()),
        jwt_verifier::Error::BadSignature => ("bad-signature", String::new()),
        jwt_verifier::Error::Expired => ("expired", String::new()),
        jwt_verifier::Error::NotAccepted(reason) => ("not-accepted", reason),
        jwt_verifier::Error::Unavailable(reason) => ("unavailable", reason),
    }
}

wasip3::http::service::export!(Probe);
