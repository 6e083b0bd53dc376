//! The queues' store goes away in the middle of the work and comes back.

use std::time::Duration;

use mindflow_backends::delivery::Options;

use crate::delivery::stage::{Actor, Stage, fact, subscription};
use mindflow_test_support::until;

pub async fn delivery_goes_on_by_itself_after_all_its_connections_were_cut(stage: Stage) {
    let actor = Actor::willing();
    let delivery = stage.deliver(&[subscription("query"), subscription("ai")], &actor).await;
    let own = stage.db.database().admin().await.unwrap();
    for round in 1..=5 {
        stage.publish(&[fact("A", "entry:1", round)]).await;
        actor
            .log()
            .until("the round is delivered", |seen| seen.iter().filter(|seen| seen.sequence == round).count() >= 2)
            .await;
        stage.cut_connections(&own).await;
    }
    stage.publish(&[fact("A", "entry:2", 1)]).await;
    until("all is delivered and well", async || {
        actor.log().sequences("ai").contains_key("entry:2")
            && actor.log().sequences("query").contains_key("entry:2")
            && delivery.health().is_healthy()
    })
    .await;
    for name in ["query", "ai"] {
        // An acknowledgement may be cut off, so an event may come twice, but never before an older one.
        let mut sequences = actor.log().sequences(name)["entry:1"].clone();
        assert!(sequences.is_sorted(), "{sequences:?}");
        sequences.dedup();
        assert_eq!(sequences, [1, 2, 3, 4, 5]);
    }
    delivery.shutdown().await;
}

pub async fn delivery_goes_on_by_itself_after_its_store_was_restarted_with_its_data(stage: Stage) {
    let actor = Actor::willing();
    // What was leased when it went away comes back soon.
    let options = Options { lease_for: Duration::from_secs(1), ..Options::default() };
    let delivery = stage.deliver_with(&[subscription("query"), subscription("ai")], &actor, options).await;
    for round in 1..=3 {
        let publishing = async {
            for n in 1..=20 {
                let events: Vec<_> =
                    (0..5).map(|key| fact("A", &format!("entry:{key}"), (round - 1) * 20 + n)).collect();
                while stage.try_publish(&events).await.is_err() {
                    tokio::time::sleep(Duration::from_millis(5)).await;
                }
                tokio::time::sleep(Duration::from_millis(5)).await;
            }
        };
        tokio::join!(publishing, stage.restart_store());
        until("all is delivered and well", async || {
            let of =
                |name| actor.log().sequences(name).into_values().filter(|seen| seen.contains(&(round * 20))).count();
            of("query") == 5 && of("ai") == 5 && delivery.health().is_healthy()
        })
        .await;
    }
    stage.settled().await;
    for name in ["query", "ai"] {
        for (key, mut seen) in actor.log().sequences(name) {
            // The answer to an acknowledgement may be lost, so an event may come twice, but never before an older one.
            assert!(seen.is_sorted(), "{name} of {key}: {seen:?}");
            seen.dedup();
            assert_eq!(seen, (1..=60).collect::<Vec<_>>(), "{name} of {key}");
        }
    }
    delivery.shutdown().await;
}
