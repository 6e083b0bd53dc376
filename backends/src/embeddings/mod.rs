//! What texts mean, as vectors: one trait, and two back ends that speak the same protocol. `http` asks a service
//! that has OpenAI's API for embeddings; `local` runs a small sentence model in a process of its own next to the
//! host and asks that, over a unix socket.

mod api;
mod local;

use crate::{records::ledger::LedgerError, secret::Secret};
use async_trait::async_trait;
use serde::Deserialize;
use std::{
    path::{Path, PathBuf},
    sync::Arc,
};

pub use mindflow_platform::embeddings::{Error, TEXT_BYTES_MAX, TEXTS_MAX};

/// Texts on their way to a service.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Leaving<'a> {
    /// With the port where it is not that of the scheme.
    pub host: &'a str,
    pub model: &'a str,
    /// Of the request's body.
    pub bytes: usize,
}

/// Writes down what leaves.
#[async_trait]
pub trait Disclosing: Send + Sync {
    /// Called before the texts are sent; after an error they are not.
    async fn disclose(&self, leaving: Leaving<'_>) -> Result<(), LedgerError>;
}

/// Turns texts into vectors that express their meaning.
#[async_trait]
pub trait Embeddings: Send + Sync {
    /// A vector for each text, in their order, all with the same number of dimensions. Where [`Self::leaves`], the ledger has the texts
    /// before the service does.
    async fn embed(&self, texts: &[String], ledger: &dyn Disclosing) -> Result<Vec<Vec<f32>>, Error>;

    /// Whether the texts go to a service.
    fn leaves(&self) -> bool;

    /// What the model is called.
    fn model(&self) -> &str;

    /// Readies what takes a while, so that the first text need not wait for it.
    fn warm_up(&self) {}

    /// Ends what runs in the background.
    async fn close(&self);
}

/// `[embeddings]` of the runtime configuration.
#[derive(Debug, Clone, Default, Deserialize)]
#[serde(tag = "backend", rename_all = "kebab-case")]
pub enum Config {
    /// No embeddings.
    #[default]
    None,
    Http(HttpConfig),
    Local(LocalConfig),
}

#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields, rename_all = "kebab-case")]
pub struct HttpConfig {
    /// The whole address, such as `https://api.openai.com/v1/embeddings`.
    pub url: String,
    pub model: String,
    pub api_key: Option<Secret>,
}

#[derive(Debug, Clone, Default, Deserialize)]
#[serde(deny_unknown_fields, rename_all = "kebab-case", default)]
pub struct LocalConfig {
    /// A folder with config.json, tokenizer.json and model.safetensors; what `scripts/up` laid into the cache
    /// folder when absent.
    pub model_dir: Option<PathBuf>,
    /// `mindflow-embedder`; the one in this program's folder when absent.
    pub program: Option<PathBuf>,
}

/// Why the back end cannot be opened.
#[derive(Debug, thiserror::Error)]
pub enum OpenError {
    #[error("[embeddings] url: {0:?} is no address; write such as \"https://api.openai.com/v1/embeddings\"")]
    Url(String),
    #[error("[embeddings] api-key would go out in the clear: the url must begin with https://")]
    KeyInTheClear,
    #[error("[embeddings] no HTTP client: {0}")]
    Client(String),
    #[error("[embeddings] this program's own place is not known; set program")]
    NoProgram,
    #[error("[embeddings] cannot make the folder {}", folder.display())]
    Folder {
        folder: PathBuf,
        #[source]
        source: std::io::Error,
    },
}

/// Opens the back end; `None` when it is switched off. A missing model does not fail the start: calls fail
/// until it is there.
///
/// # Errors
/// A setting that makes no sense.
pub async fn open(config: &Config, data_dir: &Path) -> Result<Option<Arc<dyn Embeddings>>, OpenError> {
    Ok(match config {
        Config::None => None,
        Config::Http(http) => Some(Arc::new(api::Api::open(http)?)),
        Config::Local(settings) => Some(Arc::new(local::Local::start(settings, data_dir).await?)),
    })
}
