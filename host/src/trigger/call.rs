//! A request as a call of its component: the body as it comes, the call, and the answer as it goes.

use super::{
    door::{
        answer::Answer,
        refusal,
        request_body::{BodyFailure, Received, Timed},
    },
    hold,
    http::{Exchange, Server},
    lingering::Lingering,
};
use crate::{
    engine::{Client, Provider},
    observe::problem::Problem,
};
use futures::StreamExt;
use http::{HeaderMap, Request, Response, StatusCode, Uri, header};
use http_body::Body;
use http_body_util::{BodyExt, BodyStream, Limited, StreamBody};
use hyper::body::Incoming;
use std::{sync::Arc, time::Duration};
use tokio_util::sync::CancellationToken;
use wasmtime_wasi_http::WasiBody;

/// A client has so many of ten parts of a call's time for the rest of its body, so that its component can still answer.
const BODY_TIME_TENTHS: u32 = 9;

impl Server {
    /// The request with its body bounded and, up to a size, read; its authority where WASI has it, and its scheme.
    async fn receive(
        &self,
        request: Request<Incoming>,
        component: &Provider,
        exchange: &Exchange<'_>,
    ) -> Result<Request<Received<Limited<Lingering>>>, Problem> {
        let (mut head, body) = request.into_parts();
        let is_empty = body.is_end_stream();
        let body = Lingering::new(&head.headers, body);
        let body_max = self.settings.body_max.0;
        let announced = announced(&head.headers);
        let is_too_large = announced.is_some_and(|length| length > body_max);
        if is_too_large && !self.platform.refuses_bodies(component.name()) {
            return Err(refusal::too_large(body_max));
        }
        let authority = head
            .uri
            .authority()
            .map(ToString::to_string)
            .or_else(|| head.headers.get(header::HOST).and_then(|host| host.to_str().ok()).map(ToOwned::to_owned));
        let path = head.uri.path_and_query().map_or("/", |path| path.as_str());
        head.uri = Uri::builder()
            .scheme("http")
            .authority(authority.unwrap_or_else(|| "localhost".into()))
            .path_and_query(path)
            .build()
            .map_err(|_| Problem::new(StatusCode::BAD_REQUEST, "bad-request", "The Host header is malformed."))?;
        let ms = Duration::from_millis;
        let body = Limited::new(body, usize::try_from(body_max).unwrap_or(usize::MAX));
        let body = Timed::new(body, body_max, ms(self.settings.body_idle_ms), ms(self.settings.body_timeout_ms));
        let ahead_max = self.settings.body_ahead.0;
        // A client that asks before it sends a large body is answered by the component.
        let asks = head.headers.contains_key(header::EXPECT) && announced.is_none_or(|length| length > ahead_max);
        if is_empty || asks || is_too_large {
            return Ok(Request::from_parts(head, Received::unread(body)));
        }
        let share = self.door.bodies.take(exchange.origin.address, 0).map_err(BodyFailure::Exhausted);
        let received = match share {
            Ok(share) => Received::read(body, ahead_max, share).await,
            Err(exhausted) => Err(exhausted),
        };
        received.map(|body| Request::from_parts(head, body)).map_err(|failure| refusal::of_body(&failure, body_max))
    }

    pub(super) async fn call(
        &self,
        component: &Arc<Provider>,
        mut request: Request<Incoming>,
        exchange: &Exchange<'_>,
    ) -> Result<Response<Answer>, Problem> {
        let correlation_id = exchange.id.to_str().unwrap_or_default();
        let offered = self.offer_hold(component, &mut request, exchange);
        let mut request = self.receive(request, component, exchange).await?;
        let place = exchange.connection.place();
        if place.is_none() {
            return Err(refusal::too_many("This connection has too many requests in progress.", 1));
        }
        let body = request.body_mut().call_begins(component.deadline() * BODY_TIME_TENTHS / 10);
        let client = Client { caller: exchange.caller.clone(), body: Arc::clone(&body), place };
        let answer = component.http(request.map(BodyExt::boxed_unsync), client).await;
        // The body came too late, so the component saw it cut off: its own error does not matter.
        let is_success = matches!(&answer, Ok(Ok(response)) if response.status().is_success());
        if body.is_late() && !is_success {
            return Err(refusal::late());
        }
        match answer {
            Ok(Ok(mut response)) => match hold::wanted(response.headers_mut()) {
                Some(protocol) => self.hold(component, offered, &protocol, response.into_parts(), exchange).await,
                None => self.begin_answer(response, exchange).await,
            },
            Ok(Err(code)) => {
                tracing::error!(correlation_id, "the component answered a request with {code}");
                Err(Problem::new(StatusCode::INTERNAL_SERVER_ERROR, "internal", "The request could not be answered."))
            }
            Err(failure) => {
                let problem = refusal::of_call(&failure);
                if problem.status.is_server_error() {
                    tracing::error!(correlation_id, "{failure}");
                } else {
                    tracing::info!(correlation_id, "{failure}");
                }
                Err(problem)
            }
        }
    }

    /// The answer, whole or as one of so many streams.
    async fn begin_answer(
        &self,
        response: Response<WasiBody>,
        exchange: &Exchange<'_>,
    ) -> Result<Response<Answer>, Problem> {
        let address = exchange.origin.address;
        let (head, body) = response.into_parts();
        let has_end = !is_event_stream(&head.headers);
        let mut answer = if has_end {
            Answer::gather(body).await.map_err(|error| {
                tracing::error!(
                    correlation_id = exchange.id.to_str().unwrap_or_default(),
                    "an answer broke off: {error}"
                );
                refusal::unavailable(1)
            })?
        } else {
            Answer::of(until(&self.stop, body))
        };
        let bytes = self.door.answers.take(address, answer.held_bytes());
        answer.account(bytes.map_err(|which| refusal::exhausted(which, "room for unread answers"))?);
        if answer.is_stream() {
            let stream = self.door.streams.take(address, 1);
            answer.account(stream.map_err(|which| refusal::exhausted(which, "streams"))?);
        }
        if has_end {
            answer.ends_within(Duration::from_millis(self.settings.response_timeout_ms));
        }
        Ok(Response::from_parts(head, answer))
    }
}

fn announced(headers: &HeaderMap) -> Option<u64> {
    headers.get(header::CONTENT_LENGTH)?.to_str().ok()?.parse().ok()
}

fn is_event_stream(headers: &HeaderMap) -> bool {
    let kind = headers.get(header::CONTENT_TYPE).and_then(|value| value.to_str().ok());
    kind.is_some_and(|kind| kind.starts_with("text/event-stream"))
}

/// Event streams never end on their own, so shutdown ends them.
fn until(stop: &CancellationToken, body: WasiBody) -> WasiBody {
    StreamBody::new(BodyStream::new(body).take_until(stop.clone().cancelled_owned())).boxed_unsync()
}
