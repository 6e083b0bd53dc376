//! What the stories share: a database, a troupe of handlers, and a log of what they saw.

use std::collections::{BTreeMap, HashSet};
use std::sync::{Arc, Mutex};
use std::time::{Duration, Instant};

use async_trait::async_trait;
use futures::future::BoxFuture;
use mindflow_backends::clock::Clock;
use mindflow_backends::delivery::queue::Depth;
use mindflow_backends::delivery::{
    Attempt, Delivery, Event, Failure, Handler, Options, PostgresQueue, Queue, RetryPolicy, Subscription,
};
use mindflow_backends::sql::{Identity, OutboxEvent, Transaction};
use mindflow_backends::testing::{TestDatabase, TestPostgres};
use serde_json::json;
use tokio::sync::watch;
use uuid::Uuid;

/// Long enough for a loaded machine; a test that waits so long has failed.
const WAIT_MAX: Duration = Duration::from_secs(60);

pub struct Stage {
    pub db: TestDatabase,
    pub queue: PostgresQueue,
}

/// One call of a handler.
#[derive(Debug, Clone)]
pub struct Seen {
    pub subscription: String,
    pub key: String,
    pub sequence: u64,
    pub attempt: u32,
    pub at: Instant,
}

/// What the handlers saw, in order, and what must never be seen.
pub struct Log {
    seen: Mutex<Vec<Seen>>,
    running: Mutex<HashSet<(String, String)>>,
    pub overlaps: Mutex<Vec<(String, String)>>,
    pub running_max: Mutex<usize>,
    bell: watch::Sender<usize>,
}

type Play = dyn Fn(Event, Attempt) -> BoxFuture<'static, Result<(), Failure>> + Send + Sync;

pub struct Actor {
    log: Arc<Log>,
    play: Box<Play>,
}

// === impl Stage ===

impl Stage {
    pub async fn new(name: &str) -> Self {
        let db = TestPostgres::write(name).await;
        let queue = PostgresQueue::new(db.database().clone());
        Self { db, queue }
    }

    /// Publishes in one transaction.
    pub async fn publish(&self, events: &[OutboxEvent]) {
        let transaction = self.begin().await;
        for event in events {
            transaction.publish(event).await.unwrap();
        }
        transaction.commit().await.unwrap();
    }

    /// A transaction of the component that publishes.
    pub async fn begin(&self) -> Transaction {
        self.db.database().begin("command", &Identity::Service).await.unwrap()
    }

    pub async fn deliver(&self, subscriptions: &[Subscription], actor: &Arc<Actor>) -> Delivery {
        self.deliver_with(subscriptions, actor, Options::default()).await
    }

    pub async fn deliver_with(&self, subscriptions: &[Subscription], actor: &Arc<Actor>, options: Options) -> Delivery {
        let database = self.db.database().clone();
        Delivery::start(database, subscriptions.to_vec(), actor.clone(), Clock::system(), options).await.unwrap()
    }

    /// Registers subscriptions and fills their queues, and leaves nobody to deliver.
    pub async fn fill(&self, subscriptions: &[Subscription], events: &[OutboxEvent]) {
        let idle = Actor::new(|_, _| async { std::future::pending().await });
        let nobody = self.deliver(subscriptions, &idle).await;
        nobody.shutdown().await;
        self.publish(events).await;
        // A replica that serves none of them relays all the same.
        let relay = self.deliver(&[], &idle).await;
        self.eventually("the outbox is empty", async || self.count("delivery.outbox").await == 0).await;
        relay.shutdown().await;
    }

    pub async fn count(&self, from: &str) -> i64 {
        let client = self.db.database().admin().await.unwrap();
        client.query_one(&format!("SELECT count(*) FROM {from}"), &[]).await.unwrap().get(0)
    }

    pub async fn depth(&self, subscription: &str) -> Depth {
        let depths = self.queue.depth().await.unwrap();
        depths.into_iter().find(|depth| depth.subscription == subscription).unwrap()
    }

    /// Until nothing waits in the outbox or, alive, in any queue.
    pub async fn settled(&self) {
        self.eventually("everything is delivered", async || {
            self.count("delivery.outbox").await == 0
                && self.queue.depth().await.unwrap().iter().all(|depth| depth.ready == 0)
        })
        .await;
    }

    pub async fn eventually(&self, what: &str, condition: impl AsyncFn() -> bool) {
        let deadline = Instant::now() + WAIT_MAX;
        while !condition().await {
            assert!(Instant::now() < deadline, "not so within {WAIT_MAX:?}: {what}");
            tokio::time::sleep(Duration::from_millis(5)).await;
        }
    }
}

