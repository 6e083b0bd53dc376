//! The one connection for all subscriptions of this process. It subscribes to the topics that have listeners, reconnects
//! after an outage, and then fills the gap from the streams, so that a listener does not notice a short outage.

use std::collections::HashSet;
use std::sync::Arc;
use std::time::Duration;

use backon::{BackoffBuilder, ExponentialBuilder};
use bytes::Bytes;
use futures::StreamExt;
use mindflow_platform::realtime::Id;
use redis::aio::{PubSubSink, PubSubStream};
use redis::{Msg, Value, cmd};
use tokio::time::timeout;

use super::super::ITEMS_KEPT_MAX;
use super::topics::{Joined, Streamed, Topics};
use crate::clock;
use crate::redis_server::{ANSWER_WITHIN, CONNECT_WITHIN, RedisFailure, RedisServer};

/// Between two attempts to connect: quick at first, since most outages are restarts.
const RETRY_DELAY_MIN: Duration = Duration::from_millis(20);
const RETRY_DELAY_MAX: Duration = Duration::from_secs(1);
const RETRY_DELAYS: ExponentialBuilder =
    ExponentialBuilder::new().with_min_delay(RETRY_DELAY_MIN).with_max_delay(RETRY_DELAY_MAX).without_max_times();
/// A longer outage is reported to the listeners, so that they read the state again meanwhile.
const OUTAGE_TOLERATED: Duration = Duration::from_secs(10);
/// A connection that died silently is noticed by then.
const PING_EVERY: Duration = Duration::from_secs(5);
/// Topics a round trip: some 50 KiB of names.
const TOPICS_PER_STEP_MAX: usize = 200;

/// Runs until it is aborted.
pub(super) async fn run(topics: Arc<Topics>, server: RedisServer) {
    let mut delays = RETRY_DELAYS.build();
    let mut away_since = clock::instant();
    let mut reported = false;
    loop {
        match timeout(CONNECT_WITHIN, topics.url.pubsub()).await {
            Ok(Ok(connection)) => {
                let (sink, stream) = connection.split();
                let mut session = Session { topics: &topics, server: &server, sink, stream };
                let (served, why) = session.serve().await;
                tracing::warn!(server = %topics.url, %why, "realtime connection ended");
                if served {
                    (delays, away_since, reported) = (RETRY_DELAYS.build(), clock::instant(), false);
                }
            }
            Ok(Err(error)) => {
                tracing::debug!(server = %topics.url, %error, "realtime: not connected")
            }
            Err(_) => tracing::debug!(server = %topics.url, "realtime: connecting takes too long"),
        }
        let wanted = topics.wanted();
        for joined in wanted.values() {
            joined.ready.send_replace(false);
        }
        if !reported && away_since.elapsed() >= OUTAGE_TOLERATED {
            reported = true;
            wanted.values().for_each(|joined| joined.topic.fail("Redis is away"));
        }
        tokio::time::sleep(delays.next().unwrap_or(RETRY_DELAY_MAX)).await;
    }
}

/// One connection, from its making to its end.
struct Session<'s> {
    topics: &'s Topics,
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
    /// Returns whether all topics were subscribed to for a while, and why it ended.
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
                () = self.topics.doorbell.notified() => self.fit(&mut subscribed).await,
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

    /// Subscribes and unsubscribes until the connection has exactly the wanted topics.
    async fn fit(&mut self, subscribed: &mut HashSet<String>) -> Result<(), Ended> {
        let wanted = self.topics.wanted();
        let unwanted: Vec<String> = subscribed.iter().filter(|topic| !wanted.contains_key(*topic)).cloned().collect();
        for topics in unwanted.chunks(TOPICS_PER_STEP_MAX) {
            let channels = self.channels(topics.iter());
            bounded(self.sink.unsubscribe(channels)).await?;
            for topic in topics {
                subscribed.remove(topic);
            }
        }
        let new: Vec<(&String, &Arc<Joined>)> =
            wanted.iter().filter(|(topic, _)| !subscribed.contains(*topic)).collect();
        for topics in new.chunks(TOPICS_PER_STEP_MAX) {
            let channels = self.channels(topics.iter().map(|(topic, _)| *topic));
            bounded(self.sink.subscribe(channels)).await?;
            self.catch_up(topics).await.map_err(Ended::CatchUp)?;
            for (topic, joined) in topics {
                subscribed.insert((*topic).clone());
                joined.ready.send_replace(true);
            }
        }
        Ok(())
    }

    fn channels<'t>(&self, topics: impl Iterator<Item = &'t String>) -> Vec<String> {
        topics.map(|topic| self.topics.names.channel(topic)).collect()
    }

    /// For a topic that is new: where its stream ends. For one that an earlier connection had: what came meanwhile.
    async fn catch_up(&self, topics: &[(&String, &Arc<Joined>)]) -> Result<(), RedisFailure> {
        let command = |(topic, joined): &(&String, &Arc<Joined>)| {
            let stream = self.topics.names.stream(topic);
            match joined.topic.last() {
                last if last == Id::default() => {
                    let mut range = cmd("XREVRANGE");
                    range.arg(stream).arg("+").arg("-").arg("COUNT").arg(1);
                    range
                }
                last => {
                    let mut range = cmd("XRANGE");
                    range.arg(stream).arg(format!("({last}")).arg("+").arg("COUNT").arg(ITEMS_KEPT_MAX);
                    range
                }
            }
        };
        let streamed: Vec<Streamed> = self.server.read_all(topics.iter().map(command).collect()).await?;
        for ((_, joined), Streamed { items, before }) in topics.iter().zip(streamed) {
            let last = joined.topic.last();
            if last == Id::default() {
                joined.topic.begin_after(items.first().map_or(Id::BEGINNING, |(id, _)| *id));
                continue;
            }
            // As many as are ever kept: there may have been more. And an item that follows none that was heard.
            if let Some((first, _)) = items.first()
                && (items.len() >= ITEMS_KEPT_MAX || before.is_some_and(|before| before > last))
            {
                joined.topic.lose_until(*first, "more came during an outage than a topic remembers");
            }
            items.into_iter().for_each(|(id, data)| joined.topic.push(id, data));
        }
        Ok(())
    }

    fn hear(&self, message: &Msg) {
        let Some(topic) = self.topics.names.topic_of(message.get_channel_name()) else {
            return;
        };
        let payload = message.get_payload_bytes();
        let Some(space) = payload.iter().position(|byte| *byte == b' ') else {
            return;
        };
        let (id, data) = payload.split_at(space);
        let id = std::str::from_utf8(id).ok().and_then(|id| id.parse::<Id>().ok());
        // Not ready: a leftover of an earlier subscription. `catch_up` reads it from the stream.
        let joined = self.topics.known(topic).filter(|joined| *joined.ready.borrow());
        if let (Some(id), Some(joined)) = (id, joined) {
            joined.topic.push(id, Bytes::copy_from_slice(data.get(1..).unwrap_or_default()));
        }
    }
}

async fn bounded(answer: impl Future<Output = redis::RedisResult<()>>) -> Result<(), Ended> {
    match timeout(ANSWER_WITHIN, answer).await {
        Ok(answer) => answer.map_err(Ended::Subscribe),
        Err(_) => Err(Ended::Silent),
    }
}
