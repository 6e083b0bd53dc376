//! How much a user may upload in a time: files, and bytes.

use crate::caller::Caller;
use crate::kind::FILE_BYTES_MAX;
use http::HeaderMap;
use mindflow_guest::call::{Error, ReachedLimit};
use mindflow_guest::rate_limits::{self, Holder};
use mindflow_guest::web::header;

/// The limits in the manifest.
const FILES: &str = "uploads";
const BYTES: &str = "upload-bytes";

/// Takes one upload from the caller's part, before its body is read. Answers what is left.
///
/// # Errors
/// `rate-limited`
pub async fn take(headers: &HeaderMap, caller: &Caller) -> Result<ReachedLimit, Error> {
    let holder = || Holder::Named(caller.user_id.to_string());
    let files = rate_limits::take(FILES, holder(), 1).await?;
    rate_limits::take(BYTES, holder(), announced(headers)).await?;
    Ok(files)
}

/// What the body has at most: as its client says, or else as much as is taken.
pub fn announced(headers: &HeaderMap) -> u64 {
    let length = header(headers, "content-length").and_then(|length| length.parse().ok());
    length.unwrap_or(FILE_BYTES_MAX)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_body_without_a_length_counts_as_the_largest() {
        let of = |headers: &[(&'static str, &'static str)]| {
            announced(&headers.iter().map(|(name, value)| (name.parse().unwrap(), value.parse().unwrap())).collect())
        };
        assert_eq!(of(&[("content-length", "17")]), 17);
        assert_eq!(of(&[("transfer-encoding", "chunked")]), 10 << 20);
    }
}
