//! The capability `realtime` on the host's topics: the same streams, written by the same script, so that replicas of the host
//! and of Spin on one Redis hear each other.
//!
//! The host listens on channels, which Spin's interface of commands cannot do. Here a subscription reads the topic's stream from
//! where it is, and when nothing is left, waits by `XREAD BLOCK` on a connection of its own; Spin's client sets no time limit on
//! a reply (redis 0.32 in Spin 4.1), so the wait ends when an item comes. Polling was the alternative: with a pause short enough
//! for a live feed, each idle subscription would cost Redis several commands a second. The price is a connection for each
//! subscription that waits; an instance has 16 requests at most. Replies come flat, so `XREAD` only wakes, and a script that
//! answers a flat list reads.

use std::collections::VecDeque;
use std::time::Duration;

use async_lock::Mutex;
use mindflow_platform::realtime::redis::{END, LAST, Names, PUBLISH, READ};
use mindflow_platform::realtime::{
    END_KEPT_FOR, FELL_BEHIND, ITEMS_KEPT_FOR, ITEMS_KEPT_MAX, Id, check_data, check_topic, is_whole,
};
use mindflow_spin_guest::redis::{self, Arg, Connection, Failure, Reply, script};
use wasip3::clocks::monotonic_clock;

use crate::Platform;
use crate::bindings::exports::mindflow::platform::realtime::{Error, Guest, GuestSubscription, Item, Subscription};
use crate::grants;
use crate::redis::{Redis, redis};

/// Items of one read: 64 of 64 KiB are 4 MiB, as much as the host keeps of a topic.
const ITEMS_PER_READ: i64 = 64;
/// How long a wait blocks, so that a connection that died silently is noticed.
const BLOCK: Duration = Duration::from_secs(5);
/// What a wait may take: more than it blocks.
const BLOCK_ANSWER_MAX: Duration = Duration::from_secs(8);

impl Guest for Platform {
    type Subscription = Subscribed;

    async fn publish(topic: String, data: Vec<u8>) -> Result<(), Error> {
        grants::service().publish_to(&topic).map_err(Error::AccessDenied)?;
        check_topic(&topic).map_err(Error::Invalid)?;
        check_data(&data).map_err(Error::Invalid)?;
        let redis = redis().await.map_err(Error::Unavailable)?;
        let names = Names::new(&redis.prefix, redis.database);
        let args = [
            data.into(),
            kept_items().into(),
            ms(ITEMS_KEPT_FOR).into(),
            names.channel(&topic).into(),
            ms(END_KEPT_FOR).into(),
        ];
        script(&redis.url, PUBLISH, &Keys::of(&names, &topic).both(), &args).await?;
        Ok(())
    }

    async fn subscribe(topic: String, after: Option<String>) -> Result<Subscription, Error> {
        grants::service().subscribe_to(&topic).map_err(Error::AccessDenied)?;
        check_topic(&topic).map_err(Error::Invalid)?;
        let after = after.as_deref().map(Id::from_cursor).transpose().map_err(Error::Invalid)?;
        let redis = redis().await.map_err(Error::Unavailable)?;
        let keys = Keys::of(&Names::new(&redis.prefix, redis.database), &topic);
        let (mut waiting, mut whole) = (VecDeque::new(), true);
        let place = match after {
            Some(after) => {
                let (asked_at, found) = keys.read(redis, after).await?;
                whole = found.is_whole(after);
                let read_to = found.read_to(after);
                waiting.extend(found.into_items());
                ReadPosition::live(read_to, asked_at)
            }
            None => {
                let last = script(&redis.url, LAST, &[keys.stream.as_bytes()], &[]).await?.into_iter().next();
                ReadPosition::live(id(last)?.unwrap_or(Id::BEGINNING), monotonic_clock::now())
            }
        };
        let listener = Listener { place, waiting, connection: None, ended: None };
        Ok(Subscription::new(Subscribed { redis, keys, whole, listener: Mutex::new(listener) }))
    }

    async fn latest(topic: String) -> Result<String, Error> {
        grants::service().subscribe_to(&topic).map_err(Error::AccessDenied)?;
        check_topic(&topic).map_err(Error::Invalid)?;
        let redis = redis().await.map_err(Error::Unavailable)?;
        let keys = Keys::of(&Names::new(&redis.prefix, redis.database), &topic);
        let ended = script(&redis.url, END, &keys.both(), &[ms(END_KEPT_FOR).into()]).await?.into_iter().next();
        id(ended)?.map(|id| id.to_string()).ok_or_else(unexpected)
    }
}

