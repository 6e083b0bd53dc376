//! Order, completeness and parallelism while everybody is well.

use std::time::Duration;

use mindflow_backends::database::sql::Identity;
use mindflow_backends::delivery::Subscription;

use crate::delivery::stage::{Actor, Stage, fact, facts, subscription};
use mindflow_test_support::until;

pub async fn events_of_a_key_come_one_at_a_time_and_in_order_while_other_keys_run_concurrently(stage: Stage) {
    let actor = Actor::new(|event, _| async move {
        tokio::time::sleep(Duration::from_millis(event.sequence % 3)).await;
        Ok(())
    });
    let delivery = stage.deliver(&[subscription("query"), subscription("ai")], &actor).await;
    let keys: Vec<_> = (0..20).map(|n| format!("entry:{n}")).collect();
    for round in 1..=15 {
        let events: Vec<_> = keys.iter().map(|key| fact("A", key, round)).collect();
        stage.publish(&events).await;
    }
    actor.log().until_len(2 * 20 * 15).await;
    stage.settled().await;
    for name in ["query", "ai"] {
        let sequences = actor.log().sequences(name);
        assert_eq!(sequences.len(), 20);
        for (key, seen) in sequences {
            assert_eq!(seen, (1..=15).collect::<Vec<_>>(), "{name} of {key}");
        }
    }
    assert!(actor.log().overlaps.lock().unwrap().is_empty());
    assert!(*actor.log().running_max.lock().unwrap() > 2, "keys run concurrently");
    delivery.shutdown().await;
}

pub async fn thousands_of_keys_are_in_flight_side_by_side_up_to_the_concurrency(stage: Stage) {
    let events: Vec<_> = (0..2_000).map(|n| fact("A", &format!("entry:{n}"), 1)).collect();
    stage.fill(&[subscription("query")], &events).await;
    let gate = std::sync::Arc::new(tokio::sync::Semaphore::new(0));
    let waiting = gate.clone();
    let actor = Actor::new(move |_, _| {
        let gate = waiting.clone();
        async move {
            gate.acquire().await.unwrap().forget();
            Ok(())
        }
    });
    let wide = Subscription { concurrency: 500, ..subscription("query") };
    let delivery = stage.deliver(&[wide], &actor).await;
    actor.log().until_len(500).await;
    assert_eq!(*actor.log().running_max.lock().unwrap(), 500);
    gate.add_permits(2_000);
    actor.log().until_len(2_000).await;
    stage.settled().await;
    assert_eq!(actor.log().len(), 2_000);
    assert_eq!(*actor.log().running_max.lock().unwrap(), 500, "never more than the concurrency");
    delivery.shutdown().await;
}

pub async fn what_concurrent_transactions_commit_arrives_once_a_subscription_and_what_they_roll_back_never(
    stage: Stage,
) {
    let actor = Actor::willing();
    let delivery = stage.deliver(&[subscription("query"), subscription("ai")], &actor).await;
    let writers = (0..6).map(|writer| {
        let database = stage.db.database().clone();
        async move {
            for n in 0..20 {
                let transaction = database.begin("command", &Identity::Service).await.unwrap();
                let kind = if n % 4 == 3 { "undone" } else { "done" };
                for sequence in 1..=3 {
                    transaction.publish(&fact("A", &format!("{kind}:{writer}:{n}"), sequence)).await.unwrap();
                    tokio::task::yield_now().await;
                }
                if kind == "done" { transaction.commit().await.unwrap() } else { transaction.rollback().await.unwrap() }
            }
        }
    });
    futures::future::join_all(writers).await;
    actor.log().until_len(2 * 6 * 15 * 3).await;
    stage.settled().await;
    for name in ["query", "ai"] {
        let sequences = actor.log().sequences(name);
        assert_eq!(sequences.len(), 6 * 15);
        for (key, seen) in sequences {
            assert!(key.starts_with("done:"), "{key}");
            assert_eq!(seen, [1, 2, 3], "{name} of {key}");
        }
    }
    assert_eq!(stage.count("delivery.archive").await, 6 * 15 * 3);
    delivery.shutdown().await;
}

pub async fn an_event_reaches_only_the_subscriptions_to_its_type_and_the_archive_in_any_case(stage: Stage) {
    let actor = Actor::willing();
    let subscriptions = [Subscription::new("a", ["A"]), Subscription::new("ab", ["A", "B"])];
    let delivery = stage.deliver(&subscriptions, &actor).await;
    stage.publish(&[fact("A", "k:1", 1), fact("B", "k:1", 2), fact("C", "k:1", 3)]).await;
    actor.log().until_len(3).await;
    stage.settled().await;
    assert_eq!(actor.log().sequences("a").get("k:1"), Some(&vec![1]));
    assert_eq!(actor.log().sequences("ab").get("k:1"), Some(&vec![1, 2]));
    assert_eq!(stage.count("delivery.archive").await, 3);
    delivery.shutdown().await;
}

