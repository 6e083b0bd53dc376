//! The `graphql-transport-ws` protocol (<https://github.com/enisdenjo/graphql-ws/blob/master/PROTOCOL.md>), as a
//! state machine: a message or an event goes in, what is to be done comes out. It does nothing itself. A subscription over
//! server-sent events is a connection of one operation, whose results are written as events.

use crate::web::{json, sse_events};
use serde::{Deserialize, Serialize};
use serde_json::{Map, Value, json};
use std::collections::BTreeSet;

/// More than any application shows at a time; each running operation costs memory here and calls to the services.
pub const OPERATIONS_MAX: usize = 50;

/// The one operation of an event stream.
pub const STREAM: &str = "stream";

/// Why the connection is closed.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Close {
    /// The one operation of an event stream has ended.
    Done,
    BadRequest,
    Unauthorized,
    Forbidden,
    InitialisationTimeout,
    SubscriberExists,
    TooManyInitialisations,
}

impl Close {
    pub fn code(self) -> u16 {
        match self {
            Self::Done => 1000,
            Self::BadRequest => 4400,
            Self::Unauthorized => 4401,
            Self::Forbidden => 4403,
            Self::InitialisationTimeout => 4408,
            Self::SubscriberExists => 4409,
            Self::TooManyInitialisations => 4429,
        }
    }
}

/// What is to be done, in this order.
#[derive(Debug, Clone, PartialEq)]
pub enum Action {
    Send(String),
    /// Prove this token (none: an anonymous connection), then call [`Protocol::proven`].
    Prove {
        authorization: Option<String>,
    },
    /// Run the operation and pass its results to [`Protocol::next`] and [`Protocol::ended`].
    Start {
        id: String,
        payload: Value,
    },
    /// Drop the operation.
    Stop {
        id: String,
    },
    Close(Close, String),
}

#[derive(Debug, PartialEq, Eq, Serialize, Deserialize)]
enum State {
    /// Waits for `connection_init`.
    New,
    /// The token is being proven.
    Proving,
    Acknowledged,
    /// Waits for what the HTTP request of an event stream hands over.
    Expecting,
    /// An event stream.
    Streaming,
    Closed,
}

#[derive(Debug, Serialize, Deserialize)]
pub struct Protocol {
    state: State,
    running: BTreeSet<String>,
}

impl Protocol {
    pub fn new() -> Self {
        Self { state: State::New, running: BTreeSet::new() }
    }

    /// Of an event stream.
    pub fn of_stream() -> Self {
        Self { state: State::Expecting, running: BTreeSet::new() }
    }

    /// Whether its caller is known, and it goes on.
    pub fn is_acknowledged(&self) -> bool {
        matches!(self.state, State::Acknowledged | State::Streaming)
    }

    pub fn expects_stream(&self) -> bool {
        self.state == State::Expecting
    }

    pub fn is_stream(&self) -> bool {
        self.state == State::Streaming
    }

    /// The operation [`STREAM`] runs.
    pub fn stream_begins(&mut self) {
        self.state = State::Streaming;
        self.running.insert(STREAM.to_owned());
    }

    fn close(&mut self, close: Close, reason: impl Into<String>) -> Vec<Action> {
        self.state = State::Closed;
        self.running.clear();
        vec![Action::Close(close, reason.into())]
    }

    /// A text message of the client.
    pub fn received(&mut self, text: &str) -> Vec<Action> {
        if self.state == State::Closed {
            return Vec::new();
        }
        let Ok(Value::Object(message)) = json::read(text.as_bytes(), "") else {
            return self.close(Close::BadRequest, "Invalid message received");
        };
        match message.get("type").and_then(Value::as_str) {
            Some("connection_init") => self.init(&message),
            Some("ping") => {
                let mut pong = json!({"type": "pong"});
                if let (Some(payload), Some(fields)) = (message.get("payload"), pong.as_object_mut()) {
                    fields.insert("payload".to_owned(), payload.clone());
                }
                vec![Action::Send(pong.to_string())]
            }
            Some("pong") => Vec::new(),
            Some("subscribe") => self.subscribe(message),
            Some("complete") => self.complete(&message),
            _ => self.close(Close::BadRequest, "Invalid message received"),
        }
    }

    /// A binary message: the protocol has none.
    pub fn received_binary(&mut self) -> Vec<Action> {
        self.close(Close::BadRequest, "Messages are text")
    }

    fn init(&mut self, message: &Map<String, Value>) -> Vec<Action> {
        if self.state != State::New {
            return self.close(Close::TooManyInitialisations, "Too many initialisation requests");
        }
        let authorization = match message.get("payload") {
            None | Some(Value::Null) => None,
            // Header names have no case, and clients copy them from one place to the other.
            Some(Value::Object(payload)) => {
                match payload.iter().find(|(name, _)| name.eq_ignore_ascii_case("authorization")) {
                    None | Some((_, Value::Null)) => None,
                    Some((_, Value::String(text))) => Some(text.clone()),
                    Some(_) => return self.close(Close::BadRequest, "The authorization must be a text"),
                }
            }
            Some(_) => return self.close(Close::BadRequest, "The payload must be an object"),
        };
        self.state = State::Proving;
        vec![Action::Prove { authorization }]
    }

