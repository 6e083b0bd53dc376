//! What a path answers: a file, the page that finds its way by itself, or that there is nothing.

use crate::asked::{check_method, is_navigation, nothing};
use crate::client::{Client, File};
use crate::policy::PERMISSIONS;
use crate::unbuilt;
use http::request::Parts;
use http::{HeaderMap, StatusCode};
use mindflow_guest::web::conditional::{Validators, not_modified};
use mindflow_guest::web::failure::Failure;
use mindflow_guest::web::{Response, list};

/// Of names that change with their bytes.
const FOR_EVER: &str = "public, max-age=31536000, immutable";
/// Kept, and asked for each time, which a tag answers.
const ASKED_FOR: &str = "no-cache";

/// # Errors
/// 404 for what is neither a file nor a page, 405 for another method than GET and HEAD.
pub fn answer(client: Option<&Client>, head: &Parts, policy: &str) -> Result<Response, Failure> {
    let path = head.uri.path();
    let Some(client) = client else { return unbuilt::answer(head) };
    let file = client.file(if path == "/" { client.index } else { path });
    match file.or_else(|| client.file(client.index).filter(|_| is_navigation(head))) {
        Some(file) => {
            check_method(head)?;
            let response = give(file, &head.headers, policy);
            // Without a file of its own, the path answers those alone who want a page.
            Ok(if path == "/" || path == file.path { response } else { vary(response, "accept, accept-encoding") })
        }
        None => Err(nothing(path)),
    }
}

fn give(file: &File, headers: &HeaderMap, policy: &str) -> Response {
    let accepted = list(headers, "accept-encoding").unwrap_or_default();
    let coding = file.coding(&accepted);
    let validators = Validators { etag: file.etag(coding), modified_us: None };
    let is_known = not_modified(headers, &validators);
    let response = Response::new(if is_known { StatusCode::NOT_MODIFIED } else { StatusCode::OK })
        .header("etag", &validators.etag)
        .header("cache-control", if file.immutable { FOR_EVER } else { ASKED_FOR })
        .header("content-security-policy", policy)
        .header("permissions-policy", PERMISSIONS)
        .header("cross-origin-opener-policy", "same-origin")
        .header("cross-origin-resource-policy", "same-origin");
    let response = if file.is_packed() { vary(response, "accept-encoding") } else { response };
    if is_known {
        return response;
    }
    let response = match coding {
        Some(coding) => response.header("content-encoding", coding.name()),
        None => response,
    };
    response.header("content-type", file.content_type).bytes(file.bytes(coding))
}

fn vary(response: Response, names: &'static str) -> Response {
    response.header("vary", names)
}

#[cfg(test)]
mod tests {
    use super::*;
    use http::Method;
    use mindflow_guest::web::Body;
    use mindflow_guest::web::failure::Kind;

    const SCRIPT: &str = "console.log(\"a walk by the river\");";
    const POLICY: &str = "default-src 'none'";

