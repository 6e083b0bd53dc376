//! From the commit to the handlers: restarts, lost notifications, lost connections.

use std::time::Duration;

use mindflow_backends::delivery::{Options, Subscription};

use crate::delivery::stage::{Actor, Stage, fact, facts, subscription};
use mindflow_test_support::until;

pub async fn what_commits_while_no_replica_relays_is_delivered_after_the_next_start(stage: Stage) {
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

pub async fn events_arrive_by_polling_alone_when_notifications_are_lost(stage: Stage) {
    let actor = Actor::willing();
    let options = Options { listen: false, poll: Duration::from_millis(50), ..Options::default() };
    let delivery = stage.deliver_with(&[subscription("query")], &actor, options).await;
    for sequence in 1..=3 {
        stage.publish(&[fact("A", "entry:1", sequence)]).await;
        actor.log().until_len(usize::try_from(sequence).unwrap()).await;
    }
    delivery.shutdown().await;
}

pub async fn a_kick_alone_is_enough_where_the_host_knows_of_the_commit(stage: Stage) {
    let actor = Actor::willing();
    let options = Options { listen: false, poll: Duration::from_secs(3_600), ..Options::default() };
    let delivery = stage.deliver_with(&[subscription("query")], &actor, options).await;
    stage.publish(&facts("entry:1", 2)).await;
    delivery.kick();
    actor.log().until_len(2).await;
    delivery.shutdown().await;
}

pub async fn a_subscription_that_is_away_finds_its_events_waiting_and_one_that_ended_leaves_nothing(stage: Stage) {
    let actor = Actor::willing();
    let both = [subscription("query"), subscription("ai")];
    stage.deliver(&both, &actor).await.shutdown().await;
    let without = stage.deliver(&both[..1], &actor).await;
    stage.publish(&facts("entry:1", 2)).await;
    actor.log().until_len(2).await;
    until("ai's events wait", async || stage.depth("ai").await.ready == 2).await;
    assert!(stage.queue.unsubscribe("ai").await.unwrap());
    assert!(!stage.queue.unsubscribe("ai").await.unwrap());
    stage.settled().await;
    assert!(stage.depths().await.iter().all(|depth| depth.subscription == "query"));
    without.shutdown().await;
}

pub async fn a_subscription_can_change_its_event_types_from_one_start_to_the_next(stage: Stage) {
    let actor = Actor::willing();
    stage.deliver(&[Subscription::new("query", ["A"])], &actor).await.shutdown().await;
    let delivery = stage.deliver(&[Subscription::new("query", ["B"])], &actor).await;
    stage.publish(&[fact("A", "entry:1", 1), fact("B", "entry:1", 2)]).await;
    actor.log().until_len(1).await;
    stage.settled().await;
    assert_eq!(actor.log().sequences("query")["entry:1"], [2]);
    delivery.shutdown().await;
}

pub async fn a_new_subscription_gets_what_is_published_from_then_on(stage: Stage) {
    let actor = Actor::willing();
    let old = stage.deliver(&[subscription("query")], &actor).await;
    stage.publish(&facts("entry:1", 2)).await;
    actor.log().until_len(2).await;
    stage.settled().await;
    let both = stage.deliver(&[subscription("query"), subscription("late")], &actor).await;
    stage.publish(&[fact("A", "entry:1", 3)]).await;
    actor.log().until_len(4).await;
    stage.settled().await;
    assert_eq!(actor.log().sequences("late")["entry:1"], [3]);
    assert_eq!(actor.log().sequences("query")["entry:1"], [1, 2, 3]);
    old.shutdown().await;
    both.shutdown().await;
}
