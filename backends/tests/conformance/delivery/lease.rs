//! Leases: one of a key, fenced, taken over when their owner is gone.

use std::sync::Arc;
use std::sync::atomic::{AtomicU32, Ordering};
use std::time::{Duration, Instant};

use mindflow_backends::delivery::queue::{Leased, Outcome, Settlement};
use mindflow_backends::delivery::{DeadLetterFilter, LOST_MAX, LOST_SUSPECT, Options, Subscription};
use mindflow_test_support::{eventually, until};
use tokio::sync::Semaphore;
use uuid::Uuid;

use crate::delivery::stage::{Actor, Stage, again, fact, facts, hasty, subscription};

const LONG: Duration = Duration::from_secs(60);
const SHORT: Duration = Duration::from_millis(50);

async fn lease(stage: &Stage, lease_for: Duration) -> Vec<Leased> {
    stage.queue.lease("query", Uuid::new_v4(), 10, lease_for, true).await.unwrap()
}

/// Leases again and again until there is something.
async fn lease_when_due(stage: &Stage) -> Leased {
    eventually("an event can be leased", async || lease(stage, LONG).await.pop()).await
}

async fn settle(stage: &Stage, leased: &Leased, outcome: Outcome) -> usize {
    let settlement = Settlement { receipt: leased.receipt.clone(), outcome };
    stage.queue.settle("query", &[settlement]).await.unwrap().len()
}

pub async fn only_the_first_of_each_key_is_leased_and_the_next_only_when_it_is_settled(stage: Stage) {
    let mut events = facts("entry:1", 2);
    events.extend(facts("entry:2", 1));
    stage.fill(&[subscription("query")], &events).await;
    let leased = lease(&stage, LONG).await;
    let named = |leased: &[Leased]| -> Vec<_> {
        leased.iter().map(|leased| (leased.event.partition_key.clone(), leased.event.sequence)).collect()
    };
    assert_eq!(named(&leased), [("entry:1".to_owned(), 1), ("entry:2".to_owned(), 1)]);
    assert!(lease(&stage, LONG).await.is_empty());
    assert_eq!(settle(&stage, &leased[0], Outcome::Ack).await, 1);
    assert_eq!(named(&lease(&stage, LONG).await), [("entry:1".to_owned(), 2)]);
}

pub async fn a_lease_that_ran_out_goes_to_the_next_owner_and_is_counted_apart_from_the_attempts(stage: Stage) {
    stage.fill(&[subscription("query")], &facts("entry:1", 1)).await;
    let counts = |leased: &Leased| (leased.attempt, leased.lost);
    assert_eq!(counts(&lease(&stage, SHORT).await[0]), (1, 0));
    let second = lease_when_due(&stage).await;
    assert_eq!(counts(&second), (1, 1));
    let retry = Outcome::Retry { error: "no".to_owned(), delay: Duration::ZERO, counted: true };
    assert_eq!(settle(&stage, &second, retry).await, 1);
    assert_eq!(counts(&lease_when_due(&stage).await), (2, 1));
}

pub async fn settling_a_lost_lease_changes_nothing_and_says_so(stage: Stage) {
    stage.fill(&[subscription("query")], &facts("entry:1", 1)).await;
    let lost = lease(&stage, SHORT).await.remove(0);
    let held = lease_when_due(&stage).await;
    let retry = |counted| Outcome::Retry { error: "late".to_owned(), delay: Duration::ZERO, counted };
    for outcome in [Outcome::Ack, retry(true), retry(false), Outcome::Dead { error: "late".to_owned() }] {
        assert_eq!(settle(&stage, &lost, outcome).await, 0);
    }
    assert!(stage.queue.extend("query", std::slice::from_ref(&lost.receipt), LONG).await.unwrap().is_empty());
    let depth = stage.depth("query").await;
    assert_eq!((depth.ready, depth.leased, depth.dead), (1, 1, 0));
    assert_eq!(settle(&stage, &held, Outcome::Ack).await, 1);
    assert_eq!(settle(&stage, &held, Outcome::Ack).await, 0, "an acknowledgement counts once");
    assert_eq!(stage.depth("query").await.ready, 0);
}

