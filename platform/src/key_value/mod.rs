//! The capability `key-value`: its limits, checked in front of every back end, so that they cannot differ between them.

pub mod redis;

use std::time::Duration;

/// Longer keys are values in disguise; ours are some 60 bytes (`session:{uuid}`).
pub const KEY_BYTES_MAX: usize = 512;
/// 1 MiB: a page of 100 entries in JSON fits; files belong to the blob store.
pub const VALUE_BYTES_MAX: usize = 1024 * 1024;
/// The finest grain that every back end can keep (Redis: `PEXPIRE`).
pub const TTL_MIN: Duration = Duration::from_millis(1);
/// 400 days, the longest lifetime that browsers allow a cookie.
pub const TTL_MAX: Duration = Duration::from_hours(400 * 24);
/// Bounds one call's work: 100 values of 1 MiB are 100 MiB in flight at worst.
pub const KEYS_PER_CALL_MAX: usize = 100;
/// Bounds a listing: 1,000 keys of 512 bytes are half a megabyte.
pub const KEYS_PER_LIST_MAX: usize = 1000;
/// How many keys Redis looks at in one step of a listing: well under a millisecond of its time.
pub const SCAN_STEP: usize = 1000;
/// A listing walks the whole database of the server; 1,000 steps are a million keys.
pub const SCAN_STEPS_MAX: usize = 1000;
/// What a listing answers that took more steps.
pub const TOO_LARGE_TO_LIST: &str = "the Redis database is too large to list keys in";

/// When a `put` is to happen.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Condition {
    Always,
    IfAbsent,
    /// Only when the key's version is still this one.
    IfVersion(u64),
}

impl Condition {
    /// Whether it holds for a key whose version is `current` (none: the key is absent).
    pub fn holds(self, current: Option<u64>) -> bool {
        match self {
            Self::Always => true,
            Self::IfAbsent => current.is_none(),
            Self::IfVersion(version) => current == Some(version),
        }
    }
}

/// # Errors
/// The rule that the key breaks.
pub fn check_key(key: &str) -> Result<(), String> {
    if (1..=KEY_BYTES_MAX).contains(&key.len()) {
        return Ok(());
    }
    Err(format!("a key must have 1 to {KEY_BYTES_MAX} bytes; this one has {}", key.len()))
}

/// # Errors
/// The rule that the keys of a call break.
pub fn check_keys(keys: &[String]) -> Result<(), String> {
    if keys.len() > KEYS_PER_CALL_MAX {
        return Err(format!("a call may name {KEYS_PER_CALL_MAX} keys; this one names {}", keys.len()));
    }
    keys.iter().try_for_each(|key| check_key(key))
}

/// # Errors
/// The rule that the value breaks.
pub fn check_value(value: &[u8]) -> Result<(), String> {
    if value.len() <= VALUE_BYTES_MAX {
        return Ok(());
    }
    Err(format!("a value may have {VALUE_BYTES_MAX} bytes; this one has {}", value.len()))
}

/// # Errors
/// The rule that the lifetime breaks.
pub fn check_ttl(ttl: Option<Duration>) -> Result<(), String> {
    match ttl {
        Some(ttl) if !(TTL_MIN..=TTL_MAX).contains(&ttl) => {
            Err(format!("a lifetime must be 1 ms to 400 days; this one is {} ms", ttl.as_millis()))
        }
        _ => Ok(()),
    }
}

/// # Errors
/// The rule that the prefix breaks.
pub fn check_prefix(prefix: &str) -> Result<(), String> {
    if prefix.len() <= KEY_BYTES_MAX {
        return Ok(());
    }
    Err(format!("a prefix may have {KEY_BYTES_MAX} bytes; this one has {}", prefix.len()))
}
