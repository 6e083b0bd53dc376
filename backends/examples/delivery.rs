//! What delivery can do on this machine: throughput when producers outrun it, and the time from a commit to the
//! handler when they do not. Run by `cargo xtask bench`.
//!
//! Arguments: BACK_END (`postgres` or `redis-streams`) REPLICAS. The PostgreSQL is the embedded one, private and
//! with `fsync`; `MINDFLOW_BENCH_REDIS` names a Redis. Prints one line of JSON. CPU time is that of this process, with all
//! replicas in it, and that of the processes of its PostgreSQL.
#![allow(
    clippy::expect_used,
    clippy::indexing_slicing,
    clippy::disallowed_methods,
    reason = "a program for developers; it stops at the first thing that is wrong"
)]

use std::collections::HashMap;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Mutex};
use std::time::{Duration, Instant};

use async_trait::async_trait;
use mindflow_backends::clock::Clock;
use mindflow_backends::database::postgres::{Database, DatabaseConfig, PostgresConfig};
use mindflow_backends::database::sql::{Identity, NewEvent};
use mindflow_backends::delivery::publishers::{self, Publisher};
use mindflow_backends::delivery::{
    self, Attempt, Config, Delivery, Event, Failure, Handler, Options, StreamsConfig, Subscription,
};
use mindflow_backends::redis_server::RedisUrl;
use mindflow_test_support::{TestDatabase, TestPostgres};
use uuid::Uuid;

const SUBSCRIPTIONS: [&str; 5] = ["query", "ai", "analytics", "search", "logging"];
const PRODUCERS: usize = 8;
/// Events that saturate it, in transactions of so many, so that the producers' commits are not what is measured.
const EVENTS: usize = 20_000;
const EVENTS_A_TRANSACTION: usize = 20;
/// The fixed rate of the other part, far from what saturates it; each event commits by itself.
const EVENTS_A_SECOND: u32 = 100;
const PACED: u32 = 2_000;
/// As many entities as write at the same time.
const KEYS: usize = 700;

struct Replica {
    database: Database,
    delivery: Delivery,
}

/// Takes everything immediately, and notes when.
#[derive(Default)]
struct Witness {
    count: AtomicUsize,
    seen: Mutex<Vec<(Uuid, Instant)>>,
}

#[async_trait]
impl Handler for Witness {
    async fn handle(&self, event: &Event, _: &Attempt) -> Result<(), Failure> {
        let now = Instant::now();
        self.seen.lock().expect("no panic while held").push((event.event_id, now));
        self.count.fetch_add(1, Ordering::Relaxed);
        Ok(())
    }
}

#[tokio::main]
async fn main() {
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    let [back_end, replicas] = arguments.as_slice() else { panic_usage() };
    let Ok(replicas @ 1..) = replicas.parse::<usize>() else { panic_usage() };
    let store = TestPostgres::write("bench").await;
    let command = Publisher {
        component: "command".to_owned(),
        source: "command-service".to_owned(),
        event_types: ["A".to_owned()].into(),
    };
    publishers::set(store.database(), &[command]).await.expect("the producer may publish");
    let witness = Arc::new(Witness::default());
    let mut running = Vec::new();
    for _ in 0..replicas {
        running.push(start(&store, &config(back_end), &witness).await);
    }
    let before = cpu_us();
    let (archived_s, delivered_s) = saturate(&running, &store, &witness).await;
    let after = cpu_us();
    let [own_us, postgres_us] = [0, 1].map(|of| (after[of] - before[of]) / EVENTS as f64);
    let mut latencies_us = pace(&running, &witness).await;
    latencies_us.sort_unstable();
    let percentile = |part: f64| {
        let index = (latencies_us.len().saturating_sub(1) as f64 * part) as usize;
        latencies_us.get(index).copied().unwrap_or_default() as f64 / 1e3
    };
    println!(
        "{{\"events_per_s\":{:.0},\"deliveries_per_s\":{:.0},\"p50_ms\":{:.2},\"p99_ms\":{:.2},\"paced_per_s\":{EVENTS_A_SECOND},\
         \"replicas_us\":{own_us:.0},\"postgres_us\":{postgres_us:.0}}}",
        EVENTS as f64 / archived_s,
        (EVENTS * SUBSCRIPTIONS.len()) as f64 / delivered_s,
        percentile(0.5),
        percentile(0.99),
    );
    for replica in &running {
        replica.delivery.shutdown().await;
        replica.database.close();
    }
}

/// Microseconds of CPU time so far: of this process, and of all that it started.
fn cpu_us() -> [f64; 2] {
    /// Of `getconf CLK_TCK`.
    const US_A_TICK: f64 = 10_000.0;
    let own = std::process::id();
    let mut processes = HashMap::new();
    for entry in std::fs::read_dir("/proc").expect("/proc").flatten() {
        let Ok(stat) = std::fs::read_to_string(entry.path().join("stat")) else { continue };
        let Some(pid) = entry.file_name().to_str().and_then(|name| name.parse::<u32>().ok()) else { continue };
        // After the name: state, parent, …; the 14th to 17th of all are the times, its own and those of children that ended.
        let fields: Vec<&str> = stat.rsplit(')').next().unwrap_or_default().split_whitespace().collect();
        let number = |index: usize| fields.get(index).and_then(|field| field.parse::<u32>().ok()).unwrap_or_default();
        processes.insert(pid, (number(1), number(11) + number(12), number(13) + number(14)));
    }
    let mut of = [0.0, 0.0];
    for (pid, (_, ticks, ended)) in &processes {
        let mut ancestors = std::iter::successors(Some(*pid), |pid| processes.get(pid).map(|(parent, ..)| *parent));
        if *pid == own {
            of[0] += f64::from(*ticks) * US_A_TICK;
        } else if ancestors.any(|ancestor| ancestor == own) {
            of[1] += f64::from(ticks + ended) * US_A_TICK;
        }
    }
    of
}

