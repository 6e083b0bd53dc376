//! Search indexes.

use super::{Failure, answer};
use mindflow_guest::search_index::{self as wit, Error, Filter, Place};
use serde::Deserialize;
use serde_json::{Value, json};

#[derive(Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Call {
    Upsert(String, Document),
    UpsertBatch(String, Vec<Document>),
    /// Id, owner, version.
    Delete(String, String, String, u64),
    /// Owner, id.
    Forget(String, String, Option<String>),
    Text(Asked, String, u32),
    /// Vector, limit, not this one.
    Vector(Asked, Vector, u32, Option<String>),
    /// Vector, and the least score.
    Count(Asked, Vector, u64),
    VectorOf(Asked, String),
}

/// Which index, and who asks for which of its documents.
#[derive(Deserialize)]
pub struct Asked {
    index: String,
    token: String,
    keywords: Vec<String>,
    after: Option<i64>,
    before: Option<i64>,
    without: String,
    among: Vec<String>,
    /// Score and id.
    beyond: Option<(u64, String)>,
}

#[derive(Deserialize)]
pub struct Document {
    id: String,
    owner: String,
    version: u64,
    title: String,
    body: String,
    keywords: Vec<String>,
    labels: Vec<String>,
    language: Option<String>,
    at: i64,
    vector: Option<Vector>,
}

/// JSON has no number that is none, and `null` in its place. Scores are the bits of a number, so that none is rounded.
type Vector = Vec<Option<f32>>;

impl Call {
    pub async fn run(self) -> Value {
        match self {
            Self::Upsert(index, document) => answer(wit::upsert(index, document.into()).await.map_err(failure)),
            Self::UpsertBatch(index, documents) => {
                let documents = documents.into_iter().map(Into::into).collect();
                answer(wit::upsert_batch(index, documents).await.map_err(failure))
            }
            Self::Delete(index, id, owner, version) => {
                answer(wit::delete(index, id, owner, version).await.map_err(failure))
            }
            Self::Forget(index, owner, id) => answer(wit::forget(index, owner, id).await.map_err(failure)),
            Self::Text(asked, query, limit) => {
                let (index, token, filter) = asked.parts();
                let found = wit::search_text(index, token, query, filter, limit).await;
                let hits = found.map(|found| {
                    let hits = found.hits.into_iter().map(|hit| json!([hit.id, hit.score.to_bits(), hit.highlights]));
                    (hits.collect::<Vec<_>>(), found.total)
                });
                answer(hits.map_err(failure))
            }
            Self::Vector(asked, vector, limit, except) => {
                let (index, token, filter) = asked.parts();
                let found = wit::search_vector(index, token, numbers(vector), filter, limit, except).await;
                let hits =
                    found.map(|hits| hits.into_iter().map(|hit| (hit.id, hit.score.to_bits())).collect::<Vec<_>>());
                answer(hits.map_err(failure))
            }
            Self::Count(asked, vector, score_min) => {
                let (index, token, filter) = asked.parts();
                let score_min = f64::from_bits(score_min);
                let counted = wit::count_vector(index, token, numbers(vector), filter, score_min).await;
                answer(counted.map_err(failure))
            }
            Self::VectorOf(asked, id) => {
                let (index, token, _) = asked.parts();
                answer(wit::vector_of(index, token, id).await.map_err(failure))
            }
        }
    }
}

impl Asked {
    fn parts(self) -> (String, String, Filter) {
        let Self { index, token, keywords, after, before, without, among, beyond } = self;
        let beyond = beyond.map(|(score, id)| Place { score: f64::from_bits(score), id });
        (index, token, Filter { keywords, after, before, without, among, beyond })
    }
}

impl From<Document> for wit::Document {
    fn from(document: Document) -> Self {
        let Document { id, owner, version, title, body, keywords, labels, language, at, vector } = document;
        let vector = vector.map(numbers);
        Self { id, owner, version, title, body, keywords, labels, language, at, vector }
    }
}

fn numbers(vector: Vector) -> Vec<f32> {
    vector.into_iter().map(|part| part.unwrap_or(f32::NAN)).collect()
}

fn failure(error: Error) -> Failure {
    match error {
        Error::AccessDenied(reason) => ("access-denied", reason),
        Error::Invalid(rule) => ("invalid", rule),
        Error::Timeout => ("timeout", String::new()),
        Error::Unavailable(reason) => ("unavailable", reason),
        Error::Failed(reason) => ("failed", reason),
    }
}
