//! The capability `embeddings`: a service with OpenAI's API for them, as the host's back end `http`. Spin's own interface for
//! models (`fermyon:spin/llm`) knows two models that a Spin host must bring; this one takes the host's service, whose vectors
//! are in the index already.
//!
//! Variables: `embeddings_url` (the whole address), `embeddings_model`, `embeddings_api_key`. Without the address there are no
//! embeddings. Texts are in the ledger before they are sent.

use bytes::Bytes;
use http::{Request, Uri, header};
use mindflow_platform::disclosure::host_of;
use mindflow_platform::embeddings::{self as rules, ANSWER_BYTES_MAX, TIMEOUT};
use mindflow_spin_guest::variables;

use crate::bindings::exports::mindflow::platform::embeddings::{Error, Guest, Subject};
use crate::{Platform, disclosure, grants};
use mindflow_spin_guest::http::{Failure, exchange};

/// Where the model is.
#[derive(Debug, PartialEq, Eq)]
struct Settings {
    uri: Uri,
    model: String,
    key: Option<String>,
}

impl Guest for Platform {
    async fn embed(subject: Subject, texts: Vec<String>) -> Result<Vec<Vec<f32>>, Error> {
        let settings = settings().await?;
        rules::check(&texts)?;
        let body = rules::request(&settings.model, &texts)?;
        let host = host_of(&settings.uri);
        let mut request = Request::post(settings.uri).header(header::CONTENT_TYPE, "application/json");
        if let Some(key) = settings.key {
            request = request.header(header::AUTHORIZATION, format!("Bearer {key}"));
        }
        let request = request
            .body(Bytes::from(body))
            .map_err(|_| misconfigured("the variable `embeddings_api_key` cannot be sent as a header"))?;
        let recorded = disclosure::record(subject, host, Some(settings.model), request.body().len()).await;
        recorded.map_err(|refusal| rules::Error::Unavailable(refusal.to_string()))?;
        let answer = exchange(request, TIMEOUT, ANSWER_BYTES_MAX).await.map_err(|failure| match failure {
            Failure::TooLarge => rules::too_large(),
            failure => rules::Error::Unavailable(failure.to_string()),
        })?;
        Ok(rules::response(answer.status.as_u16(), &answer.body, texts.len())?)
    }

    /// There is no local model.
    async fn leaves() -> Result<bool, Error> {
        settings().await.map(|_| true)
    }

    async fn model() -> Result<String, Error> {
        Ok(settings().await?.model)
    }
}

async fn settings() -> Result<Settings, Error> {
    grants::service().embeds().map_err(Error::AccessDenied)?;
    let read = async |name: &str| variables::get(name).await.map_err(Error::Unavailable);
    let Some(url) = read("embeddings_url").await? else { return Err(Error::NotConfigured) };
    let model = read("embeddings_model").await?;
    Settings::read(&url, model, read("embeddings_api_key").await?).map_err(misconfigured)
}

impl Settings {
    /// With the host's rules.
    fn read(url: &str, model: Option<String>, key: Option<String>) -> Result<Self, &'static str> {
        let uri: Option<Uri> = url.parse().ok();
        let uri = uri
            .filter(|uri| matches!(uri.scheme_str(), Some("http" | "https")) && uri.host().is_some())
            .ok_or("the variable `embeddings_url` is no address; write such as https://api.openai.com/v1/embeddings")?;
        if key.is_some() && uri.scheme_str() != Some("https") {
            return Err("`embeddings_api_key` would go out in the clear: `embeddings_url` must begin with https://");
        }
        let model = model.ok_or("the variable `embeddings_model` is not set; write such as text-embedding-3-small")?;
        Ok(Self { uri, model, key })
    }
}

/// Of the operator's making, so it may pass.
fn misconfigured(reason: &str) -> Error {
    rules::Error::Unavailable(reason.to_owned()).into()
}

impl From<rules::Error> for Error {
    fn from(error: rules::Error) -> Self {
        match error {
            rules::Error::Invalid(rule) => Self::Invalid(rule),
            rules::Error::Unavailable(_) => Self::Unavailable(error.to_string()),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read(url: &str, key: Option<&str>) -> Result<Settings, &'static str> {
        Settings::read(url, Some("m".to_owned()), key.map(str::to_owned))
    }

    #[test]
    fn a_key_goes_out_over_tls_alone() {
        assert!(read("http://127.0.0.1:8080/v1/embeddings", None).is_ok());
        assert!(read("https://example.org/v1/embeddings", Some("hunter2")).is_ok());
        assert!(read("http://127.0.0.1:8080/v1/embeddings", Some("hunter2")).unwrap_err().contains("in the clear"));
    }

    #[test]
    fn what_is_missing_is_named() {
        for url in ["nowhere", "ftp://example.org/", "/v1/embeddings"] {
            assert!(read(url, None).unwrap_err().contains("embeddings_url"), "{url}");
        }
        assert!(Settings::read("https://example.org/", None, None).unwrap_err().contains("embeddings_model"));
    }
}
