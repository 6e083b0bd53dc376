//! Keys on a Redis, shared by all replicas. What may be recalled is kept in this process ([`tracking`]).

mod copies;
mod tracking;

use std::slice;
use std::sync::Arc;
use std::time::Duration;

use async_trait::async_trait;
use bytes::Bytes;
use mindflow_platform::key_value::redis::{INCREMENT, Names, PUT, condition, increment_refusal, lifetime};
use mindflow_platform::key_value::{SCAN_STEP, SCAN_STEPS_MAX, TOO_LARGE_TO_LIST};
use redis::{Cmd, FromRedisValue, ParsingError, Script, Value, cmd};

use self::tracking::{Tracking, Wanted};
use super::{Condition, Entry, Error, KEYS_PER_LIST_MAX, KeyValue, PutOutcome};
use crate::redis_server::{RedisFailure, RedisServer, RedisUrl, RedisUrlError};

pub use self::tracking::Trackings;

pub(super) struct Redis {
    server: RedisServer,
    /// A cluster has none.
    tracking: Option<Arc<Tracking>>,
    names: Names,
    put: Script,
    increment: Script,
}

// === impl Redis ===

impl Redis {
    pub(super) fn open(
        url: &RedisUrl,
        prefix: &str,
        bucket: &str,
        trackings: &Trackings,
    ) -> Result<Self, RedisUrlError> {
        Ok(Self {
            server: RedisServer::new(url)?,
            tracking: trackings.on(url),
            names: Names::new(prefix, bucket, url.is_cluster()),
            put: Script::new(PUT),
            increment: Script::new(INCREMENT),
        })
    }

    /// As Redis has them now.
    async fn entries(&self, keys: impl Iterator<Item = impl AsRef<str>>) -> Result<Vec<Option<Entry>>, RedisFailure> {
        let commands = keys.map(|key| read(&self.names.entry(key.as_ref()))).collect();
        let found: Vec<Found> = self.server.read_all(commands).await?;
        Ok(found.into_iter().map(|found| found.0).collect())
    }

    /// To be held while entries are written. Then no copy of them is from before, and the next read of this process sees what
    /// was written. If it fails, or its caller leaves, they may be written all the same, and Redis says so.
    fn writing<'a>(&'a self, names: &'a [String]) -> Writing<'a> {
        Writing { tracking: self.tracking.as_deref(), names }
    }
}

struct Writing<'a> {
    tracking: Option<&'a Tracking>,
    names: &'a [String],
}

impl Drop for Writing<'_> {
    fn drop(&mut self) {
        if let Some(tracking) = self.tracking {
            self.names.iter().for_each(|name| tracking.forget(name));
        }
    }
}

/// Value and version of an entry.
fn read(name: &str) -> Cmd {
    let mut command = cmd("HMGET");
    command.arg(name).arg("v").arg("n");
    command
}

#[async_trait]
impl KeyValue for Redis {
    async fn get(&self, key: &str) -> Result<Option<Entry>, Error> {
        Ok(self.entries(std::iter::once(key)).await?.into_iter().next().flatten())
    }

    async fn get_many(&self, keys: &[String]) -> Result<Vec<Option<Entry>>, Error> {
        Ok(self.entries(keys.iter()).await?)
    }

    async fn recall(&self, keys: &[String], current: &[String]) -> Result<Vec<Option<Entry>>, Error> {
        // Copies take no waiting: a caller that reads them in a loop lets the other tasks of its thread run now and then.
        tokio::task::coop::consume_budget().await;
        if let Some(tracking) = self.tracking.as_ref().filter(|_| !self.server.is_closed()) {
            let wanted = |key, copied| Wanted { name: self.names.entry(key), copied };
            let copied = keys.iter().map(|key| wanted(key, true));
            let wanted: Vec<_> = copied.chain(current.iter().map(|key| wanted(key, false))).collect();
            if let Some(entries) = tracking.entries(&wanted).await {
                return Ok(entries);
            }
        }
        Ok(self.entries(keys.iter().chain(current)).await?)
    }

