//! How the platform stands, for administrators who look: its components as their providers know them, and the queues of its
//! subscriptions, counted once for all who ask. While anyone looks, a topic says about once a second that it is time to look
//! again.

use crate::{
    capability::platform_state::{
        Sight,
        bindings::mindflow::platform::platform_state::{Component, Condition, Flow, Latency, Snapshot, Subscription},
    },
    engine::Provider,
    manifest::ComponentEntry,
    trigger::flow,
};
use async_trait::async_trait;
use mindflow_backends::{
    clock::{self, Clock},
    delivery::{Backend, Depth},
    error::chain,
    ids,
    messaging::realtime::Realtime,
};
use std::{
    collections::{BTreeMap, BTreeSet},
    sync::{Arc, Weak},
    time::Duration,
};
use tokio::{
    sync::{Mutex, watch},
    time::Instant,
};
use tokio_util::sync::CancellationToken;

/// How often it is said that it is time to look again. People see no more.
const BEAT: Duration = Duration::from_secs(1);
/// How long it is said after the last look. A client that reads slowly misses some beats.
const WATCHED_FOR: Duration = Duration::from_secs(10);
/// How long a count of the queues is passed on: each beat has a new one.
const COUNT_FOR: Duration = Duration::from_millis(900);
/// Counting walks the queues. So many times as long as a count took, there is no other: it takes a tenth of the time at most.
const COUNT_PAUSES: u32 = 9;
/// Before the host's own name in its topic.
const TOPIC: &str = "platform";

/// How often each type of events went to each subscription.
pub type Flows = BTreeMap<String, Arc<flow::Flow>>;

/// What can be seen of a running platform.
pub struct Standing {
    clock: Clock,
    started_us: i64,
    /// In the order of their names.
    components: Vec<Watched>,
    /// In the order of their names.
    subscriptions: Vec<Known>,
    flows: Flows,
    /// By the types of events.
    producers: BTreeMap<String, Vec<String>>,
    queues: Option<Arc<dyn Backend>>,
    counted: Mutex<Option<Count>>,
    topic: String,
    looked: watch::Sender<Instant>,
    stop: CancellationToken,
}

/// A component, and what the manifest says of it. The provider's own access leads here.
struct Watched {
    provider: Weak<Provider>,
    publishes: Vec<String>,
    callees: Vec<String>,
}

/// What the manifest says of a subscription.
struct Known {
    name: String,
    component: String,
    events: Vec<String>,
}

/// What waited when it was counted last.
struct Count {
    depths: Vec<Depth>,
    good_until: Instant,
}

// === impl Standing ===

impl Standing {
    /// Begins to say that it is time to look, while anyone does.
    pub fn start<'a>(
        components: impl Iterator<Item = (&'a ComponentEntry, &'a Arc<Provider>)> + Clone,
        flows: Flows,
        queues: Option<Arc<dyn Backend>>,
        realtime: Arc<dyn Realtime>,
        clock: Clock,
    ) -> Arc<Self> {
        let mut producers = BTreeMap::<String, Vec<String>>::new();
        for (entry, _) in components.clone() {
            for event_type in &entry.grants.events {
                producers.entry(event_type.clone()).or_default().push(entry.name.clone());
            }
        }
        let mut subscriptions: Vec<Known> = components.clone().flat_map(|(entry, _)| Known::all_of(entry)).collect();
        subscriptions.sort_by(|a, b| a.name.cmp(&b.name));
        let standing = Arc::new(Self {
            started_us: clock.now_us(),
            components: components.map(|(entry, provider)| Watched::of(entry, provider)).collect(),
            subscriptions,
            flows,
            producers,
            queues,
            counted: Mutex::default(),
            topic: format!("{TOPIC}:{}", ids::random()),
            looked: watch::Sender::new(clock::instant()),
            stop: CancellationToken::new(),
            clock,
        });
        tokio::spawn(beat(Arc::clone(&standing), standing.looked.subscribe(), realtime));
        standing
    }

    pub fn close(&self) {
        self.stop.cancel();
    }

    fn look(&self) {
        self.looked.send_replace(clock::instant());
    }

    fn flows(&self) -> Vec<Flow> {
        let of_subscription = |(name, flow): (&String, &Arc<flow::Flow>)| -> Vec<Flow> {
            let of_type = |(event_type, delivered, failed): (&str, u64, u64)| Flow {
                event_type: event_type.to_owned(),
                producers: self.producers.get(event_type).cloned().unwrap_or_default(),
                subscription: name.clone(),
                delivered,
                failed,
            };
            flow.counts().map(of_type).collect()
        };
        self.flows.iter().flat_map(of_subscription).collect()
    }

    /// What waits for each subscription. One counts, and the others take what it found.
    async fn depths(&self) -> Result<Vec<Depth>, String> {
        let Some(queues) = &self.queues else { return Ok(Vec::new()) };
        let mut counted = self.counted.lock().await;
        let began = clock::instant();
        if let Some(count) = counted.as_ref().filter(|count| began < count.good_until) {
            return Ok(count.depths.clone());
        }
        let depths = queues.depth().await.map_err(|error| chain(&error))?;
        let ended = clock::instant();
        let good_for = COUNT_FOR.max((ended - began) * COUNT_PAUSES);
        *counted = Some(Count { depths: depths.clone(), good_until: ended + good_for });
        Ok(depths)
    }
}

