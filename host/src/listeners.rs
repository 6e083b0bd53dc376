//! The sockets on which one address as people write it is served: `localhost` and a port alone are addresses of IPv4 and of IPv6,
//! and a client tries either.

use crate::manifest::ListenAddress;
use socket2::SockRef;
use std::{
    future::poll_fn,
    io::{self, ErrorKind},
    net::SocketAddr,
    sync::atomic::{AtomicUsize, Ordering},
    task::Poll,
};
use tokio::net::{TcpListener, TcpSocket, TcpStream};

/// Connections that have been made and not been taken yet, of each socket.
const BACKLOG: u32 = 1_024;
/// With port 0 the system chooses the first one's port, which another program may have at the second address.
const ATTEMPTS_MAX: usize = 16;
/// EAFNOSUPPORT (errno.h): the system has no IPv6, or no IPv4.
const NO_SUCH_FAMILY: i32 = 97;

pub struct Listeners {
    /// One at least.
    listeners: Vec<TcpListener>,
    address: SocketAddr,
    /// Whose turn it is.
    turn: AtomicUsize,
}

/// Where nothing can listen, and why.
#[derive(Debug)]
pub struct Refused {
    pub address: SocketAddr,
    pub source: io::Error,
}

// === impl Listeners ===

impl Listeners {
    /// Listens on all of them that the machine has.
    ///
    /// # Errors
    /// It has none, or one of them is taken.
    pub fn bind(listen: &ListenAddress) -> Result<Self, Refused> {
        let mut attempt = 1;
        loop {
            match Self::attempt(listen.addresses()) {
                Err((refused, true)) if refused.source.kind() == ErrorKind::AddrInUse && attempt < ATTEMPTS_MAX => {
                    attempt += 1;
                }
                outcome => return outcome.map_err(|(refused, _)| refused),
            }
        }
    }

    /// `Err` with whether another port may do.
    fn attempt(addresses: &[SocketAddr]) -> Result<Self, (Refused, bool)> {
        let mut bound: Option<(Vec<TcpListener>, SocketAddr)> = None;
        let mut missing: Option<Refused> = None;
        for address in addresses {
            let mut at = *address;
            if let Some((_, first)) = bound.as_ref().filter(|_| at.port() == 0) {
                at.set_port(first.port());
            }
            let listened = listen(at, addresses.len() > 1).and_then(|listener| Ok((listener.local_addr()?, listener)));
            match listened {
                Ok((local, listener)) => bound.get_or_insert((Vec::new(), local)).0.push(listener),
                Err(source) if is_missing(&source) => missing = missing.or(Some(Refused { address: at, source })),
                Err(source) => return Err((Refused { address: at, source }, address.port() == 0)),
            }
        }
        match (bound, missing) {
            (Some((listeners, address)), missing) => {
                if let Some(Refused { address, source }) = missing {
                    tracing::info!(%address, "not listened on, as this machine does not have it: {source}");
                }
                Ok(Self { listeners, address, turn: AtomicUsize::new(0) })
            }
            (None, Some(refused)) => Err((refused, false)),
            (None, None) => {
                let (address, source) = (SocketAddr::from(([0, 0, 0, 0], 0)), ErrorKind::AddrNotAvailable.into());
                Err((Refused { address, source }, false))
            }
        }
    }

    /// The first of them.
    pub fn address(&self) -> SocketAddr {
        self.address
    }

    /// The next connection. It can be cancelled.
    ///
    /// # Errors
    /// None can be taken at present.
    pub async fn accept(&self) -> io::Result<(TcpStream, SocketAddr)> {
        // One that is flooded leaves the others their turns.
        let first = self.turn.fetch_add(1, Ordering::Relaxed) % self.listeners.len().max(1);
        poll_fn(|cx| {
            let in_turn = self.listeners.iter().cycle().skip(first).take(self.listeners.len());
            let mut polled = in_turn.map(|listener| listener.poll_accept(cx));
            polled.find(Poll::is_ready).unwrap_or(Poll::Pending)
        })
        .await
    }
}

fn listen(address: SocketAddr, is_one_of_several: bool) -> io::Result<TcpListener> {
    let socket = if address.is_ipv4() { TcpSocket::new_v4() } else { TcpSocket::new_v6() }?;
    // As after a restart, while old connections still end.
    socket.set_reuseaddr(true)?;
    if address.is_ipv6() && is_one_of_several {
        // Otherwise `::` takes the port of IPv4 as well.
        SockRef::from(&socket).set_only_v6(true)?;
    }
    socket.bind(address)?;
    socket.listen(BACKLOG)
}

fn is_missing(error: &io::Error) -> bool {
    error.kind() == ErrorKind::AddrNotAvailable || error.raw_os_error() == Some(NO_SUCH_FAMILY)
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::{net::Ipv6Addr, time::Duration};

    const WITHIN: Duration = Duration::from_secs(10);

    fn has_ipv6() -> bool {
        std::net::TcpListener::bind((Ipv6Addr::LOCALHOST, 0)).is_ok()
    }

    fn bound(text: &str) -> Result<Listeners, Refused> {
        Listeners::bind(&text.parse().unwrap())
    }

    #[tokio::test]
    async fn a_port_alone_and_localhost_are_reached_by_either_protocol() {
        for text in [":0", "localhost:0"] {
            let listeners = bound(text).unwrap();
            assert!(listeners.address().is_ipv4(), "{text}");
            let port = listeners.address().port();
            let mut hosts = vec!["127.0.0.1"];
            if has_ipv6() {
                hosts.push("::1");
            } else {
                eprintln!("skipped: this machine has no IPv6");
            }
            for host in hosts {
                let client =
                    TcpStream::connect((host, port)).await.unwrap_or_else(|error| panic!("{text} {host}: {error}"));
                let (_, peer) = tokio::time::timeout(WITHIN, listeners.accept()).await.expect("in time").unwrap();
                assert_eq!(peer, client.local_addr().unwrap(), "{text} {host}");
            }
        }
    }

    #[tokio::test]
    async fn one_address_is_listened_on_alone_and_a_taken_one_is_named() {
        let one = bound("127.0.0.1:0").unwrap();
        assert_eq!(one.listeners.len(), 1);
        let taken = one.address().port();
        for text in [format!(":{taken}"), format!("localhost:{taken}"), format!("127.0.0.1:{taken}")] {
            let refused = bound(&text).err().unwrap();
            assert_eq!((refused.address.port(), refused.source.kind()), (taken, ErrorKind::AddrInUse), "{text}");
        }
        // Of a network for documents (RFC 5737), which no machine is in.
        assert_eq!(bound("192.0.2.1:0").err().unwrap().source.kind(), ErrorKind::AddrNotAvailable);
    }

    #[tokio::test]
    async fn a_port_that_another_has_by_one_protocol_alone_is_taken() {
        if !has_ipv6() {
            eprintln!("skipped: this machine has no IPv6");
            return;
        }
        let other = bound("[::1]:0").unwrap();
        let refused = bound(&format!("localhost:{}", other.address().port())).err().unwrap();
        assert_eq!((refused.address, refused.source.kind()), (other.address(), ErrorKind::AddrInUse));
    }
}
