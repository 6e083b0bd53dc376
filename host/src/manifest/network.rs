//! A network or an address in a setting: `"10.0.0.0/8"`, `"192.0.2.7"`, `"2001:db8::/32"`.

use ipnet::IpNet;
use serde::Deserialize;
use std::net::IpAddr;

#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize)]
#[serde(try_from = "String")]
pub struct Network(IpNet);

// === impl Network ===

impl Network {
    pub fn contains(&self, address: IpAddr) -> bool {
        self.0.contains(&address.to_canonical())
    }
}

impl TryFrom<String> for Network {
    type Error = String;

    fn try_from(text: String) -> Result<Self, Self::Error> {
        let network = text.parse::<IpNet>().or_else(|_| text.parse::<IpAddr>().map(IpNet::from));
        network.map(Self).map_err(|_| format!("{text:?} is no network; write such as \"10.0.0.0/8\" or \"192.0.2.7\""))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn network(text: &str) -> Result<Network, String> {
        Network::try_from(text.to_owned())
    }

    #[test]
    fn a_network_has_its_addresses_and_an_address_is_one_of_its_own() {
        let contains = |text: &str, address: &str| network(text).unwrap().contains(address.parse().unwrap());
        assert!(contains("10.0.0.0/8", "10.255.0.1") && !contains("10.0.0.0/8", "11.0.0.1"));
        assert!(contains("192.0.2.7", "192.0.2.7") && !contains("192.0.2.7", "192.0.2.8"));
        assert!(contains("192.0.2.7", "::ffff:192.0.2.7"));
        assert!(contains("2001:db8::/32", "2001:db8:1::2"));
    }

    #[test]
    fn what_is_no_network_is_said_with_the_form_of_one() {
        let error = network("10.0.0.0/40").unwrap_err();
        assert!(error.contains("10.0.0.0/40") && error.contains("10.0.0.0/8"), "{error}");
    }
}
