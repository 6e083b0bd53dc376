//! Documents come at least once and in any order.

use super::{ADA, EVE, document, ids, keep};
use mindflow_backends::stores::search_index::{Document, Filter, Near, Query, SearchIndex};

fn version(version: u64, title: &str) -> Document {
    Document { version, ..document("1", title, "") }
}

pub async fn an_older_version_changes_nothing(index: &dyn SearchIndex) {
    keep(index, &[version(3, "third"), version(2, "second"), version(3, "third")]).await;
    assert_eq!(ids(index, "third ").await, ["1"]);
    assert!(ids(index, "\"second\"").await.is_empty());
    keep(index, &[version(4, "fourth")]).await;
    assert_eq!(ids(index, "\"fourth\"").await, ["1"]);
}

pub async fn a_deleted_document_stays_deleted_for_older_versions(index: &dyn SearchIndex) {
    index.delete("1", ADA, 3).await.unwrap();
    keep(index, &[version(2, "second"), version(3, "third")]).await;
    assert!(ids(index, "second ").await.is_empty() && ids(index, "third ").await.is_empty());
    assert_eq!(index.vector(ADA, "1").await.unwrap(), None);
    keep(index, &[version(4, "fourth")]).await;
    index.delete("1", ADA, 3).await.unwrap();
    assert_eq!(ids(index, "\"fourth\"").await, ["1"]);
}

pub async fn any_order_of_all_versions_leaves_the_same(index: &dyn SearchIndex) {
    // Created, edited, deleted, restored, edited: each order of these five, on a document of its own.
    let steps = [(1, Some("apple")), (2, Some("banana")), (3, None), (4, Some("cherry")), (5, Some("damson"))];
    let mut orders = vec![Vec::new()];
    for step in steps {
        orders = orders
            .into_iter()
            .flat_map(|order: Vec<_>| {
                (0..=order.len()).map(move |at| {
                    let mut longer = order.clone();
                    longer.insert(at, step);
                    longer
                })
            })
            .collect();
    }
    assert_eq!(orders.len(), 120);
    for (number, order) in orders.iter().enumerate() {
        let id = format!("order-{number}");
        for (version, title) in order {
            match title {
                Some(title) => {
                    index.upsert(&Document { version: *version, ..document(&id, title, "") }).await.unwrap();
                }
                None => index.delete(&id, ADA, *version).await.unwrap(),
            }
        }
    }
    let total = async |query: &str| {
        let query = Query::parse(query).unwrap();
        index.search(ADA, &query, &Filter::default(), 1).await.unwrap().total
    };
    assert_eq!(total("\"damson\"").await, 120);
    for old in ["apple", "banana", "cherry"] {
        assert_eq!(total(&format!("\"{old}\"")).await, 0, "{old}");
    }
}

pub async fn an_owner_finds_only_what_is_its_own(index: &dyn SearchIndex) {
    let vector = Some(vec![1.0, 0.0]);
    keep(index, &[Document { vector: vector.clone(), ..document("1", "The treasure", "") }]).await;
    keep(index, &[Document { owner: EVE, vector, ..document("2", "The treasury", "") }]).await;
    assert_eq!(ids(index, "treasure").await, ["1"]);
    assert!(ids(index, "\"treasury\"").await.is_empty());
    // Not by a typo, not by meaning, not by its id.
    let near = Near { vector: &[1.0, 0.0], limit: 10, except: None };
    let hits = index.nearest(EVE, &near, &Filter::default()).await.unwrap();
    assert_eq!(hits.iter().map(|hit| hit.id.as_str()).collect::<Vec<_>>(), ["2"]);
    assert_eq!(index.vector(EVE, "1").await.unwrap(), None);
    let typo = index.search(EVE, &Query::parse("tresure").unwrap(), &Filter::default(), 10).await.unwrap();
    assert!(typo.hits.iter().all(|hit| hit.id == "2"), "{typo:?}");
}

pub async fn what_is_forgotten_is_gone_and_others_documents_stay(index: &dyn SearchIndex) {
    let of_eve = Document { owner: EVE, ..document("4", "A walk", "by the lake") };
    keep(
        index,
        &[document("1", "A walk", "by the river"), document("2", "A walk", ""), document("3", "A swim", ""), of_eve],
    )
    .await;
    index.delete("3", ADA, 2).await.unwrap();
    assert_eq!(index.forget(EVE, Some("1")).await.unwrap(), 0, "it is another's");
    assert_eq!(index.forget(ADA, Some("1")).await.unwrap(), 1);
    assert_eq!(ids(index, "walk").await, ["2"]);
    // What was deleted before has left its id.
    assert_eq!(index.forget(ADA, None).await.unwrap(), 2);
    assert_eq!(index.forget(ADA, None).await.unwrap(), 0);
    assert!(ids(index, "walk").await.is_empty());
    let query = Query::parse("walk").unwrap();
    assert_eq!(index.search(EVE, &query, &Filter::default(), 10).await.unwrap().total, 1);
}
