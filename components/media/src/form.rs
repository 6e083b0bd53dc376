//! `multipart/form-data` (RFC 7578) as a stream: at most a piece and a boundary are in memory.

use bytes::Bytes;
use futures::Stream;
use http::HeaderMap;
use mindflow_guest::failure::field;
use mindflow_guest::rules::Rule;
use mindflow_guest::web::failure::{Failure, Kind};
use mindflow_guest::web::header;
use multer::{Constraints, Multipart};
use std::convert::Infallible;
use std::pin::Pin;
use std::task::{Context, Poll};

/// The field that the file comes in.
pub const FIELD: &str = "file";

/// # Errors
/// 415 for another kind of body, 400 for one without a boundary.
pub fn boundary(headers: &HeaderMap) -> Result<String, Failure> {
    multer::parse_boundary(header(headers, "content-type").unwrap_or_default()).map_err(|error| match error {
        multer::Error::NoBoundary => Failure::new(Kind::Malformed, "The `Content-Type` names no boundary."),
        _ => Failure::new(
            Kind::UnsupportedMediaType,
            format!("The body must be multipart/form-data with a field `{FIELD}`."),
        ),
    })
}

/// The form that `pieces` make up.
pub fn read<'a>(pieces: impl Stream<Item = Bytes> + Send + 'a, boundary: String) -> Multipart<'a> {
    Multipart::with_constraints(Paced { pieces: Box::pin(pieces), rests: false }, boundary, Constraints::new())
}

/// What is wrong with a form.
pub fn refused(error: &multer::Error) -> Failure {
    let text = match error {
        multer::Error::IncompleteFieldData { .. }
        | multer::Error::IncompleteHeaders
        | multer::Error::IncompleteStream => "The request body broke off before its end.".to_owned(),
        other => format!("The form cannot be read: {other}."),
    };
    Failure::new(Kind::Malformed, text)
}

/// A rule that the field broke.
pub fn invalid(rule: Rule, message: impl Into<String>) -> Failure {
    Failure::invalid(vec![field(FIELD, rule, message)])
}

/// Yields after each piece. The parser reads everything that is available, which for a fast body would be all of it.
struct Paced<S> {
    pieces: Pin<Box<S>>,
    rests: bool,
}

impl<S: Stream<Item = Bytes>> Stream for Paced<S> {
    type Item = Result<Bytes, Infallible>;

    fn poll_next(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Option<Self::Item>> {
        if std::mem::take(&mut self.rests) {
            cx.waker().wake_by_ref();
            return Poll::Pending;
        }
        let piece = self.pieces.as_mut().poll_next(cx);
        self.rests = matches!(piece, Poll::Ready(Some(_)));
        piece.map(|piece| piece.map(Ok))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use futures::executor::block_on;
    use futures::stream;
    use std::sync::Arc;
    use std::sync::atomic::{AtomicUsize, Ordering};

    fn headers(content_type: &str) -> HeaderMap {
        HeaderMap::from_iter([(http::header::CONTENT_TYPE, content_type.parse().unwrap())])
    }

    #[test]
    fn a_boundary_is_needed_and_nothing_but_a_form_is_taken() {
        assert_eq!(boundary(&headers("multipart/form-data; boundary=x-1")).unwrap(), "x-1");
        assert_eq!(boundary(&headers("multipart/form-data")).unwrap_err().kind, Kind::Malformed);
        for other in ["application/json", "image/jpeg", "text/plain", ""] {
            assert_eq!(boundary(&headers(other)).unwrap_err().kind, Kind::UnsupportedMediaType, "{other}");
        }
        assert_eq!(boundary(&HeaderMap::new()).unwrap_err().kind, Kind::UnsupportedMediaType);
    }

    #[test]
    fn a_file_is_read_a_piece_at_a_time_however_fast_it_comes() {
        let given = Arc::new(AtomicUsize::new(0));
        let count = Arc::clone(&given);
        let head = "--b\r\nContent-Disposition: form-data; name=\"file\"; filename=\"a.jpg\"\r\n\r\n";
        let mut pieces = vec![Bytes::from(head)];
        pieces.extend((0..100).map(|_| Bytes::from(vec![b'x'; 1_000])));
        pieces.push(Bytes::from("\r\n--b--\r\n"));
        let pieces = stream::iter(pieces).inspect(move |_| {
            count.fetch_add(1, Ordering::Relaxed);
        });
        block_on(async {
            let mut form = read(pieces, "b".to_owned());
            let mut file = form.next_field().await.unwrap().unwrap();
            assert_eq!((file.name(), file.file_name()), (Some("file"), Some("a.jpg")));
            let mut bytes = 0;
            while let Some(piece) = file.chunk().await.unwrap() {
                bytes += piece.len();
                let ahead = given.load(Ordering::Relaxed) * 1_000 - bytes;
                assert!(ahead <= 4_000, "{ahead} bytes are held");
            }
            assert_eq!(bytes, 100_000);
            drop(file);
            assert!(form.next_field().await.unwrap().is_none());
        });
    }

    #[test]
    fn a_form_that_breaks_off_says_so() {
        let broken =
            stream::iter([Bytes::from("--b\r\nContent-Disposition: form-data; name=\"file\"\r\n\r\nhalf a f")]);
        block_on(async {
            let mut form = read(broken, "b".to_owned());
            let mut file = form.next_field().await.unwrap().unwrap();
            let error = loop {
                match file.chunk().await {
                    Ok(piece) => assert!(piece.is_some()),
                    Err(error) => break error,
                }
            };
            let failure = refused(&error);
            assert_eq!(failure.kind, Kind::Malformed);
            assert_eq!(failure.public_text(), "The request body broke off before its end.");
        });
    }

    use futures::StreamExt;
}
