//! Documents in OpenSearch or Elasticsearch, over the HTTP API that both have.
//!
//! A document is kept under its version (`version_type=external`): the server refuses an older one. A deleted
//! document stays as a tombstone, since the server forgets versions of documents that are gone after a minute.

mod mapping;
mod request;

use super::{
    Document, Error, Filter, Marker, Near, OpenError, OpenSearchConfig, Query, SEARCH_TIMEOUT, SearchIndex, TextHit,
    TextHits, VectorHit, checked, highlight, nearest,
};
use crate::{http_client, secret::Secret};
use async_trait::async_trait;
use base64::{Engine, engine::general_purpose::STANDARD};
use reqwest::{Client, Method, StatusCode, Url};
use serde::Deserialize;
use serde_json::{Value, json};
use std::time::Duration;
use tokio::sync::OnceCell;
use uuid::Uuid;

/// Of everything but a search.
const TIMEOUT: Duration = Duration::from_secs(10);
/// Added to the server's own timeout of a search, so that its answer arrives.
const GRACE: Duration = Duration::from_secs(1);
/// Of an answer: 10,000 vectors of 1,536 dimensions in base64 and JSON are 90 MiB.
const ANSWER_BYTES_MAX: usize = 96 << 20;
const REASON_CHARS_MAX: usize = 300;

pub(super) struct OpenSearchIndex {
    client: Client,
    /// Ends with the index's name.
    url: Url,
    username: Option<String>,
    password: Option<Secret>,
    /// Whether the index is known to be there.
    made: OnceCell<()>,
}

#[derive(Deserialize)]
struct Searched {
    #[serde(default)]
    timed_out: bool,
    hits: Hits,
}

#[derive(Deserialize)]
struct Hits {
    total: Total,
    hits: Vec<Found>,
}

#[derive(Deserialize)]
struct Total {
    value: u32,
}

#[derive(Deserialize)]
struct Found {
    #[serde(rename = "_id")]
    id: String,
    /// What the hits are ordered by: the score first, or the time where there is none.
    #[serde(default)]
    sort: Vec<Value>,
    #[serde(rename = "_source", default)]
    source: Value,
    #[serde(default)]
    highlight: Value,
}

impl OpenSearchIndex {
    pub fn open(name: &str, config: &OpenSearchConfig) -> Result<Self, OpenError> {
        let wrong = || OpenError::Url { index: name.to_owned(), url: config.url.clone() };
        let mut url: Url = config.url.parse().map_err(|_| wrong())?;
        if !matches!(url.scheme(), "http" | "https") || !url.username().is_empty() || url.password().is_some() {
            return Err(wrong());
        }
        if config.username.is_some() != config.password.is_some() {
            return Err(OpenError::HalfCredentials { index: name.to_owned() });
        }
        let index = format!("{}{name}", config.prefix);
        let word = |byte: u8| byte.is_ascii_lowercase() || byte.is_ascii_digit() || matches!(byte, b'-' | b'_');
        if !index.bytes().all(word) || index.starts_with(['-', '_']) {
            return Err(OpenError::Name { index });
        }
        url.path_segments_mut().map_err(|()| wrong())?.pop_if_empty().push(&index);
        let client = http_client::builder(TIMEOUT).build();
        let client = client.map_err(|error| OpenError::Client(error.to_string()))?;
        let (username, password) = (config.username.clone(), config.password.clone());
        Ok(Self { client, url, username, password, made: OnceCell::new() })
    }

    async fn call(
        &self,
        method: Method,
        path: &[&str],
        query: &[(&str, &str)],
        body: Option<&Value>,
    ) -> Result<(StatusCode, Value), Error> {
        let mut url = self.url.clone();
        if let Ok(mut segments) = url.path_segments_mut() {
            segments.extend(path);
        }
        if !query.is_empty() {
            url.query_pairs_mut().extend_pairs(query);
        }
        let mut request = self.client.request(method, url);
        if let (Some(username), Some(password)) = (&self.username, &self.password) {
            request = request.basic_auth(username, Some(password.reveal()));
        }
        if let Some(body) = body {
            request = request.header("content-type", "application/json").body(body.to_string());
        }
        let mut response = request.send().await.map_err(unavailable)?;
        let bytes = http_client::body(&mut response, ANSWER_BYTES_MAX).await.map_err(unavailable)?;
        let bytes = bytes.ok_or_else(|| Error::Other(format!("the answer has more than {ANSWER_BYTES_MAX} bytes")))?;
        Ok((response.status(), serde_json::from_slice(&bytes).unwrap_or(Value::Null)))
    }

