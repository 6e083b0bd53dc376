//! The capability `embeddings`.

use crate::Platform;
use crate::bindings::exports::mindflow::platform::embeddings::{Error, Guest};

impl Guest for Platform {
    async fn embed(_texts: Vec<String>) -> Result<Vec<Vec<f32>>, Error> {
        Err(Error::NotConfigured)
    }

    async fn model() -> Result<String, Error> {
        Err(Error::NotConfigured)
    }
}
