//! Orphans: aggregates that only the read side has. They are removed at the end of a pass, and only when they are few: a
//! write side that was restored from an old copy, or is the wrong one, must not empty the read side.

use super::compare::{Key, Seen};
use uuid::Uuid;

/// So many may always be removed, unless they are most of the aggregates.
const FEW: u64 = 20;
/// Above that, one in so many.
const ONE_IN: u64 = 100;
/// Held until the end of a pass, some 150 bytes each.
const HELD_MAX: u64 = 10_000;

/// The orphans of a pass, until their share is known.
#[derive(Debug, Default)]
pub struct Orphans {
    held: Vec<(Uuid, Key, Seen)>,
    count: u64,
}

impl Orphans {
    pub fn add(&mut self, user: Uuid, key: Key, seen: Seen) {
        self.count += 1;
        if self.count <= HELD_MAX {
            self.held.push((user, key, seen));
        }
    }

    /// The orphans, and whether a pass may remove them when the write side has so many aggregates.
    pub fn judge(self, aggregates: u64) -> (Vec<(Uuid, Key, Seen)>, bool) {
        let little = self.count <= (aggregates / ONE_IN).clamp(FEW, HELD_MAX);
        let most = self.count > aggregates;
        (self.held, little && !most)
    }

    /// The number of orphans that are not held.
    pub fn uncounted(&self) -> u64 {
        self.count.saturating_sub(HELD_MAX)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn may_go(orphans: u64, aggregates: u64) -> bool {
        let mut all = Orphans::default();
        for id in 0..orphans {
            let key = ("entry".to_owned(), Uuid::from_u128(id.into()));
            all.add(Uuid::nil(), key, Seen { read: None, write: None });
        }
        assert_eq!(all.uncounted(), orphans.saturating_sub(HELD_MAX));
        let (held, may_go) = all.judge(aggregates);
        assert_eq!(held.len() as u64, orphans.min(HELD_MAX));
        may_go
    }

    #[test]
    fn a_few_go_and_one_in_a_hundred_and_no_more() {
        assert!(may_go(20, 100) && !may_go(21, 100));
        assert!(may_go(50, 5_000) && !may_go(51, 5_000));
        assert!(may_go(10_000, 2_000_000) && !may_go(10_001, 2_000_000));
    }

    #[test]
    fn an_empty_write_side_takes_nothing_away() {
        assert!(!may_go(1, 0));
        assert!(!may_go(19, 10));
    }
}
