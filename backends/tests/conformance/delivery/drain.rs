//! Drains: dispatchers that are called, deliver what waits, and end. On the host's connections, and on those of Spin.

use std::collections::BTreeMap;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex};
use std::time::Duration;

use mindflow_backends::delivery::queue::Outcome;
use mindflow_backends::delivery::{Connections, DeadLetterFilter, Event, Failure, Options, Subscription};
use mindflow_platform::delivery::drain::{Drain, Drained, Witness};
use mindflow_test_support::until;
use tokio::sync::watch;

use crate::delivery::literals::Literals;
use crate::delivery::stage::{Actor, Stage, Store, again, fact, facts, hasty, subscription};

/// Longer than any story takes.
const TIME: Duration = Duration::from_secs(25);

/// How each outcome ended, by partition key.
#[derive(Default)]
struct Notes {
    ends: Mutex<BTreeMap<String, Vec<&'static str>>>,
    lost: AtomicU64,
}

impl Witness for Notes {
    fn settled(&self, _: &str, event: &Event, _: u32, outcome: &Outcome) {
        let end = match outcome {
            Outcome::Ack => "ack",
            Outcome::Retry { counted: true, .. } => "failed",
            Outcome::Retry { .. } => "deferred",
            Outcome::Dead { .. } => "dead",
        };
        self.ends.lock().unwrap().entry(event.partition_key.clone()).or_default().push(end);
    }

    fn lost(&self, _: &str, _: &Event) {
        self.lost.fetch_add(1, Ordering::Relaxed);
    }
}

/// A drain on the host's connections.
fn hosts(stage: &Stage, subscriptions: &[Subscription], actor: &Arc<Actor>, time: Duration) -> Drain<Connections> {
    let connections = Connections::new(stage.db.database().clone());
    Drain::new(connections, subscriptions.to_vec(), actor.clone(), Arc::new(Notes::default()), time)
}

/// As on Spin.
async fn spins(stage: &Stage, subscriptions: &[Subscription], actor: &Arc<Actor>, time: Duration) -> Drain<Literals> {
    let literals = Literals::of(&stage.db).await;
    Drain::new(literals, subscriptions.to_vec(), actor.clone(), Arc::new(Notes::default()), time)
}

async fn drain(stage: &Stage, subscriptions: &[Subscription], actor: &Arc<Actor>) -> Drained {
    spins(stage, subscriptions, actor, TIME).await.run().await.unwrap()
}

/// A stage whose subscriptions are registered.
async fn stage(subscriptions: &[Subscription]) -> Stage {
    let stage = Stage::on(Store::Postgres).await;
    let nothing = drain(&stage, subscriptions, &Actor::willing()).await;
    assert_eq!(nothing, Drained::default());
    stage
}

#[tokio::test(flavor = "multi_thread")]
async fn a_drain_delivers_what_waits_and_leaves_no_reader_behind() {
    let both = [subscription("query"), subscription("ai")];
    let stage = stage(&both).await;
    stage.publish(&facts("entry:1", 3)).await;
    stage.publish(&facts("entry:2", 2)).await;
    let actor = Actor::willing();
    let drained = drain(&stage, &both, &actor).await;
    assert_eq!(drained, Drained { delivered: 10, ..Drained::default() });
    for name in ["query", "ai"] {
        let sequences = actor.log().sequences(name);
        assert_eq!((&*sequences["entry:1"], &*sequences["entry:2"]), (&[1, 2, 3][..], &[1, 2][..]));
    }
    assert_eq!(stage.count("delivery.reader").await, 0);
    assert_eq!(stage.count("delivery.cursor WHERE owner IS NOT NULL").await, 0);
    assert_eq!(stage.count("delivery.backlog").await, 0);
    assert_eq!(drain(&stage, &both, &actor).await, Drained::default(), "nothing comes twice");
}

#[tokio::test(flavor = "multi_thread")]
async fn what_waits_together_is_taken_in_batches() {
    let query = [subscription("query")];
    let stage = stage(&query).await;
    let events: Vec<_> = (0..100).map(|key| fact("A", &format!("entry:{key}"), 1)).collect();
    stage.publish(&events).await;
    let actor = Actor::batching(|_, _| async { Ok(()) });
    assert_eq!(drain(&stage, &query, &actor).await.delivered, 100);
    assert!(actor.batches().iter().any(|size| *size > 30), "{:?}", actor.batches());
}

