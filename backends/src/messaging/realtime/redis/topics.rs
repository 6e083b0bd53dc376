//! The topics that this process listens to: subscriptions add them, and the reader makes its connection fit them.

use std::collections::HashMap;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use bytes::Bytes;
use mindflow_platform::realtime::{
    Id,
    redis::{FIELD, Names},
};
use redis::{FromRedisValue, ParsingError, Value};
use tokio::sync::{Notify, watch};

use super::super::topic::Topic;
use super::super::{Error, TOPICS_MAX};
use crate::clock::Clock;
use crate::redis_server::RedisUrl;

pub(super) struct Topics {
    pub(super) url: RedisUrl,
    pub(super) names: Names,
    pub(super) clock: Clock,
    topics: Mutex<HashMap<String, Arc<Joined>>>,
    /// Rung when the set of topics has changed.
    pub(super) doorbell: Arc<Notify>,
}

/// A topic with subscriptions in this process. Each holds a reference besides the one of the map.
pub(super) struct Joined {
    pub(super) topic: Arc<Topic>,
    /// Whether the connection is subscribed to it, so that nothing published from now on is missed.
    pub(super) ready: watch::Sender<bool>,
}

// === impl Topics ===

impl Topics {
    pub(super) fn new(url: RedisUrl, prefix: &str, clock: Clock) -> Self {
        let names = Names::new(prefix, url.database());
        Self { url, names, clock, topics: Mutex::default(), doorbell: Arc::default() }
    }

    fn topics(&self) -> MutexGuard<'_, HashMap<String, Arc<Joined>>> {
        // No operation leaves the map half-changed, so a poisoned lock is still sound.
        self.topics.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// The topic; the reader is notified when it is new.
    pub(super) fn join(&self, name: &str) -> Result<Arc<Joined>, Error> {
        let mut topics = self.topics();
        if let Some(joined) = topics.get(name) {
            return Ok(joined.clone());
        }
        if topics.len() >= TOPICS_MAX {
            return Err(Error::Unavailable(format!("there are {TOPICS_MAX} topics already")));
        }
        let topic = Arc::new(Topic::new(self.clock.clone()));
        let joined = Arc::new(Joined { topic, ready: watch::Sender::new(false) });
        topics.insert(name.to_owned(), joined.clone());
        self.doorbell.notify_one();
        Ok(joined)
    }

    /// Drops the topics that have no subscription any more, and returns the rest.
    pub(super) fn wanted(&self) -> HashMap<String, Arc<Joined>> {
        let mut topics = self.topics();
        topics.retain(|_, joined| Arc::strong_count(joined) > 1);
        topics.clone()
    }

    /// Ends every subscription.
    pub(super) fn close(&self) {
        for (_, joined) in self.topics().drain() {
            joined.ready.send_replace(false);
            joined.topic.fail("it is closed");
        }
    }

    pub(super) fn known(&self, name: &str) -> Option<Arc<Joined>> {
        self.topics().get(name).cloned()
    }
}

/// The answer of `XRANGE` and `XREVRANGE`.
pub(super) struct Streamed(pub(super) Vec<(Id, Bytes)>);

impl FromRedisValue for Streamed {
    fn from_redis_value(value: Value) -> Result<Self, ParsingError> {
        let items: Vec<(String, HashMap<String, Vec<u8>>)> = redis::from_redis_value(value)?;
        Ok(Self(
            items
                .into_iter()
                .filter_map(|(id, mut fields)| Some((id.parse().ok()?, fields.remove(FIELD)?.into())))
                .collect(),
        ))
    }
}
