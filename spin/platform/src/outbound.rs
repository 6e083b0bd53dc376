//! The capability `outbound`: whether a request to an address that a user entered would be let through.
//!
//! The host resolves the name, judges what it finds, and connects to the very addresses that it judged. Spin resolves names for
//! its own clients alone: `wasi:sockets/ip-name-lookup` answers `permanent-resolver-failure` to every component (Spin 4.1; issue
//! 2181 of spinframework/spin). So this is judged here:
//!
//! - an address in any notation, as on the host;
//! - a name by its form: names that only private networks have are refused, and everything else but https is;
//! - and by what it resolves to, where the lookup is allowed some day.
//!
//! What a public name resolves to is left to what is around: `allowed_outbound_hosts` of the Spin component has `https://*:*` and
//! not `http://*:*`, so a private service that a name points to must present a public certificate for that name before a byte of
//! the request goes out; and `[outbound_networking] block_networks` of Spin's runtime configuration refuses networks by the
//! addresses that are connected to (a name that resolves differently a moment later changes nothing). It covers HTTP, Redis and
//! sockets of the whole application but not `spin:postgres`, so `"private"` also refuses a Redis, an object store or a mail
//! service on a private network: name the networks without theirs there. `NetworkPolicy` of Kubernetes covers the rest.

use std::net::{IpAddr, Ipv4Addr, Ipv6Addr, SocketAddr};

use http::Uri;
use mindflow_platform::outbound::{ADDRESSES_MAX, AllowList, Destination, PublicOnly, RESOLVE_TIMEOUT, Refused};
use mindflow_spin_guest::{time, variables};
use wasip3::sockets::ip_name_lookup::{ErrorCode, IpAddress, resolve_addresses};

use crate::bindings::exports::mindflow::platform::outbound::{Guest, Refusal};
use crate::{Platform, grants};

impl Guest for Platform {
    async fn check(url: String) -> Result<(), Refusal> {
        let Ok(uri) = url.parse::<Uri>() else {
            return Err(Refusal::Prohibited("this is no address".into()));
        };
        let allowed = is_allowed(&grants::service().grants.allowed_outbound_hosts, &uri);
        permit(&uri, allowed).await
    }
}

/// Of a request that is sent next: what an entry with a variable in it allows, Spin decides then.
pub async fn permit_sent(uri: &Uri) -> Result<(), Refusal> {
    let entries = &grants::service().grants.allowed_outbound_hosts;
    let allowed = is_allowed(entries, uri) || entries.iter().any(|entry| entry.contains("{{"));
    permit(uri, allowed).await
}

async fn permit(uri: &Uri, allowed: bool) -> Result<(), Refusal> {
    if !allowed {
        return Err(Refusal::Prohibited(format!("{} is not among the component's hosts", origin(uri))));
    }
    if !grants::service().grants.outbound.public_only {
        return Ok(());
    }
    Ok(judge(&policy().await?, &Destination::of(uri)).await?)
}

/// The variable `outbound_allow_private`, as the host's `[outbound] allow-private`, with commas between the addresses.
async fn policy() -> Result<PublicOnly, Refusal> {
    let exceptions = variables::get("outbound_allow_private").await.map_err(Refusal::Unresolved)?;
    exceptions.as_deref().map_or_else(|| Ok(PublicOnly::default()), exceptions_of)
}

fn exceptions_of(text: &str) -> Result<PublicOnly, Refusal> {
    let wrong =
        |_| Refusal::Unresolved("the variable `outbound_allow_private` must be such as 127.0.0.1:8080".to_owned());
    let allow_private = text.split(',').map(|address| address.trim().parse::<SocketAddr>().map_err(wrong));
    Ok(PublicOnly { allow_private: allow_private.collect::<Result<_, _>>()? })
}

async fn judge(policy: &PublicOnly, destination: &Destination<'_>) -> Result<(), Refused> {
    policy.judge_unresolved(destination)?;
    let Destination { host, port, .. } = *destination;
    let addresses = match time::within(RESOLVE_TIMEOUT, resolve_addresses(host.to_owned())).await {
        Some(Ok(addresses)) => addresses,
        // As Spin answers for every name.
        Some(Err(ErrorCode::PermanentResolverFailure | ErrorCode::AccessDenied)) => return Ok(()),
        Some(Err(error)) => return Err(Refused::Unresolved(format!("the name cannot be resolved: {error:?}"))),
        None => return Err(Refused::Unresolved("the name was not resolved in time".into())),
    };
    let addresses: Vec<SocketAddr> =
        addresses.into_iter().take(ADDRESSES_MAX).map(|address| SocketAddr::new(ip(address), port)).collect();
    policy.judge(destination, &addresses)
}

/// An entry that cannot be read, such as one with a variable in it, allows nothing here; Spin reads it when a request is sent.
fn is_allowed(entries: &[String], uri: &Uri) -> bool {
    entries.iter().filter_map(|entry| AllowList::parse([entry.as_str()]).ok()).any(|list| list.allows(uri))
}

fn ip(address: IpAddress) -> IpAddr {
    match address {
        IpAddress::Ipv4((a, b, c, d)) => Ipv4Addr::new(a, b, c, d).into(),
        IpAddress::Ipv6((a, b, c, d, e, f, g, h)) => Ipv6Addr::new(a, b, c, d, e, f, g, h).into(),
    }
}

fn origin(uri: &Uri) -> String {
    format!("{}://{}", uri.scheme_str().unwrap_or("https"), uri.authority().map_or("", |authority| authority.as_str()))
}

impl From<Refused> for Refusal {
    fn from(refused: Refused) -> Self {
        match refused {
            Refused::Prohibited(reason) => Self::Prohibited(reason),
            Refused::Unresolved(reason) => Self::Unresolved(reason),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_entry_with_a_variable_allows_nothing_and_the_others_do() {
        let entries = ["{{ claude_url }}".to_owned(), "https://*:*".to_owned()];
        assert!(is_allowed(&entries, &"https://example.org/".parse().unwrap()));
        assert!(!is_allowed(&entries, &"http://example.org/".parse().unwrap()));
        assert!(!is_allowed(&[], &"https://example.org/".parse().unwrap()));
    }

    #[test]
    fn exceptions_are_addresses_with_ports() {
        let policy = exceptions_of("127.0.0.1:8080, [::1]:9").unwrap();
        assert_eq!(policy.allow_private, ["127.0.0.1:8080".parse().unwrap(), "[::1]:9".parse().unwrap()]);
        assert!(
            matches!(exceptions_of("localhost"), Err(Refusal::Unresolved(text)) if text.contains("outbound_allow_private"))
        );
    }
}
