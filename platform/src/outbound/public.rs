//! Which addresses are public. They are judged after the name is resolved; where names cannot be resolved, as on Spin, by what the
//! address itself says.

use http::Uri;
use mindflow_address::is_private_name;
use std::{
    net::{IpAddr, Ipv4Addr, Ipv6Addr, SocketAddr},
    time::Duration,
};
use url::Host;

/// A resolver that is slower will not be waited for.
pub const RESOLVE_TIMEOUT: Duration = Duration::from_secs(5);
/// Of one name; more are not tried.
pub const ADDRESSES_MAX: usize = 16;

/// Why an address is not connected to. Users enter addresses, and reasons are printed in logs that outlive the user: a reason does not
/// name the host.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum Refused {
    #[error("{0}")]
    Prohibited(String),
    #[error("{0}")]
    Unresolved(String),
}

/// Where a request wants to go.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Destination<'u> {
    /// A name or an address, this one without brackets.
    pub host: &'u str,
    pub port: u16,
    pub tls: bool,
}

/// Which addresses are public.
#[derive(Debug, Default)]
pub struct PublicOnly {
    /// Count as public, without TLS too.
    pub allow_private: Vec<SocketAddr>,
}

// === impl Destination ===

impl<'u> Destination<'u> {
    pub fn of(uri: &'u Uri) -> Self {
        let tls = uri.scheme_str() == Some("https");
        let host = uri.host().unwrap_or_default().trim_start_matches('[').trim_end_matches(']');
        Self { host, port: uri.port_u16().unwrap_or(if tls { 443 } else { 80 }), tls }
    }

    /// Whether its host is a name that the public internet does not know.
    pub fn has_private_name(&self) -> bool {
        Self::address(self.host).is_none() && is_private_name(self.host)
    }

    /// The host as a resolver takes it that is no address: `127.1`, `0x7f.1` and `2130706433` are addresses.
    fn address(host: &str) -> Option<IpAddr> {
        match Host::parse(host) {
            Ok(Host::Ipv4(ip)) => Some(ip.into()),
            Ok(Host::Ipv6(ip)) => Some(ip.into()),
            Ok(Host::Domain(_)) | Err(_) => host.parse().ok(),
        }
    }
}

// === impl PublicOnly ===

impl PublicOnly {
    /// Whether the destination's name is one to look up. Of private names, only what is excepted can have one.
    ///
    /// # Errors
    /// It is a private one.
    pub fn judge_name(&self, destination: &Destination<'_>) -> Result<(), Refused> {
        if self.allow_private.is_empty() && destination.has_private_name() {
            return Err(not_public());
        }
        Ok(())
    }

    /// Whether a request may connect to what its destination resolved to. A private name is never public, whatever it
    /// resolves to.
    ///
    /// # Errors
    /// One of the addresses is not public, or there is none.
    pub fn judge(&self, destination: &Destination<'_>, addresses: &[SocketAddr]) -> Result<(), Refused> {
        let tls = destination.tls;
        let has_private_name = destination.has_private_name();
        for address in addresses {
            let excepted = self
                .allow_private
                .iter()
                .any(|allowed| allowed.ip() == address.ip().to_canonical() && allowed.port() == address.port());
            if !excepted && (has_private_name || !is_public(address.ip())) {
                return Err(not_public());
            }
            if !excepted && !tls {
                return Err(Refused::Prohibited("only https is allowed".into()));
            }
        }
        match addresses {
            [] if has_private_name => Err(not_public()),
            [] => Err(Refused::Unresolved("the name has no address".into())),
            _ => Ok(()),
        }
    }

    /// As far as a destination can be judged without a resolver: an address in any notation is judged as one; a name needs TLS,
    /// so that what answers must prove it has the name, and may be none that only a private network knows.
    ///
    /// # Errors
    /// It is not public.
    pub fn judge_unresolved(&self, destination: &Destination<'_>) -> Result<(), Refused> {
        let Destination { host, port, tls } = *destination;
        match Destination::address(host) {
            Some(ip) => self.judge(destination, &[SocketAddr::new(ip, port)]),
            None if destination.has_private_name() => Err(not_public()),
            None if !tls => Err(Refused::Prohibited("only https is allowed".into())),
            None => Ok(()),
        }
    }
}

