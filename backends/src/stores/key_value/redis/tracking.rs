//! Reads that Redis tracks (`CLIENT TRACKING`): what was read over one connection is kept in [`Copies`] until Redis says, over the
//! same connection, that it has changed.
//!
//! Only reads go over it; what this process writes goes another way. What is read over it is as new as Redis itself, and so are
//! the copies after the answer: a change that Redis made before the answer was heard before the answer, because the task that reads
//! the connection passes words of changes on before it goes on to the next answer. Therefore a call that has to ask about one
//! name looks at the copies of the others after the answer.
//!
//! The connection is made in the background when a read first wants it, and again when it has ended. Meanwhile, and while Redis
//! refuses to track, there are no copies, and the caller reads another way. Copies end with their connection.

use std::sync::{Arc, Mutex, MutexGuard, PoisonError, Weak};
use std::time::Duration;

use futures::future::BoxFuture;
use redis::aio::MultiplexedConnection;
use redis::{AsyncConnectionConfig, Cmd, PushInfo, PushKind, RedisResult, Value, cmd};
use tokio::time::Instant;

use super::super::Entry;
use super::Found;
use super::copies::{Copies, Mark};
use crate::clock;
use crate::redis_server::{CONNECT_WITHIN, Gathered, RedisUrl};

/// Then the caller reads another way, which may take as long as any other command.
const ANSWER_WITHIN: Duration = Duration::from_millis(500);
/// After an attempt to connect that failed.
const REST: Duration = Duration::from_secs(1);
/// Of all copies of one Redis: the sessions of 20,000 users, or the answers of 400 at 40 KiB each.
const BYTES_MAX: usize = 16 * 1024 * 1024;

type Connect =
    Box<dyn Fn(AsyncConnectionConfig) -> BoxFuture<'static, RedisResult<MultiplexedConnection>> + Send + Sync>;

/// The connections of a process, by their Redis.
#[derive(Default)]
pub struct Trackings(Mutex<Vec<(RedisUrl, Weak<Tracking>)>>);

/// Tracked reads on one Redis.
pub(super) struct Tracking {
    connect: Connect,
    address: String,
    link: Mutex<Link>,
}

enum Link {
    /// Until then none is made.
    Down(Option<Instant>),
    Connecting,
    Up(Arc<Tracked>),
}

/// One connection, and what was read over it.
struct Tracked {
    connection: MultiplexedConnection,
    gathered: Arc<Gathered>,
    copies: Arc<Copies>,
}

/// An entry that is asked for.
pub(super) struct Wanted {
    pub(super) name: String,
    /// Whether a copy will do, and one may be kept.
    pub(super) copied: bool,
}

/// What is known of it.
struct Slot<'a> {
    wanted: &'a Wanted,
    entry: Option<Entry>,
    is_read: bool,
}

// === impl Trackings ===

impl Trackings {
    /// The one of this Redis; `None` for a cluster, whose keys move from connection to connection.
    pub(super) fn on(&self, url: &RedisUrl) -> Option<Arc<Tracking>> {
        let client = url.client()?.clone();
        let mut known = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        known.retain(|(_, tracking)| tracking.strong_count() > 0);
        let found = known.iter().find(|(other, _)| other.is_same(url)).and_then(|(_, tracking)| tracking.upgrade());
        Some(found.unwrap_or_else(|| {
            let connect: Connect = Box::new(move |config| {
                let client = client.clone();
                Box::pin(async move { client.get_multiplexed_async_connection_with_config(&config).await })
            });
            let tracking = Arc::new(Tracking::new(connect, url.address()));
            known.push((url.clone(), Arc::downgrade(&tracking)));
            tracking
        }))
    }
}

// === impl Tracking ===

impl Tracking {
    fn new(connect: Connect, address: String) -> Self {
        Self { connect, address, link: Mutex::new(Link::Down(None)) }
    }

    /// The entries, in their order. `None`: nothing can be read this way now.
    pub(super) async fn entries(self: &Arc<Self>, wanted: &[Wanted]) -> Option<Vec<Option<Entry>>> {
        let tracked = self.tracked()?;
        let entries = tracked.entries(wanted).await;
        if let Err(error) = &entries {
            tracing::debug!(redis = self.address, "a tracked read failed, its connection is given up: {error}");
            tracked.copies.end();
        }
        entries.ok()
    }

    /// This process has written to it, or has tried to.
    pub(super) fn forget(&self, name: &str) {
        if let Link::Up(tracked) = &*self.link() {
            tracked.copies.forget(name);
        }
    }

    fn tracked(self: &Arc<Self>) -> Option<Arc<Tracked>> {
        let mut link = self.link();
        match &*link {
            Link::Up(tracked) if !tracked.copies.has_ended() => return Some(Arc::clone(tracked)),
            Link::Connecting => return None,
            Link::Down(Some(until)) if clock::instant() < *until => return None,
            Link::Up(_) | Link::Down(_) => {}
        }
        // In a task of its own, since a caller may leave.
        let was_refused = matches!(&*link, Link::Down(Some(_)));
        *link = Link::Connecting;
        tokio::spawn(Arc::clone(self).reconnect(was_refused));
        None
    }

