//! What every back end that is asked over HTTP needs: a client that follows no redirects, an answer with a bound,
//! and the text of a failure without the address, which may hold a credential.

use crate::error::chain;
use reqwest::{Client, ClientBuilder, Response, redirect::Policy};
use std::time::Duration;

const CONNECT_TIMEOUT: Duration = Duration::from_secs(5);

/// A client whose requests take at most `timeout` each, the answer included.
pub(crate) fn builder(timeout: Duration) -> ClientBuilder {
    Client::builder().connect_timeout(CONNECT_TIMEOUT).timeout(timeout).redirect(Policy::none())
}

/// The whole body; none when it has more than `bytes_max`.
pub(crate) async fn body(response: &mut Response, bytes_max: usize) -> Result<Option<Vec<u8>>, reqwest::Error> {
    let mut bytes = Vec::new();
    while let Some(chunk) = response.chunk().await? {
        bytes.extend_from_slice(&chunk);
        if bytes.len() > bytes_max {
            return Ok(None);
        }
    }
    Ok(Some(bytes))
}

/// A failure with its causes.
pub(crate) fn describe(error: reqwest::Error) -> String {
    chain(&error.without_url())
}
