//! How many connections an instance has open. Spin's pool has 64 for a component and an address, and a wait for the next one has
//! no end there: a request that holds one and waits for another would hang the component for good. Here the wait has an end.

use std::collections::BTreeMap;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use async_lock::{Semaphore, SemaphoreGuardArc};
use mindflow_platform::sql::Error;

use crate::time;

/// Open connections of one instance to one address. Spin gives an instance up to 16 requests, each of which has one connection as
/// a rule; three busy instances stay below the 64 of the pool.
const CONNECTIONS_MAX: usize = 20;
/// How long a request waits for one; its own deadline is not much later.
const WAIT_MAX: Duration = Duration::from_secs(5);

static SEMAPHORES: Mutex<BTreeMap<String, Arc<Semaphore>>> = Mutex::new(BTreeMap::new());

/// The right to have one connection open.
pub(super) type Permit = SemaphoreGuardArc;

/// # Errors
/// `PoolExhausted`: none became free in time.
pub(super) async fn acquire(dsn: &str) -> Result<Permit, Error> {
    let semaphore = semaphore(dsn);
    if let Some(permit) = semaphore.try_acquire_arc() {
        return Ok(permit);
    }
    time::within(WAIT_MAX, semaphore.acquire_arc()).await.ok_or(Error::PoolExhausted)
}

fn semaphore(dsn: &str) -> Arc<Semaphore> {
    let mut semaphores = SEMAPHORES.lock().unwrap_or_else(PoisonError::into_inner);
    let semaphore = semaphores.entry(dsn.to_owned()).or_insert_with(|| Arc::new(Semaphore::new(CONNECTIONS_MAX)));
    Arc::clone(semaphore)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_address_has_permits_of_its_own() {
        let first: Vec<_> = std::iter::from_fn(|| semaphore("postgres://a").try_acquire_arc()).collect();
        assert_eq!(first.len(), CONNECTIONS_MAX);
        assert!(semaphore("postgres://b").try_acquire_arc().is_some());
        drop(first);
        assert!(semaphore("postgres://a").try_acquire_arc().is_some());
    }
}
