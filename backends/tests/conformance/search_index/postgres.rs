//! The back end on PostgreSQL, and what holds for it alone.

use super::{ADA, EVE, document, ids, keep};
use mindflow_backends::{
    database::sql::{Identity, Value},
    stores::search_index::{self, Config, Document, Error, Filter, Near, POSTGRES_ROLE, Query, SearchIndex},
};
use mindflow_test_support::{TestDatabase, TestPostgres};
use serde_json::json;
use std::{collections::BTreeMap, sync::Arc};

pub struct Stage {
    pub index: Arc<dyn SearchIndex>,
    database: TestDatabase,
}

pub async fn stage(hint: &str) -> Stage {
    let database = TestPostgres::read(hint).await;
    let index = open(&database, "notes");
    Stage { index, database }
}

/// On a server that has pgvector.
pub async fn extended(hint: &str) -> Stage {
    let database = TestPostgres::extended("read", hint).await;
    let index = open(&database, "notes");
    Stage { index, database }
}

fn open(database: &TestDatabase, name: &str) -> Arc<dyn SearchIndex> {
    let config: Config = serde_json::from_value(json!({ "backend": "postgres", "database": "here" })).unwrap();
    let databases = BTreeMap::from([("here".to_owned(), database.database().clone())]);
    search_index::open(name, &config, &databases).unwrap()
}

#[tokio::test(flavor = "multi_thread")]
async fn two_indexes_of_one_database_know_nothing_of_each_other() {
    let stage = stage("twoindexes").await;
    let other = open(&stage.database, "letters");
    keep(&*stage.index, &[document("1", "A walk", "")]).await;
    keep(&*other, &[document("1", "A letter", "")]).await;
    assert_eq!(ids(&*stage.index, "walk").await, ["1"]);
    assert!(ids(&*other, "walk").await.is_empty());
}

#[tokio::test(flavor = "multi_thread")]
async fn the_databases_own_rules_keep_owners_apart() {
    let stage = stage("owners").await;
    keep(&*stage.index, &[document("1", "A secret", "")]).await;
    let eve = Identity::Caller { user_id: EVE, roles: Vec::new() };
    let all = "SELECT id FROM search_index.documents";
    let rows = stage.database.database().query(POSTGRES_ROLE, &eve, all, &[]).await.unwrap();
    assert!(rows.rows.is_empty());
    // Nor can a caller write, into rows of its own even.
    let tx = stage.database.database().begin(POSTGRES_ROLE, &eve).await.unwrap();
    let insert = "INSERT INTO search_index.documents (index_name, id, owner, version) VALUES ('notes', '2', $1, 1)";
    tx.execute(insert, &[EVE.into()]).await.unwrap_err();
    // And no other role sees anything at all.
    stage.database.database().query("query", &Identity::Service, all, &[]).await.unwrap_err();
}

#[tokio::test(flavor = "multi_thread")]
async fn a_search_that_takes_too_long_is_ended_and_says_so() {
    let stage = stage("slow").await;
    keep(&*stage.index, &[document("1", "A walk", "")]).await;
    // As with a million of documents: each comparison takes its time.
    stage
        .database
        .script(
            "CREATE OR REPLACE FUNCTION search_index.resemblance(word text, words text) RETURNS real LANGUAGE sql VOLATILE
             AS 'SELECT 1::real FROM pg_sleep(60)'",
        )
        .await;
    let query = Query::parse("wallk").unwrap();
    let error = stage.index.search(ADA, &query, &Filter::default(), 10).await.unwrap_err();
    assert_eq!(error, Error::Timeout);
    // The index goes on.
    assert_eq!(ids(&*stage.index, "walk").await, ["1"]);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_server_without_trigrams_finds_all_but_what_is_misspelt() {
    let stage = stage("trigrams").await;
    keep(&*stage.index, &[document("1", "A walk", "by the river")]).await;
    assert_eq!(ids(&*stage.index, "rivver").await, ["1"]);
    stage.database.script("DROP EXTENSION pg_trgm CASCADE; SELECT search_index.use_trigrams()").await;
    assert_eq!(ids(&*stage.index, "river").await, ["1"]);
    assert!(ids(&*stage.index, "rivver").await.is_empty());
}

#[tokio::test(flavor = "multi_thread")]
async fn the_index_keeps_nothing_of_a_deleted_document_but_its_version() {
    let stage = stage("tombstone").await;
    keep(&*stage.index, &[document("1", "A walk", "by the river")]).await;
    stage.index.delete("1", ADA, 2).await.unwrap();
    let left = "SELECT version, title || body || words || terms::text FROM search_index.documents";
    let rows = stage.database.database().query(POSTGRES_ROLE, &Identity::Service, left, &[]).await.unwrap();
    assert_eq!(rows.rows, [[Value::Int64(2), Value::Text(String::new())]]);
}

#[tokio::test(flavor = "multi_thread")]
async fn pgvector_that_comes_later_is_taken_up_with_all_that_is_there() {
    let stage = extended("later").await;
    let undo = "DROP FUNCTION search_index.cosine; ALTER TABLE search_index.documents DROP COLUMN embedding;
        DROP FUNCTION search_index.embedding; DROP EXTENSION vector";
    stage.database.script(undo).await;
    let meaning = |id: &str, vector: [f32; 3]| Document { vector: Some(vector.into()), ..document(id, "", "") };
    keep(&*stage.index, &[meaning("near", [0.1, -0.2, 3.0]), meaning("away", [-0.3, 0.0, -1e-30])]).await;
    let near = Near { vector: &[0.0, -0.1, 1.0], limit: 5, except: None };
    let by_host = stage.index.nearest(ADA, &near, &Filter::default()).await.unwrap();
    stage.database.script("CREATE EXTENSION vector; SELECT search_index.use_vectors()").await;
    // As a host that starts again.
    let by_server = open(&stage.database, "notes").nearest(ADA, &near, &Filter::default()).await.unwrap();
    assert_eq!(by_host.len(), 2);
    for (one, other) in by_host.iter().zip(&by_server) {
        assert!(one.id == other.id && (one.score - other.score).abs() < 1e-6, "{by_host:?} {by_server:?}");
    }
}
