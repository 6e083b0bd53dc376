//! From the outbox to the queues: restarts, lost notifications, lost connections.

use std::time::Duration;

use mindflow_backends::delivery::{Options, Queue, Subscription};

use crate::stage::{Actor, Stage, fact, facts, subscription};

#[tokio::test(flavor = "multi_thread")]
async fn what_commits_while_nobody_relays_is_delivered_after_the_next_start() {
    let stage = Stage::new("restart").await;
    let actor = Actor::willing();
    let first = stage.deliver(&[subscription("query")], &actor).await;
    stage.publish(&facts("entry:1", 2)).await;
    actor.log().until_len(2).await;
    first.shutdown().await;
    stage.publish(&[fact("A", "entry:1", 3), fact("A", "entry:1", 4)]).await;
    let second = stage.deliver(&[subscription("query")], &actor).await;
    actor.log().until_len(4).await;
    stage.settled().await;
    assert_eq!(actor.log().sequences("query")["entry:1"], [1, 2, 3, 4]);
    second.shutdown().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn events_arrive_by_polling_alone_when_notifications_are_lost() {
    let stage = Stage::new("polling").await;
    let actor = Actor::willing();
    let options = Options { listen: false, poll: Duration::from_millis(50), ..Options::default() };
    let delivery = stage.deliver_with(&[subscription("query")], &actor, options).await;
    for sequence in 1..=3 {
        stage.publish(&[fact("A", "entry:1", sequence)]).await;
        actor.log().until_len(usize::try_from(sequence).unwrap()).await;
    }
    delivery.shutdown().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_kick_alone_is_enough_where_the_host_knows_of_the_commit() {
    let stage = Stage::new("kick").await;
    let actor = Actor::willing();
    let options = Options { listen: false, poll: Duration::from_secs(3_600), ..Options::default() };
    let delivery = stage.deliver_with(&[subscription("query")], &actor, options).await;
    stage.publish(&facts("entry:1", 2)).await;
    delivery.kick();
    actor.log().until_len(2).await;
    delivery.shutdown().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn delivery_goes_on_by_itself_after_all_its_connections_were_cut() {
    let stage = Stage::new("cut").await;
    let actor = Actor::willing();
    let delivery = stage.deliver(&[subscription("query"), subscription("ai")], &actor).await;
    let own = stage.db.database().admin().await.unwrap();
    for round in 1..=5 {
        stage.publish(&[fact("A", "entry:1", round)]).await;
        actor
            .log()
            .until("the round is delivered", |seen| seen.iter().filter(|seen| seen.sequence == round).count() >= 2)
            .await;
        let cut = "SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE datname = current_database() AND pid <> pg_backend_pid()";
        own.query(cut, &[]).await.unwrap();
    }
    stage.publish(&[fact("A", "entry:2", 1)]).await;
    stage
        .eventually("all is delivered and well", async || {
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

#[tokio::test(flavor = "multi_thread")]
async fn a_subscription_that_is_away_finds_its_events_waiting_and_one_that_ended_leaves_nothing() {
    let stage = Stage::new("away").await;
    let actor = Actor::willing();
    let both = [subscription("query"), subscription("ai")];
    stage.deliver(&both, &actor).await.shutdown().await;
    let without = stage.deliver(&both[..1], &actor).await;
    stage.publish(&facts("entry:1", 2)).await;
    actor.log().until_len(2).await;
    stage.eventually("ai's events wait", async || stage.depth("ai").await.ready == 2).await;
    assert!(stage.queue.unsubscribe("ai").await.unwrap());
    assert!(!stage.queue.unsubscribe("ai").await.unwrap());
    stage.settled().await;
    assert!(stage.queue.depth().await.unwrap().iter().all(|depth| depth.subscription == "query"));
    without.shutdown().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_subscription_can_change_its_event_types_from_one_start_to_the_next() {
    let stage = Stage::new("retype").await;
    let actor = Actor::willing();
    stage.deliver(&[Subscription::new("query", ["A"])], &actor).await.shutdown().await;
    let delivery = stage.deliver(&[Subscription::new("query", ["B"])], &actor).await;
    stage.publish(&[fact("A", "entry:1", 1), fact("B", "entry:1", 2)]).await;
    actor.log().until_len(1).await;
    stage.settled().await;
    assert_eq!(actor.log().sequences("query")["entry:1"], [2]);
    delivery.shutdown().await;
}
