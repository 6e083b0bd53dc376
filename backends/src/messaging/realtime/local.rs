//! Topics within this process.

use std::collections::{HashMap, VecDeque};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use async_trait::async_trait;
use bytes::Bytes;
use mindflow_platform::realtime::{END_KEPT_FOR, Id};

use super::topic::{Listener, Topic};
use super::{Error, Realtime, Subscription, TOPICS_MAX, check_data, check_topic, cursor};
use crate::clock::Clock;

/// How often unused topics are dropped; it costs a walk over all of them.
const SWEEP_EVERY_MS: i64 = 60_000;

pub(super) struct Local {
    topics: Mutex<Topics>,
    clock: Clock,
}

struct Topics {
    by_name: HashMap<String, Arc<Topic>>,
    /// Where topics ended that were dropped since.
    ends: HashMap<String, Id>,
    /// Where all others ended at the latest. Of before this process nothing is known.
    forgotten: Id,
    /// The last id given, over all topics, so that ids rise even in a topic that was dropped and
    /// made again.
    last: Id,
    swept_at_ms: i64,
    closed: bool,
}

// === impl Local ===

impl Local {
    pub(super) fn new(clock: Clock) -> Self {
        let begun = Id { ms: u64::try_from(clock.now_ms()).unwrap_or_default(), number: 0 };
        let topics = Topics {
            by_name: HashMap::new(),
            ends: HashMap::new(),
            forgotten: begun,
            last: begun,
            swept_at_ms: 0,
            closed: false,
        };
        Self { topics: Mutex::new(topics), clock }
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
        let is_known = after.is_none_or(|after| after <= topics.last);
        let after = after.map(|after| after.min(topics.last));
        let topic = topics.topic(topic, &self.clock)?;
        Ok(Box::new(Listener::new(topic, after, (VecDeque::new(), is_known), None, ())))
    }

    async fn latest(&self, topic: &str) -> Result<String, Error> {
        check_topic(topic)?;
        Ok(self.topics()?.last.to_string())
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
            self.sweep(now_ms);
        }
        if let Some(topic) = self.by_name.get(name) {
            return Ok(topic.clone());
        }
        if self.by_name.len() >= TOPICS_MAX {
            return Err(Error::Unavailable(format!("there are {TOPICS_MAX} topics already")));
        }
        let topic = Arc::new(Topic::new(clock.clone()));
        topic.begin_after(self.ends.remove(name).unwrap_or(self.forgotten));
        self.by_name.insert(name.to_owned(), topic.clone());
        Ok(topic)
    }

    /// Drops what is empty and unheard, and forgets where others ended long ago.
    fn sweep(&mut self, now_ms: i64) {
        let Self { by_name, ends, forgotten, .. } = self;
        by_name.retain(|name, topic| {
            let stays = Arc::strong_count(topic) > 1 || !topic.is_empty();
            let end = topic.last();
            if !stays && end > *forgotten {
                ends.insert(name.clone(), end);
            }
            stays
        });
        let kept_ms = i64::try_from(END_KEPT_FOR.as_millis()).unwrap_or(i64::MAX);
        let kept_after_ms = u64::try_from(now_ms.saturating_sub(kept_ms)).unwrap_or_default();
        let has_room = ends.len() <= TOPICS_MAX;
        ends.retain(|_, end| {
            let stays = has_room && end.ms > kept_after_ms;
            if !stays {
                *forgotten = (*forgotten).max(*end);
            }
            stays
        });
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

    #[tokio::test]
    async fn where_a_topic_ended_is_known_for_a_day_though_it_was_dropped() {
        let (clock, hand) = Clock::manual(1_795_000_000_000_000);
        let local = Local::new(clock);
        let resumes = async |cursor: &str| local.subscribe("old", Some(cursor.to_owned())).await.unwrap().is_whole();
        local.publish("old", b"1").await.unwrap();
        let end = local.latest("old").await.unwrap();
        local.publish("later", b"1").await.unwrap();
        let hour_us = 60 * 60 * 1_000_000;
        for _ in 0..23 {
            hand.advance_us(hour_us);
            local.publish("new", b"1").await.unwrap();
            assert!(!local.topics().unwrap().by_name.contains_key("old"));
        }
        assert!(resumes(&end).await);
        assert!(!resumes("1-0").await, "a cursor of before");
        for _ in 0..2 {
            hand.advance_us(hour_us);
            local.publish("new", b"1").await.unwrap();
        }
        assert!(!resumes(&end).await);
    }
}
