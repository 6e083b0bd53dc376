//! Stored keys, taken apart.

use std::collections::HashMap;
use std::sync::Arc;

use mindflow_platform::jwt::{self, Known, Period};

use super::key::Key;
use super::{Error, StoredKey};

pub(super) type KeySet = jwt::KeySet<Arc<Key>>;

/// Takes the stored keys apart, except those that are known from `before`.
pub(super) fn read(stored: Vec<StoredKey>, before: &KeySet, read_at_us: i64) -> Result<KeySet, Error> {
    let mut by_kid = HashMap::with_capacity(stored.len());
    for row in stored {
        let key = match before.by_kid.get(&row.kid) {
            Some(known) => known.key.clone(),
            None => Arc::new(read_key(&row)?),
        };
        let period = Period { signs_from_us: row.signs_from_us, retired_at_us: row.retired_at_us };
        by_kid.insert(row.kid, Known { jwk: key.jwk.clone(), period, key });
    }
    Ok(KeySet { by_kid, read_at_us })
}

fn read_key(row: &StoredKey) -> Result<Key, Error> {
    let unreadable = |reason| Error::Unreadable { kid: row.kid.clone(), reason };
    let key = Key::read(&row.private_pem).map_err(unreadable)?;
    if key.jwk.kid() != row.kid {
        return Err(unreadable(format!("it is the key {:?}", key.jwk.kid())));
    }
    Ok(key)
}
