//! A user's keys as a tree: the user's key is the root, every other node follows from the one above it by a hash that leads only
//! downwards, and the keys of aggregates follow from the leaves, one of 2⁶⁴ for each. So nothing is written for a new aggregate, and a
//! copy of the root opens what is made later as well. To destroy one key, the node above it is replaced by those that lead everywhere
//! else: the siblings along the way, at most 64. (A puncturable pseudorandom function, of Goldreich, Goldwasser and Micali's tree.)

use sha2::{Digest, Sha256};

/// Of each node and key: 256 bits.
pub const SECRET_BYTES: usize = 32;
/// Of the leaves. By chance two of 2³² aggregates of one user share a key, and would lose it together.
const DEPTH_MAX: u8 = 64;

/// 20 bytes, so that a step is one block of SHA-256.
const STEP: &[u8; 20] = b"mindflow data key: \0";
const LEFT: u8 = 0;
const RIGHT: u8 = 1;
const KEY: u8 = 2;

/// Where an aggregate's key is among those of its user.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Place(u64);

/// Leads to the keys of a range of places.
#[derive(Clone, PartialEq, Eq)]
pub struct Node {
    first: Place,
    depth: u8,
    secret: Secret,
}

/// What payloads of one aggregate are sealed with.
#[derive(Clone, PartialEq, Eq)]
pub struct Key(Secret);

pub(super) type Secret = [u8; SECRET_BYTES];

// === impl Place ===

impl Place {
    /// Where the tree begins.
    pub const FIRST: Self = Self(0);

    /// That of an aggregate's key, such as `entry:{uuid}`.
    #[must_use]
    pub fn of(aggregate: &str) -> Self {
        let mut hash = Sha256::new();
        hash.update(b"mindflow data key: place of ");
        hash.update(aggregate.as_bytes());
        let hash: Secret = hash.finalize().into();
        let [a, b, c, d, e, f, g, h, ..] = hash;
        Self(u64::from_be_bytes([a, b, c, d, e, f, g, h]))
    }

    /// A number in the same order, for stores whose numbers have a sign.
    #[must_use]
    pub fn signed(self) -> i64 {
        (self.0 ^ SIGN).cast_signed()
    }

    #[must_use]
    pub fn from_signed(number: i64) -> Self {
        Self(number.cast_unsigned() ^ SIGN)
    }

    fn bit(self, depth: u8) -> u8 {
        let shifted = self.0.checked_shr(63_u32.saturating_sub(u32::from(depth))).unwrap_or_default();
        if shifted & 1 == 0 { LEFT } else { RIGHT }
    }
}

const SIGN: u64 = 1 << 63;

// === impl Key ===

impl Key {
    pub(super) fn bytes(&self) -> &Secret {
        &self.0
    }
}

// === impl Node ===

impl Node {
    /// A user's key: leads to all places.
    #[must_use]
    pub fn root(secret: Secret) -> Self {
        Self { first: Place::FIRST, depth: 0, secret }
    }

    /// As a store had it. `None`: there is no such node.
    #[must_use]
    pub fn new(first: Place, depth: u8, secret: Secret) -> Option<Self> {
        let below = u64::MAX.checked_shr(depth.into()).unwrap_or_default();
        (depth <= DEPTH_MAX && first.0 & below == 0).then_some(Self { first, depth, secret })
    }

    #[must_use]
    pub fn first(&self) -> Place {
        self.first
    }

    #[must_use]
    pub fn depth(&self) -> u8 {
        self.depth
    }

    pub(super) fn secret(&self) -> &Secret {
        &self.secret
    }

    /// Whether it leads there.
    #[must_use]
    pub fn covers(&self, place: Place) -> bool {
        covers(self.first, self.depth, place)
    }

    /// The key at a place; `None`: it does not lead there.
    #[must_use]
    pub fn key(&self, place: Place) -> Option<Key> {
        let way = self.covers(place).then_some(self.depth..DEPTH_MAX)?;
        let leaf = way.fold(self.secret, |secret, depth| step(&secret, place.bit(depth)));
        Some(Key(step(&leaf, KEY)))
    }

