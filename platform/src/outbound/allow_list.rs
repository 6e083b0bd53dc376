//! Where a component may send HTTP requests, in Spin's notation: `https://host`, `http://host:8080`,
//! `https://*.example.org`, `https://*` (any host), `https://*:*` (and any port). Without an entry: nowhere.

use http::Uri;

/// The hosts of one component.
#[derive(Debug, Clone, Default)]
pub struct AllowList(Vec<Entry>);

#[derive(Debug, Clone)]
struct Entry {
    scheme: String,
    host: Host,
    /// None: any.
    port: Option<u16>,
}

#[derive(Debug, Clone)]
enum Host {
    Exact(String),
    /// Any subdomain of it, not itself.
    Under(String),
    Any,
}

#[derive(Debug, thiserror::Error)]
#[error(
    "allowed_outbound_hosts has {0:?}; write a scheme and a host, such as \"https://api.example.org\" or \"http://127.0.0.1:8080\""
)]
pub struct AllowListError(String);

impl AllowList {
    /// # Errors
    /// The first entry that is not `http(s)://host[:port]`. Paths are ignored; empty entries too, so that
    /// a template may come out empty.
    pub fn parse<'a>(entries: impl IntoIterator<Item = &'a str>) -> Result<Self, AllowListError> {
        entries
            .into_iter()
            .map(str::trim)
            .filter(|entry| !entry.is_empty())
            .map(parse_entry)
            .collect::<Result<_, _>>()
            .map(Self)
    }

    pub fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    pub fn allows(&self, uri: &Uri) -> bool {
        let (Some(scheme), Some(host)) = (uri.scheme_str(), uri.host()) else {
            return false;
        };
        let port = uri.port_u16().unwrap_or_else(|| default_port(scheme));
        let host = host.to_ascii_lowercase();
        self.0.iter().any(|entry| {
            entry.scheme == scheme
                && entry.port.is_none_or(|granted| granted == port)
                && match &entry.host {
                    Host::Any => true,
                    Host::Exact(name) => *name == host,
                    Host::Under(domain) => {
                        host.strip_suffix(domain.as_str()).is_some_and(|label| label.len() > 1 && label.ends_with('.'))
                    }
                }
        })
    }
}

fn parse_entry(entry: &str) -> Result<Entry, AllowListError> {
    let wrong = || AllowListError(entry.to_owned());
    let (scheme, rest) = entry.split_once("://").ok_or_else(wrong)?;
    if !matches!(scheme, "http" | "https") {
        return Err(wrong());
    }
    let authority = rest.split('/').next().unwrap_or_default();
    if let Some(port) = authority.strip_prefix('*').filter(|rest| rest.is_empty() || rest.starts_with(':')) {
        let port = match port.strip_prefix(':') {
            None => Some(default_port(scheme)),
            Some("*") => None,
            Some(number) => Some(number.parse().map_err(|_| wrong())?),
        };
        return Ok(Entry { scheme: scheme.to_owned(), host: Host::Any, port });
    }
    let (pattern, wildcard) = match authority.strip_prefix("*.") {
        Some(domain) => (domain, true),
        None => (authority, false),
    };
    let parsed: http::uri::Authority = pattern.parse().map_err(|_| wrong())?;
    if parsed.host().is_empty() || parsed.as_str().contains('@') {
        return Err(wrong());
    }
    let name = parsed.host().to_ascii_lowercase();
    Ok(Entry {
        scheme: scheme.to_owned(),
        port: Some(parsed.port_u16().unwrap_or_else(|| default_port(scheme))),
        host: if wildcard { Host::Under(name) } else { Host::Exact(name) },
    })
}

fn default_port(scheme: &str) -> u16 {
    if scheme == "http" { 80 } else { 443 }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn allows(entries: &[&str], uri: &str) -> bool {
        AllowList::parse(entries.iter().copied()).unwrap().allows(&uri.parse().unwrap())
    }

    #[test]
    fn only_the_named_scheme_host_and_port_are_allowed() {
        let list = ["https://api.example.org", "http://127.0.0.1:8080/base"];
        assert!(allows(&list, "https://api.example.org/v1/messages"));
        assert!(allows(&list, "https://API.example.org:443/"));
        assert!(allows(&list, "http://127.0.0.1:8080/x"));
        assert!(!allows(&list, "http://api.example.org/"));
        assert!(!allows(&list, "https://api.example.org:8443/"));
        assert!(!allows(&list, "https://evil.example.org/"));
        assert!(!allows(&list, "http://127.0.0.1/"));
    }

    #[test]
    fn a_wildcard_stands_for_subdomains_only() {
        let list = ["https://*.example.org"];
        assert!(allows(&list, "https://a.example.org/"));
        assert!(!allows(&list, "https://example.org/"));
        assert!(!allows(&list, "https://badexample.org/"));
    }

    #[test]
    fn a_star_alone_stands_for_any_host_and_any_port_only_when_it_says_so() {
        assert!(allows(&["https://*"], "https://example.org/"));
        assert!(!allows(&["https://*"], "https://example.org:8443/"));
        assert!(!allows(&["https://*"], "http://example.org/"));
        assert!(allows(&["https://*:*"], "https://example.org:8443/"));
        assert!(allows(&["http://*:8080"], "http://example.org:8080/"));
        assert!(AllowList::parse(["https://*:x"]).is_err());
    }

    #[test]
    fn without_an_entry_nothing_is_allowed() {
        assert!(!allows(&[], "https://example.org/"));
        assert!(!allows(&["", "  "], "https://example.org/"));
    }

    #[test]
    fn an_entry_without_a_scheme_is_refused() {
        for wrong in ["example.org", "ftp://example.org", "https://", "https://user@host"] {
            assert!(AllowList::parse([wrong]).is_err(), "{wrong}");
        }
    }
}