// === impl Log ===

impl Log {
    fn new() -> Arc<Self> {
        Arc::new(Self {
            seen: Mutex::default(),
            running: Mutex::default(),
            overlaps: Mutex::default(),
            running_max: Mutex::default(),
            bell: watch::Sender::new(0),
        })
    }

    pub fn seen(&self) -> Vec<Seen> {
        self.seen.lock().unwrap().clone()
    }

    pub fn len(&self) -> usize {
        self.seen.lock().unwrap().len()
    }

    /// The sequences that a subscription saw, by key, in the order of the calls.
    pub fn sequences(&self, subscription: &str) -> BTreeMap<String, Vec<u64>> {
        let mut keys = BTreeMap::<String, Vec<u64>>::new();
        for seen in self.seen().into_iter().filter(|seen| seen.subscription == subscription) {
            keys.entry(seen.key).or_default().push(seen.sequence);
        }
        keys
    }

    pub async fn until(&self, what: &str, condition: impl Fn(&[Seen]) -> bool) {
        let mut bell = self.bell.subscribe();
        let reached = bell.wait_for(|_| condition(&self.seen.lock().unwrap()));
        assert!(tokio::time::timeout(WAIT_MAX, reached).await.is_ok(), "not so within {WAIT_MAX:?}: {what}");
    }

    pub async fn until_len(&self, len: usize) {
        self.until(&format!("{len} calls"), |seen| seen.len() >= len).await;
    }
}

// === impl Actor ===

impl Actor {
    pub fn new<F>(play: impl Fn(Event, Attempt) -> F + Send + Sync + 'static) -> Arc<Self>
    where
        F: Future<Output = Result<(), Failure>> + Send + 'static,
    {
        Arc::new(Self { log: Log::new(), play: Box::new(move |event, attempt| Box::pin(play(event, attempt))) })
    }

    /// Takes everything.
    pub fn willing() -> Arc<Self> {
        Self::new(|_, _| async {
            tokio::task::yield_now().await;
            Ok(())
        })
    }

    pub fn log(&self) -> &Log {
        &self.log
    }
}

#[async_trait]
impl Handler for Actor {
    async fn handle(&self, event: &Event, attempt: &Attempt) -> Result<(), Failure> {
        let lane = (attempt.subscription.to_string(), event.partition_key.clone());
        let _running = Running::enter(&self.log, lane);
        self.log.seen.lock().unwrap().push(Seen {
            subscription: attempt.subscription.to_string(),
            key: event.partition_key.clone(),
            sequence: event.sequence,
            attempt: attempt.attempt,
            at: Instant::now(),
        });
        self.log.bell.send_modify(|calls| *calls += 1);
        (self.play)(event.clone(), attempt.clone()).await
    }
}

struct Running<'a>(&'a Log, (String, String));

impl<'a> Running<'a> {
    fn enter(log: &'a Log, lane: (String, String)) -> Self {
        let mut running = log.running.lock().unwrap();
        if !running.insert(lane.clone()) {
            log.overlaps.lock().unwrap().push(lane.clone());
        }
        let mut running_max = log.running_max.lock().unwrap();
        *running_max = running.len().max(*running_max);
        Self(log, lane)
    }
}

impl Drop for Running<'_> {
    fn drop(&mut self) {
        self.0.running.lock().unwrap().remove(&self.1);
    }
}

pub fn fact(event_type: &str, key: &str, sequence: u64) -> OutboxEvent {
    OutboxEvent {
        event_id: Uuid::new_v4(),
        event_type: event_type.to_owned(),
        version: "1.0".to_owned(),
        occurred_at_us: Clock::system().now_us(),
        source: "command-service".to_owned(),
        source_component: "command".to_owned(),
        sequence: i64::try_from(sequence).unwrap(),
        partition_key: key.to_owned(),
        correlation_id: format!("c-{key}-{sequence}"),
        traceparent: None,
        user_id: Some(Uuid::from_u128(7)),
        tenant_id: None,
        payload: json!({"n": sequence}).to_string(),
    }
}

/// Events 1 to `count` of a key.
pub fn facts(key: &str, count: u64) -> Vec<OutboxEvent> {
    (1..=count).map(|sequence| fact("A", key, sequence)).collect()
}

pub fn subscription(name: &str) -> Subscription {
    Subscription::new(name, ["A"])
}

/// The contract's schedule a hundred times faster.
pub fn hasty() -> RetryPolicy {
    RetryPolicy::new([0, 10, 20, 40].map(Duration::from_millis).to_vec(), 0)
}

pub fn again(reason: &str) -> Failure {
    Failure::Retry { reason: reason.to_owned(), after: None }
}
