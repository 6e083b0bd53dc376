//! One POST that carries a user's text outside. The host writes it into the user's ledger before it sends it, and sends nothing that it
//! cannot write. Redirects are not followed.

use crate::{
    disclosure::Subject,
    disclosure_sender::{self, Request},
};
use http::{HeaderMap, Uri, header};

pub use crate::disclosure_sender::Error;

/// What is sent.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Post<'a> {
    pub uri: &'a Uri,
    pub headers: HeaderMap,
    pub body: Vec<u8>,
    /// The model that reads it, if one does.
    pub model: Option<&'a str>,
    /// From the start to the last byte of the answer.
    pub timeout_ms: u32,
    pub answer_bytes_max: u32,
}

/// What came back.
#[derive(Debug, Clone, PartialEq)]
pub struct Reply {
    pub status: u16,
    /// The header's text.
    pub retry_after: Option<String>,
    /// The status and the headers may be enough where this is not.
    pub body: Result<Vec<u8>, Error>,
}

/// Sends it, with its subject for the ledger.
///
/// # Errors
/// There is no reply; the error says whether anything was sent.
pub async fn post(subject: Subject, post: Post<'_>) -> Result<Reply, Error> {
    let Post { uri, headers, body, model, timeout_ms, answer_bytes_max } = post;
    let header =
        |(name, value): (&header::HeaderName, &header::HeaderValue)| (name.to_string(), value.as_bytes().to_vec());
    let request = Request {
        url: uri.to_string(),
        headers: headers.iter().map(header).collect(),
        body,
        model: model.map(str::to_owned),
        timeout_ms,
        answer_bytes_max,
    };
    let answer = disclosure_sender::post(subject, request).await?;
    let retry_after =
        answer.headers.into_iter().find(|(name, _)| name.eq_ignore_ascii_case(header::RETRY_AFTER.as_str()));
    let retry_after = retry_after.and_then(|(_, value)| String::from_utf8(value).ok());
    Ok(Reply { status: answer.status, retry_after, body: answer.body })
}
