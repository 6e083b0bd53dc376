//! A file out: whole, a range of it, or the news that the client has it already.

use crate::caller::{Caller, Reader};
use crate::route::Rendition;
use crate::store::{self, Stored};
use crate::view::Addresses;
use crate::{file_name, files, settings};
use futures::StreamExt;
use futures::stream;
use http::{HeaderMap, Method, StatusCode, request::Parts};
use mindflow_guest::blob::{Download, Range};
use mindflow_guest::web::conditional::{self, Validators};
use mindflow_guest::web::failure::{Failure, Kind};
use mindflow_guest::web::{Response, header};
use uuid::Uuid;

/// A file never changes: another one has another address.
const CACHE_MAX_AGE_S: i64 = 31_536_000;

/// What of a file is answered.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Plan {
    NotModified,
    Whole,
    /// From the byte at `start` to the one before `end`.
    Part {
        start: u64,
        end: u64,
    },
    Beyond,
}

pub async fn give(
    head: &Parts,
    id: Uuid,
    rendition: Rendition,
    reader: &Reader,
    correlation_id: &str,
) -> Result<Response, Failure> {
    let cached = cache_control(reader, !settings::load().await.cdn_url.is_empty());
    let stored = store::find(reader, id, rendition).await?;
    let stored = stored.ok_or_else(|| Failure::new(Kind::NotFound, "There is no such file."))?;
    let (status, length, range) = match plan(&head.method, &head.headers, &stored) {
        Plan::NotModified => return Ok(described(StatusCode::NOT_MODIFIED, &stored, &cached)),
        Plan::Beyond => {
            let text = format!("The file has {} bytes, and none of them in this range.", stored.bytes);
            return Err(Failure::new(Kind::RangeNotSatisfiable(stored.bytes), text));
        }
        Plan::Whole => (StatusCode::OK, stored.bytes, None),
        Plan::Part { start, end } => (StatusCode::PARTIAL_CONTENT, end - start, Some(Range { start, end })),
    };
    let mut response = described(status, &stored, &cached)
        .header("content-type", &stored.content_type)
        .header("content-length", length.to_string());
    if rendition == Rendition::Original {
        response = response.header("content-disposition", file_name::disposition(&stored.file_name));
    }
    if let Some(Range { start, end }) = range {
        response = response.header("content-range", format!("bytes {start}-{}/{}", end - 1, stored.bytes));
    }
    if head.method == Method::HEAD {
        return Ok(response);
    }
    let (_, download) = files::get(id, rendition, range).await?;
    let correlation_id = correlation_id.to_owned();
    let pieces = stream::unfold(download, move |download| next(download, correlation_id.clone()));
    Ok(response.stream(pieces.boxed_local()))
}

/// Where the file can be read now without a token, for its owner. Texts can have this address: it is the same for good.
pub async fn redirect(id: Uuid, caller: Caller) -> Result<Response, Failure> {
    let reader = Reader::Caller(caller);
    let stored = store::find(&reader, id, Rendition::Original).await?;
    stored.ok_or_else(|| Failure::new(Kind::NotFound, "There is no such file."))?;
    let address = Addresses::now().await?.original(id);
    Ok(Response::new(StatusCode::TEMPORARY_REDIRECT).header("location", address).header("cache-control", "no-store"))
}

/// A store that breaks off ends the body before its length, which the client notices.
async fn next(download: Download, correlation_id: String) -> Option<(Vec<u8>, Download)> {
    match download.next().await {
        Ok(piece) => piece.map(|piece| (piece, download)),
        Err(error) => {
            eprintln!("warn correlation_id={correlation_id} a file broke off: {error:?}");
            None
        }
    }
}

/// With what every answer about the file says.
fn described(status: StatusCode, stored: &Stored, cached: &str) -> Response {
    let Validators { etag, modified_us } = validators(stored);
    Response::new(status)
        .header("etag", etag)
        .header("last-modified", modified_us.and_then(conditional::http_date).unwrap_or_default())
        .header("cache-control", cached)
        .header("accept-ranges", "bytes")
}

