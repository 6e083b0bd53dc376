//! A client of OpenAI's `POST /v1/embeddings`, which most services and servers of models have as well.

use super::{Disclosing, Embeddings, Error, HttpConfig, Leaving, OpenError};
use crate::{http_client, secret::Secret};
use async_trait::async_trait;
use mindflow_platform::embeddings::{self, ANSWER_BYTES_MAX, TIMEOUT};
use reqwest::{Client, Url};
use std::path::Path;

pub(super) struct Api {
    client: Client,
    url: Url,
    model: String,
    key: Option<Secret>,
    /// Where texts go; `None` for a server that belongs to this host.
    host: Option<String>,
}

impl Api {
    pub fn open(config: &HttpConfig) -> Result<Self, OpenError> {
        let url: Url = config.url.parse().map_err(|_| OpenError::Url(config.url.clone()))?;
        let host = url.host_str().filter(|_| matches!(url.scheme(), "http" | "https"));
        let Some(host) = host.map(|host| url.port().map_or_else(|| host.to_owned(), |port| format!("{host}:{port}")))
        else {
            return Err(OpenError::Url(config.url.clone()));
        };
        if config.api_key.is_some() && url.scheme() != "https" {
            return Err(OpenError::KeyInTheClear);
        }
        let client = http_client::builder(TIMEOUT).build().map_err(|error| OpenError::Client(error.to_string()))?;
        let (model, key) = (config.model.clone(), config.api_key.clone());
        Ok(Self { client, url, model, key, host: Some(host) })
    }

    /// Of a server on this machine.
    pub fn on_socket(socket: &Path, model: String) -> Result<Self, OpenError> {
        let client = http_client::builder(TIMEOUT).unix_socket(socket).build();
        let client = client.map_err(|error| OpenError::Client(error.to_string()))?;
        let url = "http://embedder/v1/embeddings";
        let url = url.parse().map_err(|_| OpenError::Url(url.to_owned()))?;
        Ok(Self { client, url, model, key: None, host: None })
    }

    /// Status and body of the answer.
    async fn post(&self, body: Vec<u8>) -> Result<(u16, Vec<u8>), Error> {
        let mut request = self.client.post(self.url.clone()).header("content-type", "application/json").body(body);
        if let Some(key) = &self.key {
            request = request.bearer_auth(key.reveal());
        }
        let mut response = request.send().await.map_err(unavailable)?;
        let bytes = http_client::body(&mut response, ANSWER_BYTES_MAX).await.map_err(unavailable)?;
        Ok((response.status().as_u16(), bytes.ok_or_else(embeddings::too_large)?))
    }
}

fn unavailable(error: reqwest::Error) -> Error {
    Error::Unavailable(http_client::describe(error))
}

#[async_trait]
impl Embeddings for Api {
    async fn embed(&self, texts: &[String], ledger: &dyn Disclosing) -> Result<Vec<Vec<f32>>, Error> {
        embeddings::check(texts)?;
        let body = embeddings::request(&self.model, texts)?;
        if let Some(host) = &self.host {
            let leaving = Leaving { host, model: &self.model, bytes: body.len() };
            ledger.disclose(leaving).await.map_err(|error| Error::Unavailable(error.to_string()))?;
        }
        let (status, body) = self.post(body).await?;
        embeddings::response(status, &body, texts.len())
    }

    fn leaves(&self) -> bool {
        self.host.is_some()
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
    fn a_key_goes_out_over_tls_alone() {
        let config = |url: &str| {
            serde_json::from_value::<HttpConfig>(json!({ "url": url, "model": "m", "api-key": "hunter2" })).unwrap()
        };
        assert!(matches!(Api::open(&config("http://localhost/v1/embeddings")), Err(OpenError::KeyInTheClear)));
        assert!(matches!(Api::open(&config("nowhere")), Err(OpenError::Url(_))));
        assert!(!format!("{:?}", config("https://example.org")).contains("hunter2"));
    }

    #[test]
    fn a_service_is_outside_whatever_its_address_and_a_server_of_this_host_is_not() {
        let config = |url: &str| serde_json::from_value::<HttpConfig>(json!({ "url": url, "model": "m" })).unwrap();
        for (url, host) in [
            ("https://API.example.org/v1/embeddings", "api.example.org"),
            ("https://user:word@api.example.org:443/", "api.example.org"),
            ("http://127.0.0.1:11434/v1/embeddings", "127.0.0.1:11434"),
        ] {
            let api = Api::open(&config(url)).unwrap();
            assert_eq!((api.host.as_deref(), api.leaves()), (Some(host), true), "{url}");
        }
        assert!(!Api::on_socket(Path::new("/nowhere"), "m".into()).unwrap().leaves());
    }
}