fn not_public() -> Refused {
    Refused::Prohibited("the address is not public".into())
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

    #[test]
    fn one_private_address_among_public_ones_is_enough_to_refuse() {
        let uri: Uri = "https://example.org/".parse().unwrap();
        let judge = |addresses: &[&str]| {
            let addresses: Vec<SocketAddr> = addresses.iter().map(|address| address.parse().unwrap()).collect();
            PublicOnly::default().judge(&Destination::of(&uri), &addresses)
        };
        assert_eq!(judge(&["1.1.1.1:443"]), Ok(()));
        assert!(matches!(judge(&["1.1.1.1:443", "[fd00::1]:443"]), Err(Refused::Prohibited(_))));
        assert!(matches!(judge(&[]), Err(Refused::Unresolved(_))));
    }

    #[test]
    fn a_private_name_is_public_nowhere_but_at_an_exception() {
        let uri: Uri = "https://hooks.office.internal/".parse().unwrap();
        let destination = Destination::of(&uri);
        let judge = |policy: &PublicOnly, addresses: &[&str]| {
            let addresses: Vec<SocketAddr> = addresses.iter().map(|address| address.parse().unwrap()).collect();
            policy.judge(&destination, &addresses)
        };
        let none = PublicOnly::default();
        assert!(matches!(none.judge_name(&destination), Err(Refused::Prohibited(_))));
        for addresses in [&["1.1.1.1:443"][..], &[]] {
            assert!(matches!(judge(&none, addresses), Err(Refused::Prohibited(_))), "{addresses:?}");
        }
        let office = PublicOnly { allow_private: vec!["10.0.0.7:443".parse().unwrap()] };
        assert_eq!(office.judge_name(&destination), Ok(()));
        assert_eq!(judge(&office, &["10.0.0.7:443"]), Ok(()));
        assert!(judge(&office, &["10.0.0.7:443", "1.1.1.1:443"]).is_err() && judge(&office, &[]).is_err());
        let public: Uri = "https://example.org/".parse().unwrap();
        assert_eq!(none.judge_name(&Destination::of(&public)), Ok(()));
    }

    #[test]
    fn without_a_resolver_an_address_is_judged_in_any_notation_and_a_name_by_its_form() {
        let judge = |uri: &str, allow: &[&str]| {
            let allow_private = allow.iter().map(|address| address.parse().unwrap()).collect();
            PublicOnly { allow_private }.judge_unresolved(&Destination::of(&uri.parse().unwrap()))
        };
        for private in [
            "https://127.1/",
            "https://2130706433/",
            "https://0x7f.1/",
            "https://0177.0.0.1/",
            "https://[::1]/",
            "https://[::ffff:10.0.0.1]/",
            "https://169.254.169.254/x",
            "https://localhost:8443/",
            "https://LOCALHOST./",
            "https://redis/",
            "https://redis.default.svc/",
            "https://redis.default.svc.cluster.local/",
            "https://metadata.google.internal/",
            "https://query.spin.internal/",
            "http://example.org/",
            "http://1.1.1.1/",
        ] {
            assert!(matches!(judge(private, &[]), Err(Refused::Prohibited(_))), "{private}");
        }
        for public in ["https://example.org/", "https://1.1.1.1/", "https://hooks.notlocal.org:8443/"] {
            assert_eq!(judge(public, &[]), Ok(()), "{public}");
        }
        assert_eq!(judge("http://127.0.0.1:8080/x", &["127.0.0.1:8080"]), Ok(()));
        assert!(judge("http://127.0.0.1:8081/x", &["127.0.0.1:8080"]).is_err());
    }
}