    fn packed(text: &str) -> &'static [u8] {
        use std::io::Write;
        let mut encoder = flate2::write::GzEncoder::new(Vec::new(), flate2::Compression::best());
        encoder.write_all(text.as_bytes()).unwrap();
        encoder.finish().unwrap().leak()
    }

    fn client() -> Client {
        let file = |path, content_type, immutable| File {
            path,
            content_type,
            immutable,
            tag: path,
            plain: None,
            brotli: None,
            gzip: None,
        };
        let files = vec![
            File { plain: Some(b"png"), ..file("/icons/192.png", "image/png", false) },
            File {
                brotli: Some(b"page in br"),
                gzip: Some(packed("<!doctype html>")),
                ..file("/index.html", "text/html; charset=utf-8", false)
            },
            File {
                brotli: Some(b"script in br"),
                gzip: Some(packed(SCRIPT)),
                ..file("/main-ABCDEFGH.js", "text/javascript; charset=utf-8", true)
            },
            File {
                plain: Some(b"worker"),
                brotli: Some(b"worker in br"),
                ..file("/worker.js", "text/javascript; charset=utf-8", false)
            },
        ];
        Client { index: "/index.html", policy: "", files: files.leak() }
    }

    fn head(method: Method, path: &str, headers: &[(&'static str, &str)]) -> Parts {
        let mut request = http::Request::builder().method(method).uri(path);
        for (name, value) in headers {
            request = request.header(*name, *value);
        }
        request.body(()).unwrap().into_parts().0
    }

    fn get(path: &str, headers: &[(&'static str, &str)]) -> Result<Response, Failure> {
        answer(Some(&client()), &head(Method::GET, path, headers), POLICY)
    }

    fn body(response: &Response) -> &[u8] {
        match &response.body {
            Body::Bytes(bytes) => bytes,
            _ => b"",
        }
    }

    const BROWSER: (&str, &str) = ("accept", "text/html,application/xhtml+xml,*/*;q=0.8");

    #[test]
    fn a_file_with_a_hash_in_its_name_is_kept_for_ever_and_others_are_asked_for() {
        let script = get("/main-ABCDEFGH.js?v=1", &[]).unwrap();
        assert_eq!(script.headers["content-type"], "text/javascript; charset=utf-8");
        assert_eq!(script.headers["cache-control"], "public, max-age=31536000, immutable");
        assert_eq!(get("/index.html", &[]).unwrap().headers["cache-control"], "no-cache");
        let icon = get("/icons/192.png", &[("accept-encoding", "br")]).unwrap();
        assert_eq!(
            (body(&icon), &icon.headers["cache-control"]),
            (&b"png"[..], &http::HeaderValue::from_static("no-cache"))
        );
        assert!(!icon.headers.contains_key("content-encoding") && !icon.headers.contains_key("vary"));
        for name in ["content-security-policy", "permissions-policy", "cross-origin-opener-policy"] {
            assert!(script.headers.contains_key(name) && icon.headers.contains_key(name), "{name}");
        }
    }

    #[test]
    fn each_form_has_its_bytes_and_its_tag() {
        let mut tags = Vec::new();
        for (accepted, coding, bytes) in [
            ("gzip, deflate, br, zstd", Some("br"), &b"script in br"[..]),
            ("gzip", Some("gzip"), packed(SCRIPT)),
            ("identity", None, SCRIPT.as_bytes()),
        ] {
            let form = get("/main-ABCDEFGH.js", &[("accept-encoding", accepted)]).unwrap();
            assert_eq!(form.headers.get("content-encoding").map(|value| value.to_str().unwrap()), coding);
            assert_eq!((body(&form), form.headers["vary"].to_str().unwrap()), (bytes, "accept-encoding"), "{accepted}");
            let tag = form.headers["etag"].to_str().unwrap().to_owned();
            assert!(tag.starts_with('"'), "strong: {tag}");
            let known = [("accept-encoding", accepted), ("if-none-match", tag.as_str())];
            let again = get("/main-ABCDEFGH.js", &known).unwrap();
            assert_eq!((again.status, body(&again)), (StatusCode::NOT_MODIFIED, &b""[..]));
            assert_eq!(again.headers["etag"], tag);
            assert!(again.headers.contains_key("vary") && !again.headers.contains_key("content-encoding"));
            tags.push(tag);
        }
        tags.dedup();
        assert_eq!(tags.len(), 3);
        // An encoding that does not exist is skipped.
        for (accepted, bytes) in [("gzip", &b"worker"[..]), ("gzip, br;q=0.5", b"worker in br"), ("", b"worker")] {
            assert_eq!(body(&get("/worker.js", &[("accept-encoding", accepted)]).unwrap()), bytes, "{accepted}");
        }
    }

    #[test]
    fn a_browser_gets_the_page_where_the_client_may_know_the_path_and_no_one_else() {
        for path in ["/", "/timeline", "/entries/7/edit", "/reset-password/AZXX-_7"] {
            let page = get(path, &[BROWSER]).unwrap();
            assert_eq!((page.status, body(&page)), (StatusCode::OK, &b"<!doctype html>"[..]), "{path}");
            let varies = if path == "/" { "accept-encoding" } else { "accept, accept-encoding" };
            assert_eq!(page.headers["vary"], varies, "{path}");
        }
        let nothing = |path: &str, headers| get(path, headers).map(|_| ()).unwrap_err().kind;
        for path in ["/missing-ABCDEFGH.js", "/favicon.ico", "/icons/", "/INDEX.HTML", "/main-ABCDEFGH.js/x.js"] {
            assert_eq!(nothing(path, &[("accept", "*/*")]), Kind::NotFound, "{path}");
        }
        assert_eq!(nothing("/missing.js", &[BROWSER]), Kind::NotFound, "a file");
        assert_eq!(nothing("/timeline", &[("accept", "application/json")]), Kind::NotFound);
        assert_eq!(nothing("/timeline", &[]), Kind::NotFound);
    }

    #[test]
    fn nothing_takes_another_method_than_get_and_head() {
        let kind = |method, path| {
            let answer = answer(Some(&client()), &head(method, path, &[BROWSER]), POLICY);
            answer.map(|_| ()).map_err(|failure| failure.kind)
        };
        assert_eq!(kind(Method::HEAD, "/"), Ok(()));
        assert_eq!(kind(Method::POST, "/index.html"), Err(Kind::MethodNotAllowed("GET, HEAD")));
        assert_eq!(kind(Method::POST, "/timeline"), Err(Kind::NotFound));
    }
}
