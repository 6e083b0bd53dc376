//! One connection: the component's state of it, what happens to it, and what follows. Its component sees one happening
//! after the other; tasks and presentations run meanwhile.

use super::{
    ConnectionContext,
    component::Component,
    farewell::{self, End, close, close_of},
    intake::Unfinished,
    outgoing::Outgoing,
    repeat::{Patience, repeat},
    transport::Transport,
    works::{Outcome, Works},
};
use crate::{
    capability::websocket::bindings::mindflow::platform::websocket::{Action, Happening, Message, Reaction},
    engine::{CallFailure, Provider},
    trigger::door::{
        self,
        budget::{Budget, Share},
    },
};
use futures::{
    FutureExt, StreamExt,
    future::{BoxFuture, OptionFuture},
    stream::SplitStream,
};
use std::{collections::VecDeque, net::SocketAddr, pin::Pin, sync::Arc, time::Duration};
use tokio::time::{MissedTickBehavior, Sleep};
use tokio_tungstenite::tungstenite::{
    Message as Frame,
    protocol::{CloseFrame, frame::coding::CloseCode},
};
use tokio_util::sync::CancellationToken;

/// What a component may keep of a connection: fifty operations by their ids, a token, and room.
const STATE_BYTES_MAX: usize = 64 * 1024;
/// A peer that has taken nothing for so many pings has disconnected.
const STUCK_MAX: u32 = 2;
/// Of the name by which a component identifies a connection.
const IDENTITY_BYTES_MAX: usize = 256;
/// As HTTP's 429, among the codes of applications. Clients of `graphql-transport-ws` do not connect again after it.
pub(super) const TOO_MANY: u16 = 4429;

pub(super) struct Connection<T, C = Provider> {
    component: Arc<C>,
    correlation_id: Arc<str>,
    peer: SocketAddr,
    /// The component's.
    state: Vec<u8>,
    incoming: SplitStream<T>,
    unfinished: Unfinished,
    outgoing: Outgoing<T>,
    works: Works<C>,
    timer: Option<Pin<Box<Sleep>>>,
    /// What the component does not know yet: at most one of each task, and the timer.
    happened: VecDeque<Happening>,
    step: Option<BoxFuture<'static, Result<Reaction, CallFailure>>>,
    pings: Pings,
    of_users: Budget<Arc<str>>,
    /// Of its user, once that is known.
    share: Option<Share<Arc<str>>>,
}

struct Pings {
    answered: bool,
    stuck: u32,
}

// === impl Connection ===

impl<T: Transport, C: Component> Connection<T, C> {
    /// `unfinished`: of what comes in.
    pub(super) fn new(component: Arc<C>, transport: T, unfinished: Unfinished, keeping: &ConnectionContext) -> Self {
        let (sink, incoming) = transport.split();
        Self {
            works: Works::new(Arc::clone(&component), Arc::clone(&keeping.correlation_id)),
            component,
            correlation_id: Arc::clone(&keeping.correlation_id),
            peer: keeping.peer,
            state: Vec::new(),
            incoming,
            unfinished,
            outgoing: Outgoing::new(sink, keeping.answers.share(keeping.address)),
            timer: None,
            happened: VecDeque::new(),
            step: None,
            pings: Pings { answered: true, stuck: 0 },
            of_users: keeping.of_users.clone(),
            share: None,
        }
    }

    /// Has the component take what the connection begins with, one after the other.
    ///
    /// # Errors
    /// It ends with one of them.
    pub(super) async fn begin(&mut self, beginning: [Happening; 2]) -> Result<(), CloseFrame> {
        for happening in beginning {
            let reaction = self.step(happening).await.map_err(|failure| self.gave_up(&failure))?;
            if let Some(farewell) = self.react(reaction) {
                return Err(farewell);
            }
        }
        Ok(())
    }

