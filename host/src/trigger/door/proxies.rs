//! Who the client is when a proxy passes its request on. A header says so, and counts only from a proxy that the
//! configuration trusts: a client can write it as well.

use crate::{
    manifest::{ForwardingHeader, HttpSettings, Network},
    trigger::field_list::elements,
};
use http::{HeaderMap, HeaderName, header};
use std::{
    net::{IpAddr, SocketAddr},
    sync::atomic::{AtomicBool, Ordering},
};

const X_FORWARDED_FOR: HeaderName = HeaderName::from_static("x-forwarded-for");
const X_FORWARDED_PROTO: HeaderName = HeaderName::from_static("x-forwarded-proto");

/// Addresses that are looked at, from the nearest on: more proxies than any request has passed.
const HOPS_MAX: usize = 16;

#[derive(Debug)]
pub(in crate::trigger) struct Proxies {
    trusted: Vec<Network>,
    header: ForwardingHeader,
    has_warned: AtomicBool,
}

/// A request's client as its peer, or the trusted proxies before it, name it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(in crate::trigger) struct Origin {
    pub address: IpAddr,
    /// A trusted proxy says that the request came by TLS.
    pub by_tls: bool,
    /// Someone passed the request on, as far as a header says.
    pub is_forwarded: bool,
    /// The peer is a trusted proxy.
    pub by_proxy: bool,
}

// === impl Proxies ===

impl Proxies {
    pub fn new(settings: &HttpSettings) -> Self {
        Self {
            trusted: settings.trusted_proxies.clone(),
            header: settings.forwarding_header,
            has_warned: AtomicBool::new(false),
        }
    }

    pub fn trusts(&self, address: IpAddr) -> bool {
        self.trusted.iter().any(|network| network.contains(address))
    }

    pub fn origin(&self, peer: SocketAddr, headers: &HeaderMap) -> Origin {
        let by_proxy = self.trusts(peer.ip());
        let is_forwarded = [X_FORWARDED_FOR, header::FORWARDED].iter().any(|name| headers.contains_key(name));
        if !by_proxy {
            if is_forwarded && !self.has_warned.swap(true, Ordering::Relaxed) {
                tracing::warn!(%peer, "a request names its client in a forwarding header, which does not count: the peer is not in [http] trusted-proxies");
            }
            return Origin { address: peer.ip().to_canonical(), by_tls: false, is_forwarded, by_proxy };
        }
        let (hops, by_tls) = match self.header {
            ForwardingHeader::XForwardedFor => {
                let proto = elements(headers, &X_FORWARDED_PROTO).next().unwrap_or_default();
                let hops: Vec<&str> = elements(headers, &X_FORWARDED_FOR).collect();
                (hops, proto.eq_ignore_ascii_case("https"))
            }
            ForwardingHeader::Forwarded => {
                let elements: Vec<&str> = elements(headers, &header::FORWARDED).collect();
                let proto = elements.first().and_then(|element| parameter(element, "proto")).unwrap_or_default();
                let hops = elements.iter().map(|element| parameter(element, "for").unwrap_or_default()).collect();
                (hops, proto.eq_ignore_ascii_case("https"))
            }
        };
        // From the nearest on: the first that is no proxy of ours. One that is no address ends it.
        let mut address = peer.ip().to_canonical();
        for hop in hops.into_iter().rev().take(HOPS_MAX) {
            let Some(named) = parse(hop) else { break };
            address = named;
            if !self.trusts(named) {
                break;
            }
        }
        Origin { address, by_tls, is_forwarded, by_proxy }
    }
}

/// The parameter of an element of `Forwarded`, without its quotes.
fn parameter<'a>(element: &'a str, name: &str) -> Option<&'a str> {
    element.split(';').find_map(|pair| {
        let (key, value) = pair.trim().split_once('=')?;
        key.eq_ignore_ascii_case(name).then(|| value.trim_matches('"'))
    })
}

/// An address, which may have a port: `192.0.2.7`, `192.0.2.7:80`, `2001:db8::1`, `[2001:db8::1]:80`.
fn parse(text: &str) -> Option<IpAddr> {
    let address = text.parse::<IpAddr>().ok().or_else(|| text.parse::<SocketAddr>().ok().map(|address| address.ip()));
    let bracketed = || text.strip_prefix('[')?.strip_suffix(']')?.parse().ok();
    address.or_else(bracketed).map(|address| address.to_canonical())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn origin(header: ForwardingHeader, peer: &str, headers: &[(&'static str, &'static str)]) -> Origin {
        let trusted_proxies = vec![Network::try_from("10.0.0.0/8".to_owned()).unwrap()];
        let settings = HttpSettings { trusted_proxies, forwarding_header: header, ..HttpSettings::default() };
        let mut map = HeaderMap::new();
        for (name, value) in headers {
            map.append(*name, value.parse().unwrap());
        }
        Proxies::new(&settings).origin(SocketAddr::new(peer.parse().unwrap(), 1), &map)
    }

    fn address(header: ForwardingHeader, peer: &str, headers: &[(&'static str, &'static str)]) -> String {
        origin(header, peer, headers).address.to_string()
    }

    #[test]
    fn a_header_of_a_peer_that_is_no_trusted_proxy_does_not_count() {
        let by = origin(
            ForwardingHeader::XForwardedFor,
            "192.0.2.1",
            &[("x-forwarded-for", "203.0.113.9"), ("x-forwarded-proto", "https")],
        );
        assert_eq!((by.address.to_string().as_str(), by.by_tls, by.is_forwarded), ("192.0.2.1", false, true));
    }

    #[test]
    fn the_client_is_the_last_address_that_a_trusted_proxy_names() {
        let of = |value| address(ForwardingHeader::XForwardedFor, "10.0.0.1", &[("x-forwarded-for", value)]);
        assert_eq!(of("203.0.113.9"), "203.0.113.9");
        assert_eq!(of("198.51.100.1, 203.0.113.9"), "203.0.113.9", "what the client wrote itself does not count");
        assert_eq!(of("203.0.113.9, 10.0.0.7"), "203.0.113.9", "a further proxy of ours is no client");
        assert_eq!(of("203.0.113.9:4711"), "203.0.113.9");
        assert_eq!(of("unknown"), "10.0.0.1");
    }

    #[test]
    fn the_fields_of_the_standard_header_count_where_the_setting_says_so() {
        let value = "for=198.51.100.1;proto=http, for=\"[2001:db8::9]:80\";proto=https";
        let headers = [("forwarded", value), ("x-forwarded-for", "203.0.113.9")];
        assert_eq!(address(ForwardingHeader::Forwarded, "10.0.0.1", &headers), "2001:db8::9");
        assert_eq!(address(ForwardingHeader::XForwardedFor, "10.0.0.1", &headers), "203.0.113.9");
    }

    #[test]
    fn a_trusted_proxy_says_whether_the_request_came_by_tls() {
        let headers = [("x-forwarded-for", "203.0.113.9"), ("x-forwarded-proto", "https")];
        assert!(origin(ForwardingHeader::XForwardedFor, "10.0.0.1", &headers).by_tls);
        assert!(!origin(ForwardingHeader::XForwardedFor, "10.0.0.1", &headers[..1]).by_tls);
    }
}
