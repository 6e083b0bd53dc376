//! A component as others call it: the current generation of its code, a pool of instances behind a
//! bulkhead, a deadline and a circuit breaker, and the swap to a new generation under load.

use super::{
    breaker::{Breaker, BreakerState},
    generation::Generation,
    handlers::schedule_handler,
    instance::Exports,
    job::{HttpReply, Job, Reply, Work},
    purpose::{Purpose, bound_deadline},
    runtime::Compiled,
    supervised::Supervised,
};
use crate::{
    capability::{Access, InstanceContext, events::bindings::mindflow::platform::events},
    observe::CALLS,
};
use arc_swap::ArcSwap;
use metrics::{Counter, counter};
use mindflow_backends::clock;
use serde::Serialize;
use std::{
    sync::{
        Arc, OnceLock,
        atomic::{AtomicU64, Ordering},
    },
    time::Duration,
};
use tokio::sync::{OwnedSemaphorePermit, Semaphore, oneshot};
use wasmtime::component::Val;
use wasmtime_wasi_http::WasiBody;

/// A call that takes longer is logged at level info, others that succeed at level debug.
const SLOW_CALL: Duration = Duration::from_secs(1);

/// How long the other calls of a shared instance may go on after one of them hung.
const RETIRED_GRACE: Duration = Duration::from_secs(60);

/// Why a call was not answered by the component itself.
#[derive(Debug, Clone, thiserror::Error)]
pub enum CallFailure {
    #[error("`{component}` failed: {reason}")]
    Trapped { component: Arc<str>, reason: String },
    #[error("`{component}` did not answer within {deadline:?}")]
    Deadline { component: Arc<str>, deadline: Duration },
    #[error("`{component}` is overloaded: all its {calls_max} calls are taken")]
    Overloaded { component: Arc<str>, calls_max: usize },
    #[error("`{component}` failed repeatedly and is left alone for another {wait:?}")]
    CircuitOpen { component: Arc<str>, wait: Duration },
    #[error("`{component}` has no function {function}")]
    NoFunction { component: Arc<str>, function: String },
}

impl CallFailure {
    /// As metrics and the log name it.
    fn label(&self) -> &'static str {
        match self {
            Self::Trapped { .. } => "trapped",
            Self::Deadline { .. } => "deadline",
            Self::Overloaded { .. } => "overloaded",
            Self::CircuitOpen { .. } => "circuit-open",
            Self::NoFunction { .. } => "no-function",
        }
    }
}

/// A new generation's health check failed; the old one goes on.
#[derive(Debug, thiserror::Error)]
#[error("the new component's health check failed: {0}")]
pub struct Unhealthy(String);

/// A component's state, for `components list`, `/health/ready` and the log.
#[derive(Debug, Clone, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct ProviderStatus {
    pub name: String,
    /// `ready`, or `open` while the circuit is.
    pub state: &'static str,
    pub generation: u64,
    /// SHA-256 of the component file.
    pub digest: String,
    pub instances: usize,
    pub calls: usize,
    pub calls_max: usize,
}

/// How often calls ended in which way. The usual end's counter is looked up once.
#[derive(Default)]
struct Outcomes(OnceLock<Counter>);

impl Outcomes {
    fn count(&self, component: &str, outcome: &'static str) {
        let counter =
            || counter!("mindflow_component_calls_total", "component" => component.to_owned(), "outcome" => outcome);
        if outcome == "ok" { self.0.get_or_init(counter).increment(1) } else { counter().increment(1) }
    }
}

/// A component that answers calls.
pub struct Provider {
    context: InstanceContext,
    current: ArcSwap<Generation>,
    generations: AtomicU64,
    bulkhead: Arc<Semaphore>,
    breaker: Breaker,
    outcomes: Outcomes,
}

impl Provider {
    pub fn new(context: InstanceContext, compiled: &Compiled, exports: Exports) -> Self {
        let calls_max = context.limits.calls_max();
        let generation = Generation::new(1, compiled.digest.clone(), exports);
        Self {
            context,
            current: ArcSwap::from_pointee(generation),
            generations: AtomicU64::new(1),
            bulkhead: Arc::new(Semaphore::new(calls_max)),
            breaker: Breaker::default(),
            outcomes: Outcomes::default(),
        }
    }

    pub fn name(&self) -> &str {
        &self.context.component
    }

    /// Calls `interface#function` with component-model values. `caller_left` is the time that the caller itself has
    /// left, where it is known.
    pub async fn call(
        self: &Arc<Self>,
        function: &str,
        mut params: Vec<Val>,
        results: usize,
        caller_left: Option<Duration>,
    ) -> Result<Vec<Val>, CallFailure> {
        let generation = self.current.load_full();
        let Some(index) = generation.exports.function(function) else {
            return Err(CallFailure::NoFunction {
                component: Arc::clone(&self.context.component),
                function: function.to_owned(),
            });
        };
        let mut purpose = Purpose::of_function(function, &params);
        let budget = caller_left.map_or(self.deadline(), |left| left.min(self.deadline()));
        let deadline = bound_deadline(&mut params, budget);
        purpose.bound_by_caller = deadline < self.deadline();
        self.run(generation, purpose, deadline, move |reply| Work::Call { function: index, params, results, reply })
            .await
    }

