//! Topics within this process.

use std::collections::{HashMap, VecDeque};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use async_trait::async_trait;
use bytes::Bytes;
use mindflow_platform::realtime::Id;

use super::topic::{Listener, Topic};
use super::{Error, Realtime, Subscription, TOPICS_MAX, check_data, check_topic, cursor};
use crate::clock::Clock;

/// How often unused topics are dropped; it costs a walk over all of them.
const SWEEP_EVERY_MS: i64 = 60_000;

pub(super) struct Local {
    topics: Mutex<Topics>,
    clock: Clock,
}

#[derive(Default)]
struct Topics {
    by_name: HashMap<String, Arc<Topic>>,
    /// The last id given, over all topics, so that ids rise even in a topic that was dropped and
    /// made again.
    last: Id,
    swept_at_ms: i64,
    closed: bool,
}

// === impl Local ===

impl Local {
    pub(super) fn new(clock: Clock) -> Self {
        Self { topics: Mutex::default(), clock }
    }

    fn topics(&self) -> Result<MutexGuard<'_, Topics>, Error> {
        // No operation leaves the map half-changed, so a poisoned lock is still sound.
        let topics = self.topics.lock().unwrap_or_else(PoisonError::into_inner);
        if topics.closed {
            return Err(Error::Unavailable("it is closed".to_owned()));
        }
        Ok(topics)
    }
}

#[async_trait]
impl Realtime for Local {
    async fn publish(&self, topic: &str, data: &[u8]) -> Result<(), Error> {
        check_topic(topic)?;
        check_data(data)?;
        let mut topics = self.topics()?;
        let id = topics.next_id(&self.clock);
        // Pushed under the lock, so that the order of ids is the order in the topic.
        topics.topic(topic, &self.clock)?.push(id, Bytes::copy_from_slice(data));
        Ok(())
    }

    async fn subscribe(&self, topic: &str, after: Option<String>) -> Result<Box<dyn Subscription>, Error> {
        check_topic(topic)?;
        let after = cursor(after)?;
        let mut topics = self.topics()?;
        // A cursor from before a restart may lie in the future of a clock that was set back.
        let after = after.map(|after| after.min(topics.last));
        let topic = topics.topic(topic, &self.clock)?;
        Ok(Box::new(Listener::new(topic, after, VecDeque::new(), None, ())))
    }

    async fn health(&self) -> Result<(), Error> {
        self.topics().map(drop)
    }

    async fn close(&self) {
        if let Ok(mut topics) = self.topics() {
            topics.closed = true;
            for (_, topic) in topics.by_name.drain() {
                topic.fail("it is closed");
            }
        }
    }
}

// === impl Topics ===

impl Topics {
    fn next_id(&mut self, clock: &Clock) -> Id {
        let now = Id { ms: u64::try_from(clock.now_ms()).unwrap_or_default(), number: 0 };
        let following = Id { ms: self.last.ms, number: self.last.number + 1 };
        self.last = now.max(following);
        self.last
    }

    fn topic(&mut self, name: &str, clock: &Clock) -> Result<Arc<Topic>, Error> {
        let now_ms = clock.now_ms();
        let due = now_ms >= self.swept_at_ms.saturating_add(SWEEP_EVERY_MS);
        if due {
            self.swept_at_ms = now_ms;
            self.by_name.retain(|_, topic| Arc::strong_count(topic) > 1 || !topic.is_empty());
        }
        if let Some(topic) = self.by_name.get(name) {
            return Ok(topic.clone());
        }
        if self.by_name.len() >= TOPICS_MAX {
            return Err(Error::Unavailable(format!("there are {TOPICS_MAX} topics already")));
        }
        let topic = Arc::new(Topic::new(clock.clone()));
        self.by_name.insert(name.to_owned(), topic.clone());
        Ok(topic)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test]
    async fn a_topic_that_is_empty_and_unheard_is_dropped() {
        let (clock, hand) = Clock::manual(1_795_000_000_000_000);
        let local = Local::new(clock);
        local.publish("old", b"1").await.unwrap();
        let _listener = local.subscribe("heard", None).await.unwrap();
        hand.advance_us(5 * 60 * 1_000_000);
        local.publish("new", b"1").await.unwrap();
        let topics = local.topics().unwrap();
        let mut names: Vec<_> = topics.by_name.keys().cloned().collect();
        names.sort();
        assert_eq!(names, ["heard", "new"]);
    }
}
