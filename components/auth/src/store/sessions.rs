//! Sessions in the key-value bucket `sessions`: `session:{id}` holds the session, and
//! `user-sessions:{user id}:{id}` finds a user's. The second may outlive the first (a listing skips
//! it) but never the other way round, so no live session is hidden from its owner.

use crate::session::{LIFETIME_MS, Session};
use mindflow_guest::{
    call::Error,
    failure::internal,
    key_value::{Bucket, Condition, Entry, PutOutcome},
};
use uuid::Uuid;

/// The bucket's name in the manifest.
const BUCKET: &str = "sessions";
/// Keys that the store reads at once.
const KEYS_AT_ONCE_MAX: usize = 100;

/// A session as stored; its version makes a replacement conditional.
pub struct Stored {
    pub session: Session,
    version: u64,
}

pub struct Sessions(Bucket);

impl Sessions {
    pub async fn open() -> Result<Self, Error> {
        Ok(Self(Bucket::open(BUCKET.to_owned()).await?))
    }

    /// The live session of that id.
    pub async fn get(&self, id: Uuid) -> Result<Option<Stored>, Error> {
        self.0.get(key(id)).await?.map(|entry| read(&entry)).transpose()
    }

    pub async fn add(&self, id: Uuid, session: &Session) -> Result<(), Error> {
        self.index(id, session.user_id).await?;
        self.0.put(key(id), write(session)?, Some(LIFETIME_MS), Condition::Always).await?;
        Ok(())
    }

    /// Puts `next` in the place of `stored` and answers whether it did: not when the session was
    /// replaced or ended since it was read.
    pub async fn replace(&self, id: Uuid, stored: &Stored, next: &Session) -> Result<bool, Error> {
        self.index(id, next.user_id).await?;
        let outcome =
            self.0.put(key(id), write(next)?, Some(LIFETIME_MS), Condition::IfVersion(stored.version)).await?;
        Ok(matches!(outcome, PutOutcome::Stored(_)))
    }

    /// Ends a session: from now on none of its tokens is accepted.
    pub async fn end(&self, id: Uuid, user_id: Uuid) -> Result<(), Error> {
        self.0.delete(vec![key(id), index_key(user_id, id)]).await?;
        Ok(())
    }

    /// A user's live sessions, the last used first; at most the 1,000 that the store lists.
    pub async fn of_user(&self, user_id: Uuid) -> Result<Vec<(Uuid, Session)>, Error> {
        let prefix = index_prefix(user_id);
        let keys = self.0.list_keys(prefix.clone()).await?;
        let ids: Vec<Uuid> = keys.iter().filter_map(|key| key.strip_prefix(&prefix)?.parse().ok()).collect();
        let mut sessions = Vec::with_capacity(ids.len());
        for ids in ids.chunks(KEYS_AT_ONCE_MAX) {
            let entries = self.0.get_many(ids.iter().copied().map(key).collect()).await?;
            for (id, entry) in ids.iter().zip(entries) {
                if let Some(entry) = entry {
                    sessions.push((*id, read(&entry)?.session));
                }
            }
        }
        sessions.sort_by_key(|(id, session)| (std::cmp::Reverse(session.last_used_at), *id));
        Ok(sessions)
    }

    /// Whether the store answers.
    pub async fn ping(&self) -> Result<(), Error> {
        self.0.get(key(Uuid::nil())).await?;
        Ok(())
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
