//! Answers in fewer bytes, for clients that ask (`Accept-Encoding`, RFC 9110 §12.5.3).
//!
//! What an attacker could compare byte by byte is left as it is (the attack BREACH: a secret and a text of the attacker's in one
//! compressed answer): answers that set a cookie, and all below `/auth`, which carry tokens. Other answers take an access token
//! in a header, which no foreign page can send. Streams of events are left as well, since each event has to leave at once, and
//! answers with a strong `ETag`, which names the bytes as they are.

use super::Response;
use brotli::CompressorWriter;
use flate2::Compression;
use flate2::write::GzEncoder;
use futures::stream::{self, LocalBoxStream, StreamExt};
use http::HeaderMap;
use http::header::{
    ACCEPT_ENCODING, CONTENT_ENCODING, CONTENT_LENGTH, CONTENT_TYPE, ETAG, HeaderValue, SET_COOKIE, VARY,
};
use mindflow_guest::web::{Body, list};
use std::io::Write;

/// What fits one packet of a network comes no sooner with less.
const BYTES_MIN: usize = 1_400;
/// From here a client that takes both gets Brotli: it makes less of long answers, and costs more to begin.
const BROTLI_BYTES_MIN: usize = 32 * 1024;
/// Half as fast as the lowest quality, and a fifth smaller: what is usual for answers that are made once.
const BROTLI_QUALITY: u32 = 4;
/// As base 2 logarithm: repetitions within 256 KiB are found. The window is memory of the instance.
const BROTLI_WINDOW: u32 = 18;
const BROTLI_BUFFER_BYTES: usize = 16 * 1024;

/// Of texts. Images are compressed in their own ways.
const COMPRESSIBLE: [&str; 5] =
    ["application/json", "application/graphql-response+json", "application/problem+json", "text/plain", "text/html"];

/// By its names.
const GZIP: [&str; 2] = ["gzip", "x-gzip"];

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Coding {
    Brotli,
    Gzip,
}

