//! The opening handshake of a WebSocket (RFC 6455 §4.2): what a request must say, and what it is answered with.

use crate::{manifest::WebSocketRoute, observe::problem::Problem, trigger::field_list::elements};
use base64::{Engine, engine::general_purpose::STANDARD};
use http::{
    HeaderMap, HeaderName, HeaderValue, Method, Request, Response, StatusCode, Version,
    header::{
        self, CONNECTION, CONTENT_LENGTH, SEC_WEBSOCKET_KEY, SEC_WEBSOCKET_PROTOCOL, SEC_WEBSOCKET_VERSION,
        TRANSFER_ENCODING, UPGRADE,
    },
};
use http_body_util::{BodyExt, Full};
use tokio_tungstenite::tungstenite::handshake::derive_accept_key;
use wasmtime_wasi_http::WasiBody;

/// The only version that there is a standard of.
const VERSION: HeaderValue = HeaderValue::from_static("13");
const WEBSOCKET: HeaderValue = HeaderValue::from_static("websocket");
/// RFC 6455 §4.1: a nonce of so many bytes, in base64.
const KEY_BYTES: usize = 16;

/// What both sides agreed on.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct Agreed {
    key: String,
    pub protocol: String,
}

/// Whether the request asks for a WebSocket. Only HTTP/1.1 has such an upgrade: HTTP/1.0 ignores it (RFC 9110 §7.8), and
/// HTTP/2 has none.
pub(in crate::trigger) fn is_upgrade<B>(request: &Request<B>) -> bool {
    let names = |name, wanted: &str| elements(request.headers(), &name).any(|part| part.eq_ignore_ascii_case(wanted));
    request.version() == Version::HTTP_11 && names(CONNECTION, "upgrade") && names(UPGRADE, "websocket")
}

/// # Errors
/// 426 for another version, and 400 for what is no handshake. Both name the version that is spoken here.
pub(super) fn agree<B>(route: &WebSocketRoute, request: &Request<B>) -> Result<Agreed, Problem> {
    let headers = request.headers();
    let bad = |detail: String| refused(StatusCode::BAD_REQUEST, "bad-request", detail);
    // What follows the head of an upgrade is frames, so a body could be read as some by one side and not by the other.
    if has_body(headers) {
        return Err(bad(
            "A request for a WebSocket has no body: neither Transfer-Encoding nor a Content-Length but 0.".to_owned(),
        ));
    }
    if request.method() != Method::GET {
        return Err(bad(format!("A WebSocket is asked for by GET, not {}.", request.method())));
    }
    match single(headers, &SEC_WEBSOCKET_VERSION) {
        Some("13") => {}
        Some(version) if version.parse::<u8>().is_ok() => {
            let detail = format!("Sec-WebSocket-Version is {version}; this server speaks 13.");
            return Err(refused(StatusCode::UPGRADE_REQUIRED, "upgrade-required", detail));
        }
        _ => return Err(bad("Sec-WebSocket-Version must be there once, and be 13.".to_owned())),
    }
    let key = single(headers, &SEC_WEBSOCKET_KEY)
        .filter(|key| STANDARD.decode(key).is_ok_and(|bytes| bytes.len() == KEY_BYTES))
        .ok_or_else(|| bad(format!("Sec-WebSocket-Key must be there once, with {KEY_BYTES} bytes in base64.")))?;
    let offered: Vec<&str> = elements(headers, &SEC_WEBSOCKET_PROTOCOL).collect();
    let protocol = route.protocols.iter().find(|protocol| offered.contains(&protocol.as_str())).ok_or_else(|| {
        bad(format!("Offer the subprotocol {} in Sec-WebSocket-Protocol.", route.protocols.join(" or ")))
    })?;
    Ok(Agreed { key: key.to_owned(), protocol: protocol.clone() })
}

/// The answer that makes the connection a WebSocket.
pub(super) fn switching(agreed: &Agreed) -> Response<WasiBody> {
    let mut response = Response::new(Full::default().map_err(|never| match never {}).boxed_unsync());
    *response.status_mut() = StatusCode::SWITCHING_PROTOCOLS;
    let headers = response.headers_mut();
    headers.insert(header::CONNECTION, HeaderValue::from_static("upgrade"));
    headers.insert(header::UPGRADE, WEBSOCKET);
    for (name, value) in [
        (header::SEC_WEBSOCKET_ACCEPT, derive_accept_key(agreed.key.as_bytes())),
        (header::SEC_WEBSOCKET_PROTOCOL, agreed.protocol.clone()),
    ] {
        if let Ok(value) = HeaderValue::from_str(&value) {
            headers.insert(name, value);
        }
    }
    response
}

fn has_body(headers: &HeaderMap) -> bool {
    let is_empty = |length: &HeaderValue| length.to_str().is_ok_and(|length| length.parse::<u64>() == Ok(0));
    headers.contains_key(TRANSFER_ENCODING) || !headers.get_all(CONTENT_LENGTH).iter().all(is_empty)
}

