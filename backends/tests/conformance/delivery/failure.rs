//! Failing, slow and hanging handlers, and the dead letters that they leave.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

use mindflow_backends::delivery::{DeadLetter, DeadLetterFilter, DeadLetterId, Failure, Subscription};

use crate::delivery::stage::{Actor, Stage, again, fact, facts, hasty, subscription};
use mindflow_test_support::until;

fn hasty_subscription(name: &str) -> Subscription {
    Subscription { retry: hasty(), ..subscription(name) }
}

/// Fails for `entry:sick` until it is cured.
fn sick_actor() -> (Arc<Actor>, Arc<AtomicBool>) {
    let cured = Arc::new(AtomicBool::new(false));
    let well = cured.clone();
    let actor = Actor::new(move |event, _| {
        let fails = event.partition_key == "entry:sick" && event.sequence == 1 && !well.load(Ordering::SeqCst);
        async move { if fails { Err(again("out of order")) } else { Ok(()) } }
    });
    (actor, cured)
}

async fn dead_letters(stage: &Stage) -> Vec<DeadLetter> {
    stage.queue.list(&DeadLetterFilter { limit: 10, ..DeadLetterFilter::default() }).await.unwrap()
}

/// The dead letter of `entry:sick`, once it and the two behind it are there and all else is delivered.
async fn sick_letter(stage: &Stage) -> DeadLetterId {
    until("one is dead and two are parked", async || {
        let depth = stage.depth("query").await;
        (depth.ready, depth.dead, depth.parked) == (0, 1, 2)
    })
    .await;
    let of_query = DeadLetterFilter { subscription: Some("query".to_owned()), before: None, limit: 1 };
    stage.queue.list(&of_query).await.unwrap()[0].id.parse().unwrap()
}

pub async fn a_poison_event_dies_after_five_failures_on_schedule_and_holds_back_only_its_own_key(stage: Stage) {
    let (actor, _) = sick_actor();
    let delivery = stage.deliver(&[hasty_subscription("query"), hasty_subscription("ai")], &actor).await;
    let mut events = facts("entry:sick", 3);
    events.extend(facts("entry:well", 3));
    stage.publish(&events).await;
    let id = sick_letter(&stage).await;
    let of_query: Vec<_> = actor.log().seen().into_iter().filter(|seen| seen.subscription == "query").collect();
    let sick: Vec<_> = of_query.iter().filter(|seen| seen.key == "entry:sick").collect();
    assert_eq!(
        sick.iter().map(|seen| (seen.sequence, seen.attempt)).collect::<Vec<_>>(),
        [(1, 1), (1, 2), (1, 3), (1, 4), (1, 5)]
    );
    for (pair, least) in sick.windows(2).zip([0, 10, 20, 40]) {
        let pause = pair[1].at - pair[0].at;
        assert!(pause >= Duration::from_millis(least), "attempt {} came after {pause:?}", pair[1].attempt);
    }
    assert_eq!(actor.log().sequences("query").get("entry:well"), Some(&vec![1, 2, 3]));
    let letter = stage.queue.show(&id).await.unwrap().unwrap();
    assert_eq!((letter.consumer.as_str(), letter.attempts, letter.last_error.as_str()), ("query", 5, "out of order"));
    assert_eq!((letter.event.sequence, letter.parked), (1, 2));
    assert!(letter.first_failed_at.unwrap() <= letter.dead_at);
    delivery.shutdown().await;
}

pub async fn a_redriven_dead_letter_and_all_that_waited_behind_it_are_played_in_order(stage: Stage) {
    let (actor, cured) = sick_actor();
    let delivery = stage.deliver(&[hasty_subscription("query")], &actor).await;
    stage.publish(&facts("entry:sick", 3)).await;
    let id = sick_letter(&stage).await;
    // One more, which comes when its key is already dead.
    stage.publish(&[fact("A", "entry:sick", 4)]).await;
    until("it is parked too", async || stage.depth("query").await.parked == 3).await;
    cured.store(true, Ordering::SeqCst);
    assert!(stage.queue.redrive(&id).await.unwrap());
    stage.settled().await;
    assert_eq!(actor.log().sequences("query")["entry:sick"], [1, 1, 1, 1, 1, 1, 2, 3, 4]);
    assert!(dead_letters(&stage).await.is_empty());
    assert!(!stage.queue.redrive(&id).await.unwrap(), "it is no longer there");
    delivery.shutdown().await;
}

pub async fn a_discarded_dead_letter_makes_way_for_the_next_of_its_key_and_stays_in_the_archive(stage: Stage) {
    let (actor, _) = sick_actor();
    let delivery = stage.deliver(&[hasty_subscription("query")], &actor).await;
    stage.publish(&facts("entry:sick", 3)).await;
    let id = sick_letter(&stage).await;
    assert!(stage.queue.discard(&id).await.unwrap());
    stage.settled().await;
    assert_eq!(actor.log().sequences("query")["entry:sick"], [1, 1, 1, 1, 1, 2, 3]);
    assert_eq!(stage.count("delivery.archive").await, 3);
    assert!(!stage.queue.discard(&id).await.unwrap());
    delivery.shutdown().await;
}