    /// Serves it to its end, until `stop` at the latest. `next` is the next that happens.
    pub(super) async fn run(mut self, next: Option<Happening>, stop: CancellationToken) {
        self.happened.extend(next);
        let end = self.serve(stop).await;
        // Its calls end before it: no farewell takes a place of its component.
        drop((self.works, self.step));
        self.unfinished.is_discarded();
        farewell::part(end, self.incoming, self.outgoing).await;
    }

    /// Until one side ends it. Both directions move in this one loop, so nothing in it waits but the choice of what is
    /// next: what takes time is polled by it.
    async fn serve(&mut self, stop: CancellationToken) -> End {
        let mut stop = Box::pin(stop.cancelled_owned());
        let mut ping = tokio::time::interval(T::PING_EVERY);
        ping.set_missed_tick_behavior(MissedTickBehavior::Delay);
        ping.tick().await;
        loop {
            if self.outgoing.is_over() {
                door::closed("unread-messages");
                self.outgoing.forget();
                return End::Farewell(close(CloseCode::Again, "too much waits to be read"));
            }
            self.proceed();
            let is_reading = self.step.is_none() && self.happened.is_empty() && !self.outgoing.is_full();
            tokio::select! {
                written = self.outgoing.advance(), if !self.outgoing.is_empty() => {
                    if written.is_err() { return End::Left }
                }
                Some(reaction) = OptionFuture::from(self.step.as_mut()) => {
                    self.step = None;
                    match reaction {
                        Ok(reaction) => if let Some(farewell) = self.react(reaction) { return End::Farewell(farewell) },
                        Err(failure) => return End::Farewell(self.gave_up(&failure)),
                    }
                }
                Some(outcome) = self.works.next() => self.follow(outcome),
                Some(()) = OptionFuture::from(self.timer.as_mut()) => {
                    self.timer = None;
                    self.happened.push_back(Happening::Timer);
                }
                frame = self.incoming.next(), if is_reading => match frame {
                    Some(Ok(Frame::Close(_))) => return End::Closed,
                    Some(Ok(frame)) => self.received(frame),
                    Some(Err(error)) => return End::of_error(&error),
                    None => return End::Left,
                },
                _ = ping.tick() => if !self.ping(is_reading) { return End::Left },
                () = &mut stop => return End::Farewell(close(CloseCode::Away, "the server is stopping")),
            }
        }
    }

    /// Begins what can begin. While the client reads slowly, nothing does.
    fn proceed(&mut self) {
        if self.outgoing.is_full() {
            return;
        }
        if self.step.is_none()
            && let Some(happening) = self.happened.pop_front()
        {
            self.step = Some(self.step(happening));
        }
        self.works.begin_calls(&self.state);
    }

