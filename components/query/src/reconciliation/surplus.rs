//! What only the read side has is taken away at a pass's end, and only when it is little: a write side that
//! was restored from an old copy, or is not the right one, must not empty the read side.

use super::look::{Key, Seen};
use uuid::Uuid;

/// So many may always be taken away, if they are not most of what there is.
const FEW: u64 = 20;
/// Above that, one in so many.
const ONE_IN: u64 = 100;
/// Held until the end of a pass, some 150 bytes each.
const HELD_MAX: u64 = 10_000;

/// What only the read side has, until it is known how much of all that is.
#[derive(Debug, Default)]
pub struct Surplus {
    held: Vec<(Uuid, Key, Seen)>,
    count: u64,
}

impl Surplus {
    pub fn add(&mut self, user: Uuid, key: Key, seen: Seen) {
        self.count += 1;
        if self.count <= HELD_MAX {
            self.held.push((user, key, seen));
        }
    }

    /// All that was found, and whether a pass may take it away when the write side has so many aggregates.
    pub fn judge(self, aggregates: u64) -> (Vec<(Uuid, Key, Seen)>, bool) {
        let little = self.count <= (aggregates / ONE_IN).clamp(FEW, HELD_MAX);
        let most = self.count > aggregates;
        (self.held, little && !most)
    }

    /// Found and not held.
    pub fn untold(&self) -> u64 {
        self.count.saturating_sub(HELD_MAX)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn may_go(surplus: u64, aggregates: u64) -> bool {
        let mut all = Surplus::default();
        for id in 0..surplus {
            let key = ("entry".to_owned(), Uuid::from_u128(id.into()));
            all.add(Uuid::nil(), key, Seen { read: None, write: None });
        }
        assert_eq!(all.untold(), surplus.saturating_sub(HELD_MAX));
        let (held, may_go) = all.judge(aggregates);
        assert_eq!(held.len() as u64, surplus.min(HELD_MAX));
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