/// The value of a field that must be there once.
fn single<'a>(headers: &'a HeaderMap, name: &HeaderName) -> Option<&'a str> {
    let mut values = headers.get_all(name).iter();
    let value = values.next()?;
    values.next().is_none().then(|| value.to_str().ok()).flatten().map(str::trim)
}

/// RFC 6455 §4.4, and RFC 9110 §15.5.22 for 426.
fn refused(status: StatusCode, kind: &'static str, detail: String) -> Problem {
    let problem = Problem::new(status, kind, detail).with(SEC_WEBSOCKET_VERSION, VERSION);
    if status == StatusCode::UPGRADE_REQUIRED {
        return problem.with(UPGRADE, WEBSOCKET).with(CONNECTION, HeaderValue::from_static("upgrade"));
    }
    problem
}

#[cfg(test)]
mod tests {
    use super::*;

    const KEY: &str = "dGhlIHNhbXBsZSBub25jZQ==";

    /// A handshake with these fields in place of its own; of an empty list, none.
    fn request(method: Method, version: Version, fields: &[(&'static str, &[&str])]) -> Request<()> {
        let own: [(&str, &[&str]); 7] = [
            ("content-length", &[]),
            ("transfer-encoding", &[]),
            ("connection", &["keep-alive", "Upgrade"]),
            ("upgrade", &["WebSocket"]),
            ("sec-websocket-version", &["13"]),
            ("sec-websocket-key", &[KEY]),
            ("sec-websocket-protocol", &["other", "graphql-transport-ws"]),
        ];
        let mut request = Request::builder().method(method).version(version);
        for (name, values) in own.iter().map(|own| fields.iter().find(|field| field.0 == own.0).unwrap_or(own)) {
            for value in *values {
                request = request.header(*name, *value);
            }
        }
        request.body(()).unwrap()
    }

    fn agreed(fields: &[(&'static str, &[&str])]) -> Result<String, Problem> {
        let protocols = vec!["graphql-transport-ws".to_owned()];
        let route = WebSocketRoute { route: "/graphql".to_owned(), protocols };
        agree(&route, &request(Method::GET, Version::HTTP_11, fields)).map(|agreed| agreed.protocol)
    }

    #[test]
    fn a_list_on_several_lines_is_one_list() {
        assert!(is_upgrade(&request(Method::GET, Version::HTTP_11, &[])));
        assert_eq!(agreed(&[]).unwrap(), "graphql-transport-ws");
        assert_eq!(
            agreed(&[("sec-websocket-protocol", &["a, graphql-transport-ws", "b"])]).unwrap(),
            "graphql-transport-ws"
        );
        assert!(!is_upgrade(&request(Method::GET, Version::HTTP_11, &[("connection", &["keep-alive", "close"])])));
    }

    #[test]
    fn only_http_1_1_has_the_upgrade_and_only_a_get_asks_for_it() {
        for version in [Version::HTTP_10, Version::HTTP_2] {
            assert!(!is_upgrade(&request(Method::GET, version, &[])), "{version:?}");
        }
        let route = WebSocketRoute { route: "/graphql".to_owned(), protocols: vec!["graphql-transport-ws".to_owned()] };
        let refused = agree(&route, &request(Method::POST, Version::HTTP_11, &[])).unwrap_err();
        assert_eq!(refused.status, StatusCode::BAD_REQUEST);
    }

    #[test]
    fn another_version_is_426_and_names_the_one_that_is_spoken() {
        let refused =
            agreed(&[("sec-websocket-version", &["8"])]).unwrap_err().response(&HeaderValue::from_static("c"));
        assert_eq!(refused.status(), StatusCode::UPGRADE_REQUIRED);
        assert_eq!(refused.headers()["sec-websocket-version"], "13");
        assert_eq!(refused.headers()["upgrade"], "websocket");
        for wrong in [&[] as &[&str], &["x"], &["13", "13"], &["13, 8"], &["+13"]] {
            let refused = agreed(&[("sec-websocket-version", wrong)]).unwrap_err();
            let refused = refused.response(&HeaderValue::from_static("c"));
            assert!(refused.status().is_client_error(), "{wrong:?}");
            assert_eq!(refused.headers()["sec-websocket-version"], "13", "{wrong:?}");
        }
    }

    #[test]
    fn a_request_with_a_body_is_refused_and_an_empty_one_is_none() {
        assert!(agreed(&[("content-length", &["0"])]).is_ok());
        for field in [
            ("content-length", &["1"][..]),
            ("content-length", &["0", "5"][..]),
            ("transfer-encoding", &["chunked"][..]),
        ] {
            assert_eq!(agreed(&[field]).unwrap_err().status, StatusCode::BAD_REQUEST, "{field:?}");
        }
    }

    #[test]
    fn a_key_has_sixteen_bytes_in_base64_and_comes_once() {
        for wrong in [&[] as &[&str], &[""], &["a key"], &["AAAA"], &["dGhlIHNhbXBsZSBub25jZQ"], &[KEY, KEY]] {
            let refused = agreed(&[("sec-websocket-key", wrong)]).unwrap_err();
            assert_eq!(refused.status, StatusCode::BAD_REQUEST, "{wrong:?}");
        }
    }
}
