//! Topics across replicas, on a Redis.
//!
//! A topic is a stream (its memory) and a channel (the doorbell, which carries the item as well): one
//! script does both, so that the channel tells items in the order of the stream. Each process has
//! one connection that listens (`redis_reader`) for all its subscriptions together.

use std::collections::{HashMap, VecDeque};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use async_trait::async_trait;
use bytes::Bytes;
use redis::{Script, Value, cmd};
use tokio::sync::{Notify, watch};
use tokio::task::JoinHandle;

use super::redis_reader::{self, Streamed};
use super::topic::{Id, Listener, Topic, kept_after_ms};
use super::{Error, ITEMS_KEPT_FOR, ITEMS_KEPT_MAX, Realtime, Subscription, TOPICS_MAX, check_data, check_topic};
use crate::clock::Clock;
use crate::redis_server::{ANSWER_WITHIN, RedisFailure, RedisServer, RedisUrl, RedisUrlError};

/// KEYS: stream. ARGV: data, items kept, ms kept, channel.
const PUBLISH: &str = r"
local time = redis.call('TIME')
local kept_ms = tonumber(time[1]) * 1000 + math.floor(tonumber(time[2]) / 1000) - tonumber(ARGV[3])
redis.call('XTRIM', KEYS[1], 'MINID', string.format('%.0f', kept_ms))
local id = redis.call('XADD', KEYS[1], 'MAXLEN', ARGV[2], '*', 'd', ARGV[1])
redis.call('PEXPIRE', KEYS[1], ARGV[3])
redis.call('PUBLISH', ARGV[4], id .. ' ' .. ARGV[1])
return id
";

pub(super) struct Redis {
    server: RedisServer,
    shared: Arc<Shared>,
    publish: Script,
    reader: JoinHandle<()>,
}

/// What subscriptions and the reader share.
pub(super) struct Shared {
    pub(super) url: RedisUrl,
    pub(super) names: Names,
    pub(super) clock: Clock,
    topics: Mutex<HashMap<String, Arc<Heard>>>,
    /// Rung when the set of topics has changed.
    pub(super) doorbell: Arc<Notify>,
}

/// How keys and channels are named.
pub(super) struct Names {
    stream: String,
    channel: String,
}

/// A topic that somebody in this process listens to. Whoever holds it besides the map wants it.
pub(super) struct Heard {
    pub(super) topic: Arc<Topic>,
    /// Whether the reader hears it, so that nothing published from now on is missed.
    pub(super) ready: watch::Sender<bool>,
}

// === impl Redis ===

impl Redis {
    pub(super) fn open(url: &RedisUrl, prefix: &str, clock: Clock) -> Result<Self, RedisUrlError> {
        let server = RedisServer::new(url)?;
        let shared = Arc::new(Shared {
            url: url.clone(),
            names: Names::new(prefix, url.database()),
            clock,
            topics: Mutex::default(),
            doorbell: Arc::default(),
        });
        let reader = tokio::spawn(redis_reader::run(shared.clone(), server.clone()));
        Ok(Self { server, shared, publish: Script::new(PUBLISH), reader })
    }

    async fn backlog(&self, topic: &str, after: Id) -> Result<VecDeque<(Id, Bytes)>, Error> {
        let mut range = cmd("XRANGE");
        range.arg(self.shared.names.stream(topic)).arg(format!("({after}")).arg("+");
        let items: Streamed = self.server.read(range.arg("COUNT").arg(ITEMS_KEPT_MAX)).await?;
        let kept_after_ms = kept_after_ms(&self.shared.clock);
        Ok(items.0.into_iter().filter(|(id, _)| id.ms > kept_after_ms).collect())
    }
}