/// What Redis has of a topic.
struct Keys {
    stream: String,
    end: String,
}

impl Keys {
    fn of(names: &Names, topic: &str) -> Self {
        Self { stream: names.stream(topic), end: names.end(topic) }
    }

    fn both(&self) -> [&[u8]; 2] {
        [self.stream.as_bytes(), self.end.as_bytes()]
    }

    /// What follows, and when that was asked, in nanoseconds of the monotonic clock.
    async fn read(&self, redis: &Redis, after: Id) -> Result<(u64, Found), Error> {
        let asked_at = monotonic_clock::now();
        let args = [after.to_string().into(), ms(ITEMS_KEPT_FOR).into(), ITEMS_PER_READ.into()];
        Ok((asked_at, Found::of(script(&redis.url, READ, &self.both(), &args).await?)?))
    }
}

/// One listener.
pub struct Subscribed {
    redis: &'static Redis,
    keys: Keys,
    whole: bool,
    listener: Mutex<Listener>,
}

struct Listener {
    place: ReadPosition,
    /// Read, but not delivered yet.
    waiting: VecDeque<Item>,
    /// Opened at the first wait.
    connection: Option<Connection>,
    ended: Option<Error>,
}

/// How far the stream has been read.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
struct ReadPosition {
    read_to: Id,
    /// When, in nanoseconds of the monotonic clock.
    read_at: u64,
}

impl GuestSubscription for Subscribed {
    async fn next(&self) -> Result<Item, Error> {
        let mut listener = self.listener.lock().await;
        if let Some(ended) = &listener.ended {
            return Err(ended.clone());
        }
        loop {
            if let Some(item) = listener.waiting.pop_front() {
                return Ok(item);
            }
            let step = async { if self.read(&mut listener).await? { Ok(()) } else { self.wait(&mut listener).await } };
            if let Err(error) = step.await {
                listener.ended = Some(error.clone());
                return Err(error);
            }
        }
    }

    async fn is_whole(&self) -> bool {
        self.whole
    }
}

impl Subscribed {
    /// Reads what follows; false: nothing.
    async fn read(&self, listener: &mut Listener) -> Result<bool, Error> {
        let (asked_at, found) = self.keys.read(self.redis, listener.place.read_to).await?;
        if listener.place.may_have_missed(&found, asked_at) {
            return Err(Error::Unavailable(FELL_BEHIND.to_owned()));
        }
        listener.place = ReadPosition::live(found.read_to(listener.place.read_to), asked_at);
        listener.waiting.extend(found.into_items());
        Ok(!listener.waiting.is_empty())
    }

    /// Waits until there is something to read, or for a while.
    async fn wait(&self, listener: &mut Listener) -> Result<(), Error> {
        let connection = match listener.connection.take() {
            Some(connection) => connection,
            None => Connection::open(&self.redis.url).await?,
        };
        let block_ms = i64::try_from(BLOCK.as_millis()).unwrap_or(i64::MAX);
        let args: [Arg; 7] = [
            "BLOCK".into(),
            block_ms.into(),
            "COUNT".into(),
            1.into(),
            "STREAMS".into(),
            self.keys.stream.as_str().into(),
            listener.place.read_to.to_string().into(),
        ];
        connection.command("XREAD", &args, BLOCK_ANSWER_MAX).await?;
        listener.connection = Some(connection);
        Ok(())
    }
}

/// What [`READ`] answered.
#[derive(Debug, PartialEq, Eq)]
struct Found {
    length: i64,
    /// The oldest that the stream has.
    first: Option<Id>,
    /// The last that the topic had, if that is known.
    end: Option<Id>,
    /// The one before the first of `items`, if that is known.
    before: Option<Id>,
    items: Vec<(Id, Vec<u8>)>,
}

impl Found {
    fn of(reply: Vec<Reply>) -> Result<Self, Error> {
        let mut reply = reply.into_iter();
        let length = reply.next().and_then(Reply::into_int).ok_or_else(unexpected)?;
        let (first, end, before) = (id(reply.next())?, id(reply.next())?, id(reply.next())?);
        let mut items = Vec::with_capacity(reply.len() / 2);
        while let Some(next) = reply.next() {
            let data = reply.next().and_then(Reply::into_bytes).ok_or_else(unexpected)?;
            items.push((id(Some(next))?.ok_or_else(unexpected)?, data));
        }
        Ok(Self { length, first, end, before, items })
    }

