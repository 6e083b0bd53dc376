//! A connection's tasks and subscriptions: what waits for a topic, what waits for a call, and the calls in progress.

use super::{
    component::{Component, Notice},
    feed::Feed,
    repeat::{Patience, repeat},
};
use crate::{
    capability::websocket::bindings::mindflow::platform::websocket::{
        Failed, Failure, Finished, Happening, Message, Performed, Subscription, Task,
    },
    engine::CallFailure,
};
use futures::{
    FutureExt, StreamExt,
    future::{AbortHandle, Abortable, BoxFuture},
    stream::FuturesUnordered,
};
use mindflow_backends::messaging::realtime::Item;
use std::{collections::VecDeque, sync::Arc};

/// Tasks and subscriptions of one connection.
const TAGS_MAX: usize = 64;
/// Of all their tags and work: one of the largest messages, and several usual ones.
const BYTES_MAX: usize = 2 << 20;
/// Calls of one connection at the same time, so that one client cannot take all calls of the component.
const CALLS_MAX: usize = 8;

pub(super) struct Works<C> {
    component: Arc<C>,
    correlation_id: Arc<str>,
    known: Vec<Known>,
    /// In their order; of each tag at most one.
    waiting: VecDeque<Call<C>>,
    running: FuturesUnordered<BoxFuture<'static, Ran<C>>>,
    calls: usize,
}

/// One task or subscription.
struct Known {
    tag: Arc<str>,
    work: Vec<u8>,
    /// Of what runs for it now.
    abort: Option<AbortHandle>,
}

/// A call that may begin.
enum Call<C> {
    Task(Arc<str>),
    Item(Arc<str>, Box<Feed<C>>, Item),
}

/// What ran, unless it was stopped.
struct Ran<C> {
    was_call: bool,
    end: Option<(Arc<str>, End<C>)>,
}

enum End<C> {
    Arrived(Feed<C>, Item),
    Lost(Failure),
    Presented(Feed<C>, Result<Vec<Message>, Failure>),
    Performed(Result<Performed, Failure>),
}

/// What follows for the connection.
#[derive(Default)]
pub(super) struct Outcome {
    pub messages: Vec<Message>,
    pub happening: Option<Happening>,
}

// === impl Works ===

impl<C: Component> Works<C> {
    pub(super) fn new(component: Arc<C>, correlation_id: Arc<str>) -> Self {
        Self {
            component,
            correlation_id,
            known: Vec::new(),
            waiting: VecDeque::new(),
            running: FuturesUnordered::new(),
            calls: 0,
        }
    }

    pub(super) fn start(&mut self, task: Task) -> Result<(), Failed> {
        let tag = self.know(task.tag, task.work)?;
        self.waiting.push_back(Call::Task(tag));
        Ok(())
    }

    pub(super) fn subscribe(&mut self, subscription: Subscription) -> Result<(), Failed> {
        let Subscription { tag, topic, after, work } = subscription;
        let tag = self.know(tag, work)?;
        let component = Arc::clone(&self.component);
        self.run(tag, false, async move {
            match Feed::open(component, topic, after).await {
                Ok(feed) => listened(feed).await,
                Err(failure) => End::Lost(failure),
            }
        });
        Ok(())
    }

    pub(super) fn stop(&mut self, tag: &str) {
        if let Some(place) = self.known.iter().position(|known| &*known.tag == tag)
            && let Some(abort) = self.known.swap_remove(place).abort
        {
            abort.abort();
        }
        self.waiting.retain(|call| call.tag() != tag);
    }

    /// Begins as many of the waiting calls as may run.
    pub(super) fn begin_calls(&mut self, state: &[u8]) {
        while self.calls < CALLS_MAX
            && let Some(call) = self.waiting.pop_front()
        {
            let Some(known) = self.known.iter().find(|known| *known.tag == *call.tag()) else { continue };
            let (component, id) = (Arc::clone(&self.component), Arc::clone(&self.correlation_id));
            let (work, state) = (known.work.clone(), state.to_owned());
            self.calls += 1;
            match call {
                Call::Task(tag) => self.run(tag, true, async move {
                    let answer = component.perform(state, work, Arc::clone(&id)).await;
                    End::Performed(understood(answer, &id))
                }),
                Call::Item(tag, feed, item) => self.run(tag, true, async move {
                    let notice = Notice { work, item };
                    let present = || component.present(state.clone(), notice.clone(), Arc::clone(&id));
                    let answer = repeat(Patience::Long, present).await;
                    End::Presented(*feed, understood(answer, &id))
                }),
            }
        }
    }

    /// Waits until something has come of one of them; `None` when there are none. May be dropped while it waits.
    pub(super) async fn next(&mut self) -> Option<Outcome> {
        let Ran { was_call, end } = self.running.next().await?;
        if was_call {
            self.calls -= 1;
        }
        Some(end.map(|(tag, end)| self.ended(tag, end)).unwrap_or_default())
    }

    fn ended(&mut self, tag: Arc<str>, end: End<C>) -> Outcome {
        match end {
            End::Arrived(feed, item) => {
                self.waiting.push_back(Call::Item(tag, Box::new(feed), item));
                Outcome::default()
            }
            End::Presented(feed, Ok(messages)) => {
                self.run(tag, false, listened(feed));
                Outcome { messages, happening: None }
            }
            End::Performed(Ok(Performed { messages, outcome })) => {
                self.stop(&tag);
                let finished = Finished { tag: tag.to_string(), outcome };
                Outcome { messages, happening: Some(Happening::Finished(finished)) }
            }
            End::Lost(reason) | End::Presented(_, Err(reason)) | End::Performed(Err(reason)) => {
                self.stop(&tag);
                let failed = Failed { tag: tag.to_string(), reason };
                Outcome { messages: Vec::new(), happening: Some(Happening::Failed(failed)) }
            }
        }
    }

    fn know(&mut self, tag: String, work: Vec<u8>) -> Result<Arc<str>, Failed> {
        self.stop(&tag);
        let held: usize = self.known.iter().map(|known| known.tag.len() + known.work.len()).sum();
        if self.known.len() >= TAGS_MAX || held + tag.len() + work.len() > BYTES_MAX {
            return Err(Failed { tag, reason: Failure::Refused });
        }
        let tag: Arc<str> = tag.into();
        self.known.push(Known { tag: Arc::clone(&tag), work, abort: None });
        Ok(tag)
    }

    fn run(&mut self, tag: Arc<str>, was_call: bool, work: impl Future<Output = End<C>> + Send + 'static) {
        let (abort, registration) = AbortHandle::new_pair();
        if let Some(known) = self.known.iter_mut().find(|known| known.tag == tag) {
            known.abort = Some(abort);
        }
        let work = Abortable::new(work, registration);
        self.running.push(async move { Ran { was_call, end: work.await.ok().map(|end| (tag, end)) } }.boxed());
    }
}

// === impl Call ===

impl<C> Call<C> {
    fn tag(&self) -> &str {
        match self {
            Self::Task(tag) | Self::Item(tag, _, _) => tag,
        }
    }
}

async fn listened<C: Component>(mut feed: Feed<C>) -> End<C> {
    match feed.next().await {
        Ok(item) => End::Arrived(feed, item),
        Err(failure) => End::Lost(failure),
    }
}

fn understood<T>(answer: Result<Result<T, ()>, CallFailure>, correlation_id: &str) -> Result<T, Failure> {
    match answer {
        Ok(answer) => answer.map_err(|()| Failure::NotUnderstood),
        Err(failure) => {
            tracing::warn!(correlation_id, "a connection's task: {failure}");
            Err(Failure::Unavailable)
        }
    }
}
