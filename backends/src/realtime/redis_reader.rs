//! The one connection that listens, for all subscriptions of this process. It makes what it hears of
//! fit the set of topics that somebody wants, mends itself, and then fills the gap from the streams,
//! so that a listener notices nothing of a short outage.

use std::collections::{HashMap, HashSet};
use std::sync::Arc;
use std::time::Duration;

use bytes::Bytes;
use futures::StreamExt;
use redis::aio::{PubSubSink, PubSubStream};
use redis::{FromRedisValue, Msg, ParsingError, Value, pipe};
use tokio::time::{Instant, timeout};

use super::ITEMS_KEPT_MAX;
use super::redis::{Heard, Shared};
use super::topic::Id;
use crate::redis_server::{ANSWER_WITHIN, CONNECT_WITHIN, RedisFailure, RedisServer};

/// Between two attempts to connect: quick at first, since most outages are restarts.
const RETRY_DELAY_MIN: Duration = Duration::from_millis(20);
const RETRY_DELAY_MAX: Duration = Duration::from_secs(1);
/// A longer outage is told to the listeners, so that they read the state anew meanwhile.
const OUTAGE_TOLERATED: Duration = Duration::from_secs(10);
/// A connection that died without a word is found out by then.
const PING_EVERY: Duration = Duration::from_secs(5);
/// Topics a round trip: some 50 KiB of names.
const TOPICS_PER_STEP_MAX: usize = 200;

/// Runs until it is aborted.
pub(super) async fn run(shared: Arc<Shared>, server: RedisServer) {
    let mut delay = RETRY_DELAY_MIN;
    let mut away_since = Instant::now();
    let mut told = false;
    loop {
        match timeout(CONNECT_WITHIN, shared.url.client().get_async_pubsub()).await {
            Ok(Ok(connection)) => {
                let (sink, stream) = connection.split();
                let mut session = Session { shared: &shared, server: &server, sink, stream };
                let (served, why) = session.serve().await;
                tracing::warn!(server = %shared.url, %why, "realtime connection ended");
                if served {
                    (delay, away_since, told) = (RETRY_DELAY_MIN, Instant::now(), false);
                }
            }
            Ok(Err(error)) => {
                tracing::debug!(server = %shared.url, %error, "realtime: not connected")
            }
            Err(_) => tracing::debug!(server = %shared.url, "realtime: connecting takes too long"),
        }
        let topics = shared.wanted();
        for heard in topics.values() {
            heard.ready.send_replace(false);
        }
        if !told && away_since.elapsed() >= OUTAGE_TOLERATED {
            told = true;
            topics.values().for_each(|heard| heard.topic.fail("Redis is away"));
        }
        tokio::time::sleep(delay).await;
        delay = (delay * 2).min(RETRY_DELAY_MAX);
    }
}

/// One connection, from its making to its end.
struct Session<'s> {
    shared: &'s Shared,
    server: &'s RedisServer,
    sink: PubSubSink,
    stream: PubSubStream,
}

#[derive(Debug, thiserror::Error)]
enum Ended {
    #[error("it was closed")]
    Closed,
    #[error("no answer to a ping")]
    Silent,
    #[error("subscribing: {0}")]
    Subscribe(redis::RedisError),
    #[error("catching up: {0:?}")]
    CatchUp(RedisFailure),
}

