//! Events that a handler takes together.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicU32, Ordering};
use std::time::{Duration, Instant};

use mindflow_backends::database::sql::NewEvent;
use mindflow_backends::delivery::{Failure, Options, Subscription};
use mindflow_test_support::until;

use crate::delivery::stage::{Actor, Stage, again, fact, hasty, subscription};

/// One event of each of 40 keys, and a second one of each after all of these.
fn burst() -> Vec<NewEvent> {
    (1..=2).flat_map(|sequence| (0..40).map(move |key| fact("A", &format!("entry:{key}"), sequence))).collect()
}

/// Each event of the burst was taken once, and each key in order.
fn assert_taken(actor: &Actor) {
    let sequences = actor.log().sequences("query");
    assert_eq!(sequences.len(), 40);
    for (key, seen) in sequences {
        assert_eq!(seen, [1, 2], "{key}");
    }
}

pub async fn what_waits_is_taken_together_once_each_and_in_order_of_each_key(stage: Stage) {
    let query = subscription("query");
    stage.fill(std::slice::from_ref(&query), &burst()).await;
    let actor = Actor::batching(|_, _| async { Ok(()) });
    let delivery = stage.deliver(&[Subscription { batch_events: 16, ..query }], &actor).await;
    stage.settled().await;
    assert_taken(&actor);
    let batches = actor.batches();
    assert!(batches.iter().all(|size| (2..=16).contains(size)), "{batches:?}");
    assert!(batches.contains(&16), "{batches:?}");
    stage.publish(&[fact("A", "entry:alone", 1)]).await;
    actor.log().until("the single one", |seen| seen.iter().any(|seen| seen.key == "entry:alone")).await;
    assert_eq!(actor.batches(), batches, "one event is no batch");
    delivery.shutdown().await;
}

pub async fn an_idle_subscription_that_lingers_leaves_the_others_time(stage: Stage) {
    const LINGER: Duration = Duration::from_millis(400);
    let lingering = Subscription { linger: LINGER, ..subscription("search") };
    let actor = Actor::new(|_, _| async { Ok(()) });
    let options = Options { poll: Duration::from_secs(60), ..stage.options() };
    let delivery = stage.deliver_with(&[lingering, subscription("query")], &actor, options).await;
    stage.publish(&[fact("A", "entry:1", 1)]).await;
    stage.settled().await;
    // Neither polls, so what follows is announced to idle subscriptions.
    let published_at = Instant::now();
    stage.publish(&[fact("A", "entry:2", 1)]).await;
    stage.settled().await;
    let seen = actor.log().seen();
    let taken = seen.iter().find(|seen| seen.subscription == "search" && seen.key == "entry:2").unwrap();
    assert!(taken.at >= published_at + LINGER);
    delivery.shutdown().await;
}

pub async fn an_event_that_fails_in_a_batch_fails_alone_and_its_first_attempt_is_the_one_alone(stage: Stage) {
    let query = Subscription { retry: hasty(), ..subscription("query") };
    let mut events = burst();
    events.insert(7, fact("A", "entry:sick", 1));
    stage.fill(std::slice::from_ref(&query), &events).await;
    let actor = Actor::batching(|event, _| async move {
        if event.partition_key == "entry:sick" { Err(again("never")) } else { Ok(()) }
    });
    let delivery = stage.deliver(&[query], &actor).await;
    until("it is dead", async || stage.depth("query").await.dead == 1).await;
    stage.settled().await;
    let seen = actor.log().seen();
    let attempts: Vec<u32> = seen.iter().filter(|seen| seen.key == "entry:sick").map(|seen| seen.attempt).collect();
    assert_eq!(attempts, [1, 2, 3, 4, 5]);
    let others: Vec<_> = seen.iter().filter(|seen| seen.key != "entry:sick").collect();
    assert_eq!(others.len(), 80);
    assert!(others.iter().all(|seen| seen.attempt == 1));
    delivery.shutdown().await;
}

pub async fn a_batch_that_hangs_or_panics_is_tried_event_by_event(stage: Stage) {
    let query = Subscription { timeout: Duration::from_millis(500), ..subscription("query") };
    stage.fill(std::slice::from_ref(&query), &burst()).await;
    let troubles = Arc::new(AtomicU32::new(0));
    let actor = Actor::batching(move |event, _| {
        let trouble = (event.partition_key == "entry:5").then(|| troubles.fetch_add(1, Ordering::SeqCst));
        async move {
            match trouble {
                Some(0) => std::future::pending().await,
                Some(2) => panic!("in the second batch that has it"),
                _ => Ok(()),
            }
        }
    });
    let delivery = stage.deliver(&[query], &actor).await;
    stage.settled().await;
    assert_taken(&actor);
    assert!(actor.log().seen().iter().all(|seen| seen.attempt == 1), "no batch that failed is an attempt");
    delivery.shutdown().await;
}

pub async fn a_batch_that_is_put_off_comes_again_as_a_whole_and_counts_as_no_attempt(stage: Stage) {
    let query = subscription("query");
    stage.fill(std::slice::from_ref(&query), &burst()).await;
    let is_away = Arc::new(AtomicBool::new(true));
    let away = is_away.clone();
    let actor = Actor::batching(move |_, _| {
        let away = away.swap(false, Ordering::SeqCst);
        async move {
            if away {
                Err(Failure::Retry { reason: "away".to_owned(), after: Some(Duration::from_millis(200)) })
            } else {
                Ok(())
            }
        }
    });
    let delivery = stage.deliver(&[query], &actor).await;
    stage.settled().await;
    assert_taken(&actor);
    assert!(!is_away.load(Ordering::SeqCst));
    assert!(actor.log().seen().iter().all(|seen| seen.attempt == 1));
    delivery.shutdown().await;
}
