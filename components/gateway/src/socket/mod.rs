//! One WebSocket connection: does what the protocol says, and tells it what happens. Everything of a connection
//! runs in its one task; what the client does not read holds up its own operations and nobody else's.

mod protocol;

use crate::graphql::execute::{self, Answer, Refused};
use crate::graphql::params;
use crate::graphql::scope::Scope;
use crate::live;
use crate::settings::{self, Settings};
use crate::viewer::{Viewer, watch};
use crate::web::{Presented, correlation};
use futures::FutureExt;
use futures::future::{Either, LocalBoxFuture, pending, select};
use futures::stream::{AbortHandle, LocalBoxStream, SelectAll, StreamExt, abortable, once, select_all};
use http::{HeaderMap, HeaderName, HeaderValue};
use mindflow_guest::call::Error;
use mindflow_guest::websocket::{Message, Socket, Upgrade};
use protocol::{Action, Protocol};
use serde_json::Value;
use std::collections::HashMap;
use std::time::Duration;
use uuid::Uuid;

/// A client sends `connection_init` with its first breath; a slow network needs a second or two.
const INIT_TIME: Duration = Duration::from_secs(10);

/// What runs: each operation's answers with its id, and none when there are no more.
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
    /// To drop each operation. One that was dropped tells nothing more, so its id may be used again.
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
    let correlation_id = correlation::of(&headers, || Uuid::new_v4().to_string());
    let traceparent = correlation::traceparent(&headers).map(str::to_owned);
    let mut connection = Connection {
        socket,
        settings: settings::load().await,
        protocol: Protocol::new(),
        viewer: Viewer::new(Presented::Nothing, correlation_id, traceparent),
        running: idle(),
        aborts: HashMap::new(),
        clock: live::pause(INIT_TIME).map(|()| Tick::InitTimeOver).boxed_local(),
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
    Told(String, Option<Box<Answer>>),
    Ticked(Tick),
}

impl Connection<'_> {
    async fn run(&mut self) {
        let socket = self.socket;
        let mut incoming = socket.receive().boxed_local();
        while self.open {
            let happened = match select(&mut incoming, select(self.running.next(), &mut self.clock)).await {
                Either::Left((message, _)) => Happened::Received(message),
                Either::Right((Either::Left((Some((id, answer)), _)), _)) => Happened::Told(id, answer),
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
                Happened::Told(id, answer) => self.told(&id, answer),
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
                // An outage is no reason to turn somebody away: each operation proves the token again.
                let accepted = !matches!(proof, Err(Error::Unauthenticated(_)));
                if accepted && viewer.has_token() {
                    self.clock = watch::session_end(viewer.anew()).map(|_| Tick::SessionOver).boxed_local();
                }
                self.viewer = *viewer;
                self.protocol.proven(accepted)
            }
        }
    }

    fn told(&mut self, id: &str, answer: Option<Box<Answer>>) -> Vec<Action> {
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
        // Every operation proves the token anew, so that a revoked session is refused at once.
        let answers = answers(payload, self.viewer.anew(), self.settings);
        let (each, last) = (id.clone(), id.clone());
        let told =
            answers.map(move |answer| (each.clone(), Some(Box::new(answer)))).chain(once(async move { (last, None) }));
        let (told, abort) = abortable(told);
        self.aborts.insert(id, abort);
        self.running.push(told.boxed_local());
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