    /// The token of `connection_init` was proven, or there was none. The client learns where its changes stand, so that a
    /// subscription after that misses none.
    pub fn proven(&mut self, accepted: bool, cursor: Option<&str>) -> Vec<Action> {
        if self.state != State::Proving {
            return Vec::new();
        }
        if !accepted {
            return self.close(Close::Forbidden, "Forbidden");
        }
        self.state = State::Acknowledged;
        let mut ack = json!({"type": "connection_ack"});
        if let (Some(cursor), Some(fields)) = (cursor, ack.as_object_mut()) {
            fields.insert("payload".to_owned(), json!({"cursor": cursor}));
        }
        vec![Action::Send(ack.to_string())]
    }

    /// The time to send `connection_init` is over.
    pub fn init_time_over(&mut self) -> Vec<Action> {
        match self.state {
            State::New => self.close(Close::InitialisationTimeout, "Connection initialisation timeout"),
            _ => Vec::new(),
        }
    }

    /// The token has expired, or its session was revoked.
    pub fn session_over(&mut self) -> Vec<Action> {
        match self.state {
            State::Closed => Vec::new(),
            _ => self.close(Close::Forbidden, "Forbidden"),
        }
    }

    fn subscribe(&mut self, mut message: Map<String, Value>) -> Vec<Action> {
        if self.state != State::Acknowledged {
            return self.close(Close::Unauthorized, "Unauthorized");
        }
        let id = match message.get("id").and_then(Value::as_str) {
            Some(id) if !id.is_empty() => id.to_owned(),
            _ => return self.close(Close::BadRequest, "A subscribe message needs an id"),
        };
        let payload = match message.remove("payload") {
            Some(payload @ Value::Object(_))
                if payload.get("query").is_some_and(Value::is_string) || has_hash(&payload) =>
            {
                payload
            }
            _ => return self.close(Close::BadRequest, "A subscribe message needs a payload with a query"),
        };
        if self.running.contains(&id) {
            // The reason of a close frame has at most 123 bytes.
            let shown: String = id.chars().take(20).collect();
            return self.close(Close::SubscriberExists, format!("Subscriber for {shown} already exists"));
        }
        if self.running.len() >= OPERATIONS_MAX {
            let error = json!([{
                "message": format!("At most {OPERATIONS_MAX} operations may run on one connection."),
                "extensions": {"code": "RATE_LIMITED"},
            }]);
            return vec![Action::Send(json!({"id": id, "type": "error", "payload": error}).to_string())];
        }
        self.running.insert(id.clone());
        vec![Action::Start { id, payload }]
    }

    fn complete(&mut self, message: &Map<String, Value>) -> Vec<Action> {
        let Some(id) = message.get("id").and_then(Value::as_str) else {
            return self.close(Close::BadRequest, "A complete message needs an id");
        };
        // An operation that has just ended may cross with the client's message.
        if self.running.remove(id) { vec![Action::Stop { id: id.to_owned() }] } else { Vec::new() }
    }

    /// One result of a running operation, as JSON: its fields keep the order in which the client asked for them. And its
    /// cursor.
    pub fn next(&self, id: &str, result: &str, cursor: Option<&str>) -> Vec<Action> {
        if !self.running.contains(id) {
            return Vec::new();
        }
        if self.is_stream() {
            return vec![Action::Send(sse_events::next(result, cursor))];
        }
        vec![Action::Send(format!(r#"{{"id":{},"type":"next","payload":{result}}}"#, Value::from(id)))]
    }

    /// The operation was refused before it ran.
    pub fn refused(&mut self, id: &str, errors: &Value) -> Vec<Action> {
        if !self.running.remove(id) {
            return Vec::new();
        }
        if self.is_stream() {
            let last = Action::Send(sse_events::next(&json!({"errors": errors}).to_string(), None));
            return [vec![last], self.complete_stream()].concat();
        }
        vec![
            Action::Send(json!({"id": id, "type": "error", "payload": errors}).to_string()),
            Action::Stop { id: id.to_owned() },
        ]
    }

    /// The operation has no more results.
    pub fn ended(&mut self, id: &str) -> Vec<Action> {
        if !self.running.remove(id) {
            return Vec::new();
        }
        if self.is_stream() {
            return self.complete_stream();
        }
        vec![Action::Send(json!({"id": id, "type": "complete"}).to_string())]
    }

    fn complete_stream(&mut self) -> Vec<Action> {
        [vec![Action::Send(sse_events::COMPLETE.to_owned())], self.close(Close::Done, "")].concat()
    }
}

fn has_hash(payload: &Value) -> bool {
    payload.get("query").is_none_or(Value::is_null) && payload.pointer("/extensions/persistedQuery").is_some()
}

#[cfg(test)]
mod tests;
