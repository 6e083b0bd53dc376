//! The keys that one reading of the store has found, and which of them signs.

use std::collections::HashMap;
use std::sync::Arc;

use super::key::Key;
use super::{Error, StoredKey};

#[derive(Default)]
pub(super) struct KeySet {
    pub(super) by_kid: HashMap<String, KnownKey>,
    pub(super) read_at_us: i64,
}

#[derive(Clone)]
pub(super) struct KnownKey {
    pub(super) key: Arc<Key>,
    pub(super) signs_from_us: i64,
    pub(super) retired_at_us: Option<i64>,
}

// === impl KeySet ===

impl KeySet {
    /// Takes the stored keys apart, except those that are known from `before`.
    pub(super) fn read(stored: Vec<StoredKey>, before: &Self, read_at_us: i64) -> Result<Self, Error> {
        let mut by_kid = HashMap::with_capacity(stored.len());
        for row in stored {
            let key = match before.by_kid.get(&row.kid) {
                Some(known) => known.key.clone(),
                None => Arc::new(read_key(&row)?),
            };
            let (signs_from_us, retired_at_us) = (row.signs_from_us, row.retired_at_us);
            by_kid.insert(row.kid, KnownKey { key, signs_from_us, retired_at_us });
        }
        Ok(Self { by_kid, read_at_us })
    }

    /// The newest key that signs at this time. When a replica whose clock is ahead has made the very
    /// first one, there is none yet, and that one has to do.
    pub(super) fn signing(&self, now_us: i64) -> Option<Arc<Key>> {
        let signs =
            |known: &&KnownKey| known.signs_from_us <= now_us && known.retired_at_us.is_none_or(|end| now_us < end);
        let order = |known: &&KnownKey| (known.signs_from_us, known.key.kid.clone());
        let known = self.by_kid.values().filter(signs).max_by_key(order);
        let unretired = || self.by_kid.values().filter(|known| known.retired_at_us.is_none());
        known.or_else(|| unretired().min_by_key(order)).map(|known| known.key.clone())
    }
}

fn read_key(row: &StoredKey) -> Result<Key, Error> {
    let unreadable = |reason| Error::Unreadable { kid: row.kid.clone(), reason };
    let key = Key::read(&row.private_pem).map_err(unreadable)?;
    if key.kid != row.kid {
        return Err(unreadable(format!("it is the key {:?}", key.kid)));
    }
    Ok(key)
}
