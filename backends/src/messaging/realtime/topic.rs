//! A topic's memory in this process, and the listeners that read it. Both back ends share it: what
//! differs is who fills it.

use std::collections::VecDeque;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use async_trait::async_trait;
use bytes::Bytes;
use mindflow_platform::realtime::{FELL_BEHIND, Id};
use tokio::sync::{Notify, watch};

use super::{Error, ITEMS_KEPT_MAX, Item, Subscription, TOPIC_MEMORY_BYTES_MAX};
use crate::clock::Clock;

/// The latest items of one topic.
pub(super) struct Topic {
    memory: Mutex<Memory>,
    changed: watch::Sender<()>,
    clock: Clock,
}

#[derive(Default)]
struct Memory {
    items: VecDeque<(Id, Bytes)>,
    bytes: usize,
    /// The newest item that came in.
    last: Id,
    /// Everything after this one is in `items`.
    complete_after: Id,
    /// Rises when the current listeners have missed something.
    epoch: u64,
    why_epoch: &'static str,
}

/// One listener of a topic.
pub(super) struct Listener {
    topic: Arc<Topic>,
    changed: watch::Receiver<()>,
    /// What to deliver before the topic's memory.
    backlog: VecDeque<(Id, Bytes)>,
    /// Delivered up to here, the backlog counted in.
    position: Id,
    epoch: u64,
    ended: Option<Error>,
    behind: bool,
    whole: bool,
    /// Notified when the listener is dropped.
    gone: Option<Arc<Notify>>,
    /// What has to live as long as the listener.
    keeps: Option<Box<dyn Send + Sync>>,
}

enum Next {
    Item(Id, Bytes),
    Nothing,
    Missed(&'static str),
    Behind,
}

// === impl Topic ===

impl Topic {
    pub(super) fn new(clock: Clock) -> Self {
        Self { memory: Mutex::default(), changed: watch::Sender::new(()), clock }
    }

    fn memory(&self) -> MutexGuard<'_, Memory> {
        // No operation leaves the memory half-changed, so a poisoned lock is still sound.
        self.memory.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Declares that everything after `last` is going to be pushed.
    pub(super) fn begin_after(&self, last: Id) {
        let mut memory = self.memory();
        memory.last = memory.last.max(last);
        memory.complete_after = memory.complete_after.max(last);
    }

    /// Adds the item, unless it or a later one is there.
    pub(super) fn push(&self, id: Id, data: Bytes) {
        let mut memory = self.memory();
        if id <= memory.last {
            return;
        }
        memory.last = id;
        memory.bytes += data.len();
        memory.items.push_back((id, data));
        memory.forget_old(&self.clock);
        drop(memory);
        self.changed.send_replace(());
    }

    /// Notifies the current listeners that they missed something.
    pub(super) fn fail(&self, why: &'static str) {
        let mut memory = self.memory();
        memory.epoch += 1;
        memory.why_epoch = why;
        drop(memory);
        self.changed.send_replace(());
    }

    /// Notifies the current listeners that they missed something, and forgets everything up to this item: what came before it
    /// did not all come in.
    pub(super) fn lose_until(&self, id: Id, why: &'static str) {
        let mut memory = self.memory();
        memory.items.clear();
        memory.bytes = 0;
        memory.last = memory.last.max(id);
        memory.complete_after = memory.last;
        memory.epoch += 1;
        memory.why_epoch = why;
        drop(memory);
        self.changed.send_replace(());
    }

    pub(super) fn last(&self) -> Id {
        self.memory().last
    }

    pub(super) fn complete_after(&self) -> Id {
        self.memory().complete_after
    }

    pub(super) fn is_empty(&self) -> bool {
        let mut memory = self.memory();
        memory.forget_old(&self.clock);
        memory.items.is_empty()
    }

    fn after(&self, position: Id, epoch: u64) -> Next {
        let mut memory = self.memory();
        if memory.epoch != epoch {
            return Next::Missed(memory.why_epoch);
        }
        memory.forget_old(&self.clock);
        if position < memory.complete_after {
            return Next::Behind;
        }
        let next = memory.items.partition_point(|(id, _)| *id <= position);
        match memory.items.get(next) {
            Some((id, data)) => Next::Item(*id, data.clone()),
            None => Next::Nothing,
        }
    }
}

// === impl Memory ===

impl Memory {
    fn forget_old(&mut self, clock: &Clock) {
        let kept_after_ms = kept_after_ms(clock);
        while let Some((id, data)) = self.items.front() {
            let fits = self.items.len() <= ITEMS_KEPT_MAX && self.bytes <= TOPIC_MEMORY_BYTES_MAX;
            if fits && id.ms > kept_after_ms {
                return;
            }
            self.bytes = self.bytes.saturating_sub(data.len());
            self.complete_after = *id;
            self.items.pop_front();
        }
    }
}

/// Items of this millisecond and before are forgotten.
pub(super) fn kept_after_ms(clock: &Clock) -> u64 {
    mindflow_platform::realtime::kept_after_ms(clock.now_ms())
}

// === impl Listener ===

impl Listener {
    /// `after` none: from now on. `backlog`: what follows `after` and is no longer in the memory. `is_known`: whether `after` is
    /// one of the topic's, and the backlog is all that followed.
    pub(super) fn new(
        topic: Arc<Topic>,
        after: Option<Id>,
        (backlog, is_known): (VecDeque<(Id, Bytes)>, bool),
        gone: Option<Arc<Notify>>,
        keeps: impl Send + Sync + 'static,
    ) -> Self {
        let changed = topic.changed.subscribe();
        let mut memory = topic.memory();
        memory.forget_old(&topic.clock);
        let (position, whole) = match after {
            None => (memory.last, true),
            Some(after) => {
                let delivered = backlog.back().map_or(after, |(id, _)| after.max(*id));
                (delivered.max(memory.complete_after), is_known && delivered >= memory.complete_after)
            }
        };
        let epoch = memory.epoch;
        drop(memory);
        Self {
            topic,
            changed,
            backlog,
            position,
            epoch,
            ended: None,
            behind: false,
            whole,
            gone,
            keeps: Some(Box::new(keeps)),
        }
    }

    fn end(&mut self, why: &str) -> Error {
        let error = Error::Unavailable(why.to_owned());
        self.ended = Some(error.clone());
        self.backlog.clear();
        error
    }
}

#[async_trait]
impl Subscription for Listener {
    async fn next(&mut self) -> Result<Item, Error> {
        loop {
            if let Some(error) = &self.ended {
                return Err(error.clone());
            }
            if let Some((id, data)) = self.backlog.pop_front() {
                return Ok(Item { cursor: id.to_string(), data });
            }
            self.changed.mark_unchanged();
            match self.topic.after(self.position, self.epoch) {
                Next::Item(id, data) => {
                    self.position = id;
                    return Ok(Item { cursor: id.to_string(), data });
                }
                Next::Missed(why) => return Err(self.end(why)),
                Next::Behind => {
                    self.behind = true;
                    return Err(self.end(FELL_BEHIND));
                }
                Next::Nothing => {}
            }
            if self.changed.changed().await.is_err() {
                return Err(self.end("the topic is closed"));
            }
        }
    }

    fn fell_behind(&self) -> bool {
        self.behind
    }

    fn is_whole(&self) -> bool {
        self.whole
    }
}

impl Drop for Listener {
    fn drop(&mut self) {
        drop(self.keeps.take());
        if let Some(gone) = &self.gone {
            gone.notify_one();
        }
    }
}
