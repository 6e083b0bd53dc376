//! What is kept of a connection, and its steps: a happening goes in, actions come out.

use super::kept;
use super::protocol::{Action as Wanted, Close, Protocol, STREAM};
use super::stream::{EVENTS, Stream};
use super::work::{Notices, Outcome, Work};
use crate::change_feed::{self, forgotten};
use crate::failure::{Failure, Kind};
use crate::graphql::answer::Refused;
use crate::viewer::{Viewer, watch};
use crate::web::{Presented, correlation, header, sse_events};
use http::{HeaderMap, HeaderName, HeaderValue};
use mindflow_events::notice_topic;
use mindflow_guest::websocket::{self, Action, Happening, Message, Reaction, Subscription, Task, Upgrade};
use mindflow_guest::{clock, id};
use serde::{Deserialize, Serialize};
use std::collections::BTreeSet;
use std::time::Duration;

/// A client sends `connection_init` with its first breath; a slow network needs a second or two.
const INIT_TIME: Duration = Duration::from_secs(10);
/// The tag of the token's proof.
const SESSION: &str = "session";
/// Before an operation's id in its tag.
const OPERATION: &str = "operation:";
/// Before the id of an operation that has failed, in the tag of the proof that tells why.
const DOUBT: &str = "doubt:";
/// The tag of what hears that the session has ended, while no subscription would.
const WATCH: &str = "watch";
/// The text of it for an event stream; a WebSocket is closed.
const SESSION_OVER: &str = "The session has ended, or its access token has expired.";
/// "Service restart": clients connect again.
const RESTART: u16 = 1012;

/// All that is known of a connection.
#[derive(Debug, Serialize, Deserialize)]
pub struct Connection {
    pub protocol: Protocol,
    /// As `connection_init`, or the head of an event stream's request, presented it.
    authorization: Option<String>,
    correlation_id: String,
    traceparent: Option<String>,
    /// When the token expires, where that is known.
    expires_us: Option<i64>,
    /// The token's user, where that is known.
    #[serde(default)]
    user_id: Option<String>,
    /// Operations that hear the user's topic.
    #[serde(default)]
    listening: BTreeSet<String>,
    #[serde(default)]
    watch: Watch,
}

/// Whether the connection hears the end of its session apart from its subscriptions.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize)]
enum Watch {
    #[default]
    Off,
    On,
    /// It ended. The next proof of the session begins it again.
    Lost,
}

/// One step of a connection.
pub fn step(state: &[u8], happening: Happening) -> Reaction {
    step_at(state, happening, clock::now_us())
}

fn step_at(state: &[u8], happening: Happening, now_us: i64) -> Reaction {
    let mut connection = match &happening {
        Happening::Opened(upgrade) => Connection::new(upgrade),
        _ => match kept::read::<Connection>(state) {
            Some(connection) => connection,
            None => return restart(),
        },
    };
    let actions = match happening {
        Happening::Opened(_) if connection.protocol.expects_stream() => Vec::new(),
        Happening::Opened(_) => vec![Action::SetTimer(ms(INIT_TIME))],
        Happening::Received(Message::Text(text)) => {
            let wanted = connection.protocol.received(&text);
            connection.actions(wanted)
        }
        Happening::Received(Message::Binary(bytes)) if connection.protocol.expects_stream() => {
            match kept::read(&bytes) {
                Some(stream) => connection.stream(stream, now_us),
                None => return restart(),
            }
        }
        Happening::Received(Message::Binary(_)) => {
            let wanted = connection.protocol.received_binary();
            connection.actions(wanted)
        }
        Happening::Finished(finished) => match kept::read(&finished.outcome) {
            Some(outcome) => connection.finished(&finished.tag, outcome, now_us),
            None => connection.failed(&finished.tag, websocket::Failure::NotUnderstood, now_us),
        },
        Happening::Failed(failed) => connection.failed(&failed.tag, failed.reason, now_us),
        Happening::Timer => connection.timer(now_us),
    };
    let actions = connection.heard(actions);
    Reaction { state: kept::write(&connection), actions }
}

/// The connection was begun by a version whose state this one does not understand.
fn restart() -> Reaction {
    let close = websocket::Close { code: RESTART, reason: "The service was renewed".to_owned() };
    Reaction { state: Vec::new(), actions: vec![Action::Close(close)] }
}

