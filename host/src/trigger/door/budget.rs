//! An amount that all clients share, of which one address, or one user, gets a part: connections, streams, bytes that wait. The last
//! of it is for those that have little, so that as many as would take all of it together leave something to the next one.

use crate::engine::network;
use std::{
    collections::HashMap,
    hash::Hash,
    net::IpAddr,
    sync::{Arc, Mutex, MutexGuard, PoisonError},
};

/// One part of so many of all is a reserve.
const RESERVE_SHARE: u64 = 8;
/// From the reserve takes who then has at most one part of so many of it. An amount without such a part has no reserve.
const LITTLE_SHARE: u64 = 16;

/// Shared by keys, which are addresses or users.
#[derive(Debug)]
pub(in crate::trigger) struct Budget<K: Eq + Hash = IpAddr>(Arc<Shared<K>>);

#[derive(Debug)]
struct Shared<K> {
    total_max: u64,
    /// Of all, without the reserve.
    open_max: u64,
    key_max: u64,
    /// A key with at most so much takes from the reserve as well.
    little: u64,
    used: Mutex<Used<K>>,
}

#[derive(Debug)]
struct Used<K> {
    total: u64,
    /// Only those that have something.
    by_key: HashMap<K, u64>,
}

/// Why there is nothing left.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(in crate::trigger) enum Exhausted {
    /// This address, or this user, has its part.
    Part,
    /// All is taken.
    Total,
}

/// What one key has; given back when it is dropped.
#[derive(Debug)]
pub(in crate::trigger) struct Share<K: Eq + Hash = IpAddr> {
    budget: Budget<K>,
    key: K,
    amount: u64,
}

// === impl Budget ===

impl<K: Eq + Hash> Budget<K> {
    pub fn new(total_max: u64, key_max: u64) -> Self {
        let used = Mutex::new(Used { total: 0, by_key: HashMap::new() });
        let reserve = total_max / RESERVE_SHARE;
        let little = reserve / LITTLE_SHARE;
        let open_max = if little == 0 { total_max } else { total_max - reserve };
        Self(Arc::new(Shared { total_max, open_max, key_max, little, used }))
    }

    fn lock(&self) -> MutexGuard<'_, Used<K>> {
        self.0.used.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl<K: Clone + Eq + Hash> Budget<K> {
    fn take_as(&self, key: K, amount: u64) -> Result<Share<K>, Exhausted> {
        let mut share = Share { budget: self.clone(), key, amount: 0 };
        share.grow(amount)?;
        Ok(share)
    }
}

impl Budget {
    pub fn take(&self, address: IpAddr, amount: u64) -> Result<Share, Exhausted> {
        self.take_as(network(address), amount)
    }

    /// Of nothing yet.
    pub fn share(&self, address: IpAddr) -> Share {
        Share { budget: self.clone(), key: network(address), amount: 0 }
    }
}

impl Budget<Arc<str>> {
    pub fn take_for(&self, user: &str, amount: u64) -> Result<Share<Arc<str>>, Exhausted> {
        self.take_as(user.into(), amount)
    }
}

impl<K: Eq + Hash> Clone for Budget<K> {
    fn clone(&self) -> Self {
        Self(Arc::clone(&self.0))
    }
}

// === impl Share ===

impl<K: Clone + Eq + Hash> Share<K> {
    pub fn grow(&mut self, amount: u64) -> Result<(), Exhausted> {
        if amount == 0 {
            return Ok(());
        }
        let mut used = self.budget.lock();
        let of_key = used.by_key.get(&self.key).copied().unwrap_or_default().saturating_add(amount);
        if of_key > self.budget.0.key_max {
            return Err(Exhausted::Part);
        }
        let total = used.total.saturating_add(amount);
        let Shared { total_max, open_max, little, .. } = *self.budget.0;
        let max = if of_key > little { open_max } else { total_max };
        if total > max {
            return Err(Exhausted::Total);
        }
        used.total = total;
        used.by_key.insert(self.key.clone(), of_key);
        drop(used);
        self.amount += amount;
        Ok(())
    }

    /// Takes what is missing to this much.
    pub fn raise(&mut self, amount: u64) -> Result<(), Exhausted> {
        self.grow(amount.saturating_sub(self.amount))
    }

