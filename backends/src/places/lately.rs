//! How often keys got something of late. What was long ago counts less and less: whenever all of it together reaches a bound,
//! each count is halved. So no clock is needed, and as many keys are remembered as the bound says, at most.

use std::{collections::HashMap, hash::Hash};

/// More keys than a flood has addresses, as a rule; at two places for hashing passwords, some minutes.
const TIMES_MAX: u32 = 1_024;

pub(super) struct Lately<K> {
    times: HashMap<K, u32>,
    all: u32,
}

impl<K> Default for Lately<K> {
    fn default() -> Self {
        Self { times: HashMap::new(), all: 0 }
    }
}

impl<K: Clone + Eq + Hash> Lately<K> {
    pub fn times(&self, key: &K) -> u32 {
        self.times.get(key).copied().unwrap_or_default()
    }

    pub fn served(&mut self, key: &K) {
        match self.times.get_mut(key) {
            Some(times) => *times += 1,
            None => drop(self.times.insert(key.clone(), 1)),
        }
        self.all += 1;
        if self.all >= TIMES_MAX {
            self.times.retain(|_, times| {
                *times /= 2;
                *times > 0
            });
            self.all = self.times.values().sum();
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_was_long_ago_is_forgotten_and_no_more_keys_are_remembered_than_the_bound() {
        let mut lately = Lately::default();
        for _ in 0..100 {
            lately.served(&0);
        }
        assert_eq!(lately.times(&0), 100);
        for key in 1..20_000_u32 {
            lately.served(&key);
            assert!(lately.times.len() <= TIMES_MAX as usize);
        }
        assert_eq!((lately.times(&0), lately.times(&19_999)), (0, 1));
        assert_eq!(lately.all, lately.times.values().sum::<u32>());
    }
}
