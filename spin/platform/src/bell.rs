//! The doorbell: after a commit that published, the components that subscribe to the events are called, and look. It spares the
//! wait for the next look and nothing else, since `mindflow relay` and a clock ring as well, so no failure counts.

use std::collections::BTreeSet;
use std::time::Duration;

use mindflow_spin_guest::time;
use mindflow_spin_guest::turns::{Asked, Turns};
use wasip3::http::client;
use wasip3::http::types::{Fields, Method, Request, Scheme};
use wasip3::wit_future;

use crate::grants::Service;

/// The component answers when it has the ring, before it delivers.
const RING_MAX: Duration = Duration::from_secs(2);

/// The components to ring for events of these types.
pub fn subscribers(service: &Service, event_types: &BTreeSet<String>) -> BTreeSet<String> {
    event_types.iter().filter_map(|event_type| service.bells.get(event_type)).flatten().cloned().collect()
}

/// Rings after the current call has answered. Of rings that come while one is on its way, one more follows it.
pub fn ring_later(components: BTreeSet<String>) {
    for component in components {
        let Asked::Run(ringing) = RINGING.ask(component) else { continue };
        wit_bindgen::spawn_local(async move {
            loop {
                let _ = time::within(RING_MAX, ring(&ringing.key)).await;
                if !ringing.again() {
                    break;
                }
            }
        });
    }
}

/// The components with a ring on its way.
static RINGING: Turns<String> = Turns::new();

async fn ring(component: &str) -> Result<(), ()> {
    let (_, trailers) = wit_future::new(|| Ok(None));
    let headers = Fields::new();
    headers.append("prefer", b"respond-async").map_err(drop)?;
    let (request, _) = Request::new(headers, None, trailers, None);
    request.set_method(&Method::Post)?;
    request.set_scheme(Some(&Scheme::Http))?;
    request.set_authority(Some(&format!("{component}.spin.internal")))?;
    request.set_path_with_query(Some("/drain"))?;
    client::send(request).await.map(drop).map_err(drop)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_subscriber_is_rung_once() {
        let bells = [("A", vec!["query", "ai"]), ("B", vec!["query"]), ("C", vec!["logging"])];
        let bells = bells.into_iter().map(|(kind, names)| (kind.into(), names.into_iter().map(Into::into).collect()));
        let service = Service { bells: bells.collect(), ..Service::default() };
        let published = ["A", "B", "D"].map(String::from).into();
        assert_eq!(subscribers(&service, &published), ["ai", "query"].map(String::from).into());
    }
}