    /// Takes more, or gives back what is more than this.
    pub fn resize(&mut self, amount: u64) -> Result<(), Exhausted> {
        match amount.checked_sub(self.amount) {
            Some(more) => self.grow(more),
            None => {
                self.give_back(self.amount - amount);
                Ok(())
            }
        }
    }
}

impl<K: Eq + Hash> Share<K> {
    /// No more than it has.
    fn give_back(&mut self, amount: u64) {
        if amount == 0 {
            return;
        }
        let mut used = self.budget.lock();
        used.total -= amount;
        if let Some(of_key) = used.by_key.get_mut(&self.key) {
            *of_key -= amount;
            if *of_key == 0 {
                used.by_key.remove(&self.key);
            }
        }
        drop(used);
        self.amount -= amount;
    }
}

impl<K: Eq + Hash> Drop for Share<K> {
    fn drop(&mut self) {
        self.give_back(self.amount);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn address(last: u8) -> IpAddr {
        [192, 0, 2, last].into()
    }

    #[test]
    fn one_address_gets_its_part_and_the_others_the_rest() {
        let budget = Budget::new(5, 2);
        let first = [budget.take(address(1), 1).unwrap(), budget.take(address(1), 1).unwrap()];
        assert_eq!(budget.take(address(1), 1).unwrap_err(), Exhausted::Part);
        let _others = [budget.take(address(2), 2).unwrap(), budget.take(address(3), 1).unwrap()];
        assert_eq!(budget.take(address(3), 1).unwrap_err(), Exhausted::Total);
        drop(first);
        assert!(budget.take(address(3), 1).is_ok());
    }

    #[test]
    fn addresses_that_take_all_they_can_leave_the_reserve_to_those_that_have_little() {
        let budget = Budget::new(2_000, 256);
        let mut taken = Vec::new();
        for last in 1..=10 {
            taken.extend(std::iter::from_fn(|| budget.take(address(last), 1).ok()));
        }
        // Seven have what is no reserve, 1,750, and each of the other three 15 of the reserve.
        assert_eq!(taken.len(), 1_795);
        assert_eq!(budget.take(address(7), 1).unwrap_err(), Exhausted::Total);
        let newcomer: Vec<Share> = std::iter::from_fn(|| budget.take(address(11), 1).ok()).collect();
        assert_eq!(newcomer.len(), 15);
        taken.clear();
        let newcomer: Vec<Share> = std::iter::from_fn(|| budget.take(address(11), 1).ok()).collect();
        assert_eq!(newcomer.len(), 256 - 15, "the whole part, when there is enough");
    }

    #[test]
    fn what_was_taken_in_parts_is_given_back_whole() {
        let budget = Budget::new(10, 10);
        let mut share = budget.take(address(1), 0).unwrap();
        share.grow(4).unwrap();
        share.grow(6).unwrap();
        assert_eq!(share.grow(1), Err(Exhausted::Part));
        share.resize(3).unwrap();
        assert_eq!(share.resize(11), Err(Exhausted::Part));
        share.raise(2).unwrap();
        assert_eq!(budget.take(address(1), 7).unwrap().amount, 7);
        share.resize(10).unwrap();
        drop(share);
        let used = budget.lock();
        assert_eq!((used.total, used.by_key.len()), (0, 0));
    }

    #[test]
    fn users_have_parts_as_addresses_have() {
        let budget = Budget::new(u64::MAX, 1);
        let first = budget.take_for("ada", 1).unwrap();
        assert_eq!(budget.take_for("ada", 1).unwrap_err(), Exhausted::Part);
        assert!(budget.take_for("bob", 1).is_ok());
        drop(first);
        assert!(budget.take_for("ada", 1).is_ok());
    }

    #[test]
    fn all_addresses_of_an_ipv6_client_are_one() {
        let budget = Budget::new(10, 1);
        let of = |last: u16| IpAddr::from([0x2001, 0xdb8, 0, 1, 0, 0, 0, last]);
        let _first = budget.take(of(1), 1).unwrap();
        assert_eq!(budget.take(of(2), 1).unwrap_err(), Exhausted::Part);
    }
}
