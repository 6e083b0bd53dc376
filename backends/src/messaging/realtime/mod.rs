//! Short-lived notices to the current listeners: within this process (`local`) or across all replicas
//! (`redis`). Not a queue: a topic remembers a little, so that a listener that was away for a moment
//! resumes where it was, and a listener that is too slow gets an error instead of holding others up.

mod local;
mod redis;
mod topic;

use std::sync::Arc;

use async_trait::async_trait;
use bytes::Bytes;
use mindflow_platform::realtime::Id;
use serde::Deserialize;

use crate::clock::Clock;
use crate::redis_server::{RedisUrl, RedisUrlError};

pub use mindflow_platform::realtime::{DATA_BYTES_MAX, END_KEPT_FOR, ITEMS_KEPT_FOR, ITEMS_KEPT_MAX, TOPIC_BYTES_MAX};

/// What one topic may hold in this process, so that 1,000 items of 64 KiB do not make 64 MiB.
pub const TOPIC_MEMORY_BYTES_MAX: usize = 4 * 1024 * 1024;
/// Topics of one process: one a connected user, and some more.
pub const TOPICS_MAX: usize = 100_000;

/// Topics to publish to and to listen to.
#[async_trait]
pub trait Realtime: Send + Sync {
    /// Sends the item to all listeners of the topic, and keeps it for those who resume.
    async fn publish(&self, topic: &str, data: &[u8]) -> Result<(), Error>;

    /// Listens from now on, or from after a cursor, as far as the topic's memory
    /// ([`ITEMS_KEPT_MAX`], [`ITEMS_KEPT_FOR`]) reaches. Dropping the subscription ends it.
    async fn subscribe(&self, topic: &str, after: Option<String>) -> Result<Box<dyn Subscription>, Error>;

    /// The cursor of what was published last: a subscription after it hears everything from now on. Where a topic ended is
    /// known for [`END_KEPT_FOR`].
    async fn latest(&self, topic: &str) -> Result<String, Error>;

    /// Whether the back end can serve now.
    async fn health(&self) -> Result<(), Error>;

    /// Ends all subscriptions and the work in the background.
    async fn close(&self);
}

/// One listener.
#[async_trait]
pub trait Subscription: Send {
    /// Waits for the next item, in the order of publication. May be dropped while it waits:
    /// nothing is lost.
    ///
    /// # Errors
    /// [`Error::Unavailable`] when the listener fell behind the topic's memory or the back end is
    /// dropped: read the state again, then subscribe again. The subscription has then ended.
    async fn next(&mut self) -> Result<Item, Error>;

    /// Whether it ended because the listener fell behind the topic's memory, so that a later one cannot resume where
    /// it was.
    fn fell_behind(&self) -> bool;

    /// Whether everything that was published after its cursor is heard. False: the topic has forgotten some of it, or does not
    /// know the cursor. True without a cursor.
    fn is_whole(&self) -> bool;
}

/// What a listener gets.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Item {
    /// Resume after this item with `subscribe`.
    pub cursor: String,
    pub data: Bytes,
}

/// Why it did not work. None of the texts carries a credential.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum Error {
    #[error("realtime is unavailable: {0}")]
    Unavailable(String),
    #[error("{0}")]
    Invalid(String),
}

/// Where topics live, as in `runtime-config`.
#[derive(Debug, Clone, Deserialize)]
#[serde(tag = "backend", rename_all = "kebab-case", deny_unknown_fields)]
pub enum Config {
    /// In this process: for a platform of one replica.
    Local {},
    /// On a Redis (6.2 or later), shared by all replicas that give the same URL and prefix.
    Redis {
        url: RedisUrl,
        /// Before every key and channel, such as `mindflow:`.
        #[serde(default)]
        prefix: String,
    },
}

/// Opens the topics. A Redis that is away now does not fail it: its calls answer `Unavailable`
/// until it is back. Must be called within a Tokio runtime.
///
/// # Errors
/// When the URL is none of Redis.
pub fn open(config: &Config, clock: Clock) -> Result<Arc<dyn Realtime>, RedisUrlError> {
    Ok(match config {
        Config::Local {} => Arc::new(local::Local::new(clock)),
        Config::Redis { url, prefix } => Arc::new(redis::Redis::open(url, prefix, clock)?),
    })
}

fn check_topic(topic: &str) -> Result<(), Error> {
    mindflow_platform::realtime::check_topic(topic).map_err(Error::Invalid)
}

fn check_data(data: &[u8]) -> Result<(), Error> {
    mindflow_platform::realtime::check_data(data).map_err(Error::Invalid)
}

fn cursor(after: Option<String>) -> Result<Option<Id>, Error> {
    after.as_deref().map(Id::from_cursor).transpose().map_err(Error::Invalid)
}
