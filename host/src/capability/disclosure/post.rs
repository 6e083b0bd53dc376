//! A request that is written down before it is sent. What cannot be sent at all is refused before that, so that the ledger has what left or
//! may have left.

use super::{Recorder, sender};
use crate::capability::outbound::{OutboundHooks, RequestPermit};
use bytes::Bytes;
use http_body_util::{BodyExt, Full, LengthLimitError, Limited};
use mindflow_backends::{
    clock,
    records::ledger::{Request, host_of},
};
use mindflow_platform::outbound::Refused;
use sender::{Answer, Error};
use std::time::Duration;
use wasmtime_wasi_http::Error as HttpError;

pub(super) async fn post(recorder: &Recorder, asked: sender::Request) -> Result<Answer, Error> {
    let sender::Request { url, headers, body, model, timeout_ms, answer_bytes_max } = asked;
    let request = Request::to(&url, headers)?.with(body, model)?.within(timeout_ms, answer_bytes_max);
    let subject = recorder.subject().await?;
    let hooks = &recorder.access.outbound;
    let begun = clock::instant();
    let place = within(request.timeout, permitted(hooks, &request)).await?;
    // What the ledger takes is not the receiver's.
    let request = Request { timeout: request.timeout.saturating_sub(begun.elapsed()), ..request };
    let (host, bytes) = (host_of(&request.uri), request.body.len());
    let recorded = recorder.record(subject, &host, request.model.as_deref(), bytes).await;
    recorded.map_err(|error| Error::Unrecorded(error.to_string()))?;
    within(request.timeout, exchange(hooks, place, request)).await
}

async fn within<T>(limit: Duration, work: impl Future<Output = Result<T, Error>>) -> Result<T, Error> {
    tokio::time::timeout(limit, work).await.unwrap_or(Err(Error::Timeout))
}

/// Whether the request may be sent now, with its place at the receiving host where these are counted.
async fn permitted(hooks: &OutboundHooks, request: &Request) -> Result<Option<RequestPermit>, Error> {
    hooks.check(&request.uri).await.map_err(|refused| match refused {
        Refused::Prohibited(reason) => Error::Prohibited(reason),
        Refused::Unresolved(reason) => Error::Unreachable(reason),
    })?;
    hooks.place(&request.uri).map_err(failure)
}

async fn exchange(hooks: &OutboundHooks, place: Option<RequestPermit>, request: Request) -> Result<Answer, Error> {
    let Request { uri, headers, body, timeout, answer_bytes_max, .. } = request;
    let mut sent = http::Request::new(Full::new(Bytes::from(body)).map_err(HttpError::from).boxed_unsync());
    *sent.method_mut() = http::Method::POST;
    *sent.uri_mut() = uri;
    *sent.headers_mut() = headers;
    let (head, body) = hooks.exchange(sent, place, timeout).await.map_err(failure)?.into_parts();
    let body = match Limited::new(body, answer_bytes_max).collect().await {
        Ok(body) => Ok(body.to_bytes().to_vec()),
        Err(error) if error.is::<LengthLimitError>() => Err(Error::TooLarge),
        Err(error) => Err(Error::Unreachable(format!("the answer broke off: {error}"))),
    };
    let header = |(name, value): (&http::HeaderName, &http::HeaderValue)| (name.to_string(), value.as_bytes().to_vec());
    Ok(Answer { status: head.status.as_u16(), headers: head.headers.iter().map(header).collect(), body })
}

fn failure(error: HttpError) -> Error {
    match error {
        HttpError::ConnectionLimitReached => Error::Busy,
        HttpError::HttpRequestDenied => Error::Prohibited("the address is not among the component's hosts".into()),
        HttpError::DestinationIpProhibited => Error::Prohibited("the address is not public".into()),
        HttpError::ConnectionTimeout | HttpError::ConnectionReadTimeout | HttpError::HttpResponseTimeout => {
            Error::Timeout
        }
        other => Error::Unreachable(other.to_string()),
    }
}