    async fn reconnect(self: Arc<Self>, was_refused: bool) {
        let link = match self.tracking().await {
            Ok(tracked) => Link::Up(Arc::new(tracked)),
            Err(error) => {
                if !was_refused {
                    let redis = &self.address;
                    tracing::warn!(redis, "it does not say what changes, so each read goes there: {error}");
                }
                Link::Down(Some(clock::instant() + REST))
            }
        };
        *self.link() = link;
    }

    async fn tracking(&self) -> RedisResult<Tracked> {
        let copies = Arc::new(Copies::new(BYTES_MAX));
        let hearing = Arc::clone(&copies);
        let config = AsyncConnectionConfig::new()
            .set_connection_timeout(Some(CONNECT_WITHIN))
            .set_response_timeout(Some(ANSWER_WITHIN))
            // Called by the task that reads the connection, before it reads on.
            .set_push_sender(move |push: PushInfo| {
                hear(&hearing, &push);
                Ok::<(), redis::aio::SendError>(())
            });
        let mut connection = (self.connect)(config).await?;
        let sent = clock::instant();
        cmd("CLIENT").arg("TRACKING").arg("ON").arg("OPTIN").exec_async(&mut connection).await?;
        copies.answered(sent);
        // What fails is not sent again over the same connection: it is given up.
        Ok(Tracked { connection, gathered: Gathered::new(|_| false), copies })
    }

    fn link(&self) -> MutexGuard<'_, Link> {
        self.link.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// What Redis says without being asked, and what the client says of the connection.
fn hear(copies: &Copies, push: &PushInfo) {
    match push.kind {
        PushKind::Invalidate => match push.data.first() {
            Some(Value::Array(names)) => names.iter().for_each(|name| match name {
                // What is no text is no name of ours.
                Value::BulkString(name) => std::str::from_utf8(name).map_or((), |name| copies.forget(name)),
                _ => copies.forget_all(),
            }),
            // `FLUSHALL`, `FLUSHDB`: no names, but null.
            _ => copies.forget_all(),
        },
        PushKind::Disconnection => copies.end(),
        _ => {}
    }
}

// === impl Tracked ===

impl Tracked {
    async fn entries(&self, wanted: &[Wanted]) -> RedisResult<Vec<Option<Entry>>> {
        let slot = |wanted| Slot { wanted, entry: self.copy(wanted), is_read: false };
        let mut slots: Vec<_> = wanted.iter().map(slot).collect();
        if slots.iter().any(|slot| slot.entry.is_none()) {
            self.read(slots.iter_mut().filter(|slot| slot.entry.is_none()).collect()).await?;
            // Those that were copies before are copies still, unless they have changed before the answer.
            for slot in slots.iter_mut().filter(|slot| !slot.is_read) {
                slot.entry = self.copy(slot.wanted);
            }
            self.read(slots.iter_mut().filter(|slot| !slot.is_read && slot.entry.is_none()).collect()).await?;
        }
        Ok(slots.into_iter().map(|slot| slot.entry).collect())
    }

    fn copy(&self, wanted: &Wanted) -> Option<Entry> {
        wanted.copied.then(|| self.copies.get(&wanted.name)).flatten()
    }

    /// In one round trip.
    async fn read(&self, slots: Vec<&mut Slot<'_>>) -> RedisResult<()> {
        if slots.is_empty() {
            return Ok(());
        }
        let sent = clock::instant();
        let mark = |slot: &&mut Slot<'_>| slot.wanted.copied.then(|| self.copies.mark(&slot.wanted.name));
        let marks: Vec<Option<Mark>> = slots.iter().map(mark).collect();
        let commands = slots.iter().flat_map(|slot| slot.wanted.commands()).collect();
        let mut answers = self.gathered.ask(&self.connection, commands).await?.into_iter();
        self.copies.answered(sent);
        let mut next = || answers.next().unwrap_or(Value::Nil);
        for (slot, mark) in slots.into_iter().zip(marks) {
            if mark.is_some() {
                let _tracked = next();
            }
            slot.entry = redis::from_redis_value::<Found>(next())?.0;
            slot.is_read = true;
            if let Some(mark) = mark {
                let left_ms: i64 = redis::from_redis_value(next())?;
                let lifetime = match left_ms {
                    // It has none.
                    -1 => None,
                    ms => Some(Duration::from_millis(u64::try_from(ms).unwrap_or(0))),
                };
                if let Some(entry) = &slot.entry {
                    self.copies.keep(&slot.wanted.name, entry, sent, lifetime, mark);
                }
            }
        }
        Ok(())
    }
}

// === impl Wanted ===

impl Wanted {
    /// What is left of its lifetime is asked for last: if the entry changes between the two, there is word of it between their
    /// answers.
    fn commands(&self) -> Vec<Cmd> {
        let read = super::read(&self.name);
        if !self.copied {
            return vec![read];
        }
        // Of the next command.
        let mut track = cmd("CLIENT");
        track.arg("CACHING").arg("YES");
        let mut left = cmd("PTTL");
        left.arg(&self.name);
        vec![track, read, left]
    }
}

#[cfg(test)]
mod tests;
