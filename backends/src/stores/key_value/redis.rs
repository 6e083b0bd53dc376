//! Keys on a Redis, shared by all replicas.

use std::time::Duration;

use async_trait::async_trait;
use bytes::Bytes;
use mindflow_platform::key_value::redis::{INCREMENT, Names, PUT, condition, increment_refusal, lifetime};
use mindflow_platform::key_value::{SCAN_STEP, SCAN_STEPS_MAX, TOO_LARGE_TO_LIST};
use redis::{Cmd, FromRedisValue, ParsingError, Script, Value, cmd};

use super::{Condition, Entry, Error, KEYS_PER_LIST_MAX, KeyValue, PutOutcome};
use crate::redis_server::{RedisFailure, RedisServer, RedisUrl, RedisUrlError};

pub(super) struct Redis {
    server: RedisServer,
    names: Names,
    put: Script,
    increment: Script,
}

// === impl Redis ===

impl Redis {
    pub(super) fn open(url: &RedisUrl, prefix: &str, bucket: &str) -> Result<Self, RedisUrlError> {
        Ok(Self {
            server: RedisServer::new(url)?,
            names: Names::new(prefix, bucket, url.is_cluster()),
            put: Script::new(PUT),
            increment: Script::new(INCREMENT),
        })
    }

    fn read(&self, key: &str) -> Cmd {
        let mut command = cmd("HMGET");
        command.arg(self.names.entry(key)).arg("v").arg("n");
        command
    }
}

#[async_trait]
impl KeyValue for Redis {
    async fn get(&self, key: &str) -> Result<Option<Entry>, Error> {
        let found: Vec<Found> = self.server.read_all(vec![self.read(key)]).await?;
        Ok(found.into_iter().next().and_then(|found| found.0))
    }

    async fn get_many(&self, keys: &[String]) -> Result<Vec<Option<Entry>>, Error> {
        let found: Vec<Found> = self.server.read_all(keys.iter().map(|key| self.read(key)).collect()).await?;
        Ok(found.into_iter().map(|found| found.0).collect())
    }

    async fn put(&self, key: &str, value: Bytes, ttl: Option<Duration>, when: Condition) -> Result<PutOutcome, Error> {
        let (lifetime, condition) = (lifetime(ttl), condition(when));
        let arguments = [&*value, lifetime.as_bytes(), condition.as_bytes()];
        let outcome: Put = self.server.run(&self.put, &self.names.entry(key), &arguments).await?;
        Ok(outcome.0)
    }

    async fn increment(&self, key: &str, delta: i64, ttl: Option<Duration>) -> Result<i64, Error> {
        let (delta, lifetime) = (delta.to_string(), lifetime(ttl));
        let arguments = [delta.as_bytes(), lifetime.as_bytes()];
        let sum = self.server.run(&self.increment, &self.names.entry(key), &arguments).await;
        sum.map_err(|failure| match failure {
            RedisFailure::Refused(text) => increment_refusal(key, &text).map_or(Error::Other(text), Error::Invalid),
            failure @ RedisFailure::Away(_) => failure.into(),
        })
    }

    async fn delete(&self, keys: &[String]) -> Result<u32, Error> {
        let mut command = cmd("UNLINK");
        for key in keys {
            command.arg(self.names.entry(key));
        }
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
