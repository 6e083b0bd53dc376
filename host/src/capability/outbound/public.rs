//! Requests to addresses that users enter: only to the public internet, never to the host's own network.
//!
//! The addresses are judged after the name is resolved, and the connection goes to the very addresses that
//! were judged, so that a name which resolves differently a moment later changes nothing (DNS rebinding).

use http::Uri;
use hyper_util::rt::TokioIo;
use std::{
    future::Future,
    io,
    net::{IpAddr, Ipv4Addr, Ipv6Addr, SocketAddr},
    pin::Pin,
    sync::Arc,
    task::{Context, Poll},
    time::Duration,
};
use tokio::net::{TcpStream, lookup_host};

/// A resolver that is slower will not be waited for.
const RESOLVE_TIMEOUT: Duration = Duration::from_secs(5);
const CONNECT_TIMEOUT: Duration = Duration::from_secs(10);
/// Of one name; more are not tried.
const ADDRESSES_MAX: usize = 16;

/// Why an address is not connected to.
#[derive(Debug, thiserror::Error)]
pub enum Refused {
    #[error("{0}")]
    Prohibited(String),
    #[error("{0}")]
    Unresolved(String),
}

/// Which addresses are public.
#[derive(Debug, Default)]
pub struct PublicOnly {
    /// Count as public, without TLS too.
    pub allow_private: Vec<SocketAddr>,
}

// === impl PublicOnly ===

impl PublicOnly {
    /// The addresses that a request to `uri` may connect to, at least one.
    ///
    /// # Errors
    /// One of the name's addresses is not public, or the name has none.
    pub async fn addresses(&self, uri: &Uri) -> Result<Vec<SocketAddr>, Refused> {
        let tls = uri.scheme_str() == Some("https");
        let host = uri.host().unwrap_or_default().trim_start_matches('[').trim_end_matches(']');
        let port = uri.port_u16().unwrap_or(if tls { 443 } else { 80 });
        let addresses: Vec<SocketAddr> = match tokio::time::timeout(RESOLVE_TIMEOUT, lookup_host((host, port))).await {
            Ok(Ok(found)) => found.take(ADDRESSES_MAX).collect(),
            Ok(Err(error)) => return Err(Refused::Unresolved(format!("{host} cannot be resolved: {error}"))),
            Err(_) => return Err(Refused::Unresolved(format!("{host} was not resolved in time"))),
        };
        for address in &addresses {
            let excepted = self
                .allow_private
                .iter()
                .any(|allowed| allowed.ip() == address.ip().to_canonical() && allowed.port() == address.port());
            if !excepted && !is_public(address.ip()) {
                return Err(Refused::Prohibited(format!("{host} is not a public address")));
            }
            if !excepted && !tls {
                return Err(Refused::Prohibited("only https is allowed".into()));
            }
        }
        if addresses.is_empty() {
            return Err(Refused::Unresolved(format!("{host} has no address")));
        }
        Ok(addresses)
    }
}

/// Connects only where [`PublicOnly`] lets it.
#[derive(Clone)]
pub(super) struct PublicConnector(pub Arc<PublicOnly>);

