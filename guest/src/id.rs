//! Ids: the one place where components make and read UUIDs.

use uuid::{NoContext, Timestamp, Uuid};

/// A new id of the time `now_us`, in microseconds: version 7 (RFC 9562), so that the rows of one time lie together in
/// their indexes.
pub fn new(now_us: i64) -> Uuid {
    let seconds = u64::try_from(now_us.div_euclid(1_000_000)).unwrap_or_default();
    let nanos = u32::try_from(now_us.rem_euclid(1_000_000) * 1_000).unwrap_or_default();
    Uuid::new_v7(Timestamp::from_unix(NoContext, seconds, nanos))
}

/// A random id (version 4), which does not carry its time.
#[expect(clippy::disallowed_methods, reason = "this is the one place")]
pub fn random() -> Uuid {
    Uuid::new_v4()
}

/// An id from outside. Only the hyphenated form is one; the library takes other forms too.
pub fn parse(text: &str) -> Option<Uuid> {
    (text.len() == uuid::fmt::Hyphenated::LENGTH).then(|| Uuid::try_parse(text).ok()).flatten()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_id_carries_its_time_and_is_never_the_same_twice() {
        let now_us = 1_795_412_345_678_901;
        let (first, second) = (new(now_us), new(now_us));
        assert_ne!(first, second);
        assert_eq!(first.get_version_num(), 7);
        let (seconds, nanos) = first.get_timestamp().unwrap().to_unix();
        assert_eq!((seconds, nanos / 1_000_000), (1_795_412_345, 678));
    }

    #[test]
    fn only_the_hyphenated_form_is_an_id() {
        let id = random();
        assert_eq!(parse(&id.to_string()), Some(id));
        assert_eq!(parse(&id.to_string().to_uppercase()), Some(id));
        for other in [id.as_simple().to_string(), id.urn().to_string(), format!("{{{id}}}"), String::new()] {
            assert_eq!(parse(&other), None, "{other}");
        }
    }
}