#[tokio::test(flavor = "multi_thread")]
async fn a_poison_event_dies_in_the_same_drain_by_the_policy_and_holds_back_its_own_key_alone() {
    let query = [Subscription { retry: hasty(), ..subscription("query") }];
    let stage = stage(&query).await;
    stage.publish(&facts("entry:poison", 2)).await;
    stage.publish(&facts("entry:good", 2)).await;
    let actor = Actor::batching(|event, _| async move {
        if event.partition_key == "entry:poison" { Err(again("never")) } else { Ok(()) }
    });
    let drained = drain(&stage, &query, &actor).await;
    assert_eq!((drained.delivered, drained.failed, drained.dead, drained.left), (2, 4, 1, false));
    let filter = DeadLetterFilter { limit: 10, ..DeadLetterFilter::default() };
    let dead = stage.queue.list(&filter).await.unwrap();
    assert_eq!((dead.len(), dead[0].attempts, dead[0].parked), (1, 5, 1));
    assert_eq!(dead[0].event.partition_key, "entry:poison");
}

#[tokio::test(flavor = "multi_thread")]
async fn what_was_put_off_for_longer_than_a_drain_waits_is_left_for_the_next_one() {
    let query = [subscription("query")];
    let stage = stage(&query).await;
    stage.publish(&facts("entry:1", 1)).await;
    let busy = Actor::new(|_, _| async {
        Err(Failure::Retry { reason: "busy".to_owned(), after: Some(Duration::from_secs(60)) })
    });
    let drained = drain(&stage, &query, &busy).await;
    assert_eq!(drained, Drained { deferred: 1, ..Drained::default() });
    stage.db.script("UPDATE delivery.queue SET not_before = now()").await;
    let willing = Actor::willing();
    assert_eq!(drain(&stage, &query, &willing).await, Drained { delivered: 1, ..Drained::default() });
    assert_eq!(willing.log().seen()[0].attempt, 1, "a deferral counts as none");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_drain_whose_time_is_up_says_that_more_waits_and_the_next_goes_on() {
    let query = [Subscription { concurrency: 1, ..subscription("query") }];
    let stage = stage(&query).await;
    stage.publish(&facts("entry:1", 60)).await;
    let slow = Actor::new(|_, _| async {
        tokio::time::sleep(Duration::from_millis(20)).await;
        Ok(())
    });
    let short = spins(&stage, &query, &slow, Duration::from_millis(600)).await.run().await.unwrap();
    assert!(short.left && short.delivered > 0 && short.delivered < 60, "{short:?}");
    let rest = drain(&stage, &query, &slow).await;
    assert_eq!((rest.left, rest.delivered), (false, 60 - short.delivered));
    assert_eq!(slow.log().sequences("query")["entry:1"], (1..=60).collect::<Vec<_>>());
}

#[tokio::test(flavor = "multi_thread")]
async fn a_drain_that_a_slow_handler_keeps_leaves_what_it_is_done_with_to_the_next_drain() {
    let both = [subscription("query"), subscription("ai")];
    let stage = stage(&both).await;
    let (go, gone) = watch::channel(false);
    let actor = Actor::new(move |_, attempt| {
        let mut gone = gone.clone();
        async move {
            if &*attempt.subscription == "ai" {
                let _ = gone.wait_for(|gone| *gone).await;
            }
            Ok(())
        }
    });
    stage.publish(&facts("entry:1", 1)).await;
    let kept = spins(&stage, &both, &actor, TIME).await;
    let kept = tokio::spawn(async move { kept.run().await.unwrap() });
    actor.log().until_len(2).await;
    until("query is free", async || stage.count("delivery.reader WHERE subscription = 'query'").await == 0).await;
    stage.publish(&facts("entry:2", 1)).await;
    assert_eq!(drain(&stage, &both[..1], &actor).await, Drained { delivered: 1, ..Drained::default() });
    go.send_replace(true);
    let kept = kept.await.unwrap();
    assert_eq!((kept.delivered, kept.lost, kept.left), (3, 0, false));
    assert_eq!(stage.count("delivery.reader").await, 0);
}

#[tokio::test(flavor = "multi_thread")]
async fn drains_called_at_the_same_moment_deliver_each_event_once_and_in_order() {
    let both = [subscription("query"), subscription("ai")];
    let stage = stage(&both).await;
    let actor = Actor::willing();
    for round in 1..=10 {
        let events: Vec<_> = (0..20).map(|key| fact("A", &format!("entry:{key}"), round)).collect();
        stage.publish(&events).await;
        let spins = async || drain(&stage, &both, &actor).await;
        let hosts = async || hosts(&stage, &both, &actor, TIME).run().await.unwrap();
        let (one, two, three, four) = tokio::join!(spins(), hosts(), spins(), hosts());
        assert_eq!([one, two, three, four].iter().map(|drained| drained.lost).sum::<u64>(), 0);
    }
    until("everything is delivered", async || {
        drain(&stage, &both, &actor).await;
        stage.count("delivery.backlog").await == 0
    })
    .await;
    assert_eq!(actor.log().len(), 2 * 10 * 20, "each once");
    assert!(actor.log().overlaps.lock().unwrap().is_empty());
    for (key, sequences) in actor.log().sequences("query") {
        assert_eq!(sequences, (1..=10).collect::<Vec<_>>(), "{key}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_drain_during_a_hosts_deliveries_takes_nothing_from_it_and_loses_nothing() {
    let query = [subscription("query")];
    let stage = stage(&query).await;
    let (host, drains) = (Actor::willing(), Actor::willing());
    let delivery = stage.deliver_with(&query, &host, Options::default()).await;
    for sequence in 1..=20 {
        stage.publish(&[fact("A", "entry:1", sequence), fact("A", "entry:2", sequence)]).await;
        drain(&stage, &query, &drains).await;
    }
    stage.settled().await;
    assert_eq!(host.log().len() + drains.log().len(), 40);
    delivery.shutdown().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn drains_that_die_in_the_middle_lose_and_reorder_nothing_and_double_only_what_they_had_in_hand() {
    let both = [subscription("query"), subscription("ai")];
    let stage = stage(&both).await;
    let actor = Actor::batching(|event, _| async move {
        tokio::time::sleep(Duration::from_millis(event.sequence % 5)).await;
        Ok(())
    });
    let mut published = 0;
    for round in 1..=3 {
        for sequence in 1..=5 {
            let sequence = (round - 1) * 5 + sequence;
            let events: Vec<_> = (0..40).map(|key| fact("A", &format!("entry:{key}"), sequence)).collect();
            published += events.len();
            stage.publish(&events).await;
        }
        // It goes as with the machine: nothing of it runs any more.
        let dying = spins(&stage, &both, &actor, TIME).await;
        let died = tokio::time::timeout(Duration::from_millis(20 + 70 * round), dying.run()).await;
        drop(dying);
        if died.is_err() {
            until("its slots run out", async || {
                stage.count("delivery.cursor WHERE owner IS NOT NULL AND leased_until > now()").await == 0
            })
            .await;
        }
    }
    until("everything is delivered", async || {
        drain(&stage, &both, &actor).await;
        stage.count("delivery.backlog").await == 0
    })
    .await;
    assert_eq!(stage.count("delivery.archive").await, i64::try_from(published).unwrap());
    for name in ["query", "ai"] {
        for (key, seen) in actor.log().sequences(name) {
            let mut first = Vec::new();
            for sequence in &seen {
                // What comes again is what was last, or behind it.
                let next = first.last().map_or(1, |last: &u64| last + 1);
                assert!(*sequence <= next, "{name} of {key} passed one over: {seen:?}");
                if *sequence == next {
                    first.push(*sequence);
                }
            }
            assert_eq!(first, (1..=15).collect::<Vec<_>>(), "{name} of {key}");
        }
    }
    assert!(actor.log().overlaps.lock().unwrap().is_empty());
}
