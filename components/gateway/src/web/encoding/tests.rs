use super::*;
use futures::executor::block_on;
use http::StatusCode;
use std::io::Read;
use std::sync::Mutex;

const LONG: usize = 100_000;
/// The places are the process's.
static ALONE: Mutex<()> = Mutex::new(());

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

fn get(response: Response, accept: Option<&str>, path: &str) -> Response {
    encode(response, &Method::GET, &asked(accept), path)
}

fn pieces(bytes: usize) -> Response {
    let pieces: Vec<Vec<u8>> = text(bytes).chunks(7_000).map(<[u8]>::to_vec).collect();
    json(0).header("content-length", bytes.to_string()).stream(stream::iter(pieces).boxed_local())
}

fn coding(accept: &str, bytes: usize) -> Option<String> {
    let response = get(json(bytes), Some(accept), "/graphql");
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
        let response = get(json(LONG), Some(accept), "/graphql");
        assert_eq!(response.headers[VARY], "accept-encoding");
        assert!(matches!(&response.body, Body::Bytes(bytes) if bytes.len() < LONG / 10), "{accept}");
        assert_eq!(decoded(response), text(LONG));
    }
}

#[test]
fn a_short_answer_is_compressed_for_those_who_do_not_take_it_as_it_is() {
    for (accept, expected) in [
        ("gzip, identity;q=0", Some("gzip")),
        ("br, *;q=0", Some("br")),
        ("identity;q=0, *", Some("gzip")),
        ("gzip, *;q=0, identity", None),
        ("gzip", None),
        // Nothing is left that it takes: the answer as it is tells more than a refusal.
        ("identity;q=0", None),
        ("*;q=0", None),
    ] {
        assert_eq!(coding(accept, 100).as_deref(), expected, "{accept}");
        assert_eq!(coding(accept, 0), None, "{accept}: there is nothing to compress");
    }
}

#[test]
fn a_head_is_that_of_the_answer_to_a_get_without_a_length_that_is_not_known() {
    let _alone = ALONE.lock();
    for response in [json(LONG), pieces(LONG)] {
        let response = encode(response, &Method::HEAD, &asked(Some("br")), "/graphql");
        assert_eq!(response.headers[CONTENT_ENCODING], "br");
        assert_eq!(response.headers[VARY], "accept-encoding");
        assert!(!response.headers.contains_key(CONTENT_LENGTH));
    }
    let plain = encode(pieces(LONG), &Method::HEAD, &asked(None), "/graphql");
    assert_eq!(plain.headers[CONTENT_LENGTH], LONG.to_string());
    assert_eq!(STREAMS.available_permits(), STREAMS_MAX);
}

#[test]
fn a_long_answer_that_is_sent_in_pieces_is_compressed_as_it_is_sent_and_the_one_too_many_is_not() {
    let _alone = ALONE.lock();
    for accept in ["gzip", "br"] {
        let mut sent = Vec::new();
        for _ in 0..STREAMS_MAX {
            let response = get(pieces(LONG), Some(accept), "/graphql");
            assert!(!response.headers.contains_key(CONTENT_LENGTH));
            sent.push(response);
        }
        let plain = get(pieces(LONG), Some(accept), "/graphql");
        assert!(!plain.headers.contains_key(CONTENT_ENCODING));
        assert_eq!(plain.headers[CONTENT_LENGTH], LONG.to_string());
        for response in sent {
            assert_eq!(decoded(response), text(LONG));
        }
        assert_eq!(STREAMS.available_permits(), STREAMS_MAX);
    }
}

#[test]
fn short_answers_tokens_streams_and_what_is_named_by_its_bytes_stay_as_they_are() {
    let plain =
        |response: Response, path: &str| !get(response, Some("gzip, br"), path).headers.contains_key(CONTENT_ENCODING);
    assert!(plain(json(1_000), "/graphql"));
    assert!(plain(json(LONG), "/auth/login"));
    assert!(plain(json(LONG).header("set-cookie", "a=b"), "/graphql"));
    assert!(plain(json(LONG).header("etag", "\"1\""), "/api/journals/1"));
    assert!(plain(json(LONG).header("content-type", "text/event-stream; charset=utf-8"), "/graphql"));
    assert!(plain(json(LONG).header("content-type", "image/jpeg"), "/graphql"));
    // What is compressed already stays as it is.
    let packed = get(json(LONG).header("content-encoding", "gzip"), Some("br"), "/graphql");
    assert_eq!(packed.headers[CONTENT_ENCODING], "gzip");
    assert!(matches!(packed.body, Body::Bytes(bytes) if bytes == text(LONG)));
    // One that may be compressed says so to caches, also when the client takes none.
    let response = get(json(LONG).header("vary", "origin"), None, "/graphql");
    let vary: Vec<_> = response.headers.get_all(VARY).iter().collect();
    assert_eq!(vary, ["origin", "accept-encoding"]);
    assert!(matches!(response.body, Body::Bytes(bytes) if bytes == text(LONG)));
}