    /// Makes the index when it is not there. Replicas that start together may all try.
    async fn made(&self) -> Result<(), Error> {
        let make = async || {
            let (status, answer) = self.call(Method::PUT, &[], &[], Some(&mapping::index())).await?;
            let there = answer.pointer("/error/type").is_some_and(|kind| kind == "resource_already_exists_exception");
            if status.is_success() {
                return Ok(());
            }
            if !there {
                return Err(refused(status, &answer));
            }
            let added = json!({ "properties": mapping::added() });
            match self.call(Method::PUT, &["_mapping"], &[], Some(&added)).await? {
                (status, _) if status.is_success() => Ok(()),
                (status, answer) => Err(refused(status, &answer)),
            }
        };
        self.made.get_or_try_init(make).await.map(drop)
    }

    /// Writes unless a newer version is there; `again`: or this one.
    async fn put(&self, id: &str, version: u64, again: bool, body: &Value) -> Result<(), Error> {
        self.made().await?;
        let version = version.to_string();
        let kind = if again { "external_gte" } else { "external" };
        let query = [("version", version.as_str()), ("version_type", kind)];
        match self.call(Method::PUT, &["_doc", id], &query, Some(body)).await? {
            (status, _) if status.is_success() || status == StatusCode::CONFLICT => Ok(()),
            (status, answer) => Err(refused(status, &answer)),
        }
    }

    async fn find(&self, body: &Value) -> Result<Searched, Error> {
        self.made().await?;
        let asked = self.call(Method::POST, &["_search"], &[], Some(body));
        let (status, answer) =
            tokio::time::timeout(SEARCH_TIMEOUT + GRACE, asked).await.map_err(|_| Error::Timeout)??;
        if !status.is_success() {
            return Err(refused(status, &answer));
        }
        let found: Searched = serde_json::from_value(answer).map_err(|error| Error::Other(error.to_string()))?;
        if found.timed_out { Err(Error::Timeout) } else { Ok(found) }
    }

    async fn matching(&self, search: &request::Search<'_>, similar: bool) -> Result<TextHits, Error> {
        let found = self.find(&request::text(search, similar)).await?;
        let hit = |found: Found| TextHit {
            highlights: highlights(search.query, &found),
            score: found.sort.first().and_then(Value::as_f64).unwrap_or_default(),
            id: found.id,
        };
        Ok(TextHits { total: found.hits.total.value, hits: found.hits.hits.into_iter().map(hit).collect() })
    }
}

/// By the rule that cuts words for all back ends. The server only says which words of the document are forms of the query's.
fn highlights(query: &Query, found: &Found) -> Vec<String> {
    let fields = found.highlight.as_object().into_iter().flat_map(|fields| fields.values());
    let texts = fields.flat_map(|parts| parts.as_array().into_iter().flatten()).filter_map(Value::as_str);
    // What is marked of a phrase is not what is marked of its words, wherever they are.
    let forms = query.wants_words().then(|| texts.flat_map(highlight::marked)).into_iter().flatten();
    let text = |name: &str| found.source.get(name).and_then(Value::as_str).unwrap_or_default();
    Marker::new(query, forms).parts(text("title"), text("body"))
}

fn unavailable(error: reqwest::Error) -> Error {
    if error.is_timeout() && !error.is_connect() {
        return Error::Timeout;
    }
    Error::Unavailable(http_client::describe(error))
}

/// A request of ours that the server does not understand is a fault of ours; all else passes.
fn refused(status: StatusCode, answer: &Value) -> Error {
    let reason: String = answer["error"].to_string().chars().take(REASON_CHARS_MAX).collect();
    let text = format!("{status}: {reason}");
    if status == StatusCode::BAD_REQUEST { Error::Other(text) } else { Error::Unavailable(text) }
}

/// Even for a document, odd for its deletion: a deletion wins over the document of its version.
fn ordinal(version: u64, deleted: bool) -> Result<u64, Error> {
    let even = version.checked_mul(2).filter(|even| i64::try_from(*even).is_ok());
    even.map(|even| even + u64::from(deleted)).ok_or_else(|| super::DocumentError::Version.into())
}

#[async_trait]
impl SearchIndex for OpenSearchIndex {
    async fn upsert(&self, document: &Document) -> Result<(), Error> {
        let document = document.clone().prepared()?;
        // One that comes again without a vector changes nothing, so that it takes none away.
        let again = document.vector.is_some();
        self.put(&document.id, ordinal(document.version, false)?, again, &mapping::document(&document)).await
    }

