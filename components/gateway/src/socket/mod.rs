//! One WebSocket connection: passes events to the protocol and executes its actions. A connection runs in one task; a
//! client that does not read slows down only its own operations.

mod protocol;

use crate::graphql::execute::{self, Answer, Refused};
use crate::graphql::scope::Scope;
use crate::graphql::workarounds::params;
use crate::settings::{self, Settings};
use crate::viewer::{Viewer, watch};
use crate::web::{Presented, correlation};
use futures::FutureExt;
use futures::future::{Either, LocalBoxFuture, pending, select};
use futures::stream::{AbortHandle, LocalBoxStream, SelectAll, StreamExt, abortable, once, select_all};
use http::{HeaderMap, HeaderName, HeaderValue};
use mindflow_guest::call::Error;
use mindflow_guest::websocket::{Message, Socket, Upgrade};
use mindflow_guest::{clock, id};
use protocol::{Action, Protocol};
use serde_json::Value;
use std::collections::HashMap;
use std::time::Duration;

/// A client sends `connection_init` with its first breath; a slow network needs a second or two.
const INIT_TIME: Duration = Duration::from_secs(10);

/// The running operations: each answer with the operation's id, and `None` at its end.
type Running = SelectAll<LocalBoxStream<'static, (String, Option<Box<Answer>>)>>;

/// What the connection waits for besides messages and results.
type Clock = LocalBoxFuture<'static, Tick>;

enum Tick {
    InitTimeOver,
    Proven(Box<Viewer>, Result<(), Error>),
    SessionOver,
}

struct Connection<'a> {
    socket: &'a Socket,
    settings: &'static Settings,
    protocol: Protocol,
    /// Who the connection belongs to; anonymous until proven.
    viewer: Viewer,
    running: Running,
    /// Drops an operation. A dropped one sends nothing more, so its id may be used again.
    aborts: HashMap<String, AbortHandle>,
    clock: Clock,
    open: bool,
}

pub async fn serve(upgrade: &Upgrade, socket: &Socket) {
    let headers: HeaderMap = upgrade
        .headers
        .iter()
        .filter_map(|(name, value)| Some((name.parse::<HeaderName>().ok()?, value.parse::<HeaderValue>().ok()?)))
        .collect();
    let correlation_id = correlation::of(&headers, || id::random().to_string());
    let traceparent = correlation::traceparent(&headers).map(str::to_owned);
    let mut connection = Connection {
        socket,
        settings: settings::load().await,
        protocol: Protocol::new(),
        viewer: Viewer::new(Presented::Nothing, correlation_id, traceparent),
        running: idle(),
        aborts: HashMap::new(),
        clock: clock::pause(INIT_TIME).map(|()| Tick::InitTimeOver).boxed_local(),
        open: true,
    };
    connection.run().await;
}

/// `SelectAll` ends when it is empty; a connection with nothing to do does not.
fn idle() -> Running {
    select_all([once(pending()).boxed_local()])
}

enum Happened {
    Received(Option<Message>),
    Answered(String, Option<Box<Answer>>),
    Ticked(Tick),
}

impl Connection<'_> {
    async fn run(&mut self) {
        let socket = self.socket;
        let mut incoming = socket.receive().boxed_local();
        while self.open {
            let happened = match select(&mut incoming, select(self.running.next(), &mut self.clock)).await {
                Either::Left((message, _)) => Happened::Received(message),
                Either::Right((Either::Left((Some((id, answer)), _)), _)) => Happened::Answered(id, answer),
                // Never: the idle stream does not end.
                Either::Right((Either::Left((None, _)), _)) => return,
                Either::Right((Either::Right((tick, _)), _)) => Happened::Ticked(tick),
            };
            let actions = match happened {
                Happened::Received(None) => return,
                Happened::Received(Some(message)) => {
                    incoming = socket.receive().boxed_local();
                    match message {
                        Message::Text(text) => self.protocol.received(&text),
                        Message::Binary(_) => self.protocol.received_binary(),
                    }
                }
                Happened::Answered(id, answer) => self.answered(&id, answer),
                Happened::Ticked(tick) => self.ticked(tick),
            };
            for action in actions {
                self.act(action).await;
            }
        }
    }

    fn ticked(&mut self, tick: Tick) -> Vec<Action> {
        self.clock = pending().boxed_local();
        match tick {
            Tick::InitTimeOver => self.protocol.init_time_over(),
            Tick::SessionOver => self.protocol.session_over(),
            Tick::Proven(viewer, proof) => {
                // An outage does not close the connection: each operation proves the token again.
                let accepted = !matches!(proof, Err(Error::Unauthenticated(_)));
                if accepted && viewer.has_token() {
                    self.clock = watch::session_end(viewer.unproven()).map(|_| Tick::SessionOver).boxed_local();
                }
                self.viewer = *viewer;
                self.protocol.proven(accepted)
            }
        }
    }

    fn answered(&mut self, id: &str, answer: Option<Box<Answer>>) -> Vec<Action> {
        match answer {
            None => {
                self.aborts.remove(id);
                self.protocol.ended(id)
            }
            Some(answer) if answer.executed => {
                self.protocol.next(id, &serde_json::to_string(&answer).unwrap_or_default())
            }
            Some(answer) => self.protocol.refused(id, &serde_json::to_value(answer.errors()).unwrap_or_default()),
        }
    }

    async fn act(&mut self, action: Action) {
        match action {
            Action::Send(text) => {
                if self.open {
                    self.open = self.socket.send(Message::Text(text)).await;
                }
            }
            Action::Close(close, reason) => {
                self.open = false;
                self.socket.close(close.code(), reason).await;
            }
            Action::Prove { authorization } => self.prove(authorization.as_deref()),
            Action::Start { id, payload } => self.start(id, payload),
            Action::Stop { id } => self.stop(&id),
        }
    }

    fn prove(&mut self, authorization: Option<&str>) {
        let (presented, known) = (Presented::read(authorization), self.viewer.context());
        let anonymous = presented == Presented::Nothing;
        let viewer = Viewer::new(presented, known.correlation_id, known.traceparent);
        let proof = async move {
            let proof = if anonymous { Ok(()) } else { viewer.caller().await.map(|_| ()) };
            Tick::Proven(Box::new(viewer), proof)
        };
        self.clock = proof.boxed_local();
    }

    fn start(&mut self, id: String, payload: Value) {
        // Every operation proves the token again, so that a revoked session is refused immediately.
        let answers = answers(payload, self.viewer.unproven(), self.settings);
        let (each, last) = (id.clone(), id.clone());
        let answers_with_id =
            answers.map(move |answer| (each.clone(), Some(Box::new(answer)))).chain(once(async move { (last, None) }));
        let (answers_with_id, abort) = abortable(answers_with_id);
        self.aborts.insert(id, abort);
        self.running.push(answers_with_id.boxed_local());
    }

    fn stop(&mut self, id: &str) {
        if let Some(abort) = self.aborts.remove(id) {
            abort.abort();
        }
    }
}

/// The operation's answers, from its parameters on.
fn answers(payload: Value, viewer: Viewer, settings: &'static Settings) -> LocalBoxStream<'static, Answer> {
    let prepared = async move {
        let params =
            params::from_json(payload).map_err(|failure| Refused::request(&failure, viewer.correlation_id()))?;
        execute::prepare(params, &Scope::new(viewer), settings).await
    };
    prepared
        .map(|prepared| match prepared {
            Ok(prepared) => execute::stream(prepared),
            Err(refused) => once(async { Answer::from(refused) }).boxed_local(),
        })
        .flatten_stream()
        .boxed_local()
}