impl Connection {
    fn new(upgrade: &Upgrade) -> Self {
        let headers: HeaderMap = upgrade
            .headers
            .iter()
            .filter_map(|(name, value)| Some((name.parse::<HeaderName>().ok()?, value.parse::<HeaderValue>().ok()?)))
            .collect();
        let is_stream = upgrade.protocol == EVENTS;
        Self {
            protocol: if is_stream { Protocol::of_stream() } else { Protocol::new() },
            authorization: header(&headers, "authorization").filter(|_| is_stream).map(str::to_owned),
            correlation_id: correlation::of(&headers, || id::random().to_string()),
            traceparent: correlation::traceparent(&headers).map(str::to_owned),
            expires_us: None,
            user_id: None,
            listening: BTreeSet::new(),
            watch: Watch::Off,
        }
    }

    pub fn presented(&self) -> Presented {
        Presented::read(self.authorization.as_deref())
    }

    /// Whom the connection belongs to, not proven yet: every operation proves the token again, so that a revoked session
    /// is refused immediately.
    pub fn viewer(&self) -> Viewer {
        Viewer::new(self.presented(), self.correlation_id.clone(), self.traceparent.clone())
    }

    /// An event stream begins, whose request has proven its caller.
    fn stream(&mut self, stream: Stream, now_us: i64) -> Vec<Action> {
        let Stream { topic, after, user_id, expires_us, notices } = stream;
        self.protocol.stream_begins();
        self.expires_us = Some(expires_us);
        let mut actions = self.identified(Some(user_id));
        let begins = after.as_deref().map(|after| sse_events::at(&change_feed::cursor(&topic, after)));
        actions.extend(begins.map(|event| Action::Send(Message::Text(event))));
        actions.extend(self.subscribe(tag(STREAM), (topic, after), notices));
        actions.push(self.next_proof(now_us));
        actions
    }

    /// The host counts the connections of each user. It closes the one too many before anything else is done.
    fn identified(&mut self, user_id: Option<String>) -> Vec<Action> {
        let is_new = self.user_id != user_id;
        self.user_id = user_id;
        self.user_id.iter().filter(|_| is_new).cloned().map(Action::Identify).collect()
    }

    fn subscribe(&mut self, tag: String, (topic, after): (String, Option<String>), notices: Notices) -> Vec<Action> {
        // Another topic than the user's says nothing of the session.
        let is_own = self.user_id.as_ref().is_none_or(|user_id| notice_topic(user_id) == topic);
        self.listening.extend(operation(&tag).filter(|_| is_own).map(str::to_owned));
        vec![Action::Subscribe(Subscription { tag, topic, after, work: kept::write(&Work::Notices(notices)) })]
    }

    fn timer(&mut self, now_us: i64) -> Vec<Action> {
        if self.expires_us.is_some_and(|expires_us| watch::time_left(expires_us, now_us).is_zero()) {
            return self.over();
        }
        let wanted = self.protocol.init_time_over();
        if wanted.is_empty() && self.protocol.is_acknowledged() {
            return vec![Action::Start(prove())];
        }
        self.actions(wanted)
    }

    /// Adds what lets the connection hear that its session has ended: one of its subscriptions, or else the watch.
    fn heard(&mut self, mut actions: Vec<Action>) -> Vec<Action> {
        let Some(user_id) = self.user_id.as_ref().filter(|_| self.protocol.is_acknowledged()) else { return actions };
        match (self.watch, self.listening.is_empty()) {
            (Watch::Off, true) => {
                let (topic, work) = (notice_topic(user_id), kept::write(&Work::Watch));
                actions.push(Action::Subscribe(Subscription { tag: WATCH.to_owned(), topic, after: None, work }));
                self.watch = Watch::On;
            }
            (Watch::On, false) => {
                actions.push(Action::Stop(WATCH.to_owned()));
                self.watch = Watch::Off;
            }
            (Watch::Lost, false) => self.watch = Watch::Off,
            (Watch::Off, false) | (Watch::On | Watch::Lost, true) => {}
        }
        actions
    }

    fn finished(&mut self, tag: &str, outcome: Outcome, now_us: i64) -> Vec<Action> {
        if let Some(id) = tag.strip_prefix(DOUBT) {
            return match outcome {
                Outcome::Forbidden => self.over(),
                _ => self.refused(id, &Failure::new(Kind::Internal, "the operation's work was not understood")),
            };
        }
        let wanted = match outcome {
            Outcome::Proven { expires_us, user_id, cursor } => {
                self.expires_us = Some(expires_us);
                let mut actions = self.identified(user_id);
                if self.watch == Watch::Lost {
                    self.watch = Watch::Off;
                }
                let is_over = watch::time_left(expires_us, now_us).is_zero();
                actions.extend(if is_over { self.over() } else { self.goes_on(now_us, cursor.as_deref()) });
                return actions;
            }
            Outcome::Anonymous | Outcome::Unknown => return self.goes_on(now_us, None),
            Outcome::Forbidden => return self.over(),
            Outcome::Ended => operation(tag).map(|id| self.protocol.ended(id)).unwrap_or_default(),
            Outcome::Refused { errors } => {
                operation(tag).map(|id| self.protocol.refused(id, &errors)).unwrap_or_default()
            }
            Outcome::Subscribed { topic, after, notices } => {
                return self.subscribe(tag.to_owned(), (topic, after), notices);
            }
        };
        self.actions(wanted)
    }

