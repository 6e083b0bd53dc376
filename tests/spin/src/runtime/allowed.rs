//! `allowed_outbound_hosts`, as Spin understands it.

use url::Url;

/// Where a component may connect to.
pub(super) struct AllowedHosts(Vec<Allowed>);

struct Allowed {
    /// `None`: `*`
    scheme: Option<String>,
    host: Host,
    /// `None`: `*`
    port: Option<u16>,
}

enum Host {
    Any,
    /// With the dot before it.
    Below(String),
    /// A name, or an address; a name never matches the address that it has.
    Literal(String),
}

// === impl AllowedHosts ===

impl AllowedHosts {
    /// `SCHEME://HOST:PORT`, each of them possibly `*`.
    pub fn parse(hosts: &[String]) -> Self {
        Self(hosts.iter().map(|host| Allowed::parse(host)).collect())
    }

    /// Whether `url` may be connected to; one without a scheme is taken for one of `scheme`.
    pub fn allows(&self, url: &str, scheme: &str) -> bool {
        let parsed = Url::parse(url).ok().filter(Url::has_host);
        let parsed = parsed.or_else(|| Url::parse(&format!("{scheme}://{url}")).ok());
        let Some(url) = parsed else { return false };
        let Some(host) = url.host_str() else { return false };
        let port = url.port().or_else(|| well_known_port(url.scheme()));
        self.0.iter().any(|allowed| allowed.allows(url.scheme(), host, port))
    }
}

// === impl Allowed ===

impl Allowed {
    fn parse(text: &str) -> Self {
        let (scheme, rest) = text.split_once("://").unwrap_or_else(|| panic!("{text:?} does not contain a scheme"));
        let (host, port) = rest.strip_suffix('/').unwrap_or(rest).rsplit_once(':').unwrap_or((rest, ""));
        let port = match port {
            "*" => None,
            "" => Some(well_known_port(scheme).unwrap_or_else(|| panic!("{text:?} has no port"))),
            number => Some(number.parse().unwrap_or_else(|_| panic!("{text:?}: port {number:?} is not a number"))),
        };
        let host = match host.strip_suffix('/').unwrap_or(host) {
            "*" => Host::Any,
            name if name.contains('/') => panic!("{text:?} must not include a path"),
            name => match name.strip_prefix("*.") {
                Some(domain) => Host::Below(format!(".{domain}")),
                None => Host::Literal(name.to_owned()),
            },
        };
        Self { scheme: (scheme != "*").then(|| scheme.to_owned()), host, port }
    }

    fn allows(&self, scheme: &str, host: &str, port: Option<u16>) -> bool {
        let host_matches = match &self.host {
            Host::Any => true,
            Host::Below(domain) => host.ends_with(domain.as_str()),
            Host::Literal(name) => host == name,
        };
        host_matches
            && self.scheme.as_deref().is_none_or(|allowed| allowed == scheme)
            && self.port.is_none_or(|allowed| port == Some(allowed))
    }
}

fn well_known_port(scheme: &str) -> Option<u16> {
    match scheme {
        "postgres" => Some(5432),
        "redis" => Some(6379),
        "http" => Some(80),
        "https" => Some(443),
        _ => None,
    }
}
