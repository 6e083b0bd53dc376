//! Search indexes, by the names that the manifest grants.

use crate::bindings::exports::mindflow::platform::search_index::{
    Document, Error, Filter, Guest, TextHits, VectorHit,
};

fn away<T>() -> Result<T, Error> {
    Err(Error::Unavailable("search indexes are not served on Spin yet".into()))
}

impl Guest for crate::Platform {
    async fn upsert(_: String, _: Document) -> Result<(), Error> {
        away()
    }

    async fn upsert_batch(_: String, _: Vec<Document>) -> Result<(), Error> {
        away()
    }

    async fn delete(_: String, _: String, _: String, _: u64) -> Result<(), Error> {
        away()
    }

    async fn search_text(_: String, _: String, _: String, _: Filter, _: u32) -> Result<TextHits, Error> {
        away()
    }

    async fn search_vector(
        _: String,
        _: String,
        _: Vec<f32>,
        _: Filter,
        _: u32,
        _: Option<String>,
    ) -> Result<Vec<VectorHit>, Error> {
        away()
    }

    async fn vector_of(_: String, _: String, _: String) -> Result<Option<Vec<f32>>, Error> {
        away()
    }
}
