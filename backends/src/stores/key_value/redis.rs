//! Keys on a Redis, shared by all replicas.
//!
//! Each key is a hash of two fields, the value `v` and its version `n`; Redis keeps the lifetime
//! (`PEXPIRE`). What reads before it writes is a Lua script: atomic, and one round trip. Versions
//! come from one counter a bucket, which starts at the server's time in microseconds, so that none
//! comes back: not after a delete, and not when Redis has lost its memory.

use std::collections::HashSet;
use std::time::Duration;

use async_trait::async_trait;
use bytes::Bytes;
use redis::{FromRedisValue, ParsingError, Script, Value, cmd, pipe};

use super::limits::KEYS_PER_LIST_MAX;
use super::{Condition, Entry, Error, KeyValue, PutOutcome};
use crate::redis_server::{RedisFailure, RedisServer, RedisUrl, RedisUrlError};

/// How many keys Redis looks at in one step of a listing: well under a millisecond of its time.
const SCAN_STEP: usize = 1000;
/// A listing walks the whole database of the server; 1,000 steps are a million keys.
const SCAN_STEPS_MAX: usize = 1000;

/// KEYS: entry, version counter. Below 2^50 the counter has just been made.
const NEXT_VERSION: &str = r"
local function next_version(key)
  local version = redis.call('INCR', key)
  if version < 1125899906842624 then
    local time = redis.call('TIME')
    version = tonumber(time[1]) * 1000000 + tonumber(time[2])
    redis.call('SET', key, string.format('%.0f', version))
  end
  return string.format('%.0f', version)
end
";

/// ARGV: value, lifetime in ms or '', condition ('always', 'absent' or a version).
/// Answers {1, version}, or {0} (absent), or {0, value, version}.
const PUT: &str = r"
if ARGV[3] ~= 'always' then
  local current = redis.call('HMGET', KEYS[1], 'v', 'n')
  if ARGV[3] == 'absent' then
    if current[2] then return {0, current[1], current[2]} end
  elseif not current[2] then
    return {0}
  elseif current[2] ~= ARGV[3] then
    return {0, current[1], current[2]}
  end
end
local version = next_version(KEYS[2])
redis.call('HSET', KEYS[1], 'v', ARGV[1], 'n', version)
if ARGV[2] == '' then redis.call('PERSIST', KEYS[1]) else redis.call('PEXPIRE', KEYS[1], ARGV[2]) end
return {1, version}
";

/// ARGV: delta, lifetime in ms or ''. HINCRBY checks the number and its range before it writes.
const INCREMENT: &str = r"
local fresh = redis.call('EXISTS', KEYS[1]) == 0
local total = redis.call('HINCRBY', KEYS[1], 'v', ARGV[1])
redis.call('HSET', KEYS[1], 'n', next_version(KEYS[2]))
if fresh and ARGV[2] ~= '' then redis.call('PEXPIRE', KEYS[1], ARGV[2]) end
return redis.call('HGET', KEYS[1], 'v')
";

pub(super) struct Redis {
    server: RedisServer,
    /// Before each key of this bucket.
    entry_prefix: String,
    version_key: String,
    put: Script,
    increment: Script,
}

// === impl Redis ===

impl Redis {
    pub(super) fn open(url: &RedisUrl, prefix: &str, bucket: &str) -> Result<Self, RedisUrlError> {
        Ok(Self {
            server: RedisServer::new(url)?,
            entry_prefix: format!("{prefix}kv:{bucket}:"),
            version_key: format!("{prefix}kv-version:{bucket}"),
            put: Script::new(&format!("{NEXT_VERSION}{PUT}")),
            increment: Script::new(&format!("{NEXT_VERSION}{INCREMENT}")),
        })
    }

    fn key(&self, key: &str) -> String {
        format!("{}{key}", self.entry_prefix)
    }
}

