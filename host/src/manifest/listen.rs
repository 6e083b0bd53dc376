//! Where the host listens, as people write it.

use super::RuleError;
use serde::{Deserialize, Deserializer, de::Error};
use std::{
    net::{Ipv4Addr, SocketAddr, ToSocketAddrs},
    str::FromStr,
};

/// `127.0.0.1:3000`, `[::1]:3000`, a name of this machine such as `localhost:3000`, or `:3000` for all its IPv4 addresses.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct ListenAddress(pub SocketAddr);

impl FromStr for ListenAddress {
    type Err = RuleError;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        if let Ok(address) = text.parse() {
            return Ok(Self(address));
        }
        let form = || RuleError::from(format!("{text:?}: must be ADDRESS:PORT, such as 127.0.0.1:3000, or :PORT"));
        let (name, port) = text.rsplit_once(':').ok_or_else(form)?;
        let port: u16 = port.parse().map_err(|_| form())?;
        if name.is_empty() {
            return Ok(Self((Ipv4Addr::UNSPECIFIED, port).into()));
        }
        if name.contains([':', '/', '[']) {
            return Err(form());
        }
        let found =
            (name, port).to_socket_addrs().map_err(|error| format!("{text:?}: {name} is not known here: {error}"));
        let addresses: Vec<SocketAddr> = found?.collect();
        // Clients try both kinds, and most tools IPv4 first.
        let address = addresses.iter().find(|address| address.is_ipv4()).or(addresses.first());
        address.copied().map(Self).ok_or_else(|| format!("{text:?}: {name} has no address").into())
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
        for (text, address) in [
            ("127.0.0.1:3000", "127.0.0.1:3000"),
            ("[::1]:3000", "[::1]:3000"),
            ("localhost:3000", "127.0.0.1:3000"),
            (":3000", "0.0.0.0:3000"),
            ("localhost:0", "127.0.0.1:0"),
        ] {
            assert_eq!(text.parse::<ListenAddress>().unwrap().0.to_string(), address, "{text}");
        }
        for wrong in ["3000", "localhost", "localhost:http", "http://localhost:3000", "::1:x", "127.0.0.1:70000", ""] {
            let error = wrong.parse::<ListenAddress>().unwrap_err().to_string();
            assert!(error.contains("127.0.0.1:3000"), "{error}");
        }
    }
}