#[derive(Debug, thiserror::Error)]
pub(super) enum ConnectError {
    #[error(transparent)]
    Refused(#[from] Refused),
    #[error("no connection: {0}")]
    Io(#[from] io::Error),
    #[error("no connection in time")]
    Timeout,
}

impl tower_service::Service<Uri> for PublicConnector {
    type Response = TokioIo<TcpStream>;
    type Error = ConnectError;
    type Future = Pin<Box<dyn Future<Output = Result<Self::Response, Self::Error>> + Send>>;

    fn poll_ready(&mut self, _: &mut Context<'_>) -> Poll<Result<(), Self::Error>> {
        Poll::Ready(Ok(()))
    }

    fn call(&mut self, uri: Uri) -> Self::Future {
        let policy = Arc::clone(&self.0);
        Box::pin(async move {
            let addresses = policy.addresses(&uri).await?;
            let connection = tokio::time::timeout(CONNECT_TIMEOUT, TcpStream::connect(addresses.as_slice()));
            let stream = connection.await.map_err(|_| ConnectError::Timeout)??;
            stream.set_nodelay(true)?;
            Ok(TokioIo::new(stream))
        })
    }
}

/// Whether an address belongs to the public internet, by IANA's special-purpose registries. What only wraps an
/// IPv4 address (mapped, 6to4, NAT64, Teredo) is judged as that address or not let through at all.
fn is_public(ip: IpAddr) -> bool {
    match ip.to_canonical() {
        IpAddr::V4(ip) => !SPECIAL_V4.iter().any(|(network, bits)| within_v4(ip, *network, *bits)),
        IpAddr::V6(ip) => {
            within_v6(ip, Ipv6Addr::new(0x2000, 0, 0, 0, 0, 0, 0, 0), 3)
                && !SPECIAL_V6.iter().any(|(network, bits)| within_v6(ip, *network, *bits))
        }
    }
}

/// Not global: this network, private, CGNAT, loopback, link-local (and the clouds' metadata), protocol
/// assignments, documentation, 6to4 relays, benchmarks, multicast, reserved and broadcast.
const SPECIAL_V4: [(Ipv4Addr, u32); 15] = [
    (Ipv4Addr::new(0, 0, 0, 0), 8),
    (Ipv4Addr::new(10, 0, 0, 0), 8),
    (Ipv4Addr::new(100, 64, 0, 0), 10),
    (Ipv4Addr::new(127, 0, 0, 0), 8),
    (Ipv4Addr::new(169, 254, 0, 0), 16),
    (Ipv4Addr::new(172, 16, 0, 0), 12),
    (Ipv4Addr::new(192, 0, 0, 0), 24),
    (Ipv4Addr::new(192, 0, 2, 0), 24),
    (Ipv4Addr::new(192, 88, 99, 0), 24),
    (Ipv4Addr::new(192, 168, 0, 0), 16),
    (Ipv4Addr::new(198, 18, 0, 0), 15),
    (Ipv4Addr::new(198, 51, 100, 0), 24),
    (Ipv4Addr::new(203, 0, 113, 0), 24),
    (Ipv4Addr::new(224, 0, 0, 0), 4),
    (Ipv4Addr::new(240, 0, 0, 0), 4),
];

/// Within 2000::/3, which alone is global unicast: protocol assignments (Teredo among them), documentation, 6to4.
const SPECIAL_V6: [(Ipv6Addr, u32); 4] = [
    (Ipv6Addr::new(0x2001, 0, 0, 0, 0, 0, 0, 0), 23),
    (Ipv6Addr::new(0x2001, 0xdb8, 0, 0, 0, 0, 0, 0), 32),
    (Ipv6Addr::new(0x2002, 0, 0, 0, 0, 0, 0, 0), 16),
    (Ipv6Addr::new(0x3fff, 0, 0, 0, 0, 0, 0, 0), 20),
];

fn within_v4(ip: Ipv4Addr, network: Ipv4Addr, bits: u32) -> bool {
    (ip.to_bits() ^ network.to_bits()).leading_zeros() >= bits
}

fn within_v6(ip: Ipv6Addr, network: Ipv6Addr, bits: u32) -> bool {
    (ip.to_bits() ^ network.to_bits()).leading_zeros() >= bits
}

#[cfg(test)]
mod tests {
    use super::*;

    async fn asked(uri: &str, allow: &[&str]) -> Result<Vec<SocketAddr>, Refused> {
        let allow_private = allow.iter().map(|address| address.parse().unwrap()).collect();
        PublicOnly { allow_private }.addresses(&uri.parse().unwrap()).await
    }

    #[test]
    fn every_special_network_is_refused_from_its_first_address_to_its_last() {
        for special in [
            "0.0.0.0",
            "10.0.0.1",
            "10.255.255.255",
            "100.64.0.1",
            "100.127.255.255",
            "127.0.0.1",
            "127.255.255.254",
            "169.254.169.254",
            "172.16.0.1",
            "172.31.255.255",
            "192.0.0.8",
            "192.168.0.1",
            "198.18.0.1",
            "198.19.255.255",
            "224.0.0.1",
            "255.255.255.255",
            "::",
            "::1",
            "::ffff:127.0.0.1",
            "::ffff:10.0.0.1",
            "::127.0.0.1",
            "64:ff9b::7f00:1",
            "64:ff9b:1::1",
            "2002:7f00:1::1",
            "2001::1",
            "2001:db8::1",
            "fc00::1",
            "fd00:ec2::254",
            "fe80::1",
            "fec0::1",
            "ff02::1",
            "100::1",
        ] {
            assert!(!is_public(special.parse().unwrap()), "{special}");
        }
        for public in [
            "1.1.1.1",
            "9.255.255.255",
            "11.0.0.0",
            "100.63.255.255",
            "100.128.0.0",
            "126.255.255.255",
            "128.0.0.0",
            "172.15.255.255",
            "172.32.0.0",
            "192.167.255.255",
            "198.17.255.255",
            "198.20.0.0",
            "223.255.255.255",
            "::ffff:1.1.1.1",
            "2606:4700::1111",
            "2001:4860::8888",
        ] {
            assert!(is_public(public.parse().unwrap()), "{public}");
        }
    }

    #[tokio::test]
    async fn a_name_is_judged_by_what_it_resolves_to_however_it_is_written() {
        for uri in [
            "https://localhost/",
            "https://LOCALHOST:8443/",
            "https://127.1/",
            "https://2130706433/",
            "https://0x7f.1/",
            "https://0177.0.0.1/",
            "https://[::1]/",
            "https://[::ffff:127.0.0.1]/",
            "https://0/",
            "https://169.254.169.254/x",
        ] {
            assert!(matches!(asked(uri, &[]).await, Err(Refused::Prohibited(_))), "{uri}");
        }
        assert!(matches!(asked("https://no-such-name.invalid/", &[]).await, Err(Refused::Unresolved(_))));
    }

    #[tokio::test]
    async fn an_exception_is_for_one_port_and_for_plain_http_too() {
        let allow = ["127.0.0.1:8080"];
        assert_eq!(asked("http://127.0.0.1:8080/x", &allow).await.unwrap(), ["127.0.0.1:8080".parse().unwrap()]);
        assert!(asked("http://127.0.0.1:8081/x", &allow).await.is_err());
        assert!(asked("http://127.0.0.2:8080/x", &allow).await.is_err());
        assert!(matches!(asked("http://1.1.1.1/", &allow).await, Err(Refused::Prohibited(_))));
        assert_eq!(asked("https://1.1.1.1/", &allow).await.unwrap(), ["1.1.1.1:443".parse().unwrap()]);
    }
}
