//! Answers of HTTP that the host keeps for their component, as it keeps WebSockets: server-sent events mostly wait, and a
//! call that waits takes a place in an instance. `wit/platform/websocket.wit` says what both sides do.

use super::{
    door::{answer::Answer, refusal},
    field_list::elements,
    http::{Exchange, Server},
    websocket::{self, NotKept},
};
use crate::{
    capability::websocket::bindings::mindflow::platform::websocket::Upgrade, engine::Provider,
    observe::problem::Problem,
};
use bytes::Bytes;
use http::{HeaderMap, HeaderName, HeaderValue, Method, Request, Response, StatusCode, header, response};
use http_body_util::{BodyExt, Limited};
use hyper::body::Incoming;
use std::{sync::Arc, time::Duration};
use wasmtime_wasi_http::WasiBody;

/// In a request: an answer can be kept. In an answer: keep it, as a connection of this protocol. Clients neither send it
/// nor see it.
const HOLD: HeaderName = HeaderName::from_static("mindflow-hold");
const OFFER: HeaderValue = HeaderValue::from_static("1");
/// The first message to a kept answer's component: an operation, as large as a request's body, and what was found out of it.
const FIRST_BYTES_MAX: usize = 1_536 << 10;
/// A component writes it without waiting.
const FIRST_WITHIN: Duration = Duration::from_secs(5);
const OF_USER: &str = "You have all the connections that one user may have; close one, or try again later.";
/// When to try again, in seconds.
const OF_USER_RETRY_S: u64 = 30;

impl Server {
    /// Says in the request that its answer can be kept, if its component takes connections and its client events.
    pub(super) fn offer_hold(
        &self,
        component: &Arc<Provider>,
        request: &mut Request<Incoming>,
        exchange: &Exchange<'_>,
    ) -> Option<Upgrade> {
        request.headers_mut().remove(HOLD);
        let is_kept = request.method() != Method::HEAD
            && accepts_events(request.headers())
            && self.platform.websocket().is_some_and(|taker| Arc::ptr_eq(&taker, component));
        is_kept.then(|| {
            let upgrade = websocket::upgrade(request, String::new(), exchange.peer);
            request.headers_mut().insert(HOLD, OFFER);
            upgrade
        })
    }

    /// Keeps an answer, as one of so many streams: its head goes to the client, and its body to the connection that has
    /// begun.
    pub(super) async fn hold(
        &self,
        component: &Arc<Provider>,
        offered: Option<Upgrade>,
        protocol: &HeaderValue,
        (mut head, first): (response::Parts, WasiBody),
        exchange: &Exchange<'_>,
    ) -> Result<Response<Answer>, Problem> {
        let correlation_id = exchange.id.to_str().unwrap_or_default();
        let Some(mut upgrade) = offered else {
            let component = component.name();
            tracing::error!(component, correlation_id, "the component wants an answer kept that cannot be kept");
            let detail = "The request could not be answered.";
            return Err(Problem::new(StatusCode::INTERNAL_SERVER_ERROR, "internal", detail));
        };
        let address = exchange.origin.address;
        let stream = self.door.streams.take(address, 1).map_err(|which| refusal::exhausted(which, "streams"))?;
        let Some(first) = whole(first).await else {
            tracing::error!(correlation_id, "the first message of an answer that is to be kept broke off");
            return Err(refusal::unavailable(1));
        };
        // Its component has it kept for as long as the stream lasts.
        let room = self.door.answers.take(address, first.len() as u64);
        let room = room.map_err(|which| refusal::exhausted(which, "room for unread answers"))?;
        upgrade.protocol = protocol.to_str().unwrap_or_default().to_owned();
        head.headers.remove(header::CONTENT_LENGTH);
        let kept = websocket::keep(Arc::clone(component), upgrade, first, self.keeping(exchange)).await;
        let (body, connection) = kept.map_err(|why| match why {
            NotKept::OfUser => refusal::too_many(OF_USER, OF_USER_RETRY_S),
            NotKept::Ended => refusal::unavailable(1),
        })?;
        self.held.spawn(connection);
        let mut answer = Answer::of(body);
        answer.account(stream);
        answer.account(room);
        Ok(Response::from_parts(head, answer))
    }
}

/// The protocol as which the component wants the answer kept. The header ends here.
pub(super) fn wanted(headers: &mut HeaderMap) -> Option<HeaderValue> {
    headers.remove(HOLD)
}

async fn whole(body: WasiBody) -> Option<Bytes> {
    let read = Limited::new(body, FIRST_BYTES_MAX).collect();
    tokio::time::timeout(FIRST_WITHIN, read).await.ok()?.ok().map(|read| read.to_bytes())
}

/// Roughly: the component decides.
fn accepts_events(headers: &HeaderMap) -> bool {
    elements(headers, &header::ACCEPT).any(|range| range.to_ascii_lowercase().contains("event-stream"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_client_that_takes_events_says_so_in_any_of_its_lines_and_cases() {
        let accepts = |lines: &[&'static str]| {
            let lines = lines.iter().map(|line| (header::ACCEPT, HeaderValue::from_static(line)));
            accepts_events(&lines.collect())
        };
        assert!(accepts(&["application/json", "text/html, Text/Event-Stream;q=0.5"]));
        assert!(!accepts(&["application/json", "*/*"]) && !accepts(&[]));
    }
}
