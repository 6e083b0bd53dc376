//! What a replay reads.

use futures::{StreamExt, TryStreamExt};
use jiff::{SignedDuration, Timestamp};
use mindflow_backends::delivery::archive::{self, Cut, Filter};

use crate::archive::stage::{Stage, fact, facts};

#[tokio::test(flavor = "multi_thread")]
async fn events_come_in_the_order_of_their_positions_whatever_the_batch() {
    let stage = Stage::new("order").await;
    stage.archive(&facts("entry:1", 10)).await;
    let then = archive::cut(stage.db.database()).await.unwrap();
    stage.archive_in(stage.this_month().await.next(), &facts("entry:2", 10)).await;
    let all = stage.read(Filter::default()).await;
    assert_eq!(all.len(), 20);
    assert!(all.is_sorted_by_key(|archived| archived.position));
    for batch in [0, 1, 10, 19, 20, 21, 5_000] {
        assert_eq!(stage.try_read(Filter::default(), batch).await.unwrap(), all, "{batch}");
    }
    let rest = stage.read(Filter { after: Some(then), ..Filter::default() }).await;
    assert_eq!(rest, all[10..]);
    let until = stage.read(Filter { until: Some(then), ..Filter::default() }).await;
    assert_eq!(until, all[..10]);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_filter_chooses_by_time_entity_and_type() {
    let stage = Stage::new("filter").await;
    stage.archive(&[fact("A", "entry:1", 1), fact("B", "entry:1", 2), fact("A", "entry:2", 1)]).await;
    let between = stage.read(Filter::default()).await[2].archived_at + SignedDuration::from_micros(1);
    stage.archive(&[fact("A", "entry:1", 3), fact("C", "entry:2", 2)]).await;
    let chosen = async |filter| {
        let events = stage.read(filter).await.into_iter().map(|archived| archived.event);
        events
            .map(|event| format!("{} {} {}", event.event_type, event.partition_key, event.sequence))
            .collect::<Vec<_>>()
    };
    let entity = Filter { partition_key: Some("entry:1".to_owned()), ..Filter::default() };
    assert_eq!(chosen(entity.clone()).await, ["A entry:1 1", "B entry:1 2", "A entry:1 3"]);
    let types = Filter { event_types: vec!["B".to_owned(), "C".to_owned()], ..Filter::default() };
    assert_eq!(chosen(types).await, ["B entry:1 2", "C entry:2 2"]);
    let later = Filter { from: Some(between), ..Filter::default() };
    assert_eq!(chosen(later).await, ["A entry:1 3", "C entry:2 2"]);
    let earlier = Filter { to: Some(between), ..entity.clone() };
    assert_eq!(chosen(earlier).await, ["A entry:1 1", "B entry:1 2"]);
    let nothing = Filter { from: Some(between), to: Some(between), ..Filter::default() };
    assert_eq!(chosen(nothing).await, [] as [&str; 0]);
    let all = Filter {
        from: Some(Timestamp::UNIX_EPOCH),
        to: Some(between + SignedDuration::from_hours(1)),
        event_types: vec!["A".to_owned()],
        ..entity
    };
    assert_eq!(chosen(all).await, ["A entry:1 1", "A entry:1 3"]);
}

#[tokio::test(flavor = "multi_thread")]
async fn reading_ends_with_what_was_there_when_it_began() {
    let stage = Stage::new("snapshot").await;
    stage.archive(&facts("entry:1", 3)).await;
    let mut stream = std::pin::pin!(archive::read(stage.db.database(), Filter::default(), 1));
    assert_eq!(stream.next().await.unwrap().unwrap().event.sequence, 1);
    stage.archive(&facts("entry:2", 3)).await;
    let rest: Vec<_> = stream.try_collect().await.unwrap();
    assert_eq!(rest.len(), 2);
    assert_eq!(stage.read(Filter::default()).await.len(), 6);
}

#[tokio::test(flavor = "multi_thread")]
async fn an_empty_archive_has_nothing_to_read() {
    let stage = Stage::new("empty").await;
    assert_eq!(stage.read(Filter::default()).await, []);
    assert_eq!(archive::cut(stage.db.database()).await.unwrap(), Cut { ordinal: 0, floor: 0 });
}
