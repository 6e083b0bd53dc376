//! Whom a request is for. One that does not say so, says it twice or says what is no host could mean something else to a proxy
//! before this host, and is refused whatever its path (RFC 9112 §3.2, RFC 9113 §8.3.1).

use crate::observe::problem::Problem;
use http::{Request, StatusCode, Version, header, uri::Authority};
use std::net::Ipv6Addr;

/// # Errors
/// 400
pub(super) fn check<B>(request: &Request<B>) -> Result<(), Problem> {
    let mut hosts = request.headers().get_all(header::HOST).iter();
    let named = request.uri().authority();
    let (host, others) = (hosts.next(), hosts.next());
    if named.is_some_and(|named| !is_host(named.as_str())) {
        return Err(bad("The target's authority must be a host and, after a colon, its port."));
    }
    match (host, others) {
        (None, _) if request.version() <= Version::HTTP_10 => Ok(()),
        (None, _) if request.version() >= Version::HTTP_2 && named.is_some() => Ok(()),
        (None, _) => Err(bad("The request has no Host header: it must have one.")),
        (Some(_), Some(_)) => Err(bad("The request has more than one Host header: it must have one.")),
        (Some(host), None) => {
            let host = host.to_str().ok().filter(|host| is_host(host));
            let host = host.ok_or_else(|| bad("The Host header must be a host and, after a colon, its port."))?;
            // HTTP/1.1 has the authority of a request to a proxy, which rules over Host.
            let differs = |named: &Authority| !named.as_str().eq_ignore_ascii_case(host);
            if request.version() >= Version::HTTP_2 && named.is_some_and(differs) {
                return Err(bad("The Host header must be the same as :authority."));
            }
            Ok(())
        }
    }
}

fn bad(detail: &'static str) -> Problem {
    Problem::new(StatusCode::BAD_REQUEST, "bad-request", detail)
}

/// `uri-host [ ":" port ]` (RFC 3986 §3.2), which is not empty for `http` (RFC 9110 §4.2.1).
fn is_host(text: &str) -> bool {
    let Ok(authority) = text.parse::<Authority>() else { return false };
    let host = authority.host();
    let port = text.strip_prefix(host).map(|rest| rest.strip_prefix(':').unwrap_or(rest));
    let is_port = |port: &str| port.is_empty() || port.parse::<u16>().is_ok_and(|_| !port.starts_with('+'));
    let is_named = match host.strip_prefix('[') {
        Some(bracketed) => bracketed.strip_suffix(']').is_some_and(|address| address.parse::<Ipv6Addr>().is_ok()),
        None => !host.is_empty(),
    };
    is_named && port.is_some_and(is_port)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn checked(version: Version, uri: &str, hosts: &[&str]) -> bool {
        let mut request = Request::builder().version(version).uri(uri);
        for host in hosts {
            request = request.header("host", *host);
        }
        check(&request.body(()).unwrap()).is_ok()
    }

    #[test]
    fn http_1_1_has_one_host() {
        assert!(checked(Version::HTTP_11, "/", &["example.org"]));
        assert!(!checked(Version::HTTP_11, "/", &[]));
        assert!(!checked(Version::HTTP_11, "/", &["a", "a"]));
        assert!(checked(Version::HTTP_10, "/", &[]));
        assert!(!checked(Version::HTTP_10, "/", &["a", "b"]));
        // To a proxy: the target's own authority rules.
        assert!(checked(Version::HTTP_11, "http://a/", &["b"]));
        assert!(!checked(Version::HTTP_11, "http://a/", &[]));
        assert!(!checked(Version::HTTP_11, "http://user@a/", &["a"]));
    }

    #[test]
    fn http_2_has_an_authority_or_the_same_host() {
        assert!(checked(Version::HTTP_2, "http://a:1/", &[]));
        assert!(checked(Version::HTTP_2, "http://a:1/", &["A:1"]));
        assert!(checked(Version::HTTP_2, "/", &["a"]));
        assert!(!checked(Version::HTTP_2, "http://a:1/", &["b:1"]));
        assert!(!checked(Version::HTTP_2, "/", &[]));
    }

    #[test]
    fn a_host_is_a_name_or_an_address_and_perhaps_a_port() {
        for host in ["localhost", "localhost:3000", "127.0.0.1:", "[::1]", "[2001:db8::1]:80", "a_b.example"] {
            assert!(is_host(host), "{host}");
        }
        for wrong in [
            "", ":80", "a:b", "a:80:80", "a:99999", "a:+1", "a b", "a/b", "a@b", "user@", "[::1", "[::1]80x", "[x]",
            "a,b c",
        ] {
            assert!(!is_host(wrong), "{wrong}");
        }
    }
}
