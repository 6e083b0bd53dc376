//! An amount that all clients share, of which one address gets a part: connections, streams, bytes that wait.

use crate::engine::network;
use std::{
    collections::HashMap,
    net::IpAddr,
    sync::{Arc, Mutex, MutexGuard, PoisonError},
};

#[derive(Debug, Clone)]
pub(in crate::trigger) struct Budget(Arc<Shared>);

#[derive(Debug)]
struct Shared {
    total_max: u64,
    address_max: u64,
    used: Mutex<Used>,
}

#[derive(Debug, Default)]
struct Used {
    total: u64,
    /// Only those that have something.
    by_address: HashMap<IpAddr, u64>,
}

/// Why there is nothing left.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(in crate::trigger) enum Exhausted {
    /// This address has its part.
    Address,
    /// All is taken.
    Total,
}

/// What an address has; given back when it is dropped.
#[derive(Debug)]
pub(in crate::trigger) struct Share {
    budget: Budget,
    address: IpAddr,
    amount: u64,
}

// === impl Budget ===

impl Budget {
    pub fn new(total_max: u64, address_max: u64) -> Self {
        Self(Arc::new(Shared { total_max, address_max, used: Mutex::default() }))
    }

    pub fn take(&self, address: IpAddr, amount: u64) -> Result<Share, Exhausted> {
        let mut share = Share { budget: self.clone(), address: network(address), amount: 0 };
        share.grow(amount)?;
        Ok(share)
    }

    fn lock(&self) -> MutexGuard<'_, Used> {
        self.0.used.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

// === impl Share ===

impl Share {
    pub fn grow(&mut self, amount: u64) -> Result<(), Exhausted> {
        if amount == 0 {
            return Ok(());
        }
        let mut used = self.budget.lock();
        let of_address = used.by_address.get(&self.address).copied().unwrap_or_default().saturating_add(amount);
        if of_address > self.budget.0.address_max {
            return Err(Exhausted::Address);
        }
        let total = used.total.saturating_add(amount);
        if total > self.budget.0.total_max {
            return Err(Exhausted::Total);
        }
        used.total = total;
        used.by_address.insert(self.address, of_address);
        drop(used);
        self.amount += amount;
        Ok(())
    }
}

impl Drop for Share {
    fn drop(&mut self) {
        if self.amount == 0 {
            return;
        }
        let mut used = self.budget.lock();
        used.total -= self.amount;
        if let Some(of_address) = used.by_address.get_mut(&self.address) {
            *of_address -= self.amount;
            if *of_address == 0 {
                used.by_address.remove(&self.address);
            }
        }
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
        assert_eq!(budget.take(address(1), 1).unwrap_err(), Exhausted::Address);
        let _others = [budget.take(address(2), 2).unwrap(), budget.take(address(3), 1).unwrap()];
        assert_eq!(budget.take(address(3), 1).unwrap_err(), Exhausted::Total);
        drop(first);
        assert!(budget.take(address(3), 1).is_ok());
    }

    #[test]
    fn what_was_taken_in_parts_is_given_back_whole() {
        let budget = Budget::new(10, 10);
        let mut share = budget.take(address(1), 0).unwrap();
        share.grow(4).unwrap();
        share.grow(6).unwrap();
        assert_eq!(share.grow(1), Err(Exhausted::Address));
        drop(share);
        let used = budget.lock();
        assert_eq!((used.total, used.by_address.len()), (0, 0));
    }

    #[test]
    fn all_addresses_of_an_ipv6_client_are_one() {
        let budget = Budget::new(10, 1);
        let of = |last: u16| IpAddr::from([0x2001, 0xdb8, 0, 1, 0, 0, 0, last]);
        let _first = budget.take(of(1), 1).unwrap();
        assert_eq!(budget.take(of(2), 1).unwrap_err(), Exhausted::Address);
    }
}