    async fn put(&self, key: &str, value: Bytes, ttl: Option<Duration>, when: Condition) -> Result<PutOutcome, Error> {
        let (lifetime, condition) = (lifetime(ttl), condition(when));
        let arguments = [&*value, lifetime.as_bytes(), condition.as_bytes()];
        let name = self.names.entry(key);
        let _writing = self.writing(slice::from_ref(&name));
        let outcome: Put = self.server.run(&self.put, &name, &arguments).await?;
        Ok(outcome.0)
    }

    async fn increment(&self, key: &str, delta: i64, ttl: Option<Duration>) -> Result<i64, Error> {
        let (delta, lifetime) = (delta.to_string(), lifetime(ttl));
        let arguments = [delta.as_bytes(), lifetime.as_bytes()];
        let name = self.names.entry(key);
        let _writing = self.writing(slice::from_ref(&name));
        let sum = self.server.run(&self.increment, &name, &arguments).await;
        sum.map_err(|failure| match failure {
            RedisFailure::Refused(text) => increment_refusal(key, &text).map_or(Error::Other(text), Error::Invalid),
            failure @ RedisFailure::Away(_) => failure.into(),
        })
    }

    async fn delete(&self, keys: &[String]) -> Result<u32, Error> {
        let names: Vec<_> = keys.iter().map(|key| self.names.entry(key)).collect();
        let _writing = self.writing(&names);
        let mut command = cmd("UNLINK");
        command.arg(&names);
        Ok(self.server.write(&command).await?)
    }

    async fn list_keys(&self, prefix: &str) -> Result<Vec<String>, Error> {
        let pattern = self.names.pattern(prefix);
        let found = self.server.keys(&pattern, KEYS_PER_LIST_MAX, SCAN_STEP, SCAN_STEPS_MAX).await?;
        let found = found.ok_or_else(|| Error::other(TOO_LARGE_TO_LIST))?;
        let keys = found.iter().filter_map(|entry| self.names.key(entry));
        Ok(keys.take(KEYS_PER_LIST_MAX).map(str::to_owned).collect())
    }

    async fn health(&self) -> Result<(), Error> {
        let _: Value = self.server.read(&cmd("PING")).await?;
        Ok(())
    }

    async fn close(&self) {
        self.server.close();
    }
}

impl From<RedisFailure> for Error {
    fn from(failure: RedisFailure) -> Self {
        match failure {
            RedisFailure::Away(text) => Self::Unavailable(text),
            RedisFailure::Refused(text) => Self::Other(text),
        }
    }
}

/// The answer of `HMGET key v n`.
struct Found(Option<Entry>);

impl FromRedisValue for Found {
    fn from_redis_value(value: Value) -> Result<Self, ParsingError> {
        let (value, version): (Option<Vec<u8>>, Option<u64>) = redis::from_redis_value(value)?;
        Ok(Self(entry(value, version)))
    }
}

/// The answer of the `PUT` script.
struct Put(PutOutcome);

impl FromRedisValue for Put {
    fn from_redis_value(value: Value) -> Result<Self, ParsingError> {
        let fields: Vec<Value> = redis::from_redis_value(value)?;
        let mut fields = fields.into_iter();
        let stored = fields.next().map(redis::from_redis_value::<i64>).transpose()? == Some(1);
        if stored {
            let version = fields.next().unwrap_or(Value::Nil);
            return Ok(Self(PutOutcome::Stored(redis::from_redis_value(version)?)));
        }
        let value = fields.next().map(redis::from_redis_value).transpose()?;
        let version = fields.next().map(redis::from_redis_value).transpose()?;
        Ok(Self(PutOutcome::Stale(entry(value, version))))
    }
}

fn entry(value: Option<Vec<u8>>, version: Option<u64>) -> Option<Entry> {
    Some(Entry { value: value?.into(), version: version? })
}
