//! The capability `realtime`: short-lived notices to the current listeners of a topic. Limits, and what a topic remembers; both
//! are checked in front of every back end, so that they cannot differ between them.

mod id;
pub mod redis;

pub use id::Id;

use std::time::Duration;

/// Longer topics are data in disguise; ours are `user:{uuid}`.
pub const TOPIC_BYTES_MAX: usize = 256;
/// A notice says what changed and where to read it; 64 KiB leave room for a small entry.
pub const DATA_BYTES_MAX: usize = 64 * 1024;
/// How many items a topic remembers: a minute of a very busy user.
pub const ITEMS_KEPT_MAX: usize = 1000;
/// How long a topic remembers: longer than a reconnect of a client takes, shorter than anyone would
/// trust instead of reading the state again.
pub const ITEMS_KEPT_FOR: Duration = Duration::from_mins(5);
/// Why a subscription ends that was not read for too long.
pub const FELL_BEHIND: &str = "the listener fell behind the topic's memory";

/// # Errors
/// The rule that the topic breaks.
pub fn check_topic(topic: &str) -> Result<(), String> {
    if (1..=TOPIC_BYTES_MAX).contains(&topic.len()) {
        return Ok(());
    }
    Err(format!("a topic must have 1 to {TOPIC_BYTES_MAX} bytes; this one has {}", topic.len()))
}

/// # Errors
/// The rule that the item breaks.
pub fn check_data(data: &[u8]) -> Result<(), String> {
    if data.len() <= DATA_BYTES_MAX {
        return Ok(());
    }
    Err(format!("an item may have {DATA_BYTES_MAX} bytes; this one has {}", data.len()))
}

/// Whether a topic is covered by a grant's patterns; a trailing `*` stands for any rest.
pub fn covers(patterns: &[String], topic: &str) -> bool {
    patterns.iter().any(|pattern| match pattern.strip_suffix('*') {
        Some(prefix) => topic.starts_with(prefix),
        None => pattern == topic,
    })
}

/// Items of this millisecond and before are forgotten.
pub fn kept_after_ms(now_ms: i64) -> u64 {
    let kept_ms = i64::try_from(ITEMS_KEPT_FOR.as_millis()).unwrap_or(i64::MAX);
    u64::try_from(now_ms.saturating_sub(kept_ms)).unwrap_or_default()
}

#[cfg(test)]
mod tests {
    use super::covers;

    #[test]
    fn a_topic_is_covered_by_its_name_or_a_prefix_with_a_star() {
        let patterns = ["user:*".to_owned(), "news".to_owned()];
        assert!(covers(&patterns, "user:1"));
        assert!(covers(&patterns, "news"));
        assert!(!covers(&patterns, "news:2"));
        assert!(!covers(&patterns, "users"));
        assert!(!covers(&[], "user:1"));
    }
}