pub async fn a_redriven_dead_letter_that_fails_again_dies_again_and_parks_the_rest_again(stage: Stage) {
    let (actor, _) = sick_actor();
    let delivery = stage.deliver(&[hasty_subscription("query")], &actor).await;
    stage.publish(&facts("entry:sick", 3)).await;
    let id = sick_letter(&stage).await;
    assert!(stage.queue.redrive(&id).await.unwrap());
    actor.log().until_len(10).await;
    assert_eq!(sick_letter(&stage).await, id);
    assert_eq!(actor.log().sequences("query")["entry:sick"], [1; 10]);
    delivery.shutdown().await;
}

pub async fn dead_letters_are_listed_newest_first_and_page_by_page(stage: Stage) {
    let actor = Actor::new(|_, _| async { Err(Failure::Reject("never".to_owned())) });
    let delivery = stage.deliver(&[subscription("query"), subscription("ai")], &actor).await;
    stage.publish(&(0..5).map(|key| fact("A", &format!("entry:{key}"), 1)).collect::<Vec<_>>()).await;
    until("ten are dead", async || stage.depth("query").await.dead == 5 && stage.depth("ai").await.dead == 5).await;
    let mut filter = DeadLetterFilter { subscription: Some("query".to_owned()), before: None, limit: 3 };
    let first = stage.queue.list(&filter).await.unwrap();
    let last = first.last().unwrap();
    filter.before = Some((last.dead_at, last.event.event_id));
    let second = stage.queue.list(&filter).await.unwrap();
    assert_eq!((first.len(), second.len()), (3, 2));
    let mut ids: Vec<_> = first.iter().chain(&second).map(|letter| (letter.dead_at, letter.event.event_id)).collect();
    assert!(ids.is_sorted_by(|a, b| a >= b));
    ids.dedup();
    assert_eq!(ids.len(), 5);
    assert!(first.iter().all(|letter| letter.attempts == 1 && letter.consumer == "query"));
    delivery.shutdown().await;
}

pub async fn a_deferral_waits_as_long_as_asked_and_is_not_counted(stage: Stage) {
    let deferrals = Arc::new(std::sync::atomic::AtomicU32::new(0));
    let counter = deferrals.clone();
    let actor = Actor::new(move |_, _| {
        let n = counter.fetch_add(1, Ordering::SeqCst);
        async move {
            if n < 8 {
                return Err(Failure::Retry { reason: "429".to_owned(), after: Some(Duration::from_millis(30)) });
            }
            Ok(())
        }
    });
    let delivery = stage.deliver(&[subscription("ai")], &actor).await;
    stage.publish(&facts("entry:1", 1)).await;
    actor.log().until_len(9).await;
    stage.settled().await;
    let seen = actor.log().seen();
    assert!(seen.iter().all(|seen| seen.attempt == 1), "eight deferrals, more than there are attempts");
    assert!(seen.windows(2).all(|pair| pair[1].at - pair[0].at >= Duration::from_millis(30)));
    delivery.shutdown().await;
}

pub async fn a_panic_and_a_timeout_are_failed_attempts_and_harm_no_other_delivery(stage: Stage) {
    let actor = Actor::new(|event, attempt| async move {
        match (event.partition_key.as_str(), attempt.attempt) {
            ("entry:panics", 1) => panic!("on purpose"),
            ("entry:hangs", 1) => std::future::pending().await,
            ("entry:dies", _) => panic!("{}", "always"),
            _ => Ok(()),
        }
    });
    let brief = Subscription { timeout: Duration::from_millis(200), ..hasty_subscription("query") };
    let delivery = stage.deliver(&[brief], &actor).await;
    stage.publish(&["entry:panics", "entry:hangs", "entry:dies", "entry:well"].map(|key| fact("A", key, 1))).await;
    until("three are delivered and one is dead", async || {
        let depth = stage.depth("query").await;
        stage.count("delivery.archive").await == 4 && (depth.ready, depth.dead) == (0, 1)
    })
    .await;
    assert_eq!(actor.log().sequences("query")["entry:panics"], [1, 1]);
    assert_eq!(actor.log().sequences("query")["entry:hangs"], [1, 1]);
    assert_eq!(dead_letters(&stage).await[0].last_error, "the handler panicked: always");
    delivery.shutdown().await;
}

pub async fn a_subscription_that_hangs_delays_no_other_and_a_key_that_hangs_no_other_key(stage: Stage) {
    let actor = Actor::new(|event, attempt| async move {
        if &*attempt.subscription == "hangs" || event.partition_key == "entry:hangs" {
            std::future::pending::<()>().await;
        }
        Ok(())
    });
    let delivery = stage.deliver(&[subscription("hangs"), subscription("runs")], &actor).await;
    stage.publish(&facts("entry:hangs", 2)).await;
    for key in 0..40 {
        stage.publish(&facts(&format!("entry:{key}"), 2)).await;
    }
    actor
        .log()
        .until("all else is delivered", |seen| seen.iter().filter(|seen| seen.subscription == "runs").count() == 81)
        .await;
    until("and acknowledged", async || stage.depth("runs").await.ready == 2).await;
    assert_eq!(actor.log().sequences("hangs").len(), 16, "as many as its concurrency");
    drop(delivery);
}