    fn step(&self, happening: Happening) -> BoxFuture<'static, Result<Reaction, CallFailure>> {
        let (component, id, state) =
            (Arc::clone(&self.component), Arc::clone(&self.correlation_id), self.state.clone());
        let patience = match happening {
            Happening::Opened(_) | Happening::Received(_) => Patience::Short,
            Happening::Finished(_) | Happening::Failed(_) | Happening::Timer => Patience::Long,
        };
        async move { repeat(patience, || component.step(state.clone(), happening.clone(), Arc::clone(&id))).await }
            .boxed()
    }

    fn react(&mut self, reaction: Reaction) -> Option<CloseFrame> {
        if reaction.state.len() > STATE_BYTES_MAX {
            let (peer, correlation_id) = (self.peer, &*self.correlation_id);
            tracing::warn!(%peer, correlation_id, bytes = reaction.state.len(), "the state of a connection is too large");
            return Some(close(CloseCode::Size, "too much is going on"));
        }
        self.state = reaction.state;
        reaction.actions.into_iter().find_map(|action| self.act(action))
    }

    fn act(&mut self, action: Action) -> Option<CloseFrame> {
        match action {
            Action::Send(message) => self.outgoing.push(message),
            Action::Close(farewell) => return Some(close_of(&farewell)),
            Action::SetTimer(ms) => {
                self.clear_timer();
                self.timer = Some(Box::pin(tokio::time::sleep(Duration::from_millis(u64::from(ms)))));
            }
            Action::ClearTimer => self.clear_timer(),
            Action::Identify(user) => return self.identify(&user),
            Action::Start(task) => {
                self.forget(&task.tag);
                let refused = self.works.start(task).err();
                self.happened.extend(refused.map(Happening::Failed));
            }
            Action::Subscribe(subscription) => {
                self.forget(&subscription.tag);
                let refused = self.works.subscribe(subscription).err();
                self.happened.extend(refused.map(Happening::Failed));
            }
            Action::Stop(tag) => {
                self.works.stop(&tag);
                self.forget(&tag);
            }
        }
        None
    }

    /// Takes one of its user's connections; the end of this one if there is none left.
    fn identify(&mut self, user: &str) -> Option<CloseFrame> {
        self.share = None;
        if user.len() > IDENTITY_BYTES_MAX {
            let (peer, correlation_id) = (self.peer, &*self.correlation_id);
            tracing::warn!(%peer, correlation_id, bytes = user.len(), "the name of a connection's user is too long");
            return Some(close(CloseCode::Error, "the connection could not be identified"));
        }
        self.share = self.of_users.take_for(user, 1).ok();
        if self.share.is_some() {
            return None;
        }
        door::closed("user");
        Some(close(CloseCode::from(TOO_MANY), "too many connections"))
    }

    fn clear_timer(&mut self) {
        self.timer = None;
        self.happened.retain(|happening| !matches!(happening, Happening::Timer));
    }

    /// What has happened to a task or a subscription that is no longer wanted.
    fn forget(&mut self, tag: &str) {
        self.happened.retain(|happening| match happening {
            Happening::Finished(finished) => finished.tag != tag,
            Happening::Failed(failed) => failed.tag != tag,
            _ => true,
        });
    }

    fn follow(&mut self, outcome: Outcome) {
        for message in outcome.messages {
            self.outgoing.push(message);
        }
        self.happened.extend(outcome.happening);
    }

    fn received(&mut self, frame: Frame) {
        let message = match frame {
            Frame::Text(text) => Message::Text(text.to_string()),
            Frame::Binary(bytes) => Message::Binary(bytes.into()),
            Frame::Pong(payload) => {
                self.pings.answered = true;
                return self.unfinished.control_frame(payload.len());
            }
            Frame::Ping(payload) => {
                self.outgoing.pong();
                return self.unfinished.control_frame(payload.len());
            }
            Frame::Close(_) | Frame::Frame(_) => return,
        };
        self.unfinished.message();
        self.happened.push_back(Happening::Received(message));
    }

    /// Whether the connection goes on. A peer is not asked while it has more to read, or its answer could not be seen.
    fn ping(&mut self, is_reading: bool) -> bool {
        if !T::ANSWERS_PINGS {
            if self.outgoing.is_empty() {
                self.outgoing.push_frame(Frame::Ping(Default::default()));
            }
            return true;
        }
        self.pings.stuck = if self.outgoing.is_stuck() { self.pings.stuck + 1 } else { 0 };
        if !is_reading || !self.outgoing.is_empty() {
            self.pings.answered = true;
            return self.pings.stuck < STUCK_MAX;
        }
        if !std::mem::take(&mut self.pings.answered) {
            return false;
        }
        self.outgoing.push_frame(Frame::Ping(Default::default()));
        true
    }

    fn gave_up(&self, failure: &CallFailure) -> CloseFrame {
        tracing::warn!(peer = %self.peer, correlation_id = &*self.correlation_id, "connection: {failure}");
        close(CloseCode::Again, "try again shortly")
    }
}

#[cfg(test)]
mod tests;