    /// Serves one HTTP request; the body streams after the answer's head.
    pub async fn http(self: &Arc<Self>, request: http::Request<WasiBody>) -> Result<HttpReply, CallFailure> {
        let purpose = Purpose::of_request(&request);
        self.run(self.current.load_full(), purpose, self.deadline(), move |reply| Work::Http { request, reply }).await
    }

    pub async fn deliver(
        self: &Arc<Self>,
        event: events::Event,
        delivery: events::Delivery,
        timeout: Duration,
    ) -> Result<Result<(), events::Failure>, CallFailure> {
        let purpose = Purpose::of_event(&event, &delivery.subscription);
        self.run(self.current.load_full(), purpose, timeout, move |reply| Work::Event { event, delivery, reply }).await
    }

    /// Whether the present code exports the function that takes batches.
    pub fn takes_batches(&self) -> bool {
        self.current.load().exports.takes_batches()
    }

    pub async fn deliver_batch(
        self: &Arc<Self>,
        subscription: String,
        events: Vec<events::Event>,
        timeout: Duration,
    ) -> Result<Result<(), events::Failure>, CallFailure> {
        let purpose = Purpose::of(format!("{} events as {subscription}", events.len()));
        // Each event's request has its own line.
        let lines: Vec<Purpose> = if tracing::enabled!(target: CALLS, tracing::Level::DEBUG) {
            events.iter().map(|event| Purpose::of_event(event, &subscription)).collect()
        } else {
            Vec::new()
        };
        let work = move |reply| Work::Batch { subscription, events, reply };
        let answer = self.run(self.current.load_full(), purpose, timeout, work).await;
        if answer.is_ok() {
            for Purpose { what, correlation_id, .. } in &lines {
                let (component, correlation_id) = (self.name(), correlation_id.as_deref());
                tracing::debug!(target: CALLS, component, correlation_id, what = &**what, outcome = "ok", batch = lines.len(), "called");
            }
        }
        answer
    }

    pub async fn operate(
        self: &Arc<Self>,
        command: String,
        arguments: Vec<String>,
        run_max: Option<Duration>,
    ) -> Result<Result<String, String>, CallFailure> {
        let deadline = run_max.unwrap_or(self.deadline());
        let purpose = Purpose::of(format!("command {command}"));
        self.run(self.current.load_full(), purpose, deadline, move |reply| Work::Operate { command, arguments, reply })
            .await
    }

    /// Runs what a schedule says, within `run_max`.
    pub async fn run_schedule(
        self: &Arc<Self>,
        occurrence: schedule_handler::Occurrence,
        run_max: Duration,
    ) -> Result<Result<(), String>, CallFailure> {
        let purpose = Purpose::of(format!("schedule {}", occurrence.schedule));
        self.run(self.current.load_full(), purpose, run_max, move |reply| Work::Schedule { occurrence, reply }).await
    }

    /// Whether the component can work, by its own health check; one without a check can.
    pub async fn check(self: &Arc<Self>) -> Result<Result<(), String>, CallFailure> {
        let generation = self.current.load_full();
        if !generation.exports.has_health_check() {
            return Ok(Ok(()));
        }
        self.run(generation, Purpose::of("health"), self.deadline(), |reply| Work::Check { reply }).await
    }

    /// What the component may use, for what the host does in its name.
    pub fn access(&self) -> &Access {
        &self.context.access
    }

    pub fn status(&self) -> ProviderStatus {
        let generation = self.current.load();
        let calls_max = self.context.limits.calls_max();
        ProviderStatus {
            name: self.name().to_owned(),
            state: if self.breaker.state() == BreakerState::Open { "open" } else { "ready" },
            generation: generation.number,
            digest: generation.digest.clone(),
            instances: generation.instances(),
            calls: calls_max.saturating_sub(self.bulkhead.available_permits()),
            calls_max,
        }
    }

    /// Takes new code into service once it has proven healthy. Calls in progress finish on the old code.
    ///
    /// # Errors
    /// It did not; then nothing has changed.
    pub async fn swap(&self, compiled: &Compiled, exports: Exports) -> Result<u64, Unhealthy> {
        let number = self.generations.fetch_add(1, Ordering::AcqRel) + 1;
        let generation = Arc::new(Generation::new(number, compiled.digest.clone(), exports));
        if generation.exports.has_health_check() {
            // Neither the bulkhead nor the circuit stands in its way: they know of the old version's failures.
            match self.attempt(&generation, None, None, self.deadline(), |reply| Work::Check { reply }).await {
                Ok(Ok(())) => {}
                Ok(Err(reason)) => return Err(Unhealthy(reason)),
                Err(failure) => return Err(Unhealthy(failure.to_string())),
            }
        }
        let old = self.current.swap(generation);
        self.breaker.reset();
        old.retire_all();
        Ok(number)
    }

    pub(super) fn current(&self) -> Arc<Generation> {
        self.current.load_full()
    }

