//! Sessions in the key-value bucket `sessions`: `session:{id}` holds the session, and
//! `user-sessions:{user id}:{id}` finds a user's. The second may outlive the first (a listing skips
//! it) but never the other way round, so no live session is hidden from its owner. [`written`] has a user's marks.
//!
//! [`kept`] has a copy in the database. It is changed first, so that a session which the key-value store has lost
//! is found again, and one that was ended is not.

use super::{
    kept,
    written::{self, Written},
};
use crate::session::{LIFETIME_MS, Session};
use mindflow_events::{SessionEnded, notice_topic};
use mindflow_guest::{
    bucket,
    call::Error,
    clock,
    failure::internal,
    journal::Mark,
    key_value::{Bucket, Condition, Entry, PutOutcome},
    realtime,
};
use std::{collections::BTreeMap, rc::Rc};
use uuid::Uuid;

/// The bucket's name in the manifest.
const BUCKET: &str = "sessions";
/// Keys that the store reads in one call.
const KEYS_PER_CALL_MAX: usize = 100;

/// Looks at a session that others change at the same moment. Each of them changes it once, and the first who
/// comes with a used token ends it, so that this is never reached by turns of refreshes alone.
const RESTORES_MAX: u32 = 10;

/// A session as stored; its version makes a replacement conditional.
pub struct Stored {
    pub session: Session,
    version: u64,
}

pub struct Sessions(Rc<Bucket>);

impl Sessions {
    pub async fn open() -> Result<Self, Error> {
        Ok(Self(bucket::open(BUCKET).await?))
    }

    /// As [`open`](Self::open), when the store answers.
    pub async fn within_reach() -> Result<Self, Error> {
        let sessions = Self::open().await?;
        sessions.ping().await?;
        Ok(sessions)
    }

    /// The live session of that id, as it is now. One read of the key-value store, unless that does not know it.
    pub async fn get(&self, id: Uuid) -> Result<Option<Stored>, Error> {
        let entry = self.0.get(key(id)).await?;
        self.whole(id, entry).await
    }

    /// The live session of that id, which the host may remember for as long as the store says nothing else. Not for what changes it.
    pub async fn recall(&self, id: Uuid) -> Result<Option<Stored>, Error> {
        let entries = self.0.recall(vec![key(id)], Vec::new()).await?;
        self.whole(id, entries.into_iter().next().flatten()).await
    }

    /// As [`get`](Self::get), with what its user has written in the last seconds. One read as well.
    pub async fn find_with_marks(&self, id: Uuid, user_id: Uuid) -> Result<(Option<Stored>, Option<Written>), Error> {
        let mut entries = self.0.recall(vec![key(id)], vec![written::key(user_id)]).await?.into_iter();
        let session = self.whole(id, entries.next().flatten()).await?;
        Ok((session, written::read(entries.next().flatten(), clock::now_us())))
    }

    /// Has the user's reads wait for these events.
    pub async fn note_written(&self, user_id: Uuid, marks: &[Mark]) -> Result<(), Error> {
        written::note(&self.0, user_id, marks, clock::now_us()).await
    }

    /// The stored session; from the database when this store does not have all of it.
    async fn whole(&self, id: Uuid, entry: Option<Entry>) -> Result<Option<Stored>, Error> {
        match entry.map(|entry| read(&entry)).transpose()? {
            Some(stored) if stored.session.is_whole() => return Ok(Some(stored)),
            // A host of an earlier release has put it there: the database knows the rest.
            Some(_) => {
                self.0.delete(vec![key(id)]).await?;
            }
            None => {}
        }
        self.restore(id).await
    }

    /// Puts a session back that the database keeps, and answers it.
    async fn restore(&self, id: Uuid) -> Result<Option<Stored>, Error> {
        for _ in 0..RESTORES_MAX {
            let now_us = clock::now_us();
            let Some(session) = kept::get(id, now_us).await? else { return Ok(None) };
            self.index(id, session.user_id).await?;
            let ttl_ms = session.ms_left(now_us);
            self.0.put(key(id), write(&session)?, Some(ttl_ms), Condition::IfAbsent).await?;
            // A concurrent end, refresh or change of roles changes the database first and this store second. If the first came before
            // this read, it is noticed here; if after, the second comes later as well, and undoes the above.
            if kept::get(id, now_us).await?.as_ref() != Some(&session) {
                self.0.delete(vec![key(id)]).await?;
            } else if let Some(entry) = self.0.get(key(id)).await? {
                return read(&entry).map(Some);
            }
        }
        Err(Error::Unavailable("the session is being changed by others".into()))
    }

    /// Adds a session; [`kept::add`] keeps it.
    pub async fn add(&self, id: Uuid, session: &Session) -> Result<(), Error> {
        self.index(id, session.user_id).await?;
        let ttl_ms = session.ms_left(session.created_at);
        self.0.put(key(id), write(session)?, Some(ttl_ms), Condition::Always).await?;
        Ok(())
    }

