//! How many requests may be under way to one receiving host, where users enter the addresses: a receiver that stays silent holds so
//! many and no more, for all users together. A request beyond is refused without waiting, so that it holds nothing of its component's.

use std::{
    collections::HashMap,
    num::NonZeroU32,
    sync::{Arc, Mutex, MutexGuard, PoisonError},
};

/// The requests of a replica, by receiving host.
pub(super) struct RequestPermits {
    max: NonZeroU32,
    taken: Mutex<HashMap<String, u32>>,
}

/// Of one request, until its answer was read or dropped.
pub(crate) struct RequestPermit {
    places: Arc<RequestPermits>,
    host: String,
}

// === impl RequestPermits ===

impl RequestPermits {
    pub(super) fn new(max: NonZeroU32) -> Self {
        Self { max, taken: Mutex::default() }
    }

    /// A place at the host that a request goes to, whatever the port; `None`: all are taken.
    pub(super) fn take(self: &Arc<Self>, uri: &http::Uri) -> Option<RequestPermit> {
        let host = uri.host().unwrap_or_default().trim_end_matches('.').to_ascii_lowercase();
        let mut taken = self.lock();
        let held = taken.entry(host.clone()).or_default();
        if *held >= self.max.get() {
            return None;
        }
        *held += 1;
        drop(taken);
        Some(RequestPermit { places: Arc::clone(self), host })
    }

    fn lock(&self) -> MutexGuard<'_, HashMap<String, u32>> {
        self.taken.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Drop for RequestPermit {
    fn drop(&mut self) {
        let mut taken = self.places.lock();
        if let Some(held) = taken.get_mut(&self.host) {
            *held = held.saturating_sub(1);
            if *held == 0 {
                taken.remove(&self.host);
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_host_has_so_many_places_at_all_its_ports_and_another_host_has_its_own() {
        let places = Arc::new(RequestPermits::new(NonZeroU32::new(2).unwrap()));
        let take = |uri: &str| places.take(&uri.parse().unwrap());
        let first = take("https://hooks.example.org/a");
        let second = take("https://HOOKS.example.org.:8443/b");
        assert!(first.is_some() && second.is_some());
        assert!(take("http://hooks.example.org/c").is_none());
        assert!(take("https://example.org/").is_some());
        drop(first);
        let third = take("https://hooks.example.org/d");
        assert!(third.is_some());
        drop((second, third));
        assert!(places.lock().is_empty(), "nothing is kept of hosts that nothing goes to");
    }
}