/// The response as the client takes it. `path` is the request's.
pub fn encode(mut response: Response, request_headers: &HeaderMap, path: &str) -> Response {
    if !is_open(&response, path) {
        return response;
    }
    response.headers.append(VARY, HeaderValue::from_static("accept-encoding"));
    let bytes = length(&response);
    let accepted = list(request_headers, ACCEPT_ENCODING.as_str());
    let coding = accepted.filter(|_| bytes >= BYTES_MIN).and_then(|accepted| choose(&accepted, bytes));
    match coding {
        Some(coding) => encoded(response, coding),
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

/// What the client likes best; none where that is the answer as it is.
fn choose(accepted: &str, bytes: usize) -> Option<Coding> {
    let (brotli, gzip) = (wish(accepted, &["br"]), wish(accepted, &GZIP));
    let best = brotli.max(gzip);
    // Without a word about it, the answer as it is comes last.
    if best == 0 || named(accepted, &["identity"]).is_some_and(|identity| identity > best) {
        return None;
    }
    let long = bytes >= BROTLI_BYTES_MIN;
    Some(if brotli > gzip || (brotli == gzip && long) { Coding::Brotli } else { Coding::Gzip })
}

/// How much the client likes a coding, in thousandths; 0: not at all.
fn wish(accepted: &str, names: &[&str]) -> u16 {
    named(accepted, names).or_else(|| named(accepted, &["*"])).unwrap_or(0)
}

pub fn takes_gzip(accepted: &str) -> bool {
    wish(accepted, &GZIP) > 0
}

fn named(accepted: &str, names: &[&str]) -> Option<u16> {
    accepted.split(',').find_map(|item| {
        let (name, parameters) = item.split_once(';').unwrap_or((item, ""));
        names.iter().any(|known| name.trim().eq_ignore_ascii_case(known)).then(|| quality(parameters))
    })
}

fn quality(parameters: &str) -> u16 {
    let mut parameters = parameters.split(';').filter_map(|parameter| parameter.split_once('='));
    let Some((_, value)) = parameters.find(|(name, _)| name.trim().eq_ignore_ascii_case("q")) else { return 1_000 };
    let quality: f32 = value.trim().parse().unwrap_or(0.0);
    (quality.clamp(0.0, 1.0) * 1_000.0).round() as u16
}

fn encoded(mut response: Response, coding: Coding) -> Response {
    response.headers.remove(CONTENT_LENGTH);
    let name = match coding {
        Coding::Brotli => "br",
        Coding::Gzip => "gzip",
    };
    response.headers.insert(CONTENT_ENCODING, HeaderValue::from_static(name));
    response.body = match response.body {
        Body::Bytes(bytes) => {
            let mut encoder = Encoder::new(coding, bytes.len() / 4);
            let mut whole = encoder.push(&bytes);
            whole.extend(encoder.finish());
            Body::Bytes(whole)
        }
        Body::Stream(pieces) => Body::Stream(streamed(pieces, Encoder::new(coding, BROTLI_BUFFER_BYTES))),
        Body::Empty => Body::Empty,
    };
    response
}

/// The pieces as they come out of the encoder, which holds some back.
fn streamed(pieces: LocalBoxStream<'static, Vec<u8>>, encoder: Encoder) -> LocalBoxStream<'static, Vec<u8>> {
    stream::unfold(Some((pieces, encoder)), async |state| {
        let (mut pieces, mut encoder) = state?;
        while let Some(piece) = pieces.next().await {
            let out = encoder.push(&piece);
            if !out.is_empty() {
                return Some((out, Some((pieces, encoder))));
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
mod tests {
    use super::*;
    use futures::executor::block_on;
    use http::StatusCode;
    use std::io::Read;

    const LONG: usize = 100_000;

    fn text(bytes: usize) -> Vec<u8> {
        "[\"a walk by the river\",1],".bytes().cycle().take(bytes).collect()
    }

    fn asked(accept: Option<&str>) -> HeaderMap {
        let line = accept.map(|accept| (ACCEPT_ENCODING, accept.parse().unwrap()));
        line.into_iter().collect()
    }

    fn json(bytes: usize) -> Response {
        Response::new(StatusCode::OK).header("content-type", "application/json; charset=utf-8").bytes(text(bytes))
    }

    fn coding(accept: &str, bytes: usize) -> Option<String> {
        let response = encode(json(bytes), &asked(Some(accept)), "/graphql");
        response.headers.get(CONTENT_ENCODING).map(|value| value.to_str().unwrap().to_owned())
    }

    fn decoded(response: Response) -> Vec<u8> {
        let gzip = response.headers[CONTENT_ENCODING] == "gzip";
        let bytes = match response.body {
            Body::Bytes(bytes) => bytes,
            Body::Stream(pieces) => block_on(pieces.concat()),
            Body::Empty => Vec::new(),
        };
        let mut plain = Vec::new();
        if gzip {
            flate2::read::GzDecoder::new(bytes.as_slice()).read_to_end(&mut plain).unwrap();
        } else {
            brotli::Decompressor::new(bytes.as_slice(), 4_096).read_to_end(&mut plain).unwrap();
        }
        plain
    }

    #[test]
    fn the_client_gets_what_it_likes_best_and_brotli_for_long_answers_only_among_equals() {
        for (accept, short, long) in [
            ("gzip", Some("gzip"), Some("gzip")),
            ("br", Some("br"), Some("br")),
            ("gzip, deflate, br, zstd", Some("gzip"), Some("br")),
            ("br;q=0.9, GZIP", Some("gzip"), Some("gzip")),
            ("gzip;q=0.1,br;q=0.2", Some("br"), Some("br")),
            ("*", Some("gzip"), Some("br")),
            ("*;q=0.5, br;q=0", Some("gzip"), Some("gzip")),
            ("x-gzip", Some("gzip"), Some("gzip")),
            ("deflate, zstd", None, None),
            ("gzip;q=0", None, None),
            ("identity, gzip;q=0.5", None, None),
            ("identity;q=0.5, gzip", Some("gzip"), Some("gzip")),
            ("", None, None),
            ("gzip;q=nonsense, br ; q = 0.3", Some("br"), Some("br")),
        ] {
            assert_eq!(coding(accept, 2_000).as_deref(), short, "{accept}");
            assert_eq!(coding(accept, LONG).as_deref(), long, "{accept}");
        }
    }

    #[test]
    fn a_compressed_answer_is_shorter_and_the_same() {
        for accept in ["gzip", "br"] {
            let response = encode(json(LONG), &asked(Some(accept)), "/graphql");
            assert_eq!(response.headers[VARY], "accept-encoding");
            assert!(matches!(&response.body, Body::Bytes(bytes) if bytes.len() < LONG / 10), "{accept}");
            assert_eq!(decoded(response), text(LONG));
        }
    }

    #[test]
    fn a_long_answer_that_is_sent_in_pieces_is_compressed_as_it_is_sent() {
        for accept in ["gzip", "br"] {
            let pieces: Vec<Vec<u8>> = text(LONG).chunks(7_000).map(<[u8]>::to_vec).collect();
            let response =
                json(0).header("content-length", LONG.to_string()).stream(stream::iter(pieces).boxed_local());
            let response = encode(response, &asked(Some(accept)), "/graphql");
            assert!(!response.headers.contains_key(CONTENT_LENGTH));
            assert_eq!(decoded(response), text(LONG));
        }
    }

    #[test]
    fn short_answers_tokens_streams_and_what_is_named_by_its_bytes_stay_as_they_are() {
        let all = asked(Some("gzip, br"));
        let plain = |response: Response, path: &str| {
            let response = encode(response, &all, path);
            !response.headers.contains_key(CONTENT_ENCODING)
        };
        assert!(plain(json(1_000), "/graphql"));
        assert!(plain(json(LONG), "/auth/login"));
        assert!(plain(json(LONG).header("set-cookie", "a=b"), "/graphql"));
        assert!(plain(json(LONG).header("etag", "\"1\""), "/api/journals/1"));
        assert!(plain(json(LONG).header("content-type", "text/event-stream; charset=utf-8"), "/graphql"));
        assert!(plain(json(LONG).header("content-type", "image/jpeg"), "/graphql"));
        // One that may be compressed says so to caches, whoever asked.
        let response = encode(json(LONG).header("vary", "origin"), &asked(None), "/graphql");
        let vary: Vec<_> = response.headers.get_all(VARY).iter().collect();
        assert_eq!(vary, ["origin", "accept-encoding"]);
        assert!(matches!(response.body, Body::Bytes(bytes) if bytes == text(LONG)));
    }
}