#[async_trait]
impl Realtime for Redis {
    async fn publish(&self, topic: &str, data: &[u8]) -> Result<(), Error> {
        check_topic(topic)?;
        check_data(data)?;
        let names = &self.shared.names;
        let mut call = self.publish.key(names.stream(topic));
        call.arg(data).arg(ITEMS_KEPT_MAX).arg(ITEMS_KEPT_FOR.as_millis().to_string());
        call.arg(names.channel(topic));
        let _: Value = self.server.write(&call).await?;
        Ok(())
    }

    async fn subscribe(&self, topic: &str, after: Option<String>) -> Result<Box<dyn Subscription>, Error> {
        check_topic(topic)?;
        let after = after.as_deref().map(Id::from_cursor).transpose()?;
        let heard = self.shared.heard(topic)?;
        let mut ready = heard.ready.subscribe();
        let waited = tokio::time::timeout(ANSWER_WITHIN, ready.wait_for(|ready| *ready)).await;
        let is_ready = matches!(waited, Ok(Ok(_)));
        drop(waited);
        if !is_ready {
            return Err(Error::Unavailable(format!("{} cannot be reached", self.shared.url)));
        }
        let backlog = match after {
            Some(after) if after < heard.topic.complete_after() => self.backlog(topic, after).await?,
            _ => VecDeque::new(),
        };
        let gone = Some(self.shared.doorbell.clone());
        Ok(Box::new(Listener::new(heard.topic.clone(), after, backlog, gone, heard)))
    }

    async fn health(&self) -> Result<(), Error> {
        let _: Value = self.server.read(&cmd("PING")).await?;
        Ok(())
    }

    async fn close(&self) {
        self.reader.abort();
        self.server.close();
        for (_, heard) in self.shared.topics().drain() {
            heard.ready.send_replace(false);
            heard.topic.fail("it is closed");
        }
    }
}

impl Drop for Redis {
    fn drop(&mut self) {
        self.reader.abort();
    }
}

// === impl Shared ===

impl Shared {
    fn topics(&self) -> MutexGuard<'_, HashMap<String, Arc<Heard>>> {
        // No operation leaves the map half-changed, so a poisoned lock is still sound.
        self.topics.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// The topic, made known to the reader when it is new.
    fn heard(&self, name: &str) -> Result<Arc<Heard>, Error> {
        let mut topics = self.topics();
        if let Some(heard) = topics.get(name) {
            return Ok(heard.clone());
        }
        if topics.len() >= TOPICS_MAX {
            return Err(Error::Unavailable(format!("there are {TOPICS_MAX} topics already")));
        }
        let heard =
            Arc::new(Heard { topic: Arc::new(Topic::new(self.clock.clone())), ready: watch::Sender::new(false) });
        topics.insert(name.to_owned(), heard.clone());
        self.doorbell.notify_one();
        Ok(heard)
    }

    /// Drops the topics that nobody wants any more, and answers the rest.
    pub(super) fn wanted(&self) -> HashMap<String, Arc<Heard>> {
        let mut topics = self.topics();
        topics.retain(|_, heard| Arc::strong_count(heard) > 1);
        topics.clone()
    }

    pub(super) fn known(&self, name: &str) -> Option<Arc<Heard>> {
        self.topics().get(name).cloned()
    }
}

// === impl Names ===

impl Names {
    /// Channels are the same in all databases of a server, so their names tell which is meant.
    fn new(prefix: &str, database: i64) -> Self {
        Self { stream: format!("{prefix}rt:"), channel: format!("{prefix}rt:{database}:") }
    }

    pub(super) fn stream(&self, topic: &str) -> String {
        format!("{}{topic}", self.stream)
    }

    pub(super) fn channel(&self, topic: &str) -> String {
        format!("{}{topic}", self.channel)
    }

    pub(super) fn topic_of<'c>(&self, channel: &'c str) -> Option<&'c str> {
        channel.strip_prefix(&self.channel)
    }
}

impl From<RedisFailure> for Error {
    fn from(failure: RedisFailure) -> Self {
        match failure {
            RedisFailure::Away(text) | RedisFailure::Refused(text) => Self::Unavailable(text),
        }
    }
}
