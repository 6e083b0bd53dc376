//! Topics across replicas, on a Redis.
//!
//! A topic is a stream and a channel (`mindflow_platform::realtime::redis`). Each process has one connection (`reader`) for
//! all its subscriptions together; `topics` is what both know of them.

mod reader;
mod topics;

use std::collections::VecDeque;
use std::sync::Arc;
use std::time::Duration;

use async_trait::async_trait;
use bytes::Bytes;
use mindflow_platform::realtime::{
    END_KEPT_FOR, Id, is_whole,
    redis::{END, PUBLISH, READ},
};
use redis::{Script, Value, cmd};
use tokio::task::JoinHandle;

use self::topics::{Followed, Topics};
use super::topic::Listener;
use super::{Error, ITEMS_KEPT_FOR, ITEMS_KEPT_MAX, Realtime, Subscription, check_data, check_topic, cursor};
use crate::clock::Clock;
use crate::redis_server::{ANSWER_WITHIN, RedisFailure, RedisServer, RedisUrl, RedisUrlError};

pub(super) struct Redis {
    server: RedisServer,
    topics: Arc<Topics>,
    publish: Script,
    read: Script,
    end: Script,
    reader: JoinHandle<()>,
}

// === impl Redis ===

impl Redis {
    pub(super) fn open(url: &RedisUrl, prefix: &str, clock: Clock) -> Result<Self, RedisUrlError> {
        let server = RedisServer::new(url)?;
        let topics = Arc::new(Topics::new(url.clone(), prefix, clock));
        let reader = tokio::spawn(reader::run(topics.clone(), server.clone()));
        let (publish, read, end) = (Script::new(PUBLISH), Script::new(READ), Script::new(END));
        Ok(Self { server, topics, publish, read, end, reader })
    }

    /// What follows, and whether that is all that followed.
    async fn backlog(&self, topic: &str, after: Id) -> Result<(VecDeque<(Id, Bytes)>, bool), Error> {
        let names = &self.topics.names;
        let mut call = self.read.key(names.stream(topic));
        call.key(names.end(topic)).arg(after.to_string()).arg(kept_ms(ITEMS_KEPT_FOR)).arg(ITEMS_KEPT_MAX);
        let Followed { items, before, end } = self.server.read(&call).await?;
        let is_known = is_whole(after, end, (!items.is_empty()).then_some(before));
        Ok((items, is_known))
    }
}

fn kept_ms(time: Duration) -> String {
    time.as_millis().to_string()
}

#[async_trait]
impl Realtime for Redis {
    async fn publish(&self, topic: &str, data: &[u8]) -> Result<(), Error> {
        check_topic(topic)?;
        check_data(data)?;
        let names = &self.topics.names;
        let mut call = self.publish.key(names.stream(topic));
        call.key(names.end(topic)).arg(data).arg(ITEMS_KEPT_MAX).arg(kept_ms(ITEMS_KEPT_FOR));
        call.arg(names.channel(topic)).arg(kept_ms(END_KEPT_FOR));
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
        let begun = joined.topic.complete_after();
        // A topic that was empty may have had items that are forgotten.
        let is_held = |after| begun > Id::BEGINNING && (begun..=joined.topic.last()).contains(&after);
        let backlog = match after {
            Some(after) if !is_held(after) => self.backlog(topic, after).await?,
            _ => (VecDeque::new(), true),
        };
        // A cursor of a server that lost its memory may lie in the future of its clock.
        let after = after.map(|after| if backlog.1 { after } else { after.min(joined.topic.last()) });
        let left = Some(self.topics.doorbell.clone());
        Ok(Box::new(Listener::new(joined.topic.clone(), after, backlog, left, joined)))
    }

    async fn latest(&self, topic: &str) -> Result<String, Error> {
        check_topic(topic)?;
        let names = &self.topics.names;
        let mut call = self.end.key(names.stream(topic));
        Ok(self.server.write(call.key(names.end(topic)).arg(kept_ms(END_KEPT_FOR))).await?)
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
