//! What documents mean, as vectors.

use super::{ADA, document, keep};
use mindflow_backends::stores::search_index::{Document, Error, Filter, Near, Query, SearchIndex};

fn meaning(id: &str, vector: &[f32]) -> Document {
    Document { vector: Some(vector.to_vec()), ..document(id, "", "") }
}

pub async fn the_nearest_are_found_without_the_one_asked_for(index: &dyn SearchIndex) {
    let away = Document { keywords: vec!["Work".into()], at: 5, ..meaning("across", &[0.0, 2.0]) };
    keep(index, &[meaning("same", &[3.0, 0.0]), meaning("near", &[4.0, 3.0]), away, document("text", "alone", "")])
        .await;
    let nearest = async |limit, except, filter: Filter| {
        let near = Near { vector: &[10.0, 0.0], limit, except };
        let hits = index.nearest(ADA, &near, &filter).await.unwrap();
        hits.into_iter().map(|hit| (hit.id, (hit.score * 100.0).round() as i32)).collect::<Vec<_>>()
    };
    let all = [("same".to_owned(), 100), ("near".to_owned(), 80), ("across".to_owned(), 0)];
    assert_eq!(nearest(10, None, Filter::default()).await, all);
    assert_eq!(nearest(1, Some("same"), Filter::default()).await, all[1..2]);
    let filter = Filter { keywords: vec!["WORK".into()], after: Some(5), before: Some(6) };
    assert_eq!(nearest(10, None, filter).await, all[2..]);
}

pub async fn vectors_of_another_model_are_passed_over(index: &dyn SearchIndex) {
    keep(index, &[meaning("ours", &[0.6, 0.8]), meaning("another", &[1.0, 0.0, 0.0])]).await;
    let near = Near { vector: &[1.0, 0.0], limit: 5, except: None };
    let hits = index.nearest(ADA, &near, &Filter::default()).await.unwrap();
    assert_eq!(hits.iter().map(|hit| hit.id.as_str()).collect::<Vec<_>>(), ["ours"]);
    assert!((hits[0].score - 0.6).abs() < 1e-6);
}

pub async fn a_version_keeps_its_vector_until_it_gets_another(index: &dyn SearchIndex) {
    let one = meaning("1", &[1.0, 0.0]);
    // The text alone, again: as when an event comes twice.
    keep(index, &[one.clone(), Document { vector: None, ..one.clone() }]).await;
    assert_eq!(index.vector(ADA, "1").await.unwrap(), Some(vec![1.0, 0.0]));
    // A newer text may mean something else.
    keep(index, &[Document { vector: None, version: 2, ..one.clone() }]).await;
    assert_eq!(index.vector(ADA, "1").await.unwrap(), None);
    keep(index, &[Document { vector: Some(vec![0.0, 1.0]), version: 2, ..one }]).await;
    assert_eq!(index.vector(ADA, "1").await.unwrap(), Some(vec![0.0, 1.0]));
    assert_eq!(index.vector(ADA, "nothing").await.unwrap(), None);
}

pub async fn limits_and_vectors_that_make_no_sense_are_refused(index: &dyn SearchIndex) {
    let invalid = |error: Error| assert!(matches!(error, Error::Invalid(_)), "{error}");
    let query = Query::parse("walk").unwrap();
    for limit in [0, 101] {
        invalid(index.search(ADA, &query, &Filter::default(), limit).await.unwrap_err());
        let near = Near { vector: &[1.0], limit, except: None };
        invalid(index.nearest(ADA, &near, &Filter::default()).await.unwrap_err());
    }
    for vector in [vec![], vec![0.0, 0.0], vec![f32::NAN]] {
        let near = Near { vector: &vector, limit: 1, except: None };
        invalid(index.nearest(ADA, &near, &Filter::default()).await.unwrap_err());
        invalid(index.upsert(&meaning("1", &vector)).await.unwrap_err());
    }
    invalid(index.upsert(&Document { id: String::new(), ..document("", "", "") }).await.unwrap_err());
}