pub async fn an_extended_lease_outlives_its_first_end(stage: Stage) {
    stage.fill(&[subscription("query")], &[fact("A", "entry:1", 1), fact("A", "entry:2", 1)]).await;
    let leased = stage.queue.lease("query", Uuid::new_v4(), 2, Duration::from_millis(500), true).await.unwrap();
    let (kept, let_go) = (&leased[0].receipt, &leased[1].receipt);
    assert_eq!(
        stage.queue.extend("query", std::slice::from_ref(kept), LONG).await.unwrap(),
        std::slice::from_ref(kept)
    );
    let taken = lease_when_due(&stage).await;
    assert_eq!(&taken.receipt.partition_key, &let_go.partition_key);
    assert!(lease(&stage, LONG).await.is_empty());
}

pub async fn a_retry_is_due_when_its_delay_has_passed_and_says_when(stage: Stage) {
    stage.fill(&[subscription("query")], &facts("entry:1", 1)).await;
    assert_eq!(stage.queue.next_due("query").await.unwrap(), None);
    let leased = lease(&stage, LONG).await.remove(0);
    let delay = Duration::from_secs(30);
    assert_eq!(settle(&stage, &leased, Outcome::Retry { error: "later".to_owned(), delay, counted: true }).await, 1);
    assert!(lease(&stage, LONG).await.is_empty());
    let due = stage.queue.next_due("query").await.unwrap().unwrap();
    assert!(due <= delay && due > delay / 2, "{due:?}");
}

pub async fn what_a_crashed_replica_had_in_flight_is_taken_over_by_another(stage: Stage) {
    let stuck = Actor::new(|_, _| async { std::future::pending().await });
    let options = Options { lease_for: Duration::from_millis(300), ..Options::default() };
    let crashing = stage.deliver_with(&[subscription("query")], &stuck, options.clone()).await;
    stage.publish(&facts("entry:1", 2)).await;
    stuck.log().until_len(1).await;
    let willing = Actor::willing();
    let surviving = stage.deliver_with(&[subscription("query")], &willing, options).await;
    drop(crashing);
    willing.log().until_len(2).await;
    stage.settled().await;
    let seen: Vec<_> = willing.log().seen().iter().map(|seen| (seen.sequence, seen.attempt)).collect();
    assert_eq!(seen, [(1, 1), (2, 1)]);
    surviving.shutdown().await;
}

pub async fn a_handler_that_takes_longer_than_the_lease_keeps_it(stage: Stage) {
    const LEASE: Duration = Duration::from_millis(1_500);
    let turns = Arc::new(Semaphore::new(0));
    let ends = Arc::clone(&turns);
    let actor = Actor::new(move |_, _| {
        let ends = Arc::clone(&ends);
        async move {
            ends.acquire().await.unwrap().forget();
            Ok(())
        }
    });
    let options = Options { lease_for: LEASE, poll: Duration::from_millis(50), ..Options::default() };
    let one = stage.deliver_with(&[subscription("query")], &actor, options.clone()).await;
    let other = stage.deliver_with(&[subscription("query")], &actor, options).await;
    stage.publish(&facts("entry:1", 2)).await;
    for call in 1..=2 {
        actor.log().until_len(call).await;
        let began = Instant::now();
        until("two leases are over", async || began.elapsed() > LEASE * 2).await;
        turns.add_permits(1);
    }
    stage.settled().await;
    assert_eq!(actor.log().sequences("query")["entry:1"], [1, 2]);
    one.shutdown().await;
    other.shutdown().await;
}

pub async fn an_event_that_takes_its_host_down_each_time_ends_as_a_dead_letter(stage: Stage) {
    stage.fill(&[subscription("query")], &facts("entry:1", 1)).await;
    assert_eq!(lease(&stage, SHORT).await.len(), 1);
    for _ in 1..LOST_MAX {
        until("it is leased once more", async || !lease(&stage, SHORT).await.is_empty()).await;
    }
    let actor = Actor::willing();
    let options = Options { poll: Duration::from_millis(20), ..Options::default() };
    let delivery =
        stage.deliver_with(&[Subscription { retry: hasty(), ..subscription("query") }], &actor, options).await;
    until("it is dead", async || stage.depth("query").await.dead == 1).await;
    let letters = stage.queue.list(&DeadLetterFilter { limit: 1, ..DeadLetterFilter::default() }).await.unwrap();
    let error = "its lease ran out 20 times: each time, the host ended before its handler answered";
    assert_eq!(letters[0].last_error, error);
    assert_eq!(actor.log().len(), 0, "it is not tried once more");
    delivery.shutdown().await;
}

