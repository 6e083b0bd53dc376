//! Answers in fewer bytes, for clients that ask (`Accept-Encoding`, RFC 9110 §12.5.3).
//!
//! What an attacker could compare byte by byte is left as it is (the attack BREACH: a secret and a text of the attacker's in one
//! compressed answer): answers that set a cookie, and all below `/auth`, which carry tokens. Other answers take an access token
//! in a header, which no foreign page can send. Streams of events are left as well, since each event has to leave immediately, and
//! answers with a strong `ETag`, which names the bytes as they are.

use super::Response;
use brotli::CompressorWriter;
use flate2::Compression;
use flate2::write::GzEncoder;
use futures::stream::{self, LocalBoxStream, StreamExt};
use http::header::{
    ACCEPT_ENCODING, CONTENT_ENCODING, CONTENT_LENGTH, CONTENT_TYPE, ETAG, HeaderValue, SET_COOKIE, VARY,
};
use http::{HeaderMap, Method};
use mindflow_guest::web::coding::{self, Coding};
use mindflow_guest::web::{Body, list};
use std::io::Write;
use tokio::sync::{Semaphore, SemaphorePermit};

/// What fits one packet of a network comes no sooner with less.
const BYTES_MIN: usize = 1_400;
/// From here a client that takes both gets Brotli: it makes less of long answers, and costs more to begin.
const BROTLI_BYTES_MIN: usize = 32 * 1024;
/// Half as fast as the lowest quality, and a fifth smaller: what is usual for answers that are made once.
const BROTLI_QUALITY: u32 = 4;
/// As base 2 logarithm: repetitions within 256 KiB are found. The window is memory of the instance.
const BROTLI_WINDOW: u32 = 18;
const BROTLI_BUFFER_BYTES: usize = 16 * 1024;
/// Answers of an instance that are compressed while they are sent. Each keeps an encoder until its client has taken it, which is
/// 3 MiB for Brotli: so many are half of the memory that no place is taken of ([`crate::memory`]). The next one is sent as it is.
const STREAMS_MAX: usize = 4;

static STREAMS: Semaphore = Semaphore::const_new(STREAMS_MAX);

/// Of texts. Images are compressed in their own ways.
const COMPRESSIBLE: [&str; 5] =
    ["application/json", "application/graphql-response+json", "application/problem+json", "text/plain", "text/html"];

/// The response as the client takes it, with its body still there. `path` is the request's.
pub fn encode(mut response: Response, method: &Method, request_headers: &HeaderMap, path: &str) -> Response {
    if !is_open(&response, path) {
        return response;
    }
    response.headers.append(VARY, HeaderValue::from_static("accept-encoding"));
    let bytes = length(&response);
    let accepted = list(request_headers, ACCEPT_ENCODING.as_str()).unwrap_or_default();
    // A client that does not take a short answer as it is gets it compressed.
    let is_worth_it = bytes >= BYTES_MIN || (bytes > 0 && coding::refuses_identity(&accepted));
    let among_equals = if bytes >= BROTLI_BYTES_MIN { Coding::Brotli } else { Coding::Gzip };
    match coding::choose(&accepted, among_equals).filter(|_| is_worth_it) {
        Some(coding) => encoded(response, coding, method),
        None => response,
    }
}

/// Whether it may be compressed for those who ask.
fn is_open(response: &Response, path: &str) -> bool {
    let headers = &response.headers;
    let content_type = headers.get(CONTENT_TYPE).and_then(|value| value.to_str().ok()).unwrap_or_default();
    let media_type = content_type.split(';').next().unwrap_or_default().trim();
    COMPRESSIBLE.contains(&media_type)
        && !path.starts_with("/auth/")
        && ![CONTENT_ENCODING, ETAG, SET_COOKIE].iter().any(|name| headers.contains_key(name))
}

/// 0 where it is not known: a stream without an end.
fn length(response: &Response) -> usize {
    match &response.body {
        Body::Empty => 0,
        Body::Bytes(bytes) => bytes.len(),
        Body::Stream(_) => {
            let announced = response.headers.get(CONTENT_LENGTH).and_then(|value| value.to_str().ok());
            announced.and_then(|length| length.parse().ok()).unwrap_or(0)
        }
    }
}

pub fn takes_gzip(accepted: &str) -> bool {
    coding::wish(accepted, Coding::Gzip) > 0
}

fn encoded(mut response: Response, coding: Coding, method: &Method) -> Response {
    response.body = match response.body {
        // It has no body: its head is that of a GET, without the length, which only compressing would tell (RFC 9110 §9.3.2).
        body if method == Method::HEAD => body,
        Body::Bytes(bytes) => {
            let mut encoder = Encoder::new(coding, bytes.len() / 4);
            let mut whole = encoder.push(&bytes);
            whole.extend(encoder.finish());
            Body::Bytes(whole)
        }
        Body::Stream(pieces) => match STREAMS.try_acquire() {
            Ok(place) => Body::Stream(streamed(pieces, (Encoder::new(coding, BROTLI_BUFFER_BYTES), place))),
            Err(_) => return Response { body: Body::Stream(pieces), ..response },
        },
        Body::Empty => Body::Empty,
    };
    response.headers.insert(CONTENT_ENCODING, HeaderValue::from_static(coding.name()));
    response.headers.remove(CONTENT_LENGTH);
    response
}

/// The pieces as they come out of the encoder, which holds some back.
fn streamed(
    pieces: LocalBoxStream<'static, Vec<u8>>,
    encoder: (Encoder, SemaphorePermit<'static>),
) -> LocalBoxStream<'static, Vec<u8>> {
    stream::unfold(Some((pieces, encoder)), async |state| {
        let (mut pieces, (mut encoder, place)) = state?;
        while let Some(piece) = pieces.next().await {
            let out = encoder.push(&piece);
            if !out.is_empty() {
                return Some((out, Some((pieces, (encoder, place)))));
            }
        }
        Some((encoder.finish(), None))
    })
    .boxed_local()
}

/// Writing to memory does not fail.
enum Encoder {
    Brotli(Box<CompressorWriter<Vec<u8>>>),
    Gzip(GzEncoder<Vec<u8>>),
}

impl Encoder {
    fn new(coding: Coding, bytes: usize) -> Self {
        let out = Vec::with_capacity(bytes);
        match coding {
            Coding::Brotli => {
                Self::Brotli(Box::new(CompressorWriter::new(out, BROTLI_BUFFER_BYTES, BROTLI_QUALITY, BROTLI_WINDOW)))
            }
            // Four times as fast as the usual level, and a tenth longer.
            Coding::Gzip => Self::Gzip(GzEncoder::new(out, Compression::fast())),
        }
    }

    /// What has come out until now.
    fn push(&mut self, piece: &[u8]) -> Vec<u8> {
        let out = match self {
            Self::Brotli(encoder) => {
                let _in_memory = encoder.write_all(piece);
                encoder.get_mut()
            }
            Self::Gzip(encoder) => {
                let _in_memory = encoder.write_all(piece);
                encoder.get_mut()
            }
        };
        std::mem::take(out)
    }

    fn finish(self) -> Vec<u8> {
        match self {
            Self::Brotli(encoder) => encoder.into_inner(),
            Self::Gzip(encoder) => encoder.finish().unwrap_or_default(),
        }
    }
}

#[cfg(test)]
mod tests;