    /// What leads everywhere that it leads but to this place; `None`: it does not lead there.
    #[must_use]
    pub fn without(&self, place: Place) -> Option<Vec<Self>> {
        self.covers(place).then_some(())?;
        let mut rest = Vec::new();
        let mut node = self.clone();
        while node.depth < DEPTH_MAX {
            let [left, right] = node.children();
            let (down, aside) = if left.covers(place) { (left, right) } else { (right, left) };
            rest.push(aside);
            node = down;
        }
        Some(rest)
    }

    fn children(&self) -> [Self; 2] {
        let half = SIGN.checked_shr(self.depth.into()).unwrap_or_default();
        let child = |first, side| Self { first, depth: self.depth.saturating_add(1), secret: step(&self.secret, side) };
        [child(self.first, LEFT), child(Place(self.first.0 | half), RIGHT)]
    }
}

/// Whether a node of this place and depth leads there.
#[must_use]
pub fn covers(first: Place, depth: u8, place: Place) -> bool {
    (first.0 ^ place.0).leading_zeros() >= u32::from(depth)
}

fn step(secret: &Secret, side: u8) -> Secret {
    let mut hash = Sha256::new();
    hash.update(STEP);
    hash.update([side]);
    hash.update(secret);
    hash.finalize().into()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn root() -> Node {
        Node::root([7; SECRET_BYTES])
    }

    #[test]
    fn each_aggregate_has_a_key_of_its_own_that_stays_the_same() {
        let [one, other] = ["entry:1", "entry:2"].map(Place::of);
        assert!(root().key(one) == root().key(one) && root().key(one).is_some());
        assert!(root().key(one) != root().key(other));
        assert!(Node::root([8; SECRET_BYTES]).key(one) != root().key(one));
    }

    #[test]
    fn what_is_left_without_a_key_leads_to_all_others_and_not_to_it() {
        let gone = Place::of("entry:1");
        let rest = root().without(gone).unwrap();
        assert_eq!(rest.len(), 64);
        assert!(rest.iter().all(|node| !node.covers(gone) && node.key(gone).is_none()));
        let neighbours = [Place(gone.0 ^ 1), Place(gone.0 ^ SIGN), Place(0), Place(u64::MAX), Place::of("entry:2")];
        for place in neighbours {
            let covering: Vec<_> = rest.iter().filter(|node| node.covers(place)).collect();
            assert_eq!(covering.len(), 1, "{place:?}");
            assert!(covering[0].key(place) == root().key(place), "{place:?}");
        }
    }

    #[test]
    fn a_second_key_is_destroyed_in_the_node_that_leads_to_it() {
        let [first, second] = ["entry:1", "entry:2"].map(Place::of);
        let rest = root().without(first).unwrap();
        let covering = rest.iter().find(|node| node.covers(second)).unwrap();
        let left = covering.without(second).unwrap();
        assert_eq!(left.len(), 64 - usize::from(covering.depth()));
        assert!(left.iter().all(|node| node.key(second).is_none() && node.key(first).is_none()));
        assert!(covering.without(first).is_none());
    }

    #[test]
    fn signed_numbers_are_in_the_order_of_the_places() {
        let places = [0, 1, SIGN - 1, SIGN, u64::MAX].map(Place);
        assert!(places.map(Place::signed).is_sorted());
        assert_eq!(places.map(|place| Place::from_signed(place.signed())), places);
        assert_eq!(Place::FIRST.signed(), i64::MIN);
    }

    #[test]
    fn a_node_that_no_tree_has_is_none() {
        assert!(Node::new(Place(1), 0, [0; SECRET_BYTES]).is_none());
        assert!(Node::new(Place(SIGN), 1, [0; SECRET_BYTES]).is_some());
        assert!(Node::new(Place(u64::MAX), 64, [0; SECRET_BYTES]).is_some());
        assert!(Node::new(Place(0), 65, [0; SECRET_BYTES]).is_none());
    }
}