    /// The token is good, or there is none, or that cannot be found out now: an outage closes no connection, since each
    /// operation proves the token again.
    fn goes_on(&mut self, now_us: i64, cursor: Option<&str>) -> Vec<Action> {
        let wanted = self.protocol.proven(true, cursor);
        let mut actions = self.actions(wanted);
        if self.authorization.is_some() {
            actions.push(self.next_proof(now_us));
        }
        actions
    }

    /// The token is proven again then, or has expired.
    fn next_proof(&self, now_us: i64) -> Action {
        let left = self.expires_us.map_or(watch::RECHECK, |expires_us| watch::time_left(expires_us, now_us));
        Action::SetTimer(ms(left.min(watch::RECHECK)))
    }

    fn failed(&mut self, tag: &str, reason: websocket::Failure, now_us: i64) -> Vec<Action> {
        if tag == WATCH {
            return self.watch_failed(reason);
        }
        let Some(id) = operation(tag) else { return self.finished(tag, Outcome::Unknown, now_us) };
        let failure = match reason {
            websocket::Failure::Unavailable => {
                Failure::new(Kind::Unavailable, "the operation's call or topic was lost")
            }
            websocket::Failure::Behind => Failure::new(Kind::Unavailable, "the client fell behind its subscription"),
            websocket::Failure::Refused => {
                Failure::new(Kind::RateLimited, "The operations of this connection are too large together.")
            }
            websocket::Failure::Forgotten => Failure::from(forgotten()),
            websocket::Failure::Denied => Failure::new(Kind::Internal, "the manifest does not grant the topic"),
            // Also when the session has ended.
            websocket::Failure::NotUnderstood => {
                self.listening.remove(id);
                return vec![Action::Start(Task { tag: format!("{DOUBT}{id}"), ..prove() })];
            }
        };
        self.refused(id, &failure)
    }

    /// The session may have ended: that is found out now. Or the topics are away: the next proof begins the watch again.
    fn watch_failed(&mut self, reason: websocket::Failure) -> Vec<Action> {
        self.watch = Watch::Lost;
        match reason {
            websocket::Failure::NotUnderstood => vec![Action::Start(prove())],
            _ => Vec::new(),
        }
    }

    fn refused(&mut self, id: &str, failure: &Failure) -> Vec<Action> {
        let errors = Refused::request(failure, &self.correlation_id).errors;
        let wanted = self.protocol.refused(id, &serde_json::to_value(errors).unwrap_or_default());
        self.actions(wanted)
    }

    /// The token has expired, or its session has ended.
    fn over(&mut self) -> Vec<Action> {
        if self.protocol.is_stream() {
            return self.refused(STREAM, &Failure::new(Kind::Unauthenticated, SESSION_OVER));
        }
        let wanted = self.protocol.session_over();
        self.actions(wanted)
    }

    fn actions(&mut self, wanted: Vec<Wanted>) -> Vec<Action> {
        wanted.into_iter().flat_map(|wanted| self.action(wanted)).collect()
    }

    fn action(&mut self, wanted: Wanted) -> Vec<Action> {
        vec![match wanted {
            Wanted::Send(text) => Action::Send(Message::Text(text)),
            Wanted::Close(close, reason) => Action::Close(websocket::Close { code: Close::code(close), reason }),
            Wanted::Prove { authorization } => {
                self.authorization = authorization;
                return vec![Action::ClearTimer, Action::Start(prove())];
            }
            Wanted::Start { id, payload } => {
                Action::Start(Task { tag: tag(&id), work: kept::write(&Work::Operation { id, payload }) })
            }
            Wanted::Stop { id } => {
                self.listening.remove(&id);
                Action::Stop(tag(&id))
            }
        }]
    }
}

fn prove() -> Task {
    Task { tag: SESSION.to_owned(), work: kept::write(&Work::Prove) }
}

fn tag(id: &str) -> String {
    format!("{OPERATION}{id}")
}

fn operation(tag: &str) -> Option<&str> {
    tag.strip_prefix(OPERATION)
}

fn ms(time: Duration) -> u32 {
    u32::try_from(time.as_millis()).unwrap_or(u32::MAX)
}

#[cfg(test)]
mod tests;
