//! The capability `key-value` on Redis, with the host's names of keys and its scripts: what one wrote, the other reads. What a
//! bucket promises (lifetimes to the millisecond, conditions, versions that never come back) those scripts keep; Spin's own
//! key-value store has neither lifetimes nor versions.
//!
//! Spin's replies are flat, which suits: a script answers one flat list.

use std::collections::BTreeSet;
use std::time::Duration;

use mindflow_platform::key_value::redis::{INCREMENT, Names, PUT, READ_MANY, condition, increment_refusal, lifetime};
use mindflow_platform::key_value::{
    self as rules, KEYS_PER_LIST_MAX, SCAN_STEP, SCAN_STEPS_MAX, TOO_LARGE_TO_LIST, check_key, check_keys,
    check_prefix, check_ttl, check_value,
};
use mindflow_spin_guest::redis::{Arg, Failure, Reply, command, script};

use crate::Platform;
use crate::bindings::exports::mindflow::platform::key_value::{
    Bucket, Condition, Entry, Error, Guest, GuestBucket, PutOutcome,
};
use crate::grants;
use crate::redis::{Redis, redis};

impl Guest for Platform {
    type Bucket = Opened;
}

/// A bucket.
pub struct Opened {
    redis: &'static Redis,
    names: Names,
}

impl Opened {
    fn entry(&self, key: &str) -> Vec<u8> {
        self.names.entry(key).into_bytes()
    }

    async fn script(&self, lua: &'static str, entries: &[Vec<u8>], args: &[Arg]) -> Result<Vec<Reply>, Failure> {
        let entries: Vec<&[u8]> = entries.iter().map(Vec::as_slice).collect();
        script(&self.redis.url, lua, &entries, args).await
    }
}

impl GuestBucket for Opened {
    async fn open(name: String) -> Result<Bucket, Error> {
        grants::service().bucket(&name).map_err(Error::AccessDenied)?;
        let redis = redis().await.map_err(Error::Unavailable)?;
        // Spin's client speaks to one server, never to a cluster.
        Ok(Bucket::new(Opened { redis, names: Names::new(&redis.prefix, &name, false) }))
    }

    async fn get(&self, key: String) -> Result<Option<Entry>, Error> {
        check_key(&key).map_err(Error::Invalid)?;
        let args = [self.entry(&key).into(), "v".into(), "n".into()];
        entry(&mut command(&self.redis.url, "HMGET", &args).await?.into_iter())
    }

    async fn get_many(&self, keys: Vec<String>) -> Result<Vec<Option<Entry>>, Error> {
        check_keys(&keys).map_err(Error::Invalid)?;
        if keys.is_empty() {
            return Ok(Vec::new());
        }
        let entries: Vec<_> = keys.iter().map(|key| self.entry(key)).collect();
        let mut found = self.script(READ_MANY, &entries, &[]).await?.into_iter();
        keys.iter().map(|_| entry(&mut found)).collect()
    }

    /// Nothing is kept from one request to the next, so all are asked for.
    async fn recall(&self, keys: Vec<String>, current: Vec<String>) -> Result<Vec<Option<Entry>>, Error> {
        let (first, others) = (self.get_many(keys).await?, self.get_many(current).await?);
        Ok(first.into_iter().chain(others).collect())
    }

    async fn put(
        &self,
        key: String,
        value: Vec<u8>,
        ttl_ms: Option<u64>,
        when: Condition,
    ) -> Result<PutOutcome, Error> {
        let ttl = ttl_ms.map(Duration::from_millis);
        check_key(&key).map_err(Error::Invalid)?;
        check_ttl(ttl).map_err(Error::Invalid)?;
        check_value(&value).map_err(Error::Invalid)?;
        let args = [value.into(), lifetime(ttl).into(), condition(when.into()).into()];
        outcome(self.script(PUT, &[self.entry(&key)], &args).await?)
    }

    async fn increment(&self, key: String, delta: i64, ttl_ms: Option<u64>) -> Result<i64, Error> {
        let ttl = ttl_ms.map(Duration::from_millis);
        check_key(&key).map_err(Error::Invalid)?;
        check_ttl(ttl).map_err(Error::Invalid)?;
        let answer = self.script(INCREMENT, &[self.entry(&key)], &[delta.into(), lifetime(ttl).into()]).await;
        let answer = answer.map_err(|failure| match failure {
            Failure::Refused(text) => increment_refusal(&key, &text).map_or(Error::Other(text), Error::Invalid),
            failure @ Failure::Unavailable(_) => failure.into(),
        })?;
        answer.into_iter().next().and_then(Reply::into_int).ok_or_else(unexpected)
    }