    fn is_whole(&self, after: Id) -> bool {
        is_whole(after, self.end, (!self.items.is_empty()).then_some(self.before))
    }

    fn read_to(&self, after: Id) -> Id {
        self.items.last().map_or(after, |(id, _)| *id)
    }

    fn into_items(self) -> impl Iterator<Item = Item> {
        self.items.into_iter().map(|(id, data)| Item { cursor: id.to_string(), data })
    }
}

impl ReadPosition {
    fn live(read_to: Id, now: u64) -> Self {
        Self { read_to, read_at: now }
    }

    /// Whether the stream may have forgotten items that came after this place. While an item at or before it is still there,
    /// it has not. Otherwise it has forgotten by number, or, if the last read was long ago, perhaps by age.
    fn may_have_missed(&self, found: &Found, now: u64) -> bool {
        let Some(first) = found.first else { return false };
        let idle = Duration::from_nanos(now.saturating_sub(self.read_at));
        first > self.read_to && (found.length >= kept_items() || idle >= ITEMS_KEPT_FOR)
    }
}

/// Empty: there is none.
fn id(reply: Option<Reply>) -> Result<Option<Id>, Error> {
    let text = reply.and_then(Reply::into_text).ok_or_else(unexpected)?;
    if text.is_empty() { Ok(None) } else { text.parse().map(Some).map_err(|()| unexpected()) }
}

fn kept_items() -> i64 {
    i64::try_from(ITEMS_KEPT_MAX).unwrap_or(i64::MAX)
}

fn ms(time: Duration) -> i64 {
    i64::try_from(time.as_millis()).unwrap_or(i64::MAX)
}

fn unexpected() -> Error {
    Error::Unavailable("Redis answered what makes no sense".to_owned())
}

impl From<Failure> for Error {
    fn from(failure: redis::Failure) -> Self {
        Self::Unavailable(failure.to_string())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn text(text: &str) -> Reply {
        Reply::Binary(text.as_bytes().to_vec())
    }

    fn at(ms: u64) -> Id {
        Id { ms, number: 0 }
    }

    fn found(length: i64, first: u64) -> Found {
        Found { length, first: Some(at(first)), end: None, before: None, items: Vec::new() }
    }

    #[test]
    fn a_flat_reply_is_read_as_items() {
        let head = || vec![Reply::Int64(2), text("5-0"), text("7-0"), text("5-0")];
        let mut reply = head();
        reply.extend([text("6-0"), text("one"), text("7-0"), text("")]);
        let items = vec![(at(6), b"one".to_vec()), (at(7), Vec::new())];
        let found = Found { length: 2, first: Some(at(5)), end: Some(at(7)), before: Some(at(5)), items };
        assert!(found.is_whole(at(5)) && !found.is_whole(at(4)) && !found.is_whole(at(8)));
        assert_eq!(Found::of(reply), Ok(found));
        let empty = Found { length: 0, first: None, end: None, before: None, items: Vec::new() };
        assert_eq!(Found::of(vec![Reply::Int64(0), text(""), text(""), text("")]), Ok(empty));
        let mut half = head();
        half.push(text("6-0"));
        for broken in [vec![], vec![Reply::Int64(1)], half] {
            assert!(Found::of(broken).is_err());
        }
    }

    #[test]
    fn a_listener_has_fallen_behind_when_the_topic_forgot_what_it_had_not_read() {
        let second = 1_000_000_000;
        let place = ReadPosition::live(at(10), 0);
        assert!(!place.may_have_missed(&found(1_000, 10), second), "what it read last is still there");
        assert!(!place.may_have_missed(&found(999, 20), second), "that was forgotten by age, and nothing newer was");
        assert!(place.may_have_missed(&found(1_000, 20), second), "it was forgotten for room");
        assert!(place.may_have_missed(&found(3, 20), 300 * second), "it has not read for so long that newer ones aged");
        let nothing = Found { length: 0, first: None, end: None, before: None, items: Vec::new() };
        assert!(!place.may_have_missed(&nothing, 300 * second));
    }
}
