//! What documents mean, as vectors.

use super::{ADA, document, keep};
use mindflow_backends::stores::search_index::{Document, Error, Filter, Near, Place, Query, SearchIndex, VectorHit};

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
    let filter = Filter { keywords: vec!["WORK".into()], after: Some(5), before: Some(6), ..Filter::default() };
    assert_eq!(nearest(10, None, filter).await, all[2..]);
}

pub async fn what_must_not_be_there_binds_the_nearest_and_they_lead_on_page_by_page(index: &dyn SearchIndex) {
    let of = |id: &str, body: &str, vector: [f32; 2]| Document { body: body.into(), ..meaning(id, &vector) };
    keep(
        index,
        &[
            of("1", "The office drained me.", [1.0, 0.0]),
            of("2", "Offices everywhere.", [1.0, 0.1]),
            of("3", "On the sofa by the old town.", [1.0, 0.2]),
            of("4", "On the sofa.", [1.0, 0.3]),
            of("5", "On the sofa.", [1.0, 0.4]),
        ],
    )
    .await;
    let nearest = async |without: &str, beyond: Option<Place>, limit| {
        let filter = Filter { without: Query::exclusions(without).unwrap(), beyond, ..Filter::default() };
        let near = Near { vector: &[1.0, 0.0], limit, except: None };
        index.nearest(ADA, &near, &filter).await.unwrap()
    };
    let ids = |hits: &[VectorHit]| hits.iter().map(|hit| hit.id.clone()).collect::<Vec<_>>().join(" ");
    assert_eq!(ids(&nearest("", None, 10).await), "1 2 3 4 5");
    assert_eq!(ids(&nearest("tired -office", None, 10).await), "3 4 5");
    assert_eq!(ids(&nearest("-“old town” -drained", None, 10).await), "2 4 5");
    let first = nearest("-drained", None, 2).await;
    let place = first.last().map(|hit| Place { score: hit.score, id: hit.id.clone() });
    assert_eq!((ids(&first), ids(&nearest("-drained", place, 2).await)), ("2 3".into(), "4 5".into()));
}

pub async fn those_that_are_near_enough_are_counted(index: &dyn SearchIndex) {
    let of = |id: &str, body: &str, vector: [f32; 2]| Document { body: body.into(), ..meaning(id, &vector) };
    let all = [of("b1", "office", [5.0, 0.0]), of("b2", "sofa", [4.0, 3.0]), of("b3", "sofa", [0.0, 1.0])];
    keep(index, &all).await;
    let count = async |score_min, filter: Filter| index.count_near(ADA, &[2.0, 0.0], score_min, &filter).await.unwrap();
    let ids = |ids: &[&str]| Filter { among: ids.iter().map(|id| (*id).into()).collect(), ..Filter::default() };
    let ours = || ids(&["b1", "b2", "b3"]);
    assert_eq!((count(0.25, ours()).await, count(0.9, ours()).await, count(-1.0, ours()).await), (2, 1, 3));
    assert_eq!(count(0.25, ids(&["b2", "b3", "none"])).await, 1);
    let without = Query::exclusions("-office").unwrap();
    // The whole ranking, wherever a page of it begins.
    let beyond = Some(Place { score: 0.0, id: "b3".into() });
    assert_eq!(count(0.25, Filter { without, beyond, ..ours() }).await, 1);
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
    for limit in [0, 102] {
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