    async fn delete(&self, keys: Vec<String>) -> Result<u32, Error> {
        check_keys(&keys).map_err(Error::Invalid)?;
        if keys.is_empty() {
            return Ok(0);
        }
        let args: Vec<Arg> = keys.iter().map(|key| self.entry(key).into()).collect();
        let deleted = command(&self.redis.url, "UNLINK", &args).await?.into_iter().next().and_then(Reply::into_int);
        deleted.and_then(|deleted| deleted.try_into().ok()).ok_or_else(unexpected)
    }

    async fn list_keys(&self, prefix: String) -> Result<Vec<String>, Error> {
        check_prefix(&prefix).map_err(Error::Invalid)?;
        let pattern = self.names.pattern(&prefix);
        let step = i64::try_from(SCAN_STEP).unwrap_or(i64::MAX);
        let mut found = BTreeSet::new();
        let mut cursor = "0".to_owned();
        for _ in 0..SCAN_STEPS_MAX {
            let args = [cursor.into(), "MATCH".into(), pattern.as_str().into(), "COUNT".into(), step.into()];
            let mut answer = command(&self.redis.url, "SCAN", &args).await?.into_iter();
            cursor = answer.next().and_then(Reply::into_text).ok_or_else(unexpected)?;
            // A key may come twice.
            let keys = answer.filter_map(Reply::into_text);
            found.extend(keys.filter_map(|entry| self.names.key(&entry).map(str::to_owned)));
            if cursor == "0" || found.len() >= KEYS_PER_LIST_MAX {
                return Ok(found.into_iter().take(KEYS_PER_LIST_MAX).collect());
            }
        }
        Err(Error::Other(TOO_LARGE_TO_LIST.to_owned()))
    }
}

/// The next two of a reply: value and version.
fn entry(reply: &mut impl Iterator<Item = Reply>) -> Result<Option<Entry>, Error> {
    let (value, version) = (reply.next().ok_or_else(unexpected)?, reply.next().ok_or_else(unexpected)?);
    match (value.into_bytes(), version) {
        (None, _) | (_, Reply::Nil) => Ok(None),
        (Some(value), version) => Ok(Some(Entry { value, version: number(version)? })),
    }
}

/// What [`PUT`] answered.
fn outcome(reply: Vec<Reply>) -> Result<PutOutcome, Error> {
    let mut reply = reply.into_iter();
    match reply.next().and_then(Reply::into_int) {
        Some(1) => Ok(PutOutcome::Stored(number(reply.next().ok_or_else(unexpected)?)?)),
        Some(0) if reply.len() == 0 => Ok(PutOutcome::Stale(None)),
        Some(0) => Ok(PutOutcome::Stale(entry(&mut reply)?)),
        _ => Err(unexpected()),
    }
}

/// A version. As a number it may be greater than what [`Reply::into_int`] takes.
fn number(reply: Reply) -> Result<u64, Error> {
    reply.into_text().and_then(|text| text.parse().ok()).ok_or_else(unexpected)
}

fn unexpected() -> Error {
    Error::Other("Redis answered what makes no sense".to_owned())
}

impl From<Condition> for rules::Condition {
    fn from(condition: Condition) -> Self {
        match condition {
            Condition::Always => Self::Always,
            Condition::IfAbsent => Self::IfAbsent,
            Condition::IfVersion(version) => Self::IfVersion(version),
        }
    }
}

impl From<Failure> for Error {
    fn from(failure: Failure) -> Self {
        match failure {
            Failure::Unavailable(_) => Self::Unavailable(failure.to_string()),
            Failure::Refused(text) => Self::Other(text),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn text(text: &str) -> Reply {
        Reply::Binary(text.as_bytes().to_vec())
    }

    fn found(value: &str, version: u64) -> Option<Entry> {
        Some(Entry { value: value.into(), version })
    }

    #[test]
    fn entries_are_read_two_by_two_and_an_absent_one_is_nil() {
        let mut reply =
            [text("a"), text("7"), Reply::Nil, Reply::Nil, text(""), text("18446744073709551615")].into_iter();
        assert_eq!(entry(&mut reply), Ok(found("a", 7)));
        assert_eq!(entry(&mut reply), Ok(None));
        assert_eq!(entry(&mut reply), Ok(found("", u64::MAX)));
        assert!(matches!(entry(&mut reply), Err(Error::Other(_))));
    }

    #[test]
    fn a_put_is_stored_or_shows_what_is_there() {
        assert_eq!(outcome(vec![Reply::Int64(1), text("9")]), Ok(PutOutcome::Stored(9)));
        assert_eq!(outcome(vec![Reply::Int64(0)]), Ok(PutOutcome::Stale(None)));
        assert_eq!(outcome(vec![Reply::Int64(0), text("a"), text("7")]), Ok(PutOutcome::Stale(found("a", 7))));
        assert!(outcome(vec![]).is_err());
        assert!(outcome(vec![Reply::Int64(1)]).is_err());
    }
}
