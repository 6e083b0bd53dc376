//! Goal: replicas count together what a holder took, without asking about each. Method: limiters of two replicas on one Redis,
//! or on one Redis Cluster; a server that goes away and comes back.

use mindflow_backends::{
    rate_limits::{Limit, Limiter, Shared},
    stores::key_value::Config,
};
use mindflow_test_support::{PrivateRedis, TestRedis, until};
use serde_json::json;
use std::sync::Arc;

/// Long enough that nothing comes back while a story runs.
fn limit(quota: u64) -> Limit {
    serde_json::from_value(json!({"quota": quota, "window-s": 86_400})).unwrap()
}

fn replica(url: &str, prefix: &str, quota: u64) -> Arc<Limiter> {
    let config: Config = serde_json::from_value(json!({"backend": "redis", "url": url, "prefix": prefix})).unwrap();
    let shared = Shared::open(&config, "auth-limits").unwrap().map(Arc::new);
    assert!(shared.is_some());
    Arc::new(Limiter::new("login", limit(quota), shared))
}

async fn taken(replica: &Arc<Limiter>, holder: &str, times: usize) -> usize {
    let mut taken = 0;
    for _ in 0..times {
        taken += usize::from(replica.take(holder, 1).await.allowed);
    }
    taken
}

async fn two_replicas_count_together(redis: TestRedis) {
    let [one, other] = [(); 2].map(|()| replica(&redis.url, &redis.prefix, 100));
    let mut sum = 0;
    for _ in 0..20 {
        sum += taken(&one, "a", 5).await + taken(&other, "a", 5).await;
    }
    // What one does not know yet of the other is on its way.
    assert!((100..=110).contains(&sum), "{sum} were taken of 100");
    for replica in [&one, &other] {
        until("both have learnt it", async || !replica.take("a", 1).await.allowed).await;
        assert!(replica.take("b", 1).await.allowed, "another holder has a part of their own");
    }
    // A replica that starts has learnt it after its first requests.
    let third = replica(&redis.url, &redis.prefix, 100);
    until("the third has learnt it", async || !third.take("a", 1).await.allowed).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn two_replicas_on_a_server_count_together() {
    two_replicas_count_together(TestRedis::open()).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn two_replicas_on_a_cluster_count_together() {
    two_replicas_count_together(TestRedis::cluster()).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_replica_alone_gives_the_quota_also_to_many_at_the_same_moment() {
    let redis = TestRedis::open();
    let replica = replica(&redis.url, &redis.prefix, 100);
    let many = (0..300).map(|_| replica.take("a", 1));
    let taken = futures::future::join_all(many).await.iter().filter(|standing| standing.allowed).count();
    assert_eq!(taken, 100);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn while_the_store_is_away_each_replica_decides_alone_and_what_it_gave_counts_afterwards() {
    let mut server = PrivateRedis::start();
    let [one, other] = [(); 2].map(|()| replica(&server.url(), "mf:", 100));
    assert_eq!(taken(&one, "a", 60).await, 60);
    server.kill();
    assert_eq!(taken(&one, "a", 60).await, 40, "the accounts of the replica hold");
    assert!(!one.take("a", 1).await.allowed);
    server.run();
    until("what was given is reported", async || {
        one.take("a", 1).await;
        !other.take("a", 1).await.allowed
    })
    .await;
    assert!(taken(&other, "b", 10).await == 10);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_bucket_of_one_process_shares_nothing() {
    let memory = serde_json::from_value(json!({"backend": "memory"})).unwrap();
    for config in [Config::File {}, memory] {
        assert!(Shared::open(&config, "auth-limits").unwrap().is_none());
    }
}
