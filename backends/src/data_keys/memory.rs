//! What was found in the database a moment ago. An event is sealed once and opened for each subscription that gets it, most of that
//! within moments, so most looks want what another has found. A node is forgotten by its age, whether it is used or not: a destruction
//! waits for that, and need not reach the other hosts.

use std::collections::BTreeMap;

use mindflow_platform::data_keys::{Place, REMEMBERED_FOR, StoredNode, Wanted};
use tokio::time::Instant;
use uuid::Uuid;

/// Of so many users a replica finds keys within [`REMEMBERED_FOR`] at most, by some megabytes. Beyond it, nothing is added.
const NODES_MAX: usize = 10_000;

/// See the module. The nodes are as the database has them, sealed.
#[derive(Default)]
pub(super) struct Memory {
    nodes: BTreeMap<(Uuid, Place), Known>,
}

struct Known {
    node: StoredNode,
    /// Before the database was asked.
    asked_at: Instant,
}

// === impl Memory ===

impl Memory {
    /// A node that leads there.
    pub(super) fn find(&self, wanted: &Wanted, now: Instant) -> Option<StoredNode> {
        let Wanted { user_id, place } = *wanted;
        let (_, known) = self.nodes.range((user_id, Place::FIRST)..=(user_id, place)).next_back()?;
        (known.is_fresh(now) && known.node.covers(place)).then(|| known.node.clone())
    }

    /// Remembers what was found when the database was asked at that moment.
    pub(super) fn add<'a>(&mut self, found: impl IntoIterator<Item = &'a StoredNode>, asked_at: Instant) {
        for node in found {
            let place = (node.user_id, node.first);
            if self.nodes.len() < NODES_MAX || self.nodes.contains_key(&place) {
                self.nodes.insert(place, Known { node: node.clone(), asked_at });
            }
        }
    }

    /// Forgets what is too old.
    pub(super) fn sweep(&mut self, now: Instant) {
        self.nodes.retain(|_, known| known.is_fresh(now));
    }

    pub(super) fn forget(&mut self, user_id: Uuid) {
        self.nodes.retain(|(of, _), _| *of != user_id);
    }

    pub(super) fn is_empty(&self) -> bool {
        self.nodes.is_empty()
    }
}

// === impl Known ===

impl Known {
    fn is_fresh(&self, now: Instant) -> bool {
        now < self.asked_at + REMEMBERED_FOR
    }
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use super::*;
    use crate::clock;

    const USER: Uuid = Uuid::from_u128(9);
    const OTHER: Uuid = Uuid::from_u128(10);

    fn node(user_id: Uuid, first: Place, depth: u8) -> StoredNode {
        StoredNode { user_id, first, depth, sealed: vec![depth] }
    }

    fn root(user_id: Uuid) -> StoredNode {
        node(user_id, Place::FIRST, 0)
    }

    fn wanted(user_id: Uuid, aggregate: &str) -> Wanted {
        Wanted { user_id, place: Place::of(aggregate) }
    }

    #[test]
    fn one_node_is_found_for_all_places_that_it_leads_to() {
        let (mut memory, now) = (Memory::default(), clock::instant());
        let leaf = Place::of("entry:1");
        memory.add(&[root(USER), node(OTHER, leaf, 64)], now);
        for aggregate in ["entry:1", "entry:2", "mood:3"] {
            assert_eq!(memory.find(&wanted(USER, aggregate), now), Some(root(USER)), "{aggregate}");
        }
        assert_eq!(memory.find(&wanted(OTHER, "entry:1"), now), Some(node(OTHER, leaf, 64)));
        assert_eq!(memory.find(&wanted(OTHER, "entry:2"), now), None);
        assert_eq!(memory.find(&wanted(Uuid::from_u128(11), "entry:1"), now), None);
    }

    #[test]
    fn a_node_is_forgotten_by_its_age_however_often_it_is_used() {
        let (mut memory, asked_at) = (Memory::default(), clock::instant());
        memory.add(&[root(USER)], asked_at);
        let (mut now, end) = (asked_at, asked_at + REMEMBERED_FOR);
        while now < end {
            assert!(memory.find(&wanted(USER, "entry:1"), now).is_some());
            now += Duration::from_millis(10);
        }
        assert_eq!(memory.find(&wanted(USER, "entry:1"), end), None);
        // One that is found later does not make another younger.
        memory.add(&[root(OTHER)], asked_at + REMEMBERED_FOR / 2);
        memory.sweep(end);
        assert!(memory.find(&wanted(OTHER, "entry:1"), end).is_some());
        assert_eq!(memory.nodes.len(), 1);
    }

    #[test]
    fn of_a_user_whose_keys_are_destroyed_nothing_is_left() {
        let (mut memory, now) = (Memory::default(), clock::instant());
        memory.add(&[root(USER), root(OTHER)], now);
        memory.forget(USER);
        assert_eq!(memory.find(&wanted(USER, "entry:1"), now), None);
        assert!(memory.find(&wanted(OTHER, "entry:1"), now).is_some());
    }

    #[test]
    fn no_more_is_remembered_than_there_is_room_for() {
        let (mut memory, now) = (Memory::default(), clock::instant());
        let users = (0..).map(Uuid::from_u128).take(NODES_MAX + 1);
        let roots: Vec<_> = users.map(root).collect();
        memory.add(&roots, now);
        assert_eq!(memory.nodes.len(), NODES_MAX);
        assert_eq!(memory.find(&wanted(Uuid::from_u128(NODES_MAX as u128), "entry:1"), now), None);
        // What is there becomes as young as what is found again.
        let later = now + REMEMBERED_FOR / 2;
        memory.add(&roots[..1], later);
        assert!(memory.find(&wanted(Uuid::from_u128(0), "entry:1"), now + REMEMBERED_FOR).is_some());
    }
}
