//! Who a call is made for. A failure that one client's content causes must be distinguished from one that all clients meet,
//! so each call knows its client as far as the host can say without a token's proof: the address, and what the client
//! authenticated with.

pub use mindflow_backends::places::Origin;
use std::{
    collections::HashMap,
    hash::{DefaultHasher, Hash, Hasher},
    net::{IpAddr, Ipv6Addr},
    sync::{Arc, Mutex, MutexGuard, PoisonError},
    time::Duration,
};

/// A client: its place, and which of the clients of this place it is.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub struct Caller {
    /// An address as [`network`] has it, or a user whose event is handled after the request has ended.
    pub origin: Origin,
    /// A hash of the credential; 0 without one.
    credential: u64,
}

/// What stands for all addresses of one client: an IPv6 client has a /64 of its own (RFC 6177), an IPv4 client one address.
pub fn network(address: IpAddr) -> IpAddr {
    match address.to_canonical() {
        IpAddr::V6(address) => IpAddr::V6(Ipv6Addr::from_bits(address.to_bits() & !u128::from(u64::MAX))),
        address => address,
    }
}

// === impl Caller ===

impl Caller {
    /// The client of a request, by its address and its `Authorization` header.
    pub fn of_request(address: IpAddr, credential: Option<&[u8]>) -> Self {
        let credential = credential.map_or(0, |credential| {
            let mut hasher = DefaultHasher::new();
            credential.hash(&mut hasher);
            hasher.finish()
        });
        Self { origin: Origin::Address(network(address)), credential }
    }

    pub fn of_user(user: &str) -> Self {
        Self { origin: Origin::User(user.into()), credential: 0 }
    }
}

/// The clients of all requests and connections in progress, by correlation id. A call between components carries its
/// request's id and nothing else of the client.
#[derive(Debug, Default)]
pub struct Callers(Mutex<HashMap<Arc<str>, Entry>>);

#[derive(Debug)]
struct Entry {
    caller: Caller,
    /// Requests in progress under this id: a client may choose its own.
    requests: usize,
    /// What its calls have waited for a place so far.
    queued: Duration,
}

/// A request in progress.
#[derive(Debug)]
pub struct KnownCaller {
    callers: Arc<Callers>,
    id: Arc<str>,
}

// === impl Callers ===

impl Callers {
    /// Remembers a request's client while the value lives. Of several requests under one id, the first one's client counts.
    pub fn enter(self: &Arc<Self>, id: Arc<str>, caller: Caller) -> KnownCaller {
        self.lock().entry(Arc::clone(&id)).or_insert(Entry { caller, requests: 0, queued: Duration::ZERO }).requests +=
            1;
        KnownCaller { callers: Arc::clone(self), id }
    }

    /// Where the request's client is.
    pub fn origin(&self, id: &str) -> Option<Origin> {
        self.lock().get(id).map(|entry| entry.caller.origin.clone())
    }

    /// The request's client, and what its calls have waited for places so far.
    pub(super) fn of(&self, id: &str) -> Option<(Caller, Duration)> {
        self.lock().get(id).map(|entry| (entry.caller.clone(), entry.queued))
    }

    /// A call for the request had to wait for a place.
    pub(super) fn add_queued(&self, id: &str, queued: Duration) {
        if let Some(entry) = self.lock().get_mut(id) {
            entry.queued += queued;
        }
    }

    /// What all calls for the request have waited for their places: its first component waited with them.
    pub(super) fn queued(&self, id: &str) -> Duration {
        self.lock().get(id).map_or(Duration::ZERO, |entry| entry.queued)
    }

    fn lock(&self) -> MutexGuard<'_, HashMap<Arc<str>, Entry>> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Drop for KnownCaller {
    fn drop(&mut self) {
        let mut callers = self.callers.lock();
        let Some(entry) = callers.get_mut(&self.id) else { return };
        entry.requests -= 1;
        if entry.requests == 0 {
            callers.remove(&self.id);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn all_addresses_of_one_client_are_one() {
        let of = |text: &str| network(text.parse().unwrap()).to_string();
        assert_eq!(of("192.0.2.7"), "192.0.2.7");
        assert_eq!(of("::ffff:192.0.2.7"), "192.0.2.7");
        assert_eq!(of("2001:db8:1:2:3:4:5:6"), "2001:db8:1:2::");
    }

    #[test]
    fn a_request_is_known_while_it_is_in_progress() {
        let callers = Arc::new(Callers::default());
        let caller = |last: u8| Caller::of_request([192, 0, 2, last].into(), None);
        let first = callers.enter("a".into(), caller(1));
        let second = callers.enter("a".into(), caller(2));
        drop(first);
        assert_eq!(callers.of("a"), Some((caller(1), Duration::ZERO)), "the first under this id");
        drop(second);
        assert_eq!(callers.of("a"), None);
    }

    #[test]
    fn clients_of_one_address_are_distinguished_by_their_credentials() {
        let of = |credential: &[u8]| Caller::of_request([192, 0, 2, 1].into(), Some(credential));
        assert_eq!(of(b"Bearer a"), of(b"Bearer a"));
        assert_ne!(of(b"Bearer a"), of(b"Bearer b"));
        assert_eq!(of(b"Bearer a").origin, of(b"Bearer b").origin);
    }
}