pub async fn an_event_that_was_in_the_hands_of_many_hosts_that_ended_keeps_all_its_attempts(stage: Stage) {
    stage.fill(&[subscription("query")], &facts("entry:1", 1)).await;
    for _ in 1..LOST_MAX {
        until("it is leased", async || !lease(&stage, SHORT).await.is_empty()).await;
    }
    let actor = Actor::new(|_, attempt| async move { if attempt.attempt < 5 { Err(again("busy")) } else { Ok(()) } });
    let options = Options { poll: Duration::from_millis(20), ..Options::default() };
    let delivery =
        stage.deliver_with(&[Subscription { retry: hasty(), ..subscription("query") }], &actor, options).await;
    stage.settled().await;
    let attempts: Vec<_> = actor.log().seen().iter().map(|seen| seen.attempt).collect();
    assert_eq!(attempts, [1, 2, 3, 4, 5]);
    delivery.shutdown().await;
}

pub async fn of_events_whose_hosts_ended_repeatedly_a_replica_handles_one_at_a_time(stage: Stage) {
    let names = ["query", "search"];
    let subscriptions = names.map(subscription);
    let events: Vec<_> = (0..4).map(|key| fact("A", &format!("entry:{key}"), 1)).collect();
    stage.fill(&subscriptions, &events).await;
    for lost in 0..LOST_SUSPECT {
        for name in names {
            let (mut leased, owner) = (0, Uuid::new_v4());
            until("all are leased", async || {
                let more = stage.queue.lease(name, owner, 10, SHORT, true).await.unwrap();
                assert!(more.iter().all(|leased| leased.lost == lost), "{more:?}");
                leased += more.len();
                leased == events.len()
            })
            .await;
        }
    }
    for name in names {
        let lease = async |suspect| stage.queue.lease(name, Uuid::new_v4(), 10, SHORT, suspect).await.unwrap();
        assert_eq!(eventually("one can be leased", async || lease(true).await.pop()).await.lost, LOST_SUSPECT);
        assert!(lease(false).await.is_empty());
    }
    stage.publish(&[fact("A", "entry:innocent", 1)]).await;
    let (handled, most) = (Arc::new(AtomicU32::new(0)), Arc::new(AtomicU32::new(0)));
    let counts = (Arc::clone(&handled), Arc::clone(&most));
    let actor = Actor::batching(move |event, _| {
        let (handled, most) = counts.clone();
        async move {
            if event.partition_key != "entry:innocent" {
                most.fetch_max(handled.fetch_add(1, Ordering::SeqCst) + 1, Ordering::SeqCst);
                tokio::time::sleep(Duration::from_millis(30)).await;
                handled.fetch_sub(1, Ordering::SeqCst);
            }
            Ok(())
        }
    });
    let delivery = stage.deliver(&subscriptions, &actor).await;
    stage.settled().await;
    assert_eq!(most.load(Ordering::SeqCst), 1);
    for name in names {
        assert_eq!(actor.log().sequences(name).len(), 5);
    }
    delivery.shutdown().await;
}

pub async fn a_lease_that_ran_out_and_was_not_taken_over_can_still_be_settled(stage: Stage) {
    stage.fill(&[subscription("query")], &facts("entry:1", 1)).await;
    let late = lease(&stage, Duration::from_millis(1)).await.remove(0);
    until("the lease is over", async || stage.depth("query").await.leased == 0).await;
    assert_eq!(settle(&stage, &late, Outcome::Ack).await, 1);
    assert!(lease(&stage, LONG).await.is_empty());
    assert_eq!(stage.depth("query").await.ready, 0);
}
