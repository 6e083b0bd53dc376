//! Places of one subscription among users.

use std::time::Duration;

use mindflow_backends::database::sql::NewEvent;
use mindflow_backends::delivery::Subscription;
use tokio::sync::watch;
use uuid::Uuid;

use crate::delivery::stage::{Actor, Stage, fact, subscription};

fn of_user(user: u128, key: &str) -> NewEvent {
    NewEvent { user_id: Some(Uuid::from_u128(user)), ..fact("A", key, 1) }
}

pub async fn a_user_whose_events_all_hang_delays_no_other_users(stage: Stage) {
    let greedy: Vec<_> = (0..60).map(|n| of_user(1, &format!("greedy:{n}"))).collect();
    let sends = Subscription {
        concurrency: 4,
        user_concurrency: Some(2),
        batch_events: 1,
        timeout: Duration::from_secs(600),
        ..subscription("sends")
    };
    let (go, gone) = watch::channel(false);
    let actor = Actor::new(move |event, _| {
        let mut gone = gone.clone();
        async move {
            if event.partition_key.starts_with("greedy") {
                let _ = gone.wait_for(|gone| *gone).await;
            }
            Ok(())
        }
    });
    let delivery = stage.deliver(&[sends], &actor).await;
    stage.publish(&greedy).await;
    actor.log().until_len(2).await;
    // Behind all of them, and more than one after the other.
    stage.publish(&[of_user(2, "honest:1"), of_user(3, "honest:2")]).await;
    stage.publish(&[of_user(2, "honest:3")]).await;
    actor
        .log()
        .until("the others' events", |seen| (1..=3).all(|n| seen.iter().any(|seen| seen.key == format!("honest:{n}"))))
        .await;
    let of_greedy = actor.log().seen().iter().filter(|seen| seen.key.starts_with("greedy")).count();
    assert_eq!(of_greedy, 2, "a user has two places");
    // When they no longer hang, all of them come, each once and at the first attempt.
    go.send_replace(true);
    stage.settled().await;
    let seen = actor.log().seen();
    assert_eq!(seen.len(), 63);
    assert!(seen.iter().all(|seen| seen.attempt == 1), "no place is no failure");
    delivery.shutdown().await;
}
