//! What the stories share: a database, a troupe of handlers, and a log of what they saw.

use std::collections::{BTreeMap, BTreeSet, HashSet};
use std::sync::{Arc, Mutex};
use std::time::{Duration, Instant};

use async_trait::async_trait;
use futures::future::BoxFuture;
use mindflow_backends::clock::Clock;
use mindflow_backends::database::sql::{Identity, NewEvent, Transaction};
use mindflow_backends::delivery::publishers::{self, Publisher};
use mindflow_backends::delivery::queue::Depth;
use mindflow_backends::delivery::{
    self, Attempt, Backend, Config, Delivery, Event, Failure, Handler, Options, RetryPolicy, StreamsConfig,
    Subscription,
};
use mindflow_backends::redis_server::RedisUrl;
use mindflow_test_support::{TestDatabase, TestPostgres, TestRedis, WITHIN, eventually, until};
use serde_json::json;
use tokio::sync::watch;
use uuid::Uuid;

use mindflow_test_support::PrivateRedis;

/// A back end of the queues.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Store {
    Postgres,
    RedisStreams,
    RedisCluster,
}

pub struct Stage {
    pub db: TestDatabase,
    pub queue: Arc<dyn Backend>,
    config: Config,
    redis: Option<tokio::sync::Mutex<PrivateRedis>>,
    /// Its keys of this test are removed with it.
    _cluster: Option<TestRedis>,
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
    /// The sizes of the batches that it took; `None`: it takes none.
    batches: Option<Mutex<Vec<usize>>>,
}

/// The component that publishes in these stories.
pub fn command(event_types: BTreeSet<String>) -> Publisher {
    Publisher { component: "command".to_owned(), source: "command-service".to_owned(), event_types }
}

// === impl Stage ===

impl Stage {
    pub async fn on(store: Store) -> Self {
        Self::over(TestPostgres::write("delivery").await, store).await
    }

    /// On a database of the story's own making.
    pub async fn over(db: TestDatabase, store: Store) -> Self {
        let cases = (0..20).map(|case| format!("case{case}"));
        let event_types = ["A", "B", "C"].into_iter().map(str::to_owned).chain(cases).collect();
        publishers::set(db.database(), &[command(event_types)]).await.unwrap();
        let redis = (store == Store::RedisStreams).then(PrivateRedis::start);
        let cluster = (store == Store::RedisCluster).then(TestRedis::cluster);
        let config = match (&redis, &cluster) {
            (Some(redis), _) => on_redis(&redis.url()),
            (None, Some(cluster)) => with_prefix(&cluster.url, &cluster.prefix),
            (None, None) => Config::default(),
        };
        let queue = delivery::open(db.database().clone(), &config).unwrap();
        Self { db, queue, config, redis: redis.map(tokio::sync::Mutex::new), _cluster: cluster }
    }

    pub fn options(&self) -> Options {
        Options::default()
    }

