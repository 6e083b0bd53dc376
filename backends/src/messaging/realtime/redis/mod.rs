//! Topics across replicas, on a Redis.
//!
//! A topic is a stream and a channel (`mindflow_platform::realtime::redis`). Each process has one connection (`reader`) for
//! all its subscriptions together; `topics` is what both know of them.

mod reader;
mod topics;

use std::collections::VecDeque;
use std::sync::Arc;

use async_trait::async_trait;
use bytes::Bytes;
use mindflow_platform::realtime::{Id, redis::PUBLISH};
use redis::{Script, Value, cmd};
use tokio::task::JoinHandle;

use self::topics::{Streamed, Topics};
use super::topic::{Listener, kept_after_ms};
use super::{Error, ITEMS_KEPT_FOR, ITEMS_KEPT_MAX, Realtime, Subscription, check_data, check_topic, cursor};
use crate::clock::Clock;
use crate::redis_server::{ANSWER_WITHIN, RedisFailure, RedisServer, RedisUrl, RedisUrlError};

pub(super) struct Redis {
    server: RedisServer,
    topics: Arc<Topics>,
    publish: Script,
    reader: JoinHandle<()>,
}

// === impl Redis ===

impl Redis {
    pub(super) fn open(url: &RedisUrl, prefix: &str, clock: Clock) -> Result<Self, RedisUrlError> {
        let server = RedisServer::new(url)?;
        let topics = Arc::new(Topics::new(url.clone(), prefix, clock));
        let reader = tokio::spawn(reader::run(topics.clone(), server.clone()));
        Ok(Self { server, topics, publish: Script::new(PUBLISH), reader })
    }

    async fn backlog(&self, topic: &str, after: Id) -> Result<VecDeque<(Id, Bytes)>, Error> {
        let mut range = cmd("XRANGE");
        range.arg(self.topics.names.stream(topic)).arg(format!("({after}")).arg("+");
        let items: Streamed = self.server.read(range.arg("COUNT").arg(ITEMS_KEPT_MAX)).await?;
        let kept_after_ms = kept_after_ms(&self.topics.clock);
        Ok(items.0.into_iter().filter(|(id, _)| id.ms > kept_after_ms).collect())
    }
}

#[async_trait]
impl Realtime for Redis {
    async fn publish(&self, topic: &str, data: &[u8]) -> Result<(), Error> {
        check_topic(topic)?;
        check_data(data)?;
        let names = &self.topics.names;
        let mut call = self.publish.key(names.stream(topic));
        call.arg(data).arg(ITEMS_KEPT_MAX).arg(ITEMS_KEPT_FOR.as_millis().to_string());
        call.arg(names.channel(topic));
        let _: Value = self.server.write(&call).await?;
        Ok(())
    }

    async fn subscribe(&self, topic: &str, after: Option<String>) -> Result<Box<dyn Subscription>, Error> {
        check_topic(topic)?;
        let after = cursor(after)?;
        let joined = self.topics.join(topic)?;
        let mut ready = joined.ready.subscribe();
        let waited = tokio::time::timeout(ANSWER_WITHIN, ready.wait_for(|ready| *ready)).await;
        let is_ready = matches!(waited, Ok(Ok(_)));
        drop(waited);
        if !is_ready {
            return Err(Error::Unavailable(format!("{} cannot be reached", self.topics.url)));
        }
        let backlog = match after {
            Some(after) if after < joined.topic.complete_after() => self.backlog(topic, after).await?,
            _ => VecDeque::new(),
        };
        let left = Some(self.topics.doorbell.clone());
        Ok(Box::new(Listener::new(joined.topic.clone(), after, backlog, left, joined)))
    }

    async fn health(&self) -> Result<(), Error> {
        let _: Value = self.server.read(&cmd("PING")).await?;
        Ok(())
    }

    async fn close(&self) {
        self.reader.abort();
        self.server.close();
        self.topics.close();
    }
}

impl Drop for Redis {
    fn drop(&mut self) {
        self.reader.abort();
    }
}

impl From<RedisFailure> for Error {
    fn from(failure: RedisFailure) -> Self {
        match failure {
            RedisFailure::Away(text) | RedisFailure::Refused(text) => Self::Unavailable(text),
        }
    }
}
