//! The index is the host's on PostgreSQL, asked with tokens of its users'.

use super::{Login, Probe};
use async_trait::async_trait;
use mindflow_backends::clock::Clock;
use mindflow_backends::keys::{Keyring, PostgresKeys, Settings};
use mindflow_backends::stores::search_index::{
    self, Config, Document, Error, Filter, Near, Query, SearchIndex, TextHit, TextHits, VectorHit,
};
use mindflow_platform::search_index::Clause;
use mindflow_test_support::stories::search_index::{ADA, document, ids, keep, order, vectors, words};
use mindflow_test_support::{TestDatabase, TestPostgres, search_index_stories};
use serde_json::{Value, json};
use std::collections::BTreeMap;
use std::sync::Arc;
use std::time::Duration;
use uuid::Uuid;

/// As the manifest's `tokens`.
const LIFETIME: Duration = Duration::from_secs(900);

/// The index `notes` through Spin.
struct Index {
    probe: Probe,
    keys: Arc<Keyring>,
    documents: TestDatabase,
    _keys: TestDatabase,
}

impl Index {
    async fn new(story: &str) -> Self {
        Self::on(TestPostgres::read(story).await).await
    }

    async fn on(documents: TestDatabase) -> Self {
        let keys_database = TestPostgres::write("keys").await;
        let settings =
            Settings { issuer: "mindflow-auth".into(), audience: "mindflow".into(), access_lifetime: LIFETIME };
        let store = Arc::new(PostgresKeys::new(keys_database.database().clone(), None));
        let keys = Keyring::open(store, settings, Clock::system()).await.unwrap();
        let logins = [
            Login { variable: "search_index_dsn", role: "mindflow_search-index", database: &documents },
            Login { variable: "keys_dsn", role: "mindflow_keys", database: &keys_database },
        ];
        let probe = Probe::new("search-index", json!({ "search-index": ["notes"] }), &logins).await;
        Self { probe, keys, documents, _keys: keys_database }
    }

    /// The host's own.
    fn host(&self) -> Arc<dyn SearchIndex> {
        let config: Config = serde_json::from_value(json!({ "backend": "postgres", "database": "here" })).unwrap();
        let databases = BTreeMap::from([("here".to_owned(), self.documents.database().clone())]);
        search_index::open("notes", &config, &databases).unwrap()
    }

    async fn token(&self, owner: Uuid) -> String {
        let now = Clock::system().now_us() / 1_000_000;
        let claims = json!({
            "sub": owner, "roles": ["user"], "iat": now, "exp": now + 600, "iss": "mindflow-auth", "aud": "mindflow",
            "jti": Uuid::from_u128(9),
        });
        self.keys.sign(&claims.to_string()).await.unwrap()
    }

    async fn asked(&self, owner: Uuid, filter: &Filter) -> Value {
        let Filter { keywords, after, before, without, among, beyond } = filter;
        let token = self.token(owner).await;
        let without: String = without.iter().map(|clause| clause_text("-", clause)).collect();
        let beyond = beyond.as_ref().map(|place| (place.score.to_bits(), &place.id));
        json!({
            "index": "notes", "token": token, "keywords": keywords, "after": after, "before": before, "without": without,
            "among": among, "beyond": beyond,
        })
    }

    async fn call(&self, call: Value) -> Result<Value, Error> {
        self.probe.call(&json!({ "search": call })).await.map_err(|(case, text)| match case.as_str() {
            "invalid" => Error::Invalid(text),
            "timeout" => Error::Timeout,
            "unavailable" => Error::Unavailable(text),
            _ => Error::Other(format!("{case}: {text}")),
        })
    }
}

fn written(document: &Document) -> Value {
    let Document { id, owner, version, title, body, keywords, labels, language, at, vector } = document;
    json!({
        "id": id, "owner": owner, "version": version, "title": title, "body": body, "keywords": keywords,
        "labels": labels, "language": language, "at": at, "vector": vector,
    })
}

/// The text of a query: what counts as a beginning comes last.
fn text(query: &Query) -> String {
    let mut texts = Vec::new();
    let mut end = " ".to_owned();
    for (sign, clauses) in [("-", query.unwanted()), ("", query.wanted())] {
        for clause in clauses {
            match clause {
                Clause::Word { any, prefix: true } => end = format!(" {}", any[0]),
                other => texts.push(clause_text(sign, other)),
            }
        }
    }
    texts.join("") + &end
}

fn clause_text(sign: &str, clause: &Clause) -> String {
    match clause {
        Clause::Word { any, .. } => format!("{sign}{} ", any[0]),
        Clause::Phrase(words) => format!("{sign}\"{}\" ", words.join(" ")),
    }
}

#[async_trait]
impl SearchIndex for Index {
    async fn upsert(&self, document: &Document) -> Result<(), Error> {
        self.call(json!({ "upsert": ["notes", written(document)] })).await.map(drop)
    }

    async fn upsert_all(&self, documents: &[Document]) -> Result<(), Error> {
        let documents: Vec<Value> = documents.iter().map(written).collect();
        self.call(json!({ "upsert-batch": ["notes", documents] })).await.map(drop)
    }

