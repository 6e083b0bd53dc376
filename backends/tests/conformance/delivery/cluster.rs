//! The queues on a Redis Cluster, all of whose keys are on one node.

use crate::delivery::stage::{Actor, Stage, Store, fact, subscription};

#[tokio::test(flavor = "multi_thread")]
async fn two_replicas_share_the_queues_of_a_cluster_and_keep_the_order_of_each_key() {
    let stage = Stage::on(Store::RedisCluster).await;
    let actor = Actor::willing();
    let both = [subscription("query"), subscription("ai")];
    let (one, other) = (stage.deliver(&both, &actor).await, stage.deliver(&both, &actor).await);
    for round in 1..=20 {
        let events: Vec<_> = (0..12).map(|key| fact("A", &format!("entry:{key}"), round)).collect();
        stage.publish(&events).await;
    }
    actor.log().until_len(2 * 12 * 20).await;
    stage.settled().await;
    for name in ["query", "ai"] {
        let sequences = actor.log().sequences(name);
        assert_eq!(sequences.len(), 12);
        assert!(sequences.values().all(|seen| seen.iter().copied().eq(1..=20)), "{name}: {sequences:?}");
    }
    one.shutdown().await;
    other.shutdown().await;
}
