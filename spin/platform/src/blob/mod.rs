//! The capability `blob` on S3, by outbound HTTP. Variables: `blob_NAME_url` (see `container`), `blob_access_key_id`,
//! `blob_secret_access_key`. The host and Spin may have the same bucket.
//!
//! A file goes in parts of 5 MiB, the least that S3 takes, so an upload holds one part and never a file. One that fits into its
//! first part is sent immediately. A file is there when `finish` has answered; until then S3 keeps the parts to itself, and they are
//! removed when the upload fails or is dropped. An instance that ends before that leaves them: a lifecycle rule of the bucket
//! (AbortIncompleteMultipartUpload) removes these.

mod answer;
mod container;
mod download;
mod upload;

use std::time::Duration;

use bytes::Bytes;
use http::{Method, Request, header};
use mindflow_platform::blob::{LIST_MAX, check_key, empty_range};
use mindflow_platform::broken_rule::BrokenRule;
use mindflow_spin_guest::variables;
use url::Url;

use self::answer::{ANSWER_BYTES_MAX, accepted, info, listed, refused, unavailable};
use self::container::Container;
use self::download::Reading;
use self::upload::Writing;
use crate::bindings::exports::mindflow::platform::blob::{Download, Error, Guest, Info, Range, Upload};
use crate::{Platform, clock, grants};
use mindflow_spin_guest::http::{Answer, exchange, send};

/// Of a request and its answer, but for the contents of a file that is read. A part of 5 MiB takes a second and a half at
/// 30 Mbit/s.
const TIMEOUT: Duration = Duration::from_secs(30);

impl Guest for Platform {
    type Upload = Writing;
    type Download = Reading;

    async fn put(container: String, key: String, bytes_max: u64) -> Result<Upload, Error> {
        let container = granted(&container).await?;
        check_key(&key)?;
        Ok(Upload::new(Writing::new(container, key, bytes_max)))
    }

    async fn get(container: String, key: String, range: Option<Range>) -> Result<(Info, Download), Error> {
        let container = granted(&container).await?;
        check_key(&key)?;
        let mut request = request(Method::GET, &container.get(&key, clock::now_us()), Bytes::new())?;
        let asked_for_part = range.is_some();
        if let Some(range) = range {
            let value = range_header(range).ok_or_else(empty_range)?;
            let value = value.try_into().map_err(|_| Error::from(empty_range()))?;
            request.headers_mut().insert(header::RANGE, value);
        }
        let (parts, body) = send(request, TIMEOUT).await?.into_parts();
        if !parts.status.is_success() {
            return Err(refused(parts.status, &[]));
        }
        if asked_for_part && parts.status != http::StatusCode::PARTIAL_CONTENT {
            return Err(unavailable("the store knows no ranges".to_owned()));
        }
        let info = info(&key, &parts.headers)?;
        Ok((info, Download::new(Reading::new(body))))
    }

    async fn head(container: String, key: String) -> Result<Info, Error> {
        let container = granted(&container).await?;
        check_key(&key)?;
        let request = request(Method::HEAD, &container.head(&key, clock::now_us()), Bytes::new())?;
        let answer = send(request, TIMEOUT).await?;
        if !answer.status().is_success() {
            return Err(refused(answer.status(), &[]));
        }
        info(&key, answer.headers())
    }

    async fn delete(container: String, keys: Vec<String>) -> Result<(), Error> {
        let container = granted(&container).await?;
        keys.iter().try_for_each(|key| check_key(key))?;
        for key in &keys {
            match asked(Method::DELETE, &container.delete(key, clock::now_us()), Bytes::new()).await {
                Ok(_) | Err(Error::NotFound) => {}
                Err(error) => return Err(error),
            }
        }
        Ok(())
    }

    async fn list(container: String, folder: String, after: Option<String>, limit: u32) -> Result<Vec<Info>, Error> {
        let container = granted(&container).await?;
        if !folder.is_empty() {
            check_key(&folder)?;
        }
        after.iter().try_for_each(|after| check_key(after))?;
        let limit = usize::try_from(limit).unwrap_or(LIST_MAX).min(LIST_MAX);
        if limit == 0 {
            return Ok(Vec::new());
        }
        let url = container.list(&folder, after.as_deref(), limit, clock::now_us());
        listed(&container, &asked(Method::GET, &url, Bytes::new()).await?.body)
    }
}

/// The container, if the service may use it.
async fn granted(name: &str) -> Result<Container, Error> {
    grants::service().container(name).map_err(Error::AccessDenied)?;
    let read = async |variable: &str| variables::get(variable).await.map_err(unavailable);
    let variable = format!("blob_{}_url", name.replace('-', "_"));
    let Some(url) = read(&variable).await? else {
        return Err(unavailable(format!("the variable `{variable}` is not set; write such as s3://BUCKET/FOLDER")));
    };
    let (id, secret) = (read("blob_access_key_id").await?, read("blob_secret_access_key").await?);
    Container::read(name, &url, id, secret).map_err(unavailable)
}

/// One whole request, unless the store refuses it.
async fn asked(method: Method, url: &Url, body: Bytes) -> Result<Answer, Error> {
    accepted(exchange(request(method, url, body)?, TIMEOUT, ANSWER_BYTES_MAX).await?)
}

fn request(method: Method, url: &Url, body: Bytes) -> Result<Request<Bytes>, Error> {
    let request = Request::builder().method(method).uri(url.as_str()).body(body);
    request.map_err(|_| unavailable("the store's address cannot be asked".to_owned()))
}

/// As RFC 9110 §14.2 counts: to the last byte, not the one behind it.
fn range_header(Range { start, end }: Range) -> Option<String> {
    let last = end.checked_sub(1).filter(|last| *last >= start)?;
    Some(format!("bytes={start}-{last}"))
}

impl From<BrokenRule> for Error {
    fn from(rule: BrokenRule) -> Self {
        Self::Invalid(rule.to_string())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_range_ends_before_its_end() {
        assert_eq!(range_header(Range { start: 0, end: 1 }).unwrap(), "bytes=0-0");
        assert_eq!(range_header(Range { start: 5, end: u64::MAX }).unwrap(), "bytes=5-18446744073709551614");
        for empty in [Range { start: 0, end: 0 }, Range { start: 5, end: 5 }, Range { start: 6, end: 5 }] {
            assert!(range_header(empty).is_none());
        }
    }
}
