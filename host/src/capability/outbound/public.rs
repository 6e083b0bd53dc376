//! Requests to addresses that users enter: only to the public internet, never to the host's own network.
//!
//! The addresses are judged after the name is resolved, and the connection goes to the very addresses that
//! were judged, so that a name which resolves differently a moment later changes nothing (DNS rebinding).

use http::Uri;
use hyper_util::rt::TokioIo;
use mindflow_platform::outbound::{ADDRESSES_MAX, Destination, PublicOnly, RESOLVE_TIMEOUT, Refused};
use std::{
    future::Future,
    io,
    net::SocketAddr,
    pin::Pin,
    sync::Arc,
    task::{Context, Poll},
    time::Duration,
};
use tokio::net::{TcpStream, lookup_host};

const CONNECT_TIMEOUT: Duration = Duration::from_secs(10);

/// The addresses that a request to `uri` may connect to, at least one.
///
/// # Errors
/// One of the name's addresses is not public, or the name has none.
pub(super) async fn addresses(policy: &PublicOnly, uri: &Uri) -> Result<Vec<SocketAddr>, Refused> {
    let destination = Destination::of(uri);
    // A private name is not for other networks' resolvers (RFC 6762, 22.1; RFC 7686, 2).
    policy.judge_name(&destination)?;
    let Destination { host, port, .. } = destination;
    let addresses: Vec<SocketAddr> = match tokio::time::timeout(RESOLVE_TIMEOUT, lookup_host((host, port))).await {
        Ok(Ok(found)) => found.take(ADDRESSES_MAX).collect(),
        _ if destination.has_private_name() => Vec::new(),
        Ok(Err(error)) => return Err(Refused::Unresolved(format!("the name cannot be resolved: {error}"))),
        Err(_) => return Err(Refused::Unresolved("the name was not resolved in time".into())),
    };
    policy.judge(&destination, &addresses)?;
    Ok(addresses)
}

/// Connects only to [`addresses`].
#[derive(Clone)]
pub(super) struct PublicConnector(pub Arc<PublicOnly>);

#[derive(Debug, thiserror::Error)]
pub(super) enum ConnectError {
    #[error(transparent)]
    Refused(#[from] Refused),
    #[error("no connection")]
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
            let addresses = addresses(&policy, &uri).await?;
            let connection = tokio::time::timeout(CONNECT_TIMEOUT, TcpStream::connect(addresses.as_slice()));
            let stream = connection.await.map_err(|_| ConnectError::Timeout)??;
            stream.set_nodelay(true)?;
            Ok(TokioIo::new(stream))
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    async fn asked(uri: &str, allow: &[&str]) -> Result<Vec<SocketAddr>, Refused> {
        let allow_private = allow.iter().map(|address| address.parse().unwrap()).collect();
        addresses(&PublicOnly { allow_private }, &uri.parse().unwrap()).await
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
        // In no zone, and not special: RFC 6761, 6.5, has resolvers treat it as any other name.
        let unknown = asked("https://no-such-name.example/", &[]).await;
        assert!(matches!(&unknown, Err(Refused::Unresolved(reason)) if !reason.contains("no-such")), "{unknown:?}");
    }

    #[tokio::test]
    async fn a_name_that_is_never_public_is_refused_though_it_does_not_resolve() {
        for uri in [
            "https://metadata.google.internal/",
            "https://printer.local/",
            "https://intranet/",
            "https://nas.home.arpa:8443/",
            "https://x.onion/",
            "https://no-such-name.invalid/",
        ] {
            assert!(matches!(asked(uri, &[]).await, Err(Refused::Prohibited(_))), "{uri}");
        }
        // Exceptions are addresses, and a name may lead to one.
        let unknown = asked("https://no-such-name.invalid/", &["10.0.0.7:443"]).await;
        assert!(matches!(unknown, Err(Refused::Prohibited(_))), "{unknown:?}");
        let known = asked("http://localhost:8080/", &["127.0.0.1:8080", "[::1]:8080"]).await.unwrap();
        assert!(known.iter().all(|address| address.port() == 8080), "{known:?}");
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
