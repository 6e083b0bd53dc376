//! What a store answers, in the terms of the capability.

use http::{HeaderMap, StatusCode, header};
use jiff::Timestamp;
use mindflow_platform::blob::empty_range;
use rusty_s3::actions::{CompleteMultipartUploadResponse, CreateMultipartUpload, ListObjectsV2};

use super::container::Container;
use crate::bindings::exports::mindflow::platform::blob::{Error, Info};
use mindflow_spin_guest::http::{Answer, Failure};

/// Of an answer without a file: 1,000 keys of 512 bytes, with what XML says of each.
pub const ANSWER_BYTES_MAX: usize = 4 << 20;
/// How much of a refusal is reported.
const REASON_CHARS_MAX: usize = 120;

/// A whole answer, unless it is a refusal.
pub fn accepted(answer: Answer) -> Result<Answer, Error> {
    if answer.status.is_success() { Ok(answer) } else { Err(refused(answer.status, &answer.body)) }
}

/// What a refusal means.
pub fn refused(status: StatusCode, body: &[u8]) -> Error {
    match status {
        StatusCode::NOT_FOUND => Error::NotFound,
        StatusCode::RANGE_NOT_SATISFIABLE => Error::Invalid(empty_range().to_string()),
        _ => unavailable(format!("the store answers {} {}", status.as_u16(), code(body))),
    }
}

/// S3's word for what is wrong, such as `AccessDenied`.
fn code(body: &[u8]) -> String {
    let text = String::from_utf8_lossy(body);
    let code = text.split_once("<Code>").and_then(|(_, rest)| rest.split_once("</Code>")).map(|(code, _)| code);
    code.unwrap_or_default().chars().take(REASON_CHARS_MAX).collect()
}

/// Size and time of a file by its headers; of a part of it, the size of the whole.
pub fn info(key: &str, headers: &HeaderMap) -> Result<Info, Error> {
    let text = |name: header::HeaderName| headers.get(name).and_then(|value| value.to_str().ok());
    let whole = text(header::CONTENT_RANGE).and_then(|range| range.rsplit('/').next());
    let bytes = whole.or_else(|| text(header::CONTENT_LENGTH)).and_then(|bytes| bytes.parse().ok());
    let modified = text(header::LAST_MODIFIED).and_then(|date| jiff::fmt::rfc2822::parse(date).ok());
    match (bytes, modified) {
        (Some(bytes), Some(modified)) => {
            Ok(Info { key: key.to_owned(), bytes, modified_us: modified.timestamp().as_microsecond() })
        }
        _ => Err(unavailable("the store's answer lacks the file's size or time".to_owned())),
    }
}

/// The files of a listing.
pub fn listed(container: &Container, body: &[u8]) -> Result<Vec<Info>, Error> {
    let found = ListObjectsV2::parse_response(&text(body)?).map_err(|error| unreadable(&error))?;
    let info = |object: rusty_s3::actions::list_objects_v2::ListObjectsContent| {
        let modified: Timestamp = object.last_modified?.parse().ok()?;
        let key = container.key(&object.key)?.to_owned();
        Some(Info { key, bytes: object.size?, modified_us: modified.as_microsecond() })
    };
    Ok(found.contents.into_iter().filter_map(info).collect())
}

/// The id of an upload in parts.
pub fn begun(body: &[u8]) -> Result<String, Error> {
    let begun = CreateMultipartUpload::parse_response(&text(body)?).map_err(|error| unreadable(&error))?;
    Ok(begun.upload_id().to_owned())
}

/// The store may say after a success that the upload failed all the same.
pub fn completed(body: &[u8]) -> Result<(), Error> {
    match CompleteMultipartUploadResponse::parse(&text(body)?) {
        Ok(_) => Ok(()),
        Err(_) => Err(unavailable(format!("the store did not put the file together: {}", code(body)))),
    }
}

/// What the store calls a part.
pub fn etag(headers: &HeaderMap) -> Result<String, Error> {
    let etag = headers.get(header::ETAG).and_then(|value| value.to_str().ok());
    etag.map(str::to_owned).ok_or_else(|| unavailable("the store's answer lacks the part's tag".to_owned()))
}

