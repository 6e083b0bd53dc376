//! Rough figures, asked for by name: `cargo nextest run -p mindflow-backends --run-ignored only figures`.

use std::time::{Duration, Instant};

use crate::stage::{Actor, Stage, Store, fact, subscription};

const EVENTS: usize = 2_000;
const SUBSCRIPTIONS: [&str; 5] = ["query", "ai", "analytics", "search", "logging"];

#[tokio::test(flavor = "multi_thread")]
#[ignore = "a measurement, not a test"]
async fn figures_of_throughput_and_latency_on_postgres() {
    figures(Stage::on(Store::Postgres).await).await;
}

#[tokio::test(flavor = "multi_thread")]
#[ignore = "a measurement, not a test"]
async fn figures_of_throughput_and_latency_on_redis_streams() {
    let stage = Stage::on(Store::RedisStreams).await;
    // As servers are set up; what a crash takes back is repaired from the archive.
    stage.redis_command(&["CONFIG", "SET", "appendfsync", "everysec"]).await;
    figures(stage).await;
}

async fn figures(stage: Stage) {
    let actor = Actor::willing();
    let subscriptions = SUBSCRIPTIONS.map(subscription);
    let delivery = stage.deliver(&subscriptions, &actor).await;
    let started = Instant::now();
    for batch in 0..EVENTS / 100 {
        let events: Vec<_> = (0..100).map(|n| fact("A", &format!("entry:{}", (batch * 100 + n) % 700), 1)).collect();
        stage.publish(&events).await;
    }
    let published = started.elapsed();
    actor.log().until_len(EVENTS * SUBSCRIPTIONS.len()).await;
    stage.settled().await;
    let rate = (EVENTS * SUBSCRIPTIONS.len()) as f64 / started.elapsed().as_secs_f64();
    println!("{EVENTS} events through 5 subscriptions: {rate:.0} deliveries/s (published within {published:?})");

    let mut latencies = Vec::new();
    for n in 0..100 {
        let before = actor.log().len();
        stage.publish(&[fact("A", &format!("late:{n}"), 1)]).await;
        let committed = Instant::now();
        actor.log().until_len(before + SUBSCRIPTIONS.len()).await;
        latencies.extend(actor.log().seen()[before..].iter().map(|seen| seen.at.saturating_duration_since(committed)));
        tokio::time::sleep(Duration::from_millis(20)).await;
    }
    latencies.sort();
    let (p50, p99) = (latencies[latencies.len() / 2], latencies[latencies.len() * 99 / 100]);
    println!("commit to handler: p50 {p50:?}, p99 {p99:?}");
    delivery.shutdown().await;
}
