//! Redis loses what it had: all of it, or the last of it. The archive and the progress that is written down
//! in Postgres make the queues whole again.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

use mindflow_backends::delivery::{DeadLetterFilter, Delivery, Failure};

use crate::delivery::stage::{Actor, Stage, Store, again, fact, facts, hasty, subscription};
use mindflow_test_support::until;

/// Every sequence was seen, in order but for what came a second time after the loss.
fn whole(actor: &Actor, subscription: &str, keys: usize, last: u64) {
    let sequences = actor.log().sequences(subscription);
    assert_eq!(sequences.len(), keys);
    for (key, seen) in sequences {
        let mut newest = 0;
        for sequence in &seen {
            assert!(*sequence <= newest + 1, "{subscription} of {key} skips: {seen:?}");
            newest = newest.max(*sequence);
        }
        assert_eq!(newest, last, "{subscription} of {key}: {seen:?}");
    }
}

async fn healthy(stage: &Stage, delivery: &Delivery) {
    until("all is well", async || delivery.health().is_healthy()).await;
    stage.settled().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_redis_that_is_emptied_in_the_middle_of_the_work_loses_nothing() {
    let stage = Stage::on(Store::RedisStreams).await;
    let actor = Actor::new(|event, _| async move {
        tokio::time::sleep(Duration::from_millis(event.sequence % 3)).await;
        Ok(())
    });
    let both = [subscription("query"), subscription("ai")];
    let (one, other) = (stage.deliver(&both, &actor).await, stage.deliver(&both, &actor).await);
    for round in 1..=40 {
        let events: Vec<_> = (0..12).map(|key| fact("A", &format!("entry:{key}"), round)).collect();
        stage.publish(&events).await;
        if round % 10 == 0 {
            stage.redis_command(&["FLUSHALL"]).await;
        }
    }
    healthy(&stage, &one).await;
    healthy(&stage, &other).await;
    whole(&actor, "query", 12, 40);
    whole(&actor, "ai", 12, 40);
    one.shutdown().await;
    other.shutdown().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn what_was_acknowledged_and_written_down_does_not_come_again_after_a_loss() {
    let stage = Stage::on(Store::RedisStreams).await;
    let actor = Actor::willing();
    let delivery = stage.deliver(&[subscription("query")], &actor).await;
    stage.publish(&facts("entry:1", 50)).await;
    actor.log().until_len(50).await;
    stage.settled().await;
    delivery.shutdown().await;
    stage.redis_command(&["FLUSHALL"]).await;
    let delivery = stage.deliver(&[subscription("query")], &actor).await;
    stage.publish(&[fact("A", "entry:1", 51)]).await;
    actor.log().until("the next comes", |seen| seen.iter().any(|seen| seen.sequence == 51)).await;
    stage.settled().await;
    assert_eq!(actor.log().sequences("query")["entry:1"], (1..=51).collect::<Vec<_>>());
    delivery.shutdown().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_redis_that_comes_back_with_an_older_copy_of_itself_gets_what_is_missing() {
    let stage = Stage::on(Store::RedisStreams).await;
    let actor = Actor::willing();
    let delivery = stage.deliver(&[subscription("query")], &actor).await;
    stage.publish(&facts("entry:1", 10)).await;
    actor.log().until_len(10).await;
    stage.settled().await;
    let copy = stage.redis().await.copy();
    for sequence in 11..=20 {
        stage.publish(&[fact("A", "entry:1", sequence), fact("A", "entry:2", sequence - 10)]).await;
    }
    actor.log().until_len(30).await;
    {
        let mut redis = stage.redis().await;
        redis.kill();
        redis.go_back_to(copy.path());
        redis.run();
    }
    stage.publish(&[fact("A", "entry:1", 21)]).await;
    actor.log().until("the next comes", |seen| seen.iter().any(|seen| seen.sequence == 21)).await;
    healthy(&stage, &delivery).await;
    let sequences = actor.log().sequences("query");
    assert_eq!(sequences["entry:1"][..10], (1..=10).collect::<Vec<_>>(), "what the copy has is not sent again");
    let tail = &sequences["entry:1"][20..];
    assert_eq!(tail, (11..=21).collect::<Vec<_>>(), "what it lacks is, in order");
    delivery.shutdown().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn what_commits_while_redis_is_away_is_delivered_when_it_is_back() {
    let stage = Stage::on(Store::RedisStreams).await;
    let actor = Actor::willing();
    let delivery = stage.deliver(&[subscription("query")], &actor).await;
    stage.publish(&facts("entry:1", 3)).await;
    actor.log().until_len(3).await;
    stage.redis().await.kill();
    stage.publish(&[fact("A", "entry:1", 4), fact("A", "entry:2", 1)]).await;
    until("it is archived and not routed", async || {
        stage.unsequenced().await == 0 && delivery.health().failing.contains_key("relay")
    })
    .await;
    assert!(stage.queue.lease("query", uuid::Uuid::new_v4(), 1, Duration::from_secs(1), true).await.is_err());
    stage.redis().await.run();
    actor.log().until_len(5).await;
    healthy(&stage, &delivery).await;
    assert_eq!(actor.log().sequences("query")["entry:1"], [1, 2, 3, 4]);
    delivery.shutdown().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn delivery_starts_while_redis_is_away() {
    let stage = Stage::on(Store::RedisStreams).await;
    stage.redis().await.kill();
    let actor = Actor::willing();
    let delivery = stage.deliver(&[subscription("query")], &actor).await;
    stage.publish(&facts("entry:1", 2)).await;
    until("it says so", async || !delivery.health().is_healthy()).await;
    stage.redis().await.run();
    actor.log().until_len(2).await;
    healthy(&stage, &delivery).await;
    delivery.shutdown().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn after_a_loss_a_dead_letter_dies_again_and_still_holds_back_its_key() {
    let stage = Stage::on(Store::RedisStreams).await;
    let cured = Arc::new(AtomicBool::new(false));
    let well = cured.clone();
    let actor = Actor::new(move |event, _| {
        let sick = event.partition_key == "entry:sick" && event.sequence == 1 && !well.load(Ordering::SeqCst);
        async move { if sick { Err(again("sick")) } else { Ok(()) } }
    });
    let query = mindflow_backends::delivery::Subscription { retry: hasty(), ..subscription("query") };
    let delivery = stage.deliver(&[query], &actor).await;
    stage.publish(&facts("entry:sick", 3)).await;
    stage.publish(&facts("entry:well", 30)).await;
    let parked = async || {
        // An event without an ordinal is in no depth yet.
        let sequenced = stage.unsequenced().await == 0;
        let depth = stage.depth("query").await;
        sequenced && (depth.ready, depth.dead, depth.parked) == (0, 1, 2)
    };
    until("one is dead and two are parked", parked).await;
    // Until that is written down.
    stage.queue.upkeep().await.unwrap();
    stage.redis_command(&["FLUSHALL"]).await;
    actor
        .log()
        .until("it is tried from the first attempt", |seen| {
            seen.iter().filter(|seen| seen.key == "entry:sick").count() == 10
        })
        .await;
    until("and is where it was", parked).await;
    assert_eq!(actor.log().sequences("query")["entry:well"], (1..=30).collect::<Vec<_>>(), "others do not come again");
    cured.store(true, Ordering::SeqCst);
    let letters = stage.queue.list(&DeadLetterFilter { limit: 10, ..DeadLetterFilter::default() }).await.unwrap();
    assert!(stage.queue.redrive(&letters[0].id.parse().unwrap()).await.unwrap());
    stage.settled().await;
    assert_eq!(actor.log().sequences("query")["entry:sick"][10..], [1, 2, 3]);
    delivery.shutdown().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn streams_do_not_grow_with_what_is_done_and_a_dead_letter_outlives_its_entry() {
    let stage = Stage::on(Store::RedisStreams).await;
    let actor = Actor::new(|event, _| {
        let rejected = event.partition_key == "entry:0" && event.sequence == 1;
        async move { if rejected { Err(Failure::Reject("never".to_owned())) } else { Ok(()) } }
    });
    let delivery = stage.deliver(&[subscription("query")], &actor).await;
    stage.publish(&facts("entry:0", 2)).await;
    for key in 1..100 {
        stage.publish(&facts(&format!("entry:{key}"), 5)).await;
    }
    stage.settled().await;
    for _ in 0..5 {
        stage.queue.upkeep().await.unwrap();
    }
    let script =
        "local n = 0 for _, k in ipairs(redis.call('KEYS', '*:s/*')) do n = n + redis.call('XLEN', k) end return n";
    let redis::Value::Int(left) = stage.redis_command(&["EVAL", script, "0"]).await else { panic!("a number") };
    assert!(left < 200, "{left} entries are left of 497");
    // As when it has waited for so long that its entry is gone.
    let trim = "for _, k in ipairs(redis.call('KEYS', '*:s/*')) do redis.call('XTRIM', k, 'MAXLEN', 0) end return 0";
    stage.redis_command(&["EVAL", trim, "0"]).await;
    let letters = stage.queue.list(&DeadLetterFilter { limit: 10, ..DeadLetterFilter::default() }).await.unwrap();
    assert_eq!((letters.len(), letters[0].event.sequence, letters[0].parked), (1, 1, 1));
    assert!(stage.queue.discard(&letters[0].id.parse().unwrap()).await.unwrap());
    stage.settled().await;
    assert_eq!(actor.log().sequences("query")["entry:0"], [1, 2]);
    delivery.shutdown().await;
}