    /// The Redis of the queues.
    pub async fn redis(&self) -> tokio::sync::MutexGuard<'_, PrivateRedis> {
        self.redis.as_ref().unwrap().lock().await
    }

    pub async fn redis_command(&self, words: &[&str]) -> redis::Value {
        let client = redis::Client::open(self.redis().await.url()).unwrap();
        let mut connection = client.get_multiplexed_async_connection().await.unwrap();
        redis::cmd(words[0]).arg(&words[1..]).query_async(&mut connection).await.unwrap()
    }

    /// Cuts every connection to the database but `own`, and to the store of the queues.
    pub async fn cut_connections(&self, own: &tokio_postgres::Client) {
        let cut = "SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE datname = current_database() AND pid <> pg_backend_pid()";
        own.query(cut, &[]).await.unwrap();
        if self.redis.is_some() {
            self.redis_command(&["CLIENT", "KILL", "TYPE", "normal"]).await;
        }
    }

    /// The store of the queues goes away in the middle of everything and is back with its data.
    pub async fn restart_store(&self) {
        match &self.redis {
            Some(redis) => {
                let mut redis = redis.lock().await;
                redis.kill();
                until("clients notice", async || self.queue.depth().await.is_err()).await;
                redis.run();
            }
            // The server is every test's; what a restart does to its clients can be had without.
            None => {
                let own = self.db.database().admin().await.unwrap();
                let others = "SELECT count(*) FROM pg_stat_activity WHERE datname = current_database() AND pid <> pg_backend_pid()";
                for _ in 0..10 {
                    self.cut_connections(&own).await;
                    until("a client is back", async || own.query_one(others, &[]).await.unwrap().get::<_, i64>(0) > 0)
                        .await;
                }
            }
        }
    }

    /// Publishes in one transaction.
    pub async fn publish(&self, events: &[NewEvent]) {
        let transaction = self.begin().await;
        for event in events {
            transaction.publish(event).await.unwrap();
        }
        transaction.commit().await.unwrap();
    }

    /// As [`Stage::publish`]; nothing is published when it fails before the commit. A commit whose answer is
    /// lost may have published all the same: the events' ids are the same at the next try, which then fails as
    /// well, and so is taken for done.
    pub async fn try_publish(&self, events: &[NewEvent]) -> Result<(), String> {
        let Ok(transaction) = self.db.database().begin("command", &Identity::Service).await else {
            return Err("no connection".to_owned());
        };
        for event in events {
            if let Err(error) = transaction.publish(event).await {
                let text = format!("{error:?}");
                return if self.is_published(event).await { Ok(()) } else { Err(text) };
            }
        }
        match transaction.commit().await {
            Ok(()) => Ok(()),
            Err(error) if self.is_published(&events[0]).await => {
                let _ = error;
                Ok(())
            }
            Err(error) => Err(format!("{error:?}")),
        }
    }

    async fn is_published(&self, event: &NewEvent) -> bool {
        let sql = "SELECT 1 FROM delivery.archive WHERE event_id = $1";
        eventually("the database answers", async || {
            let client = self.db.database().admin().await.ok()?;
            Some(!client.query(sql, &[&event.event_id]).await.ok()?.is_empty())
        })
        .await
    }

    /// A transaction of the component that publishes.
    pub async fn begin(&self) -> Transaction {
        self.db.database().begin("command", &Identity::Service).await.unwrap()
    }

    pub async fn deliver(&self, subscriptions: &[Subscription], actor: &Arc<Actor>) -> Delivery {
        self.deliver_with(subscriptions, actor, self.options()).await
    }

    pub async fn deliver_with(&self, subscriptions: &[Subscription], actor: &Arc<Actor>, options: Options) -> Delivery {
        let database = self.db.database().clone();
        let backend = delivery::open(database.clone(), &self.config).unwrap();
        Delivery::start(database, backend, subscriptions.to_vec(), actor.clone(), Clock::system(), options)
            .await
            .unwrap()
    }

    /// Registers subscriptions and fills their queues, without a replica that delivers.
    pub async fn fill(&self, subscriptions: &[Subscription], events: &[NewEvent]) {
        let idle = Actor::new(|_, _| async { std::future::pending().await });
        let delivery = self.deliver(subscriptions, &idle).await;
        delivery.shutdown().await;
        self.publish(events).await;
        // A replica that serves none of them sequences all the same.
        let relay = self.deliver(&[], &idle).await;
        until("everything has its ordinal", async || self.unsequenced().await == 0).await;
        relay.shutdown().await;
    }

    /// Once the database answers.
    pub async fn count(&self, from: &str) -> i64 {
        let count = format!("SELECT count(*) FROM {from}");
        eventually("the database answers", async || {
            let client = self.db.database().admin().await.ok()?;
            Some(client.query_one(&count, &[]).await.ok()?.get(0))
        })
        .await
    }

    /// Once the store answers.
    pub async fn depths(&self) -> Vec<Depth> {
        eventually("the store of the queues answers", async || self.queue.depth().await.ok()).await
    }

    pub async fn depth(&self, subscription: &str) -> Depth {
        self.depths().await.into_iter().find(|depth| depth.subscription == subscription).unwrap()
    }

    /// Events without an ordinal.
    pub async fn unsequenced(&self) -> i64 {
        self.count("delivery.unsequenced").await
    }

    /// Until nothing waits, alive, for any subscription.
    pub async fn settled(&self) {
        until("everything is delivered", async || {
            self.unsequenced().await == 0 && self.depths().await.iter().all(|depth| depth.ready == 0)
        })
        .await;
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

    fn note(&self, event: &Event, attempt: &Attempt) {
        self.seen.lock().unwrap().push(Seen {
            subscription: attempt.subscription.to_string(),
            key: event.partition_key.clone(),
            sequence: event.sequence,
            attempt: attempt.attempt,
            at: Instant::now(),
        });
        self.bell.send_modify(|calls| *calls += 1);
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
        assert!(tokio::time::timeout(WITHIN, reached).await.is_ok(), "not so within {WITHIN:?}: {what}");
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
        Arc::new(Self::playing(play, None))
    }

    /// Takes batches as well: one in which each event is taken.
    pub fn batching<F>(play: impl Fn(Event, Attempt) -> F + Send + Sync + 'static) -> Arc<Self>
    where
        F: Future<Output = Result<(), Failure>> + Send + 'static,
    {
        Arc::new(Self::playing(play, Some(Mutex::default())))
    }

    fn playing<F>(
        play: impl Fn(Event, Attempt) -> F + Send + Sync + 'static,
        batches: Option<Mutex<Vec<usize>>>,
    ) -> Self
    where
        F: Future<Output = Result<(), Failure>> + Send + 'static,
    {
        Self { log: Log::new(), play: Box::new(move |event, attempt| Box::pin(play(event, attempt))), batches }
    }

    pub fn batches(&self) -> Vec<usize> {
        self.batches.as_ref().map_or_else(Vec::new, |sizes| sizes.lock().unwrap().clone())
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
        let _running = Running::enter(&self.log, lane(&attempt.subscription, event));
        self.log.note(event, attempt);
        (self.play)(event.clone(), attempt.clone()).await
    }

    fn takes_batches(&self, _: &str) -> bool {
        self.batches.is_some()
    }

    /// As a transaction: what it did for the others is undone when one fails.
    async fn handle_batch(&self, subscription: &str, events: &[Arc<Event>]) -> Result<(), Failure> {
        let _running: Vec<_> =
            events.iter().map(|event| Running::enter(&self.log, lane(subscription, event))).collect();
        let attempt = Attempt { subscription: subscription.into(), attempt: 1, attempts_max: 5 };
        for event in events {
            (self.play)(Event::clone(event), attempt.clone()).await?;
        }
        events.iter().for_each(|event| self.log.note(event, &attempt));
        self.batches.iter().for_each(|sizes| sizes.lock().unwrap().push(events.len()));
        Ok(())
    }
}

fn lane(subscription: &str, event: &Event) -> (String, String) {
    (subscription.to_owned(), event.partition_key.clone())
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

/// Queues on that Redis. Few partitions, so that keys do share them.
pub fn on_redis(url: &str) -> Config {
    with_prefix(url, "test:")
}

fn with_prefix(url: &str, prefix: &str) -> Config {
    let url = RedisUrl::parse(url).unwrap();
    Config::RedisStreams(StreamsConfig { url, prefix: prefix.to_owned(), partitions: 8 })
}

pub fn fact(event_type: &str, key: &str, sequence: u64) -> NewEvent {
    NewEvent {
        event_id: Uuid::new_v4(),
        event_type: event_type.to_owned(),
        version: "1.0".to_owned(),
        occurred_at_us: Clock::system().now_us(),
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
pub fn facts(key: &str, count: u64) -> Vec<NewEvent> {
    (1..=count).map(|sequence| fact("A", key, sequence)).collect()
}

pub fn subscription(name: &str) -> Subscription {
    Subscription::new(name, ["A"])
}

/// The platform's schedule a hundred times faster.
pub fn hasty() -> RetryPolicy {
    RetryPolicy::new([0, 10, 20, 40].map(Duration::from_millis).to_vec(), 0)
}

pub fn again(reason: &str) -> Failure {
    Failure::Retry { reason: reason.to_owned(), after: None }
}
