//! The doorbell: after a commit that published, the components that subscribe to the events are told to look. It spares the
//! wait for the next look and nothing else, since `mindflow relay` and a clock ring as well, so no failure counts.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::{Mutex, PoisonError};
use std::time::Duration;

use mindflow_spin_guest::time;
use wasip3::http::client;
use wasip3::http::types::{Fields, Method, Request, Scheme};
use wasip3::wit_future;

use crate::grants::Service;

/// The answer comes when all is delivered, and is not waited for: only the ring must get through.
const RING_MAX: Duration = Duration::from_secs(2);

/// The components to ring for events of these types.
pub fn subscribers(service: &Service, event_types: &BTreeSet<String>) -> BTreeSet<String> {
    event_types.iter().filter_map(|event_type| service.bells.get(event_type)).flatten().cloned().collect()
}

/// Rings after the current call has answered. Of rings that come while one is on its way, one more follows it.
pub fn ring_later(components: BTreeSet<String>) {
    for component in components {
        let Some(ringing) = Ringing::begin(component) else { continue };
        wit_bindgen::spawn_local(async move {
            loop {
                let _ = time::within(RING_MAX, ring(&ringing.0)).await;
                if !ringing.again() {
                    break;
                }
            }
        });
    }
}

/// The components with a ring on its way, and whether another is to follow.
static RINGING: Mutex<BTreeMap<String, bool>> = Mutex::new(BTreeMap::new());

/// A ring on its way. It ends with the call's task, whatever ends that.
struct Ringing(String);

// === impl Ringing ===

impl Ringing {
    /// `None`: one is on its way, and will be followed by another.
    fn begin(component: String) -> Option<Self> {
        let mut ringing = RINGING.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(again) = ringing.get_mut(&component) {
            *again = true;
            return None;
        }
        ringing.insert(component.clone(), false);
        Some(Self(component))
    }

    /// Whether another is to follow, which is the next one.
    fn again(&self) -> bool {
        let mut ringing = RINGING.lock().unwrap_or_else(PoisonError::into_inner);
        ringing.get_mut(&self.0).is_some_and(std::mem::take)
    }
}

impl Drop for Ringing {
    fn drop(&mut self) {
        RINGING.lock().unwrap_or_else(PoisonError::into_inner).remove(&self.0);
    }
}

async fn ring(component: &str) -> Result<(), ()> {
    let (_, trailers) = wit_future::new(|| Ok(None));
    let (request, _) = Request::new(Fields::new(), None, trailers, None);
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

    #[test]
    fn rings_while_one_is_on_its_way_become_one_more() {
        let first = Ringing::begin("search".into()).unwrap();
        assert!(Ringing::begin("search".into()).is_none());
        assert!(Ringing::begin("search".into()).is_none());
        assert!(first.again());
        assert!(!first.again());
        drop(first);
        assert!(Ringing::begin("search".into()).is_some());
    }
}
