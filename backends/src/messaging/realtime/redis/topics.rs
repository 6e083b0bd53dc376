//! The topics that this process listens to: subscriptions add them, and the reader makes its connection fit them.

use std::collections::{HashMap, VecDeque};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use bytes::Bytes;
use mindflow_platform::realtime::{
    Id,
    redis::{BEFORE, FIELD, Names},
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
pub(super) struct Streamed {
    pub(super) items: Vec<(Id, Bytes)>,
    /// The item that came before the first of them, if that is known.
    pub(super) before: Option<Id>,
}

impl FromRedisValue for Streamed {
    fn from_redis_value(value: Value) -> Result<Self, ParsingError> {
        let items: Vec<(String, HashMap<String, Vec<u8>>)> = redis::from_redis_value(value)?;
        let before = items.first().and_then(|(_, fields)| std::str::from_utf8(fields.get(BEFORE)?).ok()?.parse().ok());
        let items =
            items.into_iter().filter_map(|(id, mut fields)| Some((id.parse().ok()?, fields.remove(FIELD)?.into())));
        Ok(Self { items: items.collect(), before })
    }
}

/// The answer of `READ`.
pub(super) struct Followed {
    pub(super) items: VecDeque<(Id, Bytes)>,
    /// The item that came before the first of them, if that is known.
    pub(super) before: Option<Id>,
    /// The last that the topic had, if that is known.
    pub(super) end: Option<Id>,
}

impl FromRedisValue for Followed {
    fn from_redis_value(value: Value) -> Result<Self, ParsingError> {
        let mut values = redis::from_redis_value::<Vec<Value>>(value)?.into_iter().skip(2);
        let mut id =
            || redis::from_redis_value::<String>(values.next().unwrap_or(Value::Nil)).map(|id| id.parse().ok());
        let (end, before) = (id()?, id()?);
        let flat = values.map(redis::from_redis_value).collect::<Result<Vec<Vec<u8>>, _>>()?;
        let item = |pair: &[Vec<u8>]| match pair {
            [id, data] => Some((std::str::from_utf8(id).ok()?.parse().ok()?, Bytes::copy_from_slice(data))),
            _ => None,
        };
        let items = flat.chunks(2).filter_map(item).collect();
        Ok(Self { items, before, end })
    }
}