    /// Puts `next` in the place of `stored` and answers whether it did: not when the session was
    /// replaced or ended since it was read.
    pub async fn replace(&self, id: Uuid, stored: &Stored, next: &Session) -> Result<bool, Error> {
        let replaced = kept::replace(id, &stored.session, next).await?;
        if replaced {
            self.index(id, next.user_id).await?;
            let (condition, ttl_ms) = (Condition::IfVersion(stored.version), next.ms_left(next.last_used_at));
            if let PutOutcome::Stored(_) = self.0.put(key(id), write(next)?, Some(ttl_ms), condition).await? {
                return Ok(true);
            }
        }
        // What the store has is not what the database keeps: the next look takes it from there.
        self.0.delete(vec![key(id)]).await?;
        Ok(replaced)
    }

    /// Ends a session: from now on none of its tokens is accepted. Open connections get a notice.
    pub async fn end(&self, id: Uuid, user_id: Uuid) -> Result<(), Error> {
        kept::end(id).await?;
        self.forget(id, user_id).await
    }

    /// Forgets the user's sessions but this one: those that the database has ended, and what this store alone knows.
    pub async fn forget_others(&self, user_id: Uuid, kept: Option<Uuid>, ended: Vec<Uuid>) -> Result<(), Error> {
        let mut ids = self.listed(user_id).await?;
        ids.extend(ended);
        ids.sort_unstable();
        ids.dedup();
        for id in ids.into_iter().filter(|id| Some(*id) != kept) {
            self.forget(id, user_id).await?;
        }
        Ok(())
    }

    /// Of a session that the database does not keep any more.
    async fn forget(&self, id: Uuid, user_id: Uuid) -> Result<(), Error> {
        self.0.delete(vec![key(id), index_key(user_id, id)]).await?;
        let notice = serde_json::to_vec(&SessionEnded { session_ended: id }).map_err(internal)?;
        // It has ended all the same: who listens proves the session before each notice and every minute.
        if let Err(error) = realtime::publish(notice_topic(user_id), notice).await {
            eprintln!("warn the connections of the session {id} got no notice of its end: {error:?}");
        }
        Ok(())
    }

    /// Has the next read of each of the user's sessions take it from the database, with the current roles and time zone.
    /// Sessions that the database does not have end.
    pub async fn renew(&self, user_id: Uuid) -> Result<(), Error> {
        let mut ids = self.listed(user_id).await?;
        ids.extend(kept::of_user(user_id, clock::now_us()).await?.into_iter().map(|(id, _)| id));
        for ids in ids.chunks(KEYS_PER_CALL_MAX) {
            self.0.delete(ids.iter().copied().map(key).collect()).await?;
        }
        Ok(())
    }

    /// A user's live sessions, the last used first; at most the 1,000 that the store lists.
    pub async fn of_user(&self, user_id: Uuid) -> Result<Vec<(Uuid, Session)>, Error> {
        let mut sessions = BTreeMap::new();
        for ids in self.listed(user_id).await?.chunks(KEYS_PER_CALL_MAX) {
            let entries = self.0.get_many(ids.iter().copied().map(key).collect()).await?;
            for (id, entry) in ids.iter().zip(entries) {
                if let Some(entry) = entry {
                    sessions.insert(*id, read(&entry)?.session);
                }
            }
        }
        // Live, too, is one that was not used since this store lost it, or since it was renewed. A database that is away hides those.
        for (id, session) in kept::of_user(user_id, clock::now_us()).await.unwrap_or_default() {
            sessions.entry(id).or_insert(session);
        }
        let mut sessions: Vec<_> = sessions.into_iter().collect();
        sessions.sort_by_key(|(id, session)| (std::cmp::Reverse(session.last_used_at), *id));
        Ok(sessions)
    }

    /// Whether the store answers.
    async fn ping(&self) -> Result<(), Error> {
        self.0.get(key(Uuid::nil())).await?;
        Ok(())
    }

    /// The user's sessions that this store knows of; some may have ended.
    async fn listed(&self, user_id: Uuid) -> Result<Vec<Uuid>, Error> {
        let prefix = index_prefix(user_id);
        let keys = self.0.list_keys(prefix.clone()).await?;
        Ok(keys.iter().filter_map(|key| key.strip_prefix(&prefix)?.parse().ok()).collect())
    }

    async fn index(&self, id: Uuid, user_id: Uuid) -> Result<(), Error> {
        self.0.put(index_key(user_id, id), b"{}".to_vec(), Some(LIFETIME_MS), Condition::Always).await?;
        Ok(())
    }
}

fn key(id: Uuid) -> String {
    format!("session:{id}")
}

fn index_prefix(user_id: Uuid) -> String {
    format!("user-sessions:{user_id}:")
}

fn index_key(user_id: Uuid, id: Uuid) -> String {
    format!("{}{id}", index_prefix(user_id))
}

fn read(entry: &Entry) -> Result<Stored, Error> {
    let session =
        serde_json::from_slice(&entry.value).map_err(|error| internal(format!("a stored session: {error}")))?;
    Ok(Stored { session, version: entry.version })
}

fn write(session: &Session) -> Result<Vec<u8>, Error> {
    serde_json::to_vec(session).map_err(internal)
}
