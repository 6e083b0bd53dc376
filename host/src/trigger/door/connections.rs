//! All connections, so that at their limit one without a request makes room for the next.

use super::{
    budget::{Budget, Share},
    connection::Connection,
};
use std::{
    collections::HashMap,
    net::IpAddr,
    sync::{Arc, Mutex, MutexGuard, PoisonError},
};
use tokio::sync::{OwnedSemaphorePermit, Semaphore};

pub(in crate::trigger) struct Connections {
    places: Arc<Semaphore>,
    by_address: Budget,
    open: Mutex<Open>,
}

#[derive(Default)]
struct Open {
    number: u64,
    connections: HashMap<u64, Arc<Connection>>,
}

/// A connection's place.
pub(in crate::trigger) struct ConnectionPermit {
    connections: Arc<Connections>,
    number: u64,
    _permit: OwnedSemaphorePermit,
    /// None for a proxy, which has the connections of many clients.
    _share: Option<Share>,
}

// === impl Connections ===

impl Connections {
    pub fn new(connections_max: usize, per_address_max: usize) -> Arc<Self> {
        Arc::new(Self {
            places: Arc::new(Semaphore::new(connections_max)),
            by_address: Budget::new(u64::MAX, per_address_max as u64),
            open: Mutex::default(),
        })
    }

    /// What a connection of this address takes of its part, or none.
    pub fn share(&self, address: IpAddr) -> Option<Share> {
        self.by_address.take(address, 1).ok()
    }

    /// Waits for a place. When all are taken, an idle connection loses its own.
    pub async fn enter(
        self: &Arc<Self>,
        connection: &Arc<Connection>,
        share: Option<Share>,
    ) -> Option<ConnectionPermit> {
        let permit = match Arc::clone(&self.places).try_acquire_owned() {
            Ok(permit) => permit,
            Err(_) => {
                self.end_one();
                Arc::clone(&self.places).acquire_owned().await.ok()?
            }
        };
        let mut open = self.lock();
        open.number += 1;
        let number = open.number;
        open.connections.insert(number, Arc::clone(connection));
        Some(ConnectionPermit { connections: Arc::clone(self), number, _permit: permit, _share: share })
    }

    /// Those that never had a request first.
    fn end_one(&self) {
        let open = self.lock();
        let idle = open
            .connections
            .values()
            .filter(|connection| !connection.ends.is_cancelled())
            .filter_map(|connection| connection.idle_since().map(|(since, is_used)| (is_used, since, connection)));
        if let Some((_, _, connection)) = idle.min_by_key(|(is_used, since, _)| (*is_used, *since)) {
            super::closed("room");
            connection.ends.cancel();
        }
    }

    fn lock(&self) -> MutexGuard<'_, Open> {
        self.open.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Drop for ConnectionPermit {
    fn drop(&mut self) {
        self.connections.lock().connections.remove(&self.number);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test]
    async fn at_the_limit_a_connection_without_a_request_makes_room() {
        let connections = Connections::new(3, 3);
        let all = [Connection::new(1), Connection::new(1), Connection::new(1)];
        let mut places = Vec::new();
        for connection in &all {
            places.push(connections.enter(connection, None).await);
        }
        drop(all[0].begin());
        let _busy = all[1].begin();
        let (next, connections) = (Connection::new(1), &connections);
        let entering = connections.enter(&next, None);
        tokio::pin!(entering);
        assert!(futures::poll!(&mut entering).is_pending());
        let ended: Vec<bool> = all.iter().map(|connection| connection.ends.is_cancelled()).collect();
        assert_eq!(ended, [false, false, true]);
        places.pop();
        assert!(entering.await.is_some());
    }

    #[test]
    fn one_address_has_so_many() {
        let connections = Connections::new(10, 2);
        let address = IpAddr::from([192, 0, 2, 1]);
        let shares = [connections.share(address), connections.share(address)];
        assert!(shares.iter().all(Option::is_some) && connections.share(address).is_none());
        assert!(connections.share([192, 0, 2, 2].into()).is_some());
    }
}
