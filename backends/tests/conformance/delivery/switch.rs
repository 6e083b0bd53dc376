//! The queues move from one back end to the other between two starts.

use std::time::Duration;

use mindflow_backends::clock::Clock;
use mindflow_backends::delivery::{self, Config, Delivery, Options};

use crate::delivery::stage::{Actor, Stage, Store, fact, facts, on_redis, subscription};
use mindflow_test_support::PrivateRedis;
use mindflow_test_support::until;

#[tokio::test(flavor = "multi_thread")]
async fn what_one_back_end_had_not_delivered_the_other_delivers_and_nothing_twice() {
    let stage = Stage::on(Store::Postgres).await;
    let redis = PrivateRedis::start();
    let actor = Actor::new(|event, _| async move {
        if event.sequence > 20 {
            tokio::time::sleep(Duration::from_millis(20)).await;
        }
        Ok(())
    });
    let configs = [Config::default(), on_redis(&redis.url()), Config::default(), on_redis(&redis.url())];
    stage.publish(&facts("entry:0", 60)).await;
    for (round, config) in (1..).zip(configs) {
        let options = Options { drain: Duration::from_secs(5), ..Options::default() };
        let database = stage.db.database().clone();
        let subscriptions = vec![subscription("query"), subscription("ai")];
        let backend = delivery::open(database.clone(), &config).unwrap();
        let delivery = Delivery::start(database, backend, subscriptions, actor.clone(), Clock::system(), options);
        let delivery = delivery.await.unwrap();
        stage.publish(&[fact("A", "entry:1", round)]).await;
        let want = usize::try_from(round).unwrap() * 2;
        actor
            .log()
            .until("the round's event and some of the long key", |seen| {
                seen.iter().filter(|seen| seen.key == "entry:1").count() == want
            })
            .await;
        delivery.shutdown().await;
    }
    let subscriptions = vec![subscription("query"), subscription("ai")];
    let database = stage.db.database().clone();
    let backend = delivery::open(database.clone(), &on_redis(&redis.url())).unwrap();
    let delivery =
        Delivery::start(database, backend, subscriptions, actor.clone(), Clock::system(), Options::default());
    let delivery = delivery.await.unwrap();
    actor.log().until_len(2 * 64).await;
    delivery.shutdown().await;
    for name in ["query", "ai"] {
        let sequences = actor.log().sequences(name);
        assert_eq!(sequences["entry:0"], (1..=60).collect::<Vec<_>>(), "{name}");
        assert_eq!(sequences["entry:1"], [1, 2, 3, 4], "{name}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_replica_that_is_left_on_the_old_back_end_says_so_and_routes_nothing() {
    let stage = Stage::on(Store::Postgres).await;
    let redis = PrivateRedis::start();
    let actor = Actor::willing();
    let old = stage.deliver(&[subscription("query")], &actor).await;
    let database = stage.db.database().clone();
    let backend = delivery::open(database.clone(), &on_redis(&redis.url())).unwrap();
    let subscriptions = vec![subscription("query")];
    let new = Delivery::start(database, backend, subscriptions, actor.clone(), Clock::system(), Options::default());
    let new = new.await.unwrap();
    stage.publish(&facts("entry:1", 20)).await;
    actor.log().until_len(20).await;
    until("the old one says so", async || {
        old.health().failing.get("relay").is_some_and(|text| text.contains("redis-streams"))
    })
    .await;
    assert_eq!(actor.log().sequences("query")["entry:1"], (1..=20).collect::<Vec<_>>());
    new.shutdown().await;
    old.shutdown().await;
}
