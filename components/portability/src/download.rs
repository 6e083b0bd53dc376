//! An export out: whole, or from any byte on, so that a download that broke off goes on.

use crate::ranges::{Piece, pieces};
use crate::{files, store};
use futures::StreamExt;
use futures::stream;
use http::{HeaderMap, Method, StatusCode, request::Parts};
use mindflow_guest::blob::{Download, Range};
use mindflow_guest::web::conditional::{self, Validators};
use mindflow_guest::web::failure::{Failure, Kind};
use mindflow_guest::web::{Response, header};
use std::collections::VecDeque;
use uuid::Uuid;

/// What of a file is answered.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Plan {
    NotModified,
    Whole,
    Part { start: u64, end: u64 },
    Beyond,
}

/// `user_id`: of a caller with a token; a link is for one export of any user.
pub async fn give(head: &Parts, job: Uuid, user_id: Option<Uuid>, correlation_id: &str) -> Result<Response, Failure> {
    let found = store::ready_export(job, user_id).await?;
    let export = found.ok_or_else(|| Failure::new(Kind::NotFound, "There is no such export."))?;
    let validators = Validators { etag: format!("\"{job}\""), modified_us: Some(export.completed_at_us) };
    let bytes = export.parts.iter().map(|(_, bytes)| bytes).sum();
    let described = |status| {
        Response::new(status)
            .header("etag", &validators.etag)
            .header("last-modified", validators.modified_us.and_then(conditional::http_date).unwrap_or_default())
            .header("cache-control", "private, no-cache")
            .header("accept-ranges", "bytes")
    };
    let (status, start, end) = match plan(&head.method, &head.headers, &validators, bytes) {
        Plan::NotModified => return Ok(described(StatusCode::NOT_MODIFIED)),
        Plan::Beyond => {
            let text = format!("The export has {bytes} bytes, and none of them in this range.");
            return Err(Failure::new(Kind::RangeNotSatisfiable(bytes), text));
        }
        Plan::Whole => (StatusCode::OK, 0, bytes),
        Plan::Part { start, end } => (StatusCode::PARTIAL_CONTENT, start, end),
    };
    let mut response = described(status)
        .header("content-type", export.content_type)
        .header("content-length", (end - start).to_string())
        .header("content-disposition", format!("attachment; filename=\"{}\"", export.file_name));
    if status == StatusCode::PARTIAL_CONTENT {
        response = response.header("content-range", format!("bytes {start}-{}/{bytes}", end - 1));
    }
    if head.method == Method::HEAD {
        return Ok(response);
    }
    let left = pieces(&export.parts, start, end).into();
    let sending = Sending { job, left, open: None, correlation_id: correlation_id.to_owned() };
    Ok(response.stream(stream::unfold(sending, Sending::next).boxed_local()))
}

/// What is still to be sent.
struct Sending {
    job: Uuid,
    left: VecDeque<Piece>,
    open: Option<Download>,
    correlation_id: String,
}

impl Sending {
    /// A store that breaks off ends the body before its length, which the client notices.
    async fn next(mut self) -> Option<(Vec<u8>, Self)> {
        loop {
            if let Some(download) = &self.open {
                match download.next().await {
                    Ok(Some(piece)) => return Some((piece, self)),
                    Ok(None) => self.open = None,
                    Err(error) => return self.broke_off(&error),
                }
            }
            let piece = self.left.pop_front()?;
            let range = Some(Range { start: piece.start, end: piece.end });
            match files::get_part(self.job, piece.part, range).await {
                Ok(download) => self.open = Some(download),
                Err(error) => return self.broke_off(&error),
            }
        }
    }

    fn broke_off(&self, error: &dyn std::fmt::Debug) -> Option<(Vec<u8>, Self)> {
        eprintln!("warn correlation_id={} an export broke off: {error:?}", self.correlation_id);
        None
    }
}

/// By RFC 9110 §13.2.2 and §14.2. What is no range, or several, is answered by the whole.
fn plan(method: &Method, headers: &HeaderMap, current: &Validators, bytes: u64) -> Plan {
    if conditional::not_modified(headers, current) {
        return Plan::NotModified;
    }
    let asked =
        header(headers, "range").filter(|_| *method == Method::GET && conditional::range_fits(headers, current));
    let Some(Ok(ranges)) = asked.map(http_range_header::parse_range_header) else { return Plan::Whole };
    match ranges.validate(bytes).as_deref() {
        Ok([range]) => Plan::Part { start: *range.start(), end: range.end() + 1 },
        Ok(_) => Plan::Whole,
        Err(_) => Plan::Beyond,
    }
}