#[async_trait]
impl Sight for Standing {
    fn running(&self) -> Snapshot {
        self.look();
        let at = self.clock.now_us();
        let components = self.components.iter().filter_map(|watched| watched.seen(at)).collect();
        Snapshot { at, started_at: self.started_us, components, flows: self.flows() }
    }

    async fn subscriptions(&self) -> Result<Vec<Subscription>, String> {
        self.look();
        let depths = self.depths().await?;
        let waits = |known: &Known| known.seen(depths.iter().find(|depth| depth.subscription == known.name));
        Ok(self.subscriptions.iter().map(waits).collect())
    }

    fn changes(&self) -> String {
        self.look();
        self.topic.clone()
    }
}

/// Runs until the stop.
async fn beat(standing: Arc<Standing>, mut looked: watch::Receiver<Instant>, realtime: Arc<dyn Realtime>) {
    let beating = async {
        while looked.changed().await.is_ok() {
            while looked.borrow_and_update().elapsed() < WATCHED_FOR {
                tokio::time::sleep(BEAT).await;
                let now = standing.clock.now_us().to_string();
                if let Err(error) = realtime.publish(&standing.topic, now.as_bytes()).await {
                    tracing::debug!(
                        error = &error as &dyn std::error::Error,
                        "who looks at the platform was not called"
                    );
                }
            }
        }
    };
    tokio::select! {
        () = beating => {}
        () = standing.stop.cancelled() => {}
    }
}

// === impl Watched ===

impl Watched {
    fn of(entry: &ComponentEntry, provider: &Arc<Provider>) -> Self {
        let callees: BTreeSet<&String> = entry.tool.calls.iter().map(|call| &call.component).collect();
        Self {
            provider: Arc::downgrade(provider),
            publishes: entry.grants.events.iter().cloned().collect(),
            callees: callees.into_iter().cloned().collect(),
        }
    }

    /// `None` while the platform ends.
    fn seen(&self, now_us: i64) -> Option<Component> {
        let provider = self.provider.upgrade()?;
        let (status, observed) = (provider.status(), provider.observe());
        let condition = match status.state {
            "open" => Condition::Failing,
            _ if provider.is_starved() => Condition::Overloaded,
            _ => Condition::Ready,
        };
        let age_us = i64::try_from(observed.age.as_micros()).unwrap_or(i64::MAX);
        Some(Component {
            name: status.name,
            condition,
            generation: status.generation,
            since: now_us.saturating_sub(age_us),
            digest: status.digest,
            instances: count(status.instances),
            memory_bytes: observed.memory_bytes,
            calls_now: count(status.calls),
            calls_max: count(status.calls_max),
            calls: observed.calls,
            failures: observed.failures,
            latency: observed.latency.map(|latency| Latency {
                p50_ms: latency.p50_ms,
                p95_ms: latency.p95_ms,
                p99_ms: latency.p99_ms,
            }),
            publishes: self.publishes.clone(),
            callees: self.callees.clone(),
        })
    }
}

fn count(number: usize) -> u32 {
    u32::try_from(number).unwrap_or(u32::MAX)
}

// === impl Known ===

impl Known {
    fn all_of(entry: &ComponentEntry) -> impl Iterator<Item = Self> {
        entry.tool.subscriptions.iter().map(|of| Self {
            name: of.name(&entry.name).to_owned(),
            component: entry.name.clone(),
            events: of.events.clone(),
        })
    }

    /// Without a depth, nothing waits.
    fn seen(&self, depth: Option<&Depth>) -> Subscription {
        let number = |read: fn(&Depth) -> u64| depth.map_or(0, read);
        let oldest = depth.and_then(|depth| depth.oldest);
        Subscription {
            name: self.name.clone(),
            component: self.component.clone(),
            events: self.events.clone(),
            waiting: number(|depth| depth.ready),
            in_flight: number(|depth| depth.leased),
            dead_letters: number(|depth| depth.dead),
            parked: number(|depth| depth.parked),
            lag_ms: oldest.map(|oldest| u64::try_from(oldest.as_millis()).unwrap_or(u64::MAX)),
        }
    }
}
