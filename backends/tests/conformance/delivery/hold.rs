//! Holds: nothing of a held subscription is handed out, and nothing of it is lost.

use std::time::Duration;

use mindflow_backends::delivery::hold::HoldError;
use mindflow_backends::delivery::queue::{HoldRequest, Outcome, Settlement};
use mindflow_backends::delivery::{Hold, Options};
use mindflow_test_support::until;
use uuid::Uuid;

use crate::delivery::stage::{Actor, Stage, facts, subscription};

const LONG: Duration = Duration::from_secs(60);

async fn lease(stage: &Stage) -> usize {
    stage.queue.lease("query", Uuid::new_v4(), 10, LONG, true).await.unwrap().len()
}

pub async fn nothing_of_a_held_subscription_is_leased_and_others_go_on(stage: Stage) {
    stage.fill(&[subscription("query"), subscription("ai")], &facts("entry:1", 1)).await;
    let holder = Uuid::new_v4();
    assert!(stage.queue.hold("query", holder, HoldRequest::Take(LONG)).await.unwrap());
    assert_eq!(lease(&stage).await, 0);
    assert_eq!(stage.queue.lease("ai", Uuid::new_v4(), 10, LONG, true).await.unwrap().len(), 1);
    assert!(stage.queue.hold("query", holder, HoldRequest::Release).await.unwrap());
    assert_eq!(lease(&stage).await, 1);
}

pub async fn a_hold_is_one_holders_until_it_is_released_or_runs_out(stage: Stage) {
    stage.fill(&[subscription("query")], &facts("entry:1", 1)).await;
    let (one, other) = (Uuid::new_v4(), Uuid::new_v4());
    let short = Duration::from_millis(400);
    assert!(stage.queue.hold("query", one, HoldRequest::Take(LONG)).await.unwrap());
    for request in [HoldRequest::Take(LONG), HoldRequest::Renew(LONG), HoldRequest::Release] {
        assert!(!stage.queue.hold("query", other, request).await.unwrap(), "{request:?}");
    }
    assert!(stage.queue.hold("query", one, HoldRequest::Renew(short)).await.unwrap());
    until("the hold has run out", async || lease(&stage).await == 1).await;
    assert!(!stage.queue.hold("query", one, HoldRequest::Renew(LONG)).await.unwrap(), "what ran out cannot be renewed");
    assert!(stage.queue.hold("query", other, HoldRequest::Take(LONG)).await.unwrap());
}

pub async fn what_is_leased_when_the_hold_begins_can_be_settled_and_is_waited_for(stage: Stage) {
    stage.fill(&[subscription("query")], &facts("entry:1", 2)).await;
    let leased = stage.queue.lease("query", Uuid::new_v4(), 10, LONG, true).await.unwrap().remove(0);
    let hold = Hold::take(stage.queue.clone(), "query").await.unwrap();
    let busy = hold.until_idle(Duration::from_millis(100)).await.unwrap_err();
    assert!(matches!(busy, HoldError::Busy { .. }), "{busy:?}");
    let settlement = Settlement { receipt: leased.receipt, outcome: Outcome::Ack };
    assert_eq!(stage.queue.settle("query", &[settlement]).await.unwrap().len(), 1);
    hold.until_idle(LONG).await.unwrap();
    assert_eq!(lease(&stage).await, 0);
    let refused = Hold::take(stage.queue.clone(), "query").await.err().unwrap();
    assert_eq!(refused.to_string(), "`query` is held by another replay; try again when that has ended");
    hold.release().await;
    assert_eq!(lease(&stage).await, 1);
}

pub async fn events_published_under_a_hold_arrive_after_it_in_order(stage: Stage) {
    let actor = Actor::willing();
    let options = Options { poll: Duration::from_millis(20), ..Options::default() };
    let delivery = stage.deliver_with(&[subscription("query")], &actor, options).await;
    let hold = Hold::take(stage.queue.clone(), "query").await.unwrap();
    stage.publish(&facts("entry:1", 5)).await;
    until("all of it waits in the queue", async || stage.depth("query").await.ready == 5).await;
    hold.until_idle(LONG).await.unwrap();
    assert_eq!(actor.log().len(), 0);
    hold.release().await;
    stage.settled().await;
    assert_eq!(actor.log().sequences("query")["entry:1"], [1, 2, 3, 4, 5]);
    delivery.shutdown().await;
}