fn panic_usage() -> ! {
    eprintln!("arguments: postgres|redis-streams REPLICAS");
    std::process::exit(2)
}

fn config(back_end: &str) -> Config {
    if back_end == "postgres" {
        return Config::Postgres {};
    }
    let url = std::env::var("MINDFLOW_BENCH_REDIS").expect("MINDFLOW_BENCH_REDIS names a Redis");
    let url = RedisUrl::parse(&url).expect("MINDFLOW_BENCH_REDIS is a URL");
    let partitions = delivery::config::PARTITIONS_DEFAULT;
    let prefix = format!("bench-{}:", std::process::id());
    Config::RedisStreams(StreamsConfig { url, prefix, partitions })
}

/// A replica with pools of its own, as another host would have.
async fn start(store: &TestDatabase, config: &Config, witness: &Arc<Witness>) -> Replica {
    let dsn = store.dsn();
    let settings = PostgresConfig {
        dsn,
        direct_dsn: None,
        replica_dsn: None,
        pool_max: None,
        ca_file: None,
        statement_timeout_ms: None,
    };
    let database = Database::open("bench", "databases.bench", &DatabaseConfig::Postgres(settings), None).await;
    let database = database.expect("the database opens");
    let backend = delivery::open(database.clone(), config).expect("the queues open");
    let subscriptions = SUBSCRIPTIONS.map(|name| Subscription::new(name, ["A"])).to_vec();
    let (handler, clock) = (Arc::clone(witness), Clock::system());
    let delivery = Delivery::start(database.clone(), backend, subscriptions, handler, clock, Options::default()).await;
    Replica { database, delivery: delivery.expect("delivery starts") }
}

/// Producers as fast as they can. Answers the seconds until all was archived, and until all was delivered.
async fn saturate(replicas: &[Replica], store: &TestDatabase, witness: &Arc<Witness>) -> (f64, f64) {
    let began = Instant::now();
    let producers = (0..PRODUCERS).map(|producer| {
        let database = replicas.iter().cycle().nth(producer).map(|replica| replica.database.clone());
        let database = database.expect("a replica");
        tokio::spawn(async move {
            for batch in 0..EVENTS / PRODUCERS / EVENTS_A_TRANSACTION {
                let events: Vec<_> = (0..EVENTS_A_TRANSACTION)
                    .map(|n| event((producer + (batch * EVENTS_A_TRANSACTION + n) * PRODUCERS) % KEYS))
                    .collect();
                publish(&database, &events).await;
            }
        })
    });
    for producer in producers.collect::<Vec<_>>() {
        producer.await.expect("a producer");
    }
    let client = store.database().admin().await.expect("a connection");
    let archived = loop {
        let row = client.query_one("SELECT NOT EXISTS (SELECT FROM delivery.unsequenced)", &[]).await;
        if row.expect("the log").get(0) {
            break began.elapsed().as_secs_f64();
        }
        tokio::time::sleep(Duration::from_millis(5)).await;
    };
    delivered(witness, EVENTS * SUBSCRIPTIONS.len()).await;
    (archived, began.elapsed().as_secs_f64())
}

/// One event at a time at a fixed rate. Answers, for each delivery, the microseconds since its commit.
async fn pace(replicas: &[Replica], witness: &Arc<Witness>) -> Vec<u64> {
    witness.seen.lock().expect("no panic while held").clear();
    let before = witness.count.load(Ordering::Relaxed);
    let mut ticks = tokio::time::interval(Duration::from_secs(1) / EVENTS_A_SECOND);
    let mut writes = Vec::new();
    for (n, replica) in (0..PACED as usize).zip(replicas.iter().cycle()) {
        ticks.tick().await;
        let database = replica.database.clone();
        writes.push(tokio::spawn(async move {
            let event = event(n % KEYS);
            publish(&database, std::slice::from_ref(&event)).await;
            (event.event_id, Instant::now())
        }));
    }
    let committed: HashMap<Uuid, Instant> =
        futures::future::join_all(writes).await.into_iter().map(|write| write.expect("a write")).collect();
    delivered(witness, before + PACED as usize * SUBSCRIPTIONS.len()).await;
    let seen = witness.seen.lock().expect("no panic while held");
    // A handler may be called before the producer has the answer to its commit: no time at all.
    let since = |(id, at): &(Uuid, Instant)| Some(at.saturating_duration_since(*committed.get(id)?));
    seen.iter().filter_map(since).map(|time| u64::try_from(time.as_micros()).unwrap_or(u64::MAX)).collect()
}

async fn delivered(witness: &Witness, count: usize) {
    while witness.count.load(Ordering::Relaxed) < count {
        tokio::time::sleep(Duration::from_millis(2)).await;
    }
}

async fn publish(database: &Database, events: &[NewEvent]) {
    let transaction = database.begin("command", &Identity::Service).await.expect("a transaction");
    for event in events {
        transaction.publish(event).await.expect("the log takes it");
    }
    transaction.commit().await.expect("a commit");
}

/// As large as an entry of some sentences.
fn event(key: usize) -> NewEvent {
    NewEvent {
        event_id: Uuid::now_v7(),
        event_type: "A".to_owned(),
        version: "1.0".to_owned(),
        occurred_at_us: Clock::system().now_us(),
        sequence: 1,
        partition_key: format!("entry:{key}"),
        correlation_id: "bench".to_owned(),
        traceparent: None,
        user_id: Some(Uuid::nil()),
        tenant_id: None,
        payload: serde_json::json!({ "title": "A page", "content": "Slept well, walked by the river. ".repeat(12) })
            .to_string(),
    }
}
