//! The back end on OpenSearch's API: a server of each test's own, which shows immediately what was written.

use super::{ADA, document, ids, keep};
use mindflow_backends::stores::search_index::{self, Config, Error, Filter, Query, SearchIndex};
use mindflow_test_support::opensearch;
use serde_json::{Value, json};
use std::{collections::BTreeMap, sync::Arc};

pub struct Stage {
    pub index: Arc<dyn SearchIndex>,
    server: opensearch::Server,
}

pub async fn stage() -> Stage {
    let server = opensearch::start().await;
    Stage { index: open(&json!({ "backend": "opensearch", "url": server.url })).unwrap(), server }
}

fn open(config: &Value) -> Result<Arc<dyn SearchIndex>, search_index::OpenError> {
    let config: Config = serde_json::from_value(config.clone()).unwrap();
    search_index::open("notes", &config, &BTreeMap::new())
}

#[tokio::test(flavor = "multi_thread")]
async fn two_replicas_that_start_together_make_one_index() {
    let stage = stage().await;
    let other = open(&json!({ "backend": "opensearch", "url": stage.server.url })).unwrap();
    let (one, two) = (document("1", "A walk", ""), document("2", "A walk", ""));
    let (first, second) = tokio::join!(stage.index.upsert(&one), other.upsert(&two));
    first.and(second).unwrap();
    assert_eq!(ids(&*other, "walk").await.len(), 2);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_server_that_is_away_is_unavailable_and_no_fault_of_the_query() {
    let mut stage = stage().await;
    keep(&*stage.index, &[document("1", "A walk", "")]).await;
    stage.server.kill().await;
    let query = Query::parse("walk").unwrap();
    let error = stage.index.search(ADA, &query, &Filter::default(), 10).await.unwrap_err();
    assert!(matches!(error, Error::Unavailable(_)), "{error}");
    assert!(matches!(stage.index.upsert(&document("1", "", "")).await.unwrap_err(), Error::Unavailable(_)));
}

#[test]
fn settings_that_make_no_sense_are_refused_and_a_password_is_never_shown() {
    let config = |url: &str, more: Value| {
        let mut config = json!({ "backend": "opensearch", "url": url });
        config.as_object_mut().unwrap().extend(more.as_object().unwrap().clone());
        config
    };
    for (config, says) in [
        (config("nowhere", json!({})), "url"),
        (config("https://me:secret@example.org", json!({})), "names a user"),
        (config("https://example.org", json!({ "username": "me" })), "go together"),
        (config("https://example.org", json!({ "prefix": "Mine/" })), "lower-case"),
    ] {
        let error = open(&config).err().unwrap().to_string();
        assert!(error.contains(says), "{error}");
    }
    let whole = config("https://example.org", json!({ "username": "me", "password": "hunter2" }));
    let whole: Config = serde_json::from_value(whole).unwrap();
    assert!(!format!("{whole:?}").contains("hunter2"));
}