    async fn delete(&self, id: &str, owner: Uuid, version: u64) -> Result<(), Error> {
        self.put(id, ordinal(version, true)?, true, &json!({ "owner": owner, "deleted": true })).await
    }

    async fn forget(&self, owner: Uuid, id: Option<&str>) -> Result<u64, Error> {
        self.made().await?;
        let of_owner = json!({ "term": { "owner": owner } });
        let filter = match id {
            Some(id) => json!([of_owner, { "ids": { "values": [id] } }]),
            None => json!([of_owner]),
        };
        let body = json!({ "query": { "bool": { "filter": filter } } });
        // What was written a moment ago is found after a refresh alone.
        self.call(Method::POST, &["_refresh"], &[], None).await?;
        let query = [("conflicts", "proceed"), ("refresh", "true")];
        let count = |answer: &Value, name: &str| answer.get(name).and_then(Value::as_u64).unwrap_or_default();
        match self.call(Method::POST, &["_delete_by_query"], &query, Some(&body)).await? {
            (status, answer) if status.is_success() && count(&answer, "version_conflicts") == 0 => {
                Ok(count(&answer, "deleted"))
            }
            (status, answer) if status.is_success() => {
                Err(Error::Unavailable(format!("documents were written while they were deleted: {answer}")))
            }
            (status, answer) => Err(refused(status, &answer)),
        }
    }

    async fn search(&self, owner: Uuid, query: &Query, filter: &Filter, limit: u32) -> Result<TextHits, Error> {
        let search = request::Search { owner, query, filter, limit: checked(limit)? };
        let hits = self.matching(&search, false).await?;
        if hits.total > 0 {
            return Ok(hits);
        }
        // Whether words are spelt wrongly does not depend on which documents are asked about.
        if !filter.among.is_empty() {
            let anywhere = Filter { among: Vec::new(), beyond: None, ..filter.clone() };
            let anywhere = request::Search { owner, query, filter: &anywhere, limit: 1 };
            if self.matching(&anywhere, false).await?.total > 0 {
                return Ok(hits);
            }
        }
        self.matching(&search, true).await
    }

    async fn nearest(&self, owner: Uuid, near: &Near<'_>, filter: &Filter) -> Result<Vec<VectorHit>, Error> {
        let limit = checked(near.limit)?;
        let wanted = nearest::unit(near.vector).ok_or(super::DocumentError::Vector)?;
        let found = self.find(&request::vectors(owner, filter, near.except)).await?;
        let documents = found.hits.hits.into_iter().filter_map(|hit| Some((hit.id, vector_in(&hit.source)?)));
        Ok(nearest::best(&wanted, documents, filter.beyond.as_ref(), limit))
    }

    async fn count_near(&self, owner: Uuid, vector: &[f32], score_min: f64, filter: &Filter) -> Result<u32, Error> {
        let wanted = nearest::unit(vector).ok_or(super::DocumentError::Vector)?;
        let found = self.find(&request::vectors(owner, filter, None)).await?;
        let documents = found.hits.hits.into_iter().filter_map(|hit| vector_in(&hit.source));
        Ok(nearest::count(&wanted, documents, score_min))
    }

    async fn vector(&self, owner: Uuid, id: &str) -> Result<Option<Vec<f32>>, Error> {
        self.made().await?;
        let (status, answer) =
            self.call(Method::GET, &["_doc", id], &[("_source_includes", "owner,deleted,vector")], None).await?;
        if status == StatusCode::NOT_FOUND {
            return Ok(None);
        }
        if !status.is_success() {
            return Err(refused(status, &answer));
        }
        let Some(source) = answer.get("_source") else { return Ok(None) };
        let own = source["owner"] == owner.to_string() && source["deleted"] == false;
        Ok(vector_in(source).filter(|_| own))
    }
}

fn vector_in(source: &Value) -> Option<Vec<f32>> {
    STANDARD.decode(source["vector"].as_str()?).ok().map(|bytes| nearest::from_bytes(&bytes))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_deletion_wins_over_its_own_version_and_loses_against_the_next() {
        let of = |version, deleted| ordinal(version, deleted).unwrap();
        assert!(of(3, false) < of(3, true) && of(3, true) < of(4, false));
        assert!(ordinal(u64::MAX, false).is_err());
    }
}