    pub(super) fn deadline(&self) -> Duration {
        Duration::from_millis(u64::from(self.context.limits.deadline_ms))
    }

    /// Makes a call whose deadline holds even when the caller stops waiting.
    pub(super) fn run<T: Send + 'static>(
        self: &Arc<Self>,
        generation: Arc<Generation>,
        purpose: Purpose,
        deadline: Duration,
        work: impl FnOnce(Reply<T>) -> Work + Send + 'static,
    ) -> Supervised<Result<T, CallFailure>> {
        let provider = Arc::clone(self);
        Supervised::new(async move { provider.supervise(&generation, &purpose, deadline, work).await })
    }

    async fn supervise<T>(
        &self,
        generation: &Arc<Generation>,
        purpose: &Purpose,
        deadline: Duration,
        work: impl FnOnce(Reply<T>) -> Work,
    ) -> Result<T, CallFailure> {
        let started = clock::instant();
        let outcome = match self.admit(deadline).await {
            Ok(permit) => {
                let left = deadline.saturating_sub(started.elapsed());
                self.attempt(generation, Some(permit), purpose.correlation_id.clone(), left, work).await.map_err(
                    |failure| match failure {
                        CallFailure::Deadline { component, .. } => CallFailure::Deadline { component, deadline },
                        other => other,
                    },
                )
            }
            Err(refused) => Err(refused),
        };
        let label = outcome.as_ref().map_or_else(CallFailure::label, |_| "ok");
        self.outcomes.count(self.name(), label);
        let took = started.elapsed();
        let ms = took.as_micros() as f64 / 1e3;
        let (component, correlation_id) = (self.name(), purpose.correlation_id.as_deref());
        // A request makes many calls, so a line of each would cost more than the call.
        if outcome.is_ok() && took < SLOW_CALL {
            tracing::debug!(target: CALLS, component, correlation_id, what = &*purpose.what, outcome = label, ms, "called");
        } else {
            tracing::info!(target: CALLS, component, correlation_id, what = &*purpose.what, outcome = label, ms, "called");
        }
        match &outcome {
            // An old version's outcome does not count for the version that replaced it.
            _ if !Arc::ptr_eq(&self.current.load(), generation) => {}
            Ok(_) => self.breaker.succeeded(),
            // The caller ran out of time: not this component's failure.
            Err(CallFailure::Deadline { .. }) if purpose.bound_by_caller => {}
            Err(failure @ (CallFailure::Trapped { .. } | CallFailure::Deadline { .. })) => {
                tracing::warn!(component, correlation_id, "{failure}");
                if self.breaker.failed(clock::instant()) {
                    tracing::error!(component, correlation_id, "circuit opened: the component failed repeatedly");
                }
            }
            Err(_) => {}
        }
        outcome
    }

    /// A place in the bulkhead, while the circuit is closed.
    async fn admit(&self, deadline: Duration) -> Result<OwnedSemaphorePermit, CallFailure> {
        let component = || Arc::clone(&self.context.component);
        self.breaker
            .admit(clock::instant())
            .map_err(|wait| CallFailure::CircuitOpen { component: component(), wait })?;
        let queue_max = deadline.min(self.deadline());
        tokio::time::timeout(queue_max, Arc::clone(&self.bulkhead).acquire_owned())
            .await
            .ok()
            .and_then(Result::ok)
            .ok_or_else(|| CallFailure::Overloaded {
                component: component(),
                calls_max: self.context.limits.calls_max(),
            })
    }

    async fn attempt<T>(
        &self,
        generation: &Arc<Generation>,
        permit: Option<OwnedSemaphorePermit>,
        correlation_id: Option<Arc<str>>,
        deadline: Duration,
        work: impl FnOnce(Reply<T>) -> Work,
    ) -> Result<T, CallFailure> {
        let component = || Arc::clone(&self.context.component);
        let lease = generation.lease(&self.context, permit);
        let worker = Arc::clone(&lease.worker);
        let (reply, answer) = oneshot::channel();
        let ends = clock::instant() + deadline;
        let _ = worker.jobs.send(Job { work: work(reply), correlation_id, ends, lease });
        match tokio::time::timeout(deadline, answer).await {
            Ok(Ok(Ok(value))) => Ok(value),
            Ok(Ok(Err(trap))) => {
                Err(CallFailure::Trapped { component: component(), reason: super::runtime::one_line(&trap) })
            }
            Ok(Err(_gone)) => {
                // The reason is written before its queue closes.
                worker.jobs.closed().await;
                let reason = worker.end_reason.get().cloned().unwrap_or_else(|| "its instance ended".to_owned());
                Err(CallFailure::Trapped { component: component(), reason })
            }
            Err(_elapsed) => {
                generation.retire(&worker);
                // A guest's task cannot be cancelled; its store can be dropped. Others in it may finish first.
                let grace = if self.context.limits.concurrency == 1 { Duration::ZERO } else { RETIRED_GRACE };
                tokio::spawn(async move {
                    tokio::time::sleep(grace).await;
                    if let Some(abort) = worker.abort.get() {
                        abort.abort();
                    }
                });
                Err(CallFailure::Deadline { component: component(), deadline })
            }
        }
    }
}
