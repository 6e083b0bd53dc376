//! Reading through the cache: one round trip on a hit. See `keys` for why a hit is never out of date.
//!
//! A cache that fails is a miss that keeps nothing: reads then come from the database.

use crate::keys::{self, BUCKET, Key, Stamp, ttl_ms};
use jiff::civil::Date;
use mindflow_guest::key_value::{Bucket, Condition, Error, PutOutcome};
use serde::{Serialize, de::DeserializeOwned};
use uuid::Uuid;

pub enum Found<T> {
    Hit(T),
    /// Read the database, then fill the slot.
    Miss(Slot),
}

/// Where a value that was just read can be kept; nowhere when there is no cache now.
pub struct Slot(Option<(Bucket, Key, Stamp)>);

impl Slot {
    /// Keeps the value for the next reader. Whether that works does not matter to this one.
    pub async fn fill(self, value: &impl Serialize) {
        let Some((bucket, key, stamp)) = self.0 else {
            return;
        };
        if let Ok(json) = serde_json::to_vec(value) {
            let _ = bucket.put(key.name, stamp.seal(&json), Some(ttl_ms(key.lifetime)), Condition::Always).await;
        }
    }
}

/// Call this *before* the database is read: the generation must be older than the rows.
pub async fn find<T: DeserializeOwned>(user: Uuid, key: Key, today: Date) -> Found<T> {
    match look(user, &key, today).await {
        Ok((_, _, Some(value))) => Found::Hit(value),
        Ok((bucket, stamp, None)) => Found::Miss(Slot(Some((bucket, key, stamp)))),
        Err(_) => Found::Miss(Slot(None)),
    }
}

async fn look<T: DeserializeOwned>(user: Uuid, key: &Key, today: Date) -> Result<(Bucket, Stamp, Option<T>), Error> {
    let bucket = Bucket::open(BUCKET.to_owned()).await?;
    let mut entries = bucket.get_many(vec![keys::generation(user), key.name.clone()]).await?.into_iter();
    let (generation, sealed) = (entries.next().flatten(), entries.next().flatten());
    let generation = match generation {
        Some(entry) => entry.value,
        None => first_generation(&bucket, user).await?,
    };
    let stamp = Stamp::new(&generation, today);
    let value = sealed
        .and_then(|entry| stamp.open(&entry.value).map(<[u8]>::to_vec))
        .and_then(|json| serde_json::from_slice(&json).ok());
    Ok((bucket, stamp, value))
}

/// The new generation, or the one that somebody else was first to put.
async fn first_generation(bucket: &Bucket, user: Uuid) -> Result<Vec<u8>, Error> {
    let fresh = Uuid::new_v4().as_simple().to_string().into_bytes();
    let lifetime = Some(ttl_ms(keys::GENERATION));
    match bucket.put(keys::generation(user), fresh.clone(), lifetime, Condition::IfAbsent).await? {
        PutOutcome::Stored(_) => Ok(fresh),
        PutOutcome::Stale(Some(entry)) => Ok(entry.value),
        PutOutcome::Stale(None) => Err(Error::Other("the generation vanished while it was put".into())),
    }
}

/// Makes everything that is cached for the user out of date. Call this *after* the commit.
///
/// # Errors
/// Those of the store; the caller must try again, or readers would see what was before.
pub async fn renew(user: Uuid) -> Result<(), Error> {
    let fresh = Uuid::new_v4().as_simple().to_string().into_bytes();
    let bucket = Bucket::open(BUCKET.to_owned()).await?;
    bucket.put(keys::generation(user), fresh, Some(ttl_ms(keys::GENERATION)), Condition::Always).await?;
    Ok(())
}
