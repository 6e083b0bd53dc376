//! A client of OpenAI's `POST /v1/embeddings`, which most services and servers of models have as well.

use super::{Embeddings, Error, HttpConfig, OpenError, check};
use crate::{http_client, secret::Secret};
use async_trait::async_trait;
use reqwest::{Client, StatusCode, Url};
use serde::{Deserialize, Serialize};
use std::{path::Path, time::Duration};

/// Of the whole request. A long text takes the local model two seconds, and others may wait before it.
const TIMEOUT: Duration = Duration::from_secs(20);
/// Of an answer: 16 vectors of 4,096 numbers of some 22 digits.
const ANSWER_BYTES_MAX: usize = 4 << 20;
/// How much of a refusal is reported.
const REASON_CHARS_MAX: usize = 300;

pub(super) struct Api {
    client: Client,
    url: Url,
    model: String,
    key: Option<Secret>,
}

#[derive(Serialize)]
struct Asked<'a> {
    model: &'a str,
    input: &'a [String],
    encoding_format: &'a str,
}

#[derive(Deserialize)]
struct Answer {
    data: Vec<Embedding>,
}

#[derive(Deserialize)]
struct Embedding {
    index: usize,
    embedding: Vec<f32>,
}

impl Api {
    pub fn open(config: &HttpConfig) -> Result<Self, OpenError> {
        let url: Url = config.url.parse().map_err(|_| OpenError::Url(config.url.clone()))?;
        if !matches!(url.scheme(), "http" | "https") || url.host_str().is_none() {
            return Err(OpenError::Url(config.url.clone()));
        }
        if config.api_key.is_some() && url.scheme() != "https" {
            return Err(OpenError::KeyInTheClear);
        }
        let client = http_client::builder(TIMEOUT).build().map_err(|error| OpenError::Client(error.to_string()))?;
        Ok(Self { client, url, model: config.model.clone(), key: config.api_key.clone() })
    }

    /// Of a server on this machine.
    pub fn on_socket(socket: &Path, model: String) -> Result<Self, OpenError> {
        let client = http_client::builder(TIMEOUT).unix_socket(socket).build();
        let client = client.map_err(|error| OpenError::Client(error.to_string()))?;
        let url = "http://embedder/v1/embeddings";
        let url = url.parse().map_err(|_| OpenError::Url(url.to_owned()))?;
        Ok(Self { client, url, model, key: None })
    }

    async fn post(&self, texts: &[String]) -> Result<Vec<u8>, Error> {
        let asked = Asked { model: &self.model, input: texts, encoding_format: "float" };
        let body = serde_json::to_vec(&asked).map_err(|error| Error::Invalid(error.to_string()))?;
        let mut request = self.client.post(self.url.clone()).header("content-type", "application/json").body(body);
        if let Some(key) = &self.key {
            request = request.bearer_auth(key.reveal());
        }
        let mut response = request.send().await.map_err(unavailable)?;
        let bytes = http_client::body(&mut response, ANSWER_BYTES_MAX).await.map_err(unavailable)?;
        let too_large = || Error::Unavailable(format!("the answer has more than {ANSWER_BYTES_MAX} bytes"));
        let bytes = bytes.ok_or_else(too_large)?;
        if response.status().is_success() {
            return Ok(bytes);
        }
        let said: String = String::from_utf8_lossy(&bytes).chars().take(REASON_CHARS_MAX).collect();
        Err(refused(response.status(), &said))
    }
}

fn unavailable(error: reqwest::Error) -> Error {
    Error::Unavailable(http_client::describe(error))
}

/// What is wrong with the request will be wrong again; all else (a key that ran out, a limit, an outage) passes.
fn refused(status: StatusCode, said: &str) -> Error {
    match status {
        StatusCode::BAD_REQUEST | StatusCode::PAYLOAD_TOO_LARGE | StatusCode::UNPROCESSABLE_ENTITY => {
            Error::Invalid(format!("the service answers {status}: {said}"))
        }
        _ => Error::Unavailable(format!("the service answers {status}: {said}")),
    }
}

/// In the order asked, in any order of the answer.
fn vectors(bytes: &[u8], count: usize) -> Result<Vec<Vec<f32>>, Error> {
    let unexpected = |reason: String| Error::Unavailable(format!("the service's answer makes no sense: {reason}"));
    let mut answer: Answer = serde_json::from_slice(bytes).map_err(|error| unexpected(error.to_string()))?;
    answer.data.sort_by_key(|one| one.index);
    let whole = answer.data.iter().enumerate().all(|(index, one)| one.index == index && !one.embedding.is_empty());
    if answer.data.len() != count || !whole {
        return Err(unexpected(format!("{count} vectors were asked for")));
    }
    Ok(answer.data.into_iter().map(|one| one.embedding).collect())
}

#[async_trait]
impl Embeddings for Api {
    async fn embed(&self, texts: &[String]) -> Result<Vec<Vec<f32>>, Error> {
        check(texts)?;
        vectors(&self.post(texts).await?, texts.len())
    }

    fn model(&self) -> &str {
        &self.model
    }

    async fn close(&self) {}
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    #[test]
    fn vectors_come_in_the_order_asked() {
        let body = json!({ "data": [{ "index": 1, "embedding": [2.0] }, { "index": 0, "embedding": [1.0] }] });
        assert_eq!(vectors(body.to_string().as_bytes(), 2), Ok(vec![vec![1.0], vec![2.0]]));
    }

    #[test]
    fn an_answer_that_lacks_a_vector_is_no_answer() {
        for body in [
            json!({ "data": [{ "index": 0, "embedding": [1.0] }] }),
            json!({ "data": [{ "index": 0, "embedding": [1.0] }, { "index": 0, "embedding": [1.0] }] }),
            json!({ "data": [{ "index": 0, "embedding": [1.0] }, { "index": 1, "embedding": [] }] }),
            json!({ "error": "none" }),
        ] {
            assert!(matches!(vectors(body.to_string().as_bytes(), 2), Err(Error::Unavailable(_))), "{body}");
        }
    }

    #[test]
    fn only_a_request_that_is_wrong_is_given_up() {
        assert!(matches!(refused(StatusCode::BAD_REQUEST, ""), Error::Invalid(_)));
        for status in [StatusCode::UNAUTHORIZED, StatusCode::TOO_MANY_REQUESTS, StatusCode::BAD_GATEWAY] {
            assert!(matches!(refused(status, ""), Error::Unavailable(_)));
        }
    }

    #[test]
    fn a_key_goes_out_over_tls_alone() {
        let config = |url: &str| {
            serde_json::from_value::<HttpConfig>(json!({ "url": url, "model": "m", "api-key": "hunter2" })).unwrap()
        };
        assert!(matches!(Api::open(&config("http://localhost/v1/embeddings")), Err(OpenError::KeyInTheClear)));
        assert!(matches!(Api::open(&config("nowhere")), Err(OpenError::Url(_))));
        assert!(!format!("{:?}", config("https://example.org")).contains("hunter2"));
    }
}
