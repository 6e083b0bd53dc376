//! The alarm that is called with dead letters.

use std::sync::{Arc, Mutex};
use std::time::Duration;

use mindflow_backends::delivery::{Alarm, Failure, GivenUp, Options, Subscription};

use crate::delivery::stage::{Actor, Stage, again, fact, hasty, subscription};
use mindflow_test_support::until;

#[derive(Debug, Default)]
struct Bell(Mutex<Vec<GivenUp>>);

impl Alarm for Bell {
    fn raise(&self, given_up: GivenUp) {
        self.0.lock().unwrap().push(given_up);
    }
}

pub async fn each_dead_letter_is_reported_once_by_the_replica_that_wrote_it(stage: Stage) {
    let bell = Arc::new(Bell::default());
    let actor = Actor::new(|event, _| async move {
        match event.sequence {
            1 => Err(again("not now, nor ever")),
            2 => Ok(()),
            _ => Err(Failure::Reject("never".to_owned())),
        }
    });
    let subscriptions = [Subscription { retry: hasty(), ..subscription("query") }];
    let options = || Options { alarm: Some(bell.clone()), poll: Duration::from_millis(20), ..Options::default() };
    let one = stage.deliver_with(&subscriptions, &actor, options()).await;
    let two = stage.deliver_with(&subscriptions, &actor, options()).await;
    let events: Vec<_> = (1..=3).map(|n| fact("A", &format!("entry:{n}"), n)).collect();
    stage.publish(&events).await;
    until("two dead letters", async || stage.depth("query").await.dead == 2).await;
    one.shutdown().await;
    two.shutdown().await;
    let mut raised = bell.0.lock().unwrap().clone();
    raised.sort_by(|a, b| a.partition_key.cmp(&b.partition_key));
    let [failed, rejected] = raised.as_slice() else { panic!("{raised:?}") };
    assert_eq!((failed.partition_key.as_str(), failed.attempts), ("entry:1", 5));
    assert_eq!((rejected.partition_key.as_str(), rejected.attempts), ("entry:3", 1));
    assert_eq!((failed.last_error.as_str(), rejected.last_error.as_str()), ("not now, nor ever", "never"));
    assert_eq!((failed.event_id, failed.consumer.as_str()), (events[0].event_id, "query"));
    assert_eq!((failed.event_type.as_str(), failed.correlation_id.as_str()), ("A", "c-entry:1-1"));
    let listed = stage.queue.show(&failed.id.parse().unwrap()).await.unwrap().unwrap();
    assert_eq!(listed.event.event_id, failed.event_id);
}
