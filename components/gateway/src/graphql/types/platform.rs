//! What runs on the platform, as administrators see it.

use super::scalars::{Bytes, DateTime};
use crate::graphql::scope;
use async_graphql::{Context, Enum, Object, Result, SimpleObject};
use mindflow_guest::call::Error;
use mindflow_guest::platform_state as platform;

/// Whether a component takes calls.
#[derive(Clone, Copy, PartialEq, Eq, Enum)]
pub enum ComponentState {
    /// It does.
    Ready,
    /// It failed repeatedly, and gets no calls for a while.
    Failing,
    /// All its places are taken, and waiting calls get none.
    Overloaded,
}

/// How long calls took that were answered, in milliseconds.
#[derive(SimpleObject)]
pub struct CallLatency {
    /// Half of the calls took no longer.
    #[graphql(name = "p50Ms")]
    p50_ms: f64,
    /// 95 of a hundred calls took no longer.
    #[graphql(name = "p95Ms")]
    p95_ms: f64,
    /// 99 of a hundred calls took no longer.
    #[graphql(name = "p99Ms")]
    p99_ms: f64,
}

/// A component of the host that answers. Counts are since the start of that host.
#[derive(SimpleObject)]
pub struct PlatformComponent {
    /// Its name.
    name: String,
    /// Whether it takes calls.
    state: ComponentState,
    /// Which version of it this is: from 1, and one more after each swap.
    generation: u64,
    /// When this generation was taken into service.
    since: DateTime,
    /// SHA-256 of its file, hexadecimal.
    digest: String,
    /// Instances that take calls.
    instances: u32,
    /// The memory of these instances.
    memory_bytes: Bytes,
    /// Calls in progress.
    calls_now: u32,
    /// How many calls may be in progress.
    calls_max: u32,
    /// Calls that have ended.
    calls: u64,
    /// Of these, those that got no answer: the component failed or was late, it was overloaded, or the call cost too much.
    failures: u64,
    /// Of calls of the last 30 to 60 seconds; null where none was answered.
    latency: Option<CallLatency>,
    /// The types of events that it may publish.
    publishes: Vec<String>,
    /// The components that it may call.
    callees: Vec<String>,
}

/// A subscription to events, of all hosts together.
#[derive(SimpleObject)]
pub struct PlatformSubscription {
    /// Its name, as dead letters have it.
    name: String,
    /// The component that gets the events.
    component: String,
    /// The types of events that it gets.
    events: Vec<String>,
    /// Events that can be delivered, are being delivered, or wait for another attempt.
    waiting: u64,
    /// Of these, those that are being delivered.
    in_flight: u64,
    /// Events that were given up.
    dead_letters: u64,
    /// Events that wait behind a dead letter of their entity.
    parked: u64,
    /// The age of the oldest event that waits, in milliseconds; null where none does.
    lag_ms: Option<u64>,
}

/// One type of events on its way from those who publish it to one subscription, on the host that answers, since its start.
#[derive(SimpleObject)]
pub struct EventFlow {
    /// Such as `JournalEntryCreated`.
    event_type: String,
    /// The components that may publish it.
    producers: Vec<String>,
    /// The subscription that gets it.
    subscription: String,
    /// Deliveries that the subscription has acknowledged.
    delivered: u64,
    /// Attempts that failed.
    failed: u64,
}

/// As it was seen.
pub struct Platform(platform::Snapshot);

/// What runs on the platform: the components of the host that answers, and the subscriptions of all hosts.
#[Object]
impl Platform {
    /// When this was so.
    async fn at(&self) -> DateTime {
        DateTime(self.0.at)
    }

    /// When the host that answers has started.
    async fn started_at(&self) -> DateTime {
        DateTime(self.0.started_at)
    }

    /// The components, in the order of their names.
    async fn components(&self) -> Vec<PlatformComponent> {
        self.0.components.iter().cloned().map(Into::into).collect()
    }

    /// The subscriptions, in the order of their names. They are counted about once a second at most, and less often while long queues are.
    /// Null, with an error, when they cannot be counted.
    async fn subscriptions(&self, ctx: &Context<'_>) -> Result<Option<Vec<PlatformSubscription>>> {
        let counted = scope::with(ctx, |_| async { platform::subscriptions().await.map_err(error) }).await?;
        Ok(Some(counted.into_iter().map(Into::into).collect()))
    }

    /// How events have flowed, by their types and the subscriptions that get them.
    async fn flows(&self) -> Vec<EventFlow> {
        self.0.flows.iter().cloned().map(Into::into).collect()
    }
}

impl Platform {
    /// As it is now. Who asks is an administrator.
    pub async fn see() -> Result<Self, Error> {
        platform::running().await.map(Self).map_err(error)
    }
}

/// The topic that says when to look again.
pub async fn changes() -> Result<String, Error> {
    platform::changes().await.map_err(error)
}

impl From<platform::Component> for PlatformComponent {
    fn from(component: platform::Component) -> Self {
        Self {
            name: component.name,
            state: match component.condition {
                platform::Condition::Ready => ComponentState::Ready,
                platform::Condition::Failing => ComponentState::Failing,
                platform::Condition::Overloaded => ComponentState::Overloaded,
            },
            generation: component.generation,
            since: DateTime(component.since),
            digest: component.digest,
            instances: component.instances,
            memory_bytes: Bytes(component.memory_bytes),
            calls_now: component.calls_now,
            calls_max: component.calls_max,
            calls: component.calls,
            failures: component.failures,
            latency: component.latency.map(|latency| CallLatency {
                p50_ms: latency.p50_ms,
                p95_ms: latency.p95_ms,
                p99_ms: latency.p99_ms,
            }),
            publishes: component.publishes,
            callees: component.callees,
        }
    }
}

impl From<platform::Subscription> for PlatformSubscription {
    fn from(subscription: platform::Subscription) -> Self {
        Self {
            name: subscription.name,
            component: subscription.component,
            events: subscription.events,
            waiting: subscription.waiting,
            in_flight: subscription.in_flight,
            dead_letters: subscription.dead_letters,
            parked: subscription.parked,
            lag_ms: subscription.lag_ms,
        }
    }
}

impl From<platform::Flow> for EventFlow {
    fn from(flow: platform::Flow) -> Self {
        Self {
            event_type: flow.event_type,
            producers: flow.producers,
            subscription: flow.subscription,
            delivered: flow.delivered,
            failed: flow.failed,
        }
    }
}

fn error(error: platform::Error) -> Error {
    match error {
        platform::Error::AccessDenied(reason) => Error::Internal(reason),
        platform::Error::Unavailable(reason) => Error::Unavailable(reason),
    }
}