pub fn unavailable(reason: String) -> Error {
    Error::Unavailable(format!("files cannot be reached now: {reason}"))
}

fn text(body: &[u8]) -> Result<String, Error> {
    String::from_utf8(body.to_vec()).map_err(|error| unreadable(&error))
}

fn unreadable(error: &impl ToString) -> Error {
    unavailable(format!("the store's answer makes no sense: {}", error.to_string()))
}

impl From<Failure> for Error {
    fn from(failure: Failure) -> Self {
        unavailable(failure.to_string())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn headers(all: &[(&'static str, &'static str)]) -> HeaderMap {
        all.iter().map(|(name, value)| (name.parse().unwrap(), value.parse().unwrap())).collect()
    }

    #[test]
    fn the_head_of_a_part_gives_the_size_of_the_whole() {
        let modified = ("last-modified", "Fri, 24 May 2013 00:00:00 GMT");
        let expected = Info { key: "a".into(), bytes: 500, modified_us: 1_369_353_600_000_000 };
        assert_eq!(info("a", &headers(&[modified, ("content-length", "500")])), Ok(expected.clone()));
        let part = [modified, ("content-length", "10"), ("content-range", "bytes 0-9/500")];
        assert_eq!(info("a", &headers(&part)), Ok(expected));
        assert!(matches!(info("a", &headers(&[modified])), Err(Error::Unavailable(_))));
    }

    #[test]
    fn a_refusal_carries_the_stores_error_code() {
        assert_eq!(refused(StatusCode::NOT_FOUND, b""), Error::NotFound);
        assert!(
            matches!(refused(StatusCode::RANGE_NOT_SATISFIABLE, b""), Error::Invalid(rule) if rule.starts_with("range: "))
        );
        let body = b"<?xml?><Error><Code>AccessDenied</Code><Message>m</Message></Error>";
        let expected = "files cannot be reached now: the store answers 403 AccessDenied";
        assert_eq!(refused(StatusCode::FORBIDDEN, body), Error::Unavailable(expected.into()));
    }

    #[test]
    fn a_listing_is_read_and_what_is_not_the_containers_is_left_out() {
        let container =
            Container::read("media", "s3://b/up", Some("id".into()), Some("hush".into())).unwrap_or_else(|_| panic!());
        let body = r#"<?xml version="1.0" encoding="UTF-8"?>
            <ListBucketResult xmlns="http://s3.amazonaws.com/doc/2006-03-01/">
              <Name>b</Name><Prefix>up/</Prefix><KeyCount>2</KeyCount><MaxKeys>10</MaxKeys><IsTruncated>false</IsTruncated>
              <Contents><Key>up/a/b.txt</Key><LastModified>2013-05-24T00:00:00.500Z</LastModified><ETag>"x"</ETag>
                <Size>7</Size><StorageClass>STANDARD</StorageClass></Contents>
              <Contents><Key>other</Key><LastModified>2013-05-24T00:00:00.000Z</LastModified><ETag>"x"</ETag>
                <Size>7</Size></Contents>
            </ListBucketResult>"#;
        let found = vec![Info { key: "a/b.txt".into(), bytes: 7, modified_us: 1_369_353_600_500_000 }];
        assert_eq!(listed(&container, body.as_bytes()), Ok(found));
    }

    #[test]
    fn a_success_that_holds_an_error_is_none() {
        let done = r#"<CompleteMultipartUploadResult xmlns="http://s3.amazonaws.com/doc/2006-03-01/"><ETag>"x"</ETag></CompleteMultipartUploadResult>"#;
        assert_eq!(completed(done.as_bytes()), Ok(()));
        let failed = completed(b"<Error><Code>InternalError</Code></Error>");
        assert!(matches!(failed, Err(Error::Unavailable(reason)) if reason.ends_with("InternalError")));
    }

    #[test]
    fn an_upload_in_parts_has_an_id() {
        let body = r#"<InitiateMultipartUploadResult xmlns="http://s3.amazonaws.com/doc/2006-03-01/"><Bucket>b</Bucket><Key>a</Key><UploadId>7</UploadId></InitiateMultipartUploadResult>"#;
        assert_eq!(begun(body.as_bytes()), Ok("7".to_owned()));
    }
}