    async fn delete(&self, id: &str, owner: Uuid, version: u64) -> Result<(), Error> {
        self.call(json!({ "delete": ["notes", id, owner, version] })).await.map(drop)
    }

    async fn forget(&self, owner: Uuid, id: Option<&str>) -> Result<u64, Error> {
        Ok(serde_json::from_value(self.call(json!({ "forget": ["notes", owner, id] })).await?).unwrap())
    }

    async fn search(&self, owner: Uuid, query: &Query, filter: &Filter, limit: u32) -> Result<TextHits, Error> {
        let asked = self.asked(owner, filter).await;
        let found = self.call(json!({ "text": [asked, text(query), limit] })).await?;
        let (hits, total): (Vec<(String, u64, Vec<String>)>, u32) = serde_json::from_value(found).unwrap();
        let hit = |(id, score, highlights)| TextHit { id, score: f64::from_bits(score), highlights };
        Ok(TextHits { hits: hits.into_iter().map(hit).collect(), total })
    }

    async fn nearest(&self, owner: Uuid, near: &Near<'_>, filter: &Filter) -> Result<Vec<VectorHit>, Error> {
        let asked = self.asked(owner, filter).await;
        let found = self.call(json!({ "vector": [asked, near.vector, near.limit, near.except] })).await?;
        let hits: Vec<(String, u64)> = serde_json::from_value(found).unwrap();
        Ok(hits.into_iter().map(|(id, score)| VectorHit { id, score: f64::from_bits(score) }).collect())
    }

    async fn count_near(&self, owner: Uuid, vector: &[f32], score_min: f64, filter: &Filter) -> Result<u32, Error> {
        let asked = self.asked(owner, filter).await;
        let counted = self.call(json!({ "count": [asked, vector, score_min.to_bits()] })).await?;
        Ok(serde_json::from_value(counted).unwrap())
    }

    async fn vector(&self, owner: Uuid, id: &str) -> Result<Option<Vec<f32>>, Error> {
        let asked = self.asked(owner, &Filter::default()).await;
        Ok(serde_json::from_value(self.call(json!({ "vector-of": [asked, id] })).await?).unwrap())
    }
}

macro_rules! stories {
    ($($module:ident: $($story:ident),* $(,)?;)*) => {
        $($(#[tokio::test(flavor = "multi_thread")]
        async fn $story() {
            $module::$story(&Index::new(stringify!($story)).await).await;
        })*)*
    };
}

search_index_stories!(stories);

#[tokio::test(flavor = "multi_thread")]
async fn a_server_with_pgvector_compares_the_vectors() {
    let index = Index::on(TestPostgres::extended("read", "spinvectors").await).await;
    vectors::the_nearest_are_found_without_the_one_asked_for(&index).await;
    vectors::those_that_are_near_enough_are_counted(&index).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn the_host_and_spin_have_the_same_index() {
    let index = Index::new("shared").await;
    let host = index.host();
    keep(&*host, &[document("1", "A walk", "by the river")]).await;
    index.upsert_all(&[document("2", "A walk", "by the sea"), document("3", "A swim", "")]).await.unwrap();
    for other in [&*host, &index as &dyn SearchIndex] {
        assert_eq!(ids(other, "walk").await.len(), 2);
        assert_eq!(ids(other, "rivver ").await, ["1"]);
    }
    index.delete("1", ADA, 2).await.unwrap();
    assert_eq!(ids(&*host, "walk").await, ["2"]);
}

#[tokio::test(flavor = "multi_thread")]
async fn another_index_a_forged_token_and_no_query_are_refused() {
    let index = Index::new("refused").await;
    let mut asked = index.asked(ADA, &Filter::default()).await;
    let denied = async |asked: &Value| {
        index.probe.call(&json!({ "search": { "text": [asked, "walk", 10] } })).await.unwrap_err().0
    };
    asked["token"] = "a.b.c".into();
    assert_eq!(denied(&asked).await, "access-denied");
    asked["index"] = "letters".into();
    let error = index.probe.call(&json!({ "search": { "text": [asked, "walk", 10] } })).await.unwrap_err();
    assert_eq!(error, ("access-denied".into(), "index `letters` is not granted to `probe`".into()));
    let error = index.probe.call(&json!({ "search": { "text": [asked, "-walk", 10] } })).await.unwrap_err();
    assert_eq!(error.0, "invalid");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_search_that_takes_too_long_is_ended_and_the_index_goes_on() {
    let index = Index::new("slow").await;
    keep(&index, &[document("1", "A walk", "")]).await;
    let slow =
        "CREATE OR REPLACE FUNCTION search_index.resemblance(word text, words text) RETURNS real LANGUAGE sql VOLATILE
        AS 'SELECT 1::real FROM pg_sleep(60)'";
    index.documents.script(slow).await;
    let query = Query::parse("wallk").unwrap();
    assert_eq!(index.search(ADA, &query, &Filter::default(), 10).await.unwrap_err(), Error::Timeout);
    assert_eq!(ids(&index, "walk").await, ["1"]);
}
