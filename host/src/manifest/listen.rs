//! Where the host listens, as people write it.

use super::RuleError;
use serde::{Deserialize, Deserializer, de::Error};
use std::{
    net::{Ipv4Addr, Ipv6Addr, SocketAddr, ToSocketAddrs},
    str::FromStr,
};

/// `127.0.0.1:3000`, `[::1]:3000`, a name of this machine such as `localhost:3000`, or `:3000` for all its addresses. A name and a
/// port alone are addresses of IPv4 and of IPv6, as far as the machine has both.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ListenAddress(Vec<SocketAddr>);

impl ListenAddress {
    /// One at least; those of IPv4 first, by which most tools try a name.
    pub fn addresses(&self) -> &[SocketAddr] {
        &self.0
    }
}

impl From<SocketAddr> for ListenAddress {
    fn from(address: SocketAddr) -> Self {
        Self(vec![address])
    }
}

impl FromStr for ListenAddress {
    type Err = RuleError;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        if let Ok(address) = text.parse::<SocketAddr>() {
            return Ok(address.into());
        }
        let form = || RuleError::from(format!("{text:?}: must be ADDRESS:PORT, such as 127.0.0.1:3000, or :PORT"));
        let (name, port) = text.rsplit_once(':').ok_or_else(form)?;
        let port: u16 = port.parse().map_err(|_| form())?;
        if name.is_empty() {
            return Ok(Self(vec![(Ipv4Addr::UNSPECIFIED, port).into(), (Ipv6Addr::UNSPECIFIED, port).into()]));
        }
        // Whatever the machine's own list of names has of it (RFC 6761 §6.3).
        if name.eq_ignore_ascii_case("localhost") {
            return Ok(Self(vec![(Ipv4Addr::LOCALHOST, port).into(), (Ipv6Addr::LOCALHOST, port).into()]));
        }
        if name.contains([':', '/', '[']) {
            return Err(form());
        }
        let found =
            (name, port).to_socket_addrs().map_err(|error| format!("{text:?}: {name} is not known here: {error}"));
        let mut addresses: Vec<SocketAddr> = found?.collect();
        addresses.sort();
        addresses.dedup();
        if addresses.is_empty() { Err(format!("{text:?}: {name} has no address").into()) } else { Ok(Self(addresses)) }
    }
}

impl<'de> Deserialize<'de> for ListenAddress {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        String::deserialize(deserializer)?.parse().map_err(D::Error::custom)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_address_a_name_or_a_port_alone_says_where_to_listen() {
        for (text, addresses) in [
            ("127.0.0.1:3000", &["127.0.0.1:3000"][..]),
            ("[::1]:3000", &["[::1]:3000"][..]),
            ("localhost:3000", &["127.0.0.1:3000", "[::1]:3000"][..]),
            ("LocalHost:0", &["127.0.0.1:0", "[::1]:0"][..]),
            (":3000", &["0.0.0.0:3000", "[::]:3000"][..]),
        ] {
            let parsed = text.parse::<ListenAddress>().unwrap();
            let shown: Vec<String> = parsed.addresses().iter().map(ToString::to_string).collect();
            assert_eq!(shown, addresses, "{text}");
        }
        for wrong in ["3000", "localhost", "localhost:http", "http://localhost:3000", "::1:x", "127.0.0.1:70000", ""] {
            let error = wrong.parse::<ListenAddress>().unwrap_err().to_string();
            assert!(error.contains("127.0.0.1:3000"), "{error}");
        }
    }
}