#[async_trait]
impl KeyValue for Redis {
    async fn get(&self, key: &str) -> Result<Option<Entry>, Error> {
        let found: Found = self.server.read(cmd("HMGET").arg(self.key(key)).arg("v").arg("n")).await?;
        Ok(found.0)
    }

    async fn get_many(&self, keys: &[String]) -> Result<Vec<Option<Entry>>, Error> {
        let mut commands = pipe();
        for key in keys {
            commands.cmd("HMGET").arg(self.key(key)).arg("v").arg("n");
        }
        let found: Vec<Found> = self.server.read(&commands).await?;
        Ok(found.into_iter().map(|found| found.0).collect())
    }

    async fn put(&self, key: &str, value: Bytes, ttl: Option<Duration>, when: Condition) -> Result<PutOutcome, Error> {
        let condition = match when {
            Condition::Always => "always".to_owned(),
            Condition::IfAbsent => "absent".to_owned(),
            Condition::IfVersion(version) => version.to_string(),
        };
        let mut call = self.put.prepare_invoke();
        call.key(self.key(key)).key(&self.version_key);
        call.arg(&*value).arg(ttl_text(ttl)).arg(condition);
        let outcome: Put = self.server.write(&call).await?;
        Ok(outcome.0)
    }

    async fn increment(&self, key: &str, delta: i64, ttl: Option<Duration>) -> Result<i64, Error> {
        let mut call = self.increment.prepare_invoke();
        call.key(self.key(key)).key(&self.version_key);
        call.arg(delta).arg(ttl_text(ttl));
        self.server.write(&call).await.map_err(|failure| match failure {
            RedisFailure::Refused(text) if text.contains("not an integer") => {
                Error::Invalid(format!("the value of {key:?} is not a counter"))
            }
            RedisFailure::Refused(text) if text.contains("overflow") => {
                Error::Invalid(format!("the counter {key:?} would leave the range of s64"))
            }
            failure => failure.into(),
        })
    }

    async fn delete(&self, keys: &[String]) -> Result<u32, Error> {
        let mut command = cmd("UNLINK");
        for key in keys {
            command.arg(self.key(key));
        }
        Ok(self.server.write(&command).await?)
    }

    async fn list_keys(&self, prefix: &str) -> Result<Vec<String>, Error> {
        let pattern = format!("{}*", escape_pattern(&self.key(prefix)));
        let mut keys = HashSet::new();
        let mut cursor = "0".to_owned();
        for _ in 0..SCAN_STEPS_MAX {
            let mut step = cmd("SCAN");
            step.arg(&cursor).arg("MATCH").arg(&pattern).arg("COUNT").arg(SCAN_STEP);
            let (next, found): (String, Vec<String>) = self.server.read(&step).await?;
            let own = |key: String| key.strip_prefix(&self.entry_prefix).map(str::to_owned);
            keys.extend(found.into_iter().filter_map(own));
            if next == "0" || keys.len() >= KEYS_PER_LIST_MAX {
                return Ok(keys.into_iter().take(KEYS_PER_LIST_MAX).collect());
            }
            cursor = next;
        }
        Err(Error::other("the Redis database is too large to list keys in"))
    }

    async fn health(&self) -> Result<(), Error> {
        let _: Value = self.server.read(&cmd("PING")).await?;
        Ok(())
    }

    async fn close(&self) {
        self.server.close();
    }
}

fn ttl_text(ttl: Option<Duration>) -> String {
    ttl.map(|ttl| ttl.as_millis().to_string()).unwrap_or_default()
}

/// Makes a key a pattern (of `SCAN … MATCH`) that matches only itself.
fn escape_pattern(key: &str) -> String {
    let mut pattern = String::with_capacity(key.len());
    for character in key.chars() {
        if matches!(character, '*' | '?' | '[' | ']' | '^' | '-' | '\\') {
            pattern.push('\\');
        }
        pattern.push(character);
    }
    pattern
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