impl Session<'_> {
    /// Answers whether all topics were heard for a while, and why it ended.
    async fn serve(&mut self) -> (bool, Ended) {
        let mut subscribed = HashSet::new();
        if let Err(ended) = self.fit(&mut subscribed).await {
            return (false, ended);
        }
        let mut pings = tokio::time::interval(PING_EVERY);
        pings.reset();
        loop {
            let outcome = tokio::select! {
                message = self.stream.next() => match message {
                    Some(message) => { self.hear(&message); Ok(()) }
                    None => Err(Ended::Closed),
                },
                () = self.shared.doorbell.notified() => self.fit(&mut subscribed).await,
                _ = pings.tick() => match timeout(ANSWER_WITHIN, self.sink.ping::<Value>()).await {
                    Ok(Ok(_)) => self.fit(&mut subscribed).await,
                    _ => Err(Ended::Silent),
                },
            };
            if let Err(ended) = outcome {
                return (true, ended);
            }
        }
    }

    /// Makes the subscriptions fit what is wanted.
    async fn fit(&mut self, subscribed: &mut HashSet<String>) -> Result<(), Ended> {
        let wanted = self.shared.wanted();
        let unwanted: Vec<String> = subscribed.iter().filter(|topic| !wanted.contains_key(*topic)).cloned().collect();
        for topics in unwanted.chunks(TOPICS_PER_STEP_MAX) {
            let channels = self.channels(topics.iter());
            bounded(self.sink.unsubscribe(channels)).await?;
            for topic in topics {
                subscribed.remove(topic);
            }
        }
        let new: Vec<(&String, &Arc<Heard>)> =
            wanted.iter().filter(|(topic, _)| !subscribed.contains(*topic)).collect();
        for topics in new.chunks(TOPICS_PER_STEP_MAX) {
            let channels = self.channels(topics.iter().map(|(topic, _)| *topic));
            bounded(self.sink.subscribe(channels)).await?;
            self.catch_up(topics).await.map_err(Ended::CatchUp)?;
            for (topic, heard) in topics {
                subscribed.insert((*topic).clone());
                heard.ready.send_replace(true);
            }
        }
        Ok(())
    }

    fn channels<'t>(&self, topics: impl Iterator<Item = &'t String>) -> Vec<String> {
        topics.map(|topic| self.shared.names.channel(topic)).collect()
    }

    /// For a topic heard for the first time: where its stream ends. For one heard before this
    /// connection: what came meanwhile.
    async fn catch_up(&self, topics: &[(&String, &Arc<Heard>)]) -> Result<(), RedisFailure> {
        let mut commands = pipe();
        for (topic, heard) in topics {
            let stream = self.shared.names.stream(topic);
            match heard.topic.last() {
                last if last == Id::default() => {
                    commands.cmd("XREVRANGE").arg(stream).arg("+").arg("-").arg("COUNT").arg(1);
                }
                last => {
                    let range = commands.cmd("XRANGE").arg(stream).arg(format!("({last}"));
                    range.arg("+").arg("COUNT").arg(ITEMS_KEPT_MAX);
                }
            }
        }
        let streamed: Vec<Streamed> = self.server.read(&commands).await?;
        for ((_, heard), items) in topics.iter().zip(streamed) {
            match heard.topic.last() == Id::default() {
                true => {
                    heard.topic.begin_after(items.0.first().map_or(Id::BEGINNING, |(id, _)| *id));
                }
                false => {
                    // As many as are ever kept: there may have been more.
                    if items.0.len() >= ITEMS_KEPT_MAX {
                        heard.topic.fail("more came during an outage than a topic remembers");
                    }
                    items.0.into_iter().for_each(|(id, data)| heard.topic.push(id, data));
                }
            }
        }
        Ok(())
    }

    fn hear(&self, message: &Msg) {
        let Some(topic) = self.shared.names.topic_of(message.get_channel_name()) else {
            return;
        };
        let payload = message.get_payload_bytes();
        let Some(space) = payload.iter().position(|byte| *byte == b' ') else {
            return;
        };
        let (id, data) = payload.split_at(space);
        let id = std::str::from_utf8(id).ok().and_then(|id| id.parse::<Id>().ok());
        // Not ready: a leftover of an earlier subscription; the stream will tell it.
        let heard = self.shared.known(topic).filter(|heard| *heard.ready.borrow());
        if let (Some(id), Some(heard)) = (id, heard) {
            heard.topic.push(id, Bytes::copy_from_slice(data.get(1..).unwrap_or_default()));
        }
    }
}

async fn bounded(answer: impl Future<Output = redis::RedisResult<()>>) -> Result<(), Ended> {
    match timeout(ANSWER_WITHIN, answer).await {
        Ok(answer) => answer.map_err(Ended::Subscribe),
        Err(_) => Err(Ended::Silent),
    }
}

/// The answer of `XRANGE` and its like.
pub(super) struct Streamed(pub(super) Vec<(Id, Bytes)>);

impl FromRedisValue for Streamed {
    fn from_redis_value(value: Value) -> Result<Self, ParsingError> {
        let items: Vec<(String, HashMap<String, Vec<u8>>)> = redis::from_redis_value(value)?;
        Ok(Self(
            items
                .into_iter()
                .filter_map(|(id, mut fields)| Some((id.parse().ok()?, fields.remove("d")?.into())))
                .collect(),
        ))
    }
}
