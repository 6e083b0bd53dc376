//! The one place where the service makes ids: UUIDs of version 7 (RFC 9562), so that the rows of one
//! time lie together in their indexes.

use uuid::{NoContext, Timestamp, Uuid};

/// A new id of the time `now_us`, in microseconds.
pub fn new(now_us: i64) -> Uuid {
    let seconds = u64::try_from(now_us.div_euclid(1_000_000)).unwrap_or_default();
    let nanos = u32::try_from(now_us.rem_euclid(1_000_000) * 1_000).unwrap_or_default();
    Uuid::new_v7(Timestamp::from_unix(NoContext, seconds, nanos))
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
}
