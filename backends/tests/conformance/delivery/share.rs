//! Several replicas on one queue, and replicas that stop.

use std::time::Duration;

use mindflow_backends::delivery::Options;
use uuid::Uuid;

use crate::delivery::stage::{Actor, Stage, fact, facts, subscription};

pub async fn two_replicas_share_the_work_without_doubles(stage: Stage) {
    let (one, other) = (Actor::willing(), Actor::willing());
    let both = [subscription("query"), subscription("ai")];
    let first = stage.deliver(&both, &one).await;
    let second = stage.deliver(&both, &other).await;
    for round in 1..=20 {
        let events: Vec<_> = (0..25).map(|key| fact("A", &format!("entry:{key}"), round)).collect();
        stage.publish(&events).await;
    }
    stage.settled().await;
    let mut seen: Vec<_> = one.log().seen();
    seen.extend(other.log().seen());
    seen.sort_by_key(|seen| seen.at);
    assert_eq!(seen.len(), 2 * 20 * 25, "each event once a subscription");
    for name in ["query", "ai"] {
        for key in 0..25 {
            let key = format!("entry:{key}");
            let of_key = seen.iter().filter(|seen| seen.subscription == name && seen.key == key);
            let sequences: Vec<_> = of_key.map(|seen| seen.sequence).collect();
            assert_eq!(sequences, (1..=20).collect::<Vec<_>>(), "{name} of {key}, over both replicas");
        }
    }
    assert!(one.log().len() > 0 && other.log().len() > 0, "both work");
    first.shutdown().await;
    second.shutdown().await;
}

pub async fn shutdown_waits_for_handlers_within_its_bound_and_hands_the_rest_back_uncounted(stage: Stage) {
    let actor = Actor::new(|event, _| async move {
        match event.partition_key.as_str() {
            "entry:ends" => tokio::time::sleep(Duration::from_millis(100)).await,
            _ => std::future::pending().await,
        }
        Ok(())
    });
    let options = Options { drain: Duration::from_millis(1_000), ..Options::default() };
    let delivery = stage.deliver_with(&[subscription("query")], &actor, options).await;
    stage.publish(&[fact("A", "entry:ends", 1), fact("A", "entry:hangs", 1)]).await;
    actor.log().until_len(2).await;
    delivery.shutdown().await;
    let left = stage.queue.lease("query", Uuid::new_v4(), 10, Duration::from_secs(60), true).await.unwrap();
    let left: Vec<_> = left.iter().map(|left| (left.event.partition_key.as_str(), left.attempt)).collect();
    assert_eq!(left, [("entry:hangs", 1)], "released immediately, and still the first attempt");
}

pub async fn replicas_that_close_at_the_same_time_in_the_middle_of_the_work_lose_and_double_nothing(stage: Stage) {
    let actor = Actor::new(|event, _| async move {
        tokio::time::sleep(Duration::from_millis(event.sequence % 4)).await;
        Ok(())
    });
    let both = [subscription("query"), subscription("ai")];
    let events: Vec<_> = (0..30).flat_map(|key| facts(&format!("entry:{key}"), 10)).collect();
    stage.publish(&events).await;
    for round in 1..=4 {
        let (one, other) = (stage.deliver(&both, &actor).await, stage.deliver(&both, &actor).await);
        actor.log().until_len(round * 100).await;
        tokio::join!(one.shutdown(), other.shutdown(), one.shutdown());
    }
    let last = stage.deliver(&both, &actor).await;
    stage.settled().await;
    last.shutdown().await;
    for name in ["query", "ai"] {
        let sequences = actor.log().sequences(name);
        assert_eq!(sequences.len(), 30);
        for (key, seen) in sequences {
            assert_eq!(seen, (1..=10).collect::<Vec<_>>(), "{name} of {key}");
        }
    }
    assert!(actor.log().overlaps.lock().unwrap().is_empty());
}

pub async fn what_was_acknowledged_is_not_sent_again_after_a_restart(stage: Stage) {
    let actor = Actor::willing();
    for round in 1..=3_u64 {
        let delivery = stage.deliver(&[subscription("query")], &actor).await;
        stage.publish(&[fact("A", "entry:1", round), fact("A", "entry:2", round)]).await;
        actor.log().until_len(usize::try_from(round).unwrap() * 2).await;
        delivery.shutdown().await;
    }
    let delivery = stage.deliver(&[subscription("query")], &actor).await;
    stage.publish(&[fact("A", "entry:3", 1)]).await;
    actor.log().until("the newest is there", |seen| seen.iter().any(|seen| seen.key == "entry:3")).await;
    delivery.shutdown().await;
    assert_eq!(actor.log().len(), 7);
}