/// In the client's own cache alone, as it is the user's; but a CDN is there to keep what a link opens, while it does.
fn cache_control(reader: &Reader, cdn: bool) -> String {
    match reader {
        Reader::Link { left_s } if cdn => format!("public, max-age={left_s}, immutable"),
        _ => format!("private, max-age={CACHE_MAX_AGE_S}, immutable"),
    }
}

fn validators(stored: &Stored) -> Validators {
    Validators { etag: format!("\"{}\"", stored.sha256), modified_us: Some(stored.created_at_us) }
}

/// By RFC 9110 §13.2.2 and §14.2. What is no range, or several, is answered by the whole.
fn plan(method: &Method, headers: &HeaderMap, stored: &Stored) -> Plan {
    let current = validators(stored);
    if conditional::not_modified(headers, &current) {
        return Plan::NotModified;
    }
    let asked =
        header(headers, "range").filter(|_| *method == Method::GET && conditional::range_fits(headers, &current));
    let Some(Ok(ranges)) = asked.map(http_range_header::parse_range_header) else { return Plan::Whole };
    match ranges.validate(stored.bytes).as_deref() {
        Ok([range]) => Plan::Part { start: *range.start(), end: range.end() + 1 },
        Ok(_) => Plan::Whole,
        Err(_) => Plan::Beyond,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn stored() -> Stored {
        Stored {
            file_name: "a.jpg".into(),
            created_at_us: 784_111_777_500_000,
            content_type: "image/jpeg".into(),
            bytes: 1_000,
            sha256: "abc".into(),
        }
    }

    fn planned(method: &Method, pairs: &[(&'static str, &str)]) -> Plan {
        let headers =
            pairs.iter().map(|(name, value)| (http::HeaderName::from_static(name), value.parse().unwrap())).collect();
        plan(method, &headers, &stored())
    }

    #[test]
    fn a_range_is_a_part_and_reaches_no_further_than_the_file() {
        for (range, plan) in [
            ("bytes=0-99", Plan::Part { start: 0, end: 100 }),
            ("bytes=990-5000", Plan::Part { start: 990, end: 1_000 }),
            ("bytes=500-", Plan::Part { start: 500, end: 1_000 }),
            ("bytes=-10", Plan::Part { start: 990, end: 1_000 }),
            ("bytes=1000-", Plan::Beyond),
            ("bytes=0-1,5-6", Plan::Whole),
            ("bytes=9-1", Plan::Whole),
            ("pages=1-2", Plan::Whole),
        ] {
            assert_eq!(planned(&Method::GET, &[("range", range)]), plan, "{range}");
        }
        assert_eq!(planned(&Method::HEAD, &[("range", "bytes=0-99")]), Plan::Whole);
    }

    #[test]
    fn a_client_that_has_the_file_gets_not_modified() {
        assert_eq!(planned(&Method::GET, &[("if-none-match", "\"abc\"")]), Plan::NotModified);
        assert_eq!(planned(&Method::GET, &[("if-none-match", "\"abc\""), ("range", "bytes=0-1")]), Plan::NotModified);
        assert_eq!(planned(&Method::GET, &[("if-none-match", "\"other\"")]), Plan::Whole);
    }

    #[test]
    fn a_range_of_another_state_is_answered_by_the_whole() {
        let range = ("range", "bytes=0-1");
        assert_eq!(planned(&Method::GET, &[range, ("if-range", "\"abc\"")]), Plan::Part { start: 0, end: 2 });
        assert_eq!(planned(&Method::GET, &[range, ("if-range", "\"other\"")]), Plan::Whole);
    }

    #[test]
    fn only_a_cdn_may_keep_a_file_and_only_while_its_link_is_good() {
        let link = Reader::Link { left_s: 43_210 };
        assert_eq!(cache_control(&link, true), "public, max-age=43210, immutable");
        assert_eq!(cache_control(&link, false), "private, max-age=31536000, immutable");
    }

    #[test]
    fn what_every_answer_says_is_there_for_good() {
        let headers = described(StatusCode::OK, &stored(), "private").headers;
        assert_eq!(headers["etag"], "\"abc\"");
        assert_eq!(headers["cache-control"], "private");
        assert_eq!(headers["accept-ranges"], "bytes");
        assert_eq!(headers["last-modified"], "Sun, 06 Nov 1994 08:49:37 GMT");
    }
}
