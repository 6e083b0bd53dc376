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
/// How long it is known where a topic ended, so that a listener that resumes there knows that nothing is missing: longer than a
/// device sleeps at night.
pub const END_KEPT_FOR: Duration = Duration::from_hours(24);
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

/// Whether a listener that resumes after `after` hears all that followed.
///
/// `end`: the last item that the topic had. `first`: of what is still remembered of it after `after`, the oldest, with the item
/// that came before it. Where nothing is known, something may be missing.
pub fn is_whole(after: Id, end: Option<Id>, first: Option<Option<Id>>) -> bool {
    match (end, first) {
        (Some(end), _) if after > end => false,
        (_, Some(before)) => before.is_some_and(|before| before <= after),
        (Some(end), None) => end == after,
        (None, None) => false,
    }
}

/// Items of this millisecond and before are forgotten.
pub fn kept_after_ms(now_ms: i64) -> u64 {
    let kept_ms = i64::try_from(ITEMS_KEPT_FOR.as_millis()).unwrap_or(i64::MAX);
    u64::try_from(now_ms.saturating_sub(kept_ms)).unwrap_or_default()
}

#[cfg(test)]
mod tests {
    use super::{Id, covers, is_whole};

    #[test]
    fn what_is_remembered_is_whole_when_its_first_item_follows_one_that_was_heard() {
        let id = |ms| Id { ms, number: 0 };
        let end = Some(id(9));
        assert!(is_whole(id(9), end, None), "nothing came");
        assert!(is_whole(id(5), end, Some(Some(id(5)))));
        assert!(is_whole(id(6), end, Some(Some(id(5)))), "a cursor between two items");
        assert!(!is_whole(id(4), end, Some(Some(id(5)))), "5 is forgotten");
        assert!(!is_whole(id(8), end, None), "9 is forgotten");
        assert!(!is_whole(id(10), end, None), "no cursor of this topic");
        assert!(!is_whole(id(5), end, Some(None)), "what came before is not known");
        assert!(!is_whole(id(5), None, None));
    }

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