pub async fn a_handler_gets_the_event_as_it_was_published(stage: Stage) {
    let (sender, mut receiver) = tokio::sync::mpsc::unbounded_channel();
    let actor = Actor::new(move |event, attempt| {
        sender.send((event, attempt)).unwrap();
        async { Ok(()) }
    });
    let delivery = stage.deliver(&[subscription("query")], &actor).await;
    let mut published = fact("A", "entry:1", 1);
    published.traceparent = Some("00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01".to_owned());
    published.tenant_id = Some("t".to_owned());
    stage.publish(std::slice::from_ref(&published)).await;
    let (event, attempt) = receiver.recv().await.unwrap();
    assert_eq!(event.event_id, published.event_id);
    assert_eq!(event.payload_text(), published.payload);
    assert_eq!(event.timestamp_us(), published.occurred_at_us);
    assert_eq!((event.sequence, event.partition_key.as_str()), (1, "entry:1"));
    assert_eq!((event.source.as_str(), event.version.as_str()), ("command-service", "1.0"));
    assert_eq!((event.metadata.user_id, event.metadata.tenant_id), (published.user_id, published.tenant_id));
    assert_eq!((event.correlation_id, event.traceparent), (published.correlation_id, published.traceparent));
    assert_eq!((&*attempt.subscription, attempt.attempt, attempt.attempts_max), ("query", 1, 5));
    delivery.shutdown().await;
}

pub async fn a_key_with_many_waiting_events_is_delivered_in_order_to_its_end(stage: Stage) {
    let actor = Actor::willing();
    let delivery = stage.deliver(&[subscription("query")], &actor).await;
    stage.publish(&facts("entry:1", 600)).await;
    actor.log().until_len(600).await;
    stage.settled().await;
    assert_eq!(actor.log().sequences("query").get("entry:1"), Some(&(1..=600).collect::<Vec<_>>()));
    delivery.shutdown().await;
}

pub async fn an_event_that_arrives_just_as_its_key_runs_empty_is_not_left_behind(stage: Stage) {
    let actor = Actor::willing();
    let (one, other) =
        (stage.deliver(&[subscription("query")], &actor).await, stage.deliver(&[subscription("query")], &actor).await);
    let writers = (0..4).map(|key| {
        let stage = &stage;
        async move {
            for sequence in 1..=100 {
                stage.publish(&[fact("A", &format!("entry:{key}"), sequence)]).await;
            }
        }
    });
    futures::future::join_all(writers).await;
    actor.log().until_len(400).await;
    stage.settled().await;
    for (key, seen) in actor.log().sequences("query") {
        assert_eq!(seen, (1..=100).collect::<Vec<_>>(), "{key}");
    }
    one.shutdown().await;
    other.shutdown().await;
}

pub async fn a_key_with_concurrent_writers_is_delivered_in_the_order_of_the_archive(stage: Stage) {
    let actor = Actor::willing();
    let delivery = stage.deliver(&[subscription("query")], &actor).await;
    let writers = (0..8).map(|writer| {
        let stage = &stage;
        async move {
            for n in 1..=15 {
                stage.publish(&[fact("A", "entry:1", writer * 15 + n)]).await;
            }
        }
    });
    futures::future::join_all(writers).await;
    actor.log().until_len(120).await;
    stage.settled().await;
    let client = stage.db.database().admin().await.unwrap();
    let archived = client.query("SELECT sequence FROM delivery.archive ORDER BY position", &[]).await.unwrap();
    let archived: Vec<_> = archived.iter().map(|row| row.get::<_, i64>(0).unsigned_abs()).collect();
    assert_eq!(actor.log().sequences("query")["entry:1"], archived);
    delivery.shutdown().await;
}

pub async fn large_events_arrive_whole(stage: Stage) {
    let (sender, mut receiver) = tokio::sync::mpsc::unbounded_channel();
    let actor = Actor::new(move |event, _| {
        sender.send(event).unwrap();
        async { Ok(()) }
    });
    let delivery = stage.deliver(&[subscription("query")], &actor).await;
    for sequence in 1..=4_u32 {
        let text = format!("{sequence}:{}", "ü".repeat(1_000_000));
        let mut event = fact("A", "entry:1", u64::from(sequence));
        event.payload = serde_json::json!({ "text": text }).to_string();
        stage.publish(&[event]).await;
        let arrived = tokio::time::timeout(Duration::from_secs(60), receiver.recv()).await.unwrap().unwrap();
        assert!(arrived.payload["text"] == text, "event {sequence} is as it was published");
    }
    delivery.shutdown().await;
}

pub async fn many_subscriptions_get_every_event_independently_of_each_other(stage: Stage) {
    let actor = Actor::new(|_, attempt| async move {
        if &*attempt.subscription == "s0" {
            std::future::pending::<()>().await;
        }
        Ok(())
    });
    let names: Vec<_> = (0..20).map(|n| format!("s{n}")).collect();
    let subscriptions: Vec<_> = names.iter().map(|name| subscription(name)).collect();
    let delivery = stage.deliver(&subscriptions, &actor).await;
    for key in 0..10 {
        stage.publish(&facts(&format!("entry:{key}"), 3)).await;
    }
    actor.log().until_len(19 * 30 + 10).await;
    until("all but the one that hangs are done", async || {
        stage.depths().await.iter().all(|depth| depth.ready == if depth.subscription == "s0" { 30 } else { 0 })
    })
    .await;
    for name in &names[1..] {
        let sequences = actor.log().sequences(name);
        assert!(sequences.len() == 10 && sequences.values().all(|seen| seen == &[1, 2, 3]), "{name}: {sequences:?}");
    }
    drop(delivery);
}
