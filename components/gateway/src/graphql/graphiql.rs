//! The page for trying queries. Its script and its style are bundled from `graphiql/` by `cargo xtask build`
//! and part of this component, so that the page works wherever the platform does, without a network.
//! Production switches it off.

use crate::failure::{Failure, Kind};
use crate::web::{Response, encoding, list};
use http::{HeaderMap, StatusCode};

const PAGE: &str = include_str!("graphiql.html");

/// Nothing from elsewhere. The editor positions its lines with styles of its own, hence `unsafe-inline` there.
const POLICY: &str = "default-src 'none'; script-src 'self'; style-src 'self' 'unsafe-inline'; \
    img-src 'self' data:; connect-src 'self' ws: wss:; frame-ancestors 'none'; base-uri 'none'; form-action 'none'";

/// Their addresses change with their bytes.
const CACHING: &str = "public, max-age=31536000, immutable";

/// Both files as gzip; empty when the component was built without them.
struct Bundle {
    /// Stands for the bytes of both, in their addresses.
    version: &'static str,
    script: &'static [u8],
    style: &'static [u8],
}

static BUNDLE: Bundle = Bundle {
    version: env!("GRAPHIQL_VERSION"),
    script: include_bytes!(concat!(env!("OUT_DIR"), "/graphiql.js.gz")),
    style: include_bytes!(concat!(env!("OUT_DIR"), "/graphiql.css.gz")),
};

pub fn page() -> Response {
    BUNDLE.page()
}

/// The file of this name below `/graphql/assets/`.
///
/// # Errors
/// 404 for any other name; 406 for a client that does not take gzip, which every browser does.
pub fn asset(name: &str, headers: &HeaderMap) -> Result<Response, Failure> {
    BUNDLE.asset(name, headers)
}

impl Bundle {
    fn is_there(&self) -> bool {
        !self.script.is_empty() && !self.style.is_empty()
    }

    fn page(&self) -> Response {
        let (links, notice) = if self.is_there() {
            let version = self.version;
            (
                format!(
                    "<link rel=\"stylesheet\" href=\"/graphql/assets/{version}.css\">\n    \
                     <script src=\"/graphql/assets/{version}.js\" defer></script>"
                ),
                "GraphiQL is a script, and it did not start.",
            )
        } else {
            let notice = "This gateway was built without GraphiQL: install Node with npm, run \
                <code>cargo xtask build</code>, and start the platform again.";
            (String::new(), notice)
        };
        let page = PAGE.replace("{links}", &links).replace("{notice}", notice);
        Response::text(StatusCode::OK, "text/html; charset=utf-8", page)
            .header("content-security-policy", POLICY)
            .header("cache-control", "no-cache")
    }

    fn asset(&self, name: &str, headers: &HeaderMap) -> Result<Response, Failure> {
        let kind = name.strip_prefix(self.version).filter(|_| self.is_there());
        let (content_type, bytes) = match kind {
            Some(".js") => ("text/javascript; charset=utf-8", self.script),
            Some(".css") => ("text/css; charset=utf-8", self.style),
            _ => return Err(Failure::new(Kind::NotFound, format!("There is nothing at /graphql/assets/{name}."))),
        };
        if !takes_gzip(list(headers, "accept-encoding").as_deref()) {
            return Err(Failure::new(
                Kind::NotAcceptable,
                "This file is kept compressed alone: send `Accept-Encoding: gzip`.",
            ));
        }
        Ok(Response::new(StatusCode::OK)
            .header("content-type", content_type)
            .header("content-encoding", "gzip")
            .header("vary", "accept-encoding")
            .header("cache-control", CACHING)
            .bytes(bytes.to_vec()))
    }
}

/// Without the header anything goes.
fn takes_gzip(accept_encoding: Option<&str>) -> bool {
    accept_encoding.is_none_or(encoding::takes_gzip)
}

#[cfg(test)]
mod tests {
    use super::*;
    use mindflow_guest::web::Body;

    const BUILT: Bundle = Bundle { version: "c0ffee", script: b"script", style: b"style" };
    const NOT_BUILT: Bundle = Bundle { version: "0", script: b"", style: b"" };

    fn accepting(codings: &'static str) -> HeaderMap {
        HeaderMap::from_iter([(http::header::ACCEPT_ENCODING, http::HeaderValue::from_static(codings))])
    }

    fn bytes(response: &Response) -> &[u8] {
        match &response.body {
            Body::Bytes(bytes) => bytes,
            _ => panic!("a body"),
        }
    }

    fn text(response: &Response) -> String {
        String::from_utf8(bytes(response).to_vec()).unwrap()
    }

    #[test]
    fn the_page_names_its_own_files_and_lets_nothing_else_in() {
        let page = BUILT.page();
        assert_eq!(page.headers["content-type"], "text/html; charset=utf-8");
        assert_eq!(page.headers["cache-control"], "no-cache");
        let policy = page.headers["content-security-policy"].to_str().unwrap();
        assert!(policy.contains("default-src 'none'; script-src 'self';") && !policy.contains("http"), "{policy}");
        let html = text(&page);
        assert!(
            html.contains("src=\"/graphql/assets/c0ffee.js\"") && html.contains("href=\"/graphql/assets/c0ffee.css\"")
        );
        assert!(!html.contains("https:") && !html.contains("{links}") && !html.contains("{notice}"), "{html}");
    }

    #[test]
    fn a_page_without_its_files_says_how_to_build_them() {
        let html = text(&NOT_BUILT.page());
        assert!(html.contains("cargo xtask build") && !html.contains("/graphql/assets/"), "{html}");
        assert_eq!(NOT_BUILT.asset("0.js", &HeaderMap::new()).err().unwrap().kind, Kind::NotFound);
    }

    #[test]
    fn a_file_comes_compressed_with_its_type_and_for_ever() {
        for (name, content_type, body) in [
            ("c0ffee.js", "text/javascript; charset=utf-8", &b"script"[..]),
            ("c0ffee.css", "text/css; charset=utf-8", b"style"),
        ] {
            let file = BUILT.asset(name, &accepting("gzip, deflate, br, zstd")).unwrap();
            assert_eq!(file.status, StatusCode::OK);
            assert_eq!(file.headers["content-type"], content_type);
            assert_eq!(file.headers["content-encoding"], "gzip");
            assert_eq!(file.headers["cache-control"], "public, max-age=31536000, immutable");
            assert_eq!(bytes(&file), body);
        }
    }

    #[test]
    fn an_older_version_or_another_name_is_not_found() {
        for name in ["decade.js", "c0ffee", "c0ffee.map", "c0ffee.js.gz", ".js"] {
            assert_eq!(BUILT.asset(name, &HeaderMap::new()).err().unwrap().kind, Kind::NotFound, "{name}");
        }
    }

    #[test]
    fn a_client_that_takes_no_gzip_gets_not_acceptable() {
        assert_eq!(BUILT.asset("c0ffee.js", &accepting("br")).err().unwrap().kind, Kind::NotAcceptable);
    }

    #[test]
    fn gzip_is_taken_when_it_is_named_or_nothing_else_was_said() {
        for codings in ["gzip", "GZIP;q=0.5", "br, x-gzip", "*", "identity;q=0, *;q=0.1", "br;q=0, gzip; q=1"] {
            assert!(takes_gzip(Some(codings)), "{codings}");
        }
        for codings in ["", "br", "gzip;q=0", "gzip;q=0, *", "*;q=0.0", "identity"] {
            assert!(!takes_gzip(Some(codings)), "{codings}");
        }
        assert!(takes_gzip(None));
    }
}
