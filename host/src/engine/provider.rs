//! A component as others call it: the current generation of its code, a pool of instances behind places, a deadline and a
//! circuit breaker, and the swap to a new generation under load.

use super::{
    breaker::{Breaker, BreakerState},
    caller::Callers,
    client::Client,
    failure::{CallFailure, Outcomes},
    generation::Generation,
    handlers::schedule_handler,
    instance::Exports,
    job::{HttpReply, Work},
    offenders::Offenders,
    purpose::{Purpose, bound_deadline},
    runtime::Compiled,
    tally::{Latency, Tally},
};
use crate::{
    capability::{Access, InstanceContext, events::bindings::mindflow::platform::events},
    observe::CALLS,
};
use arc_swap::ArcSwap;
use metrics::gauge;
use mindflow_backends::{
    clock,
    places::{Places, Share},
};
use serde::Serialize;
use std::{
    sync::{
        Arc,
        atomic::{AtomicU64, Ordering},
    },
    time::Duration,
};
use wasmtime::component::Val;
use wasmtime_wasi_http::WasiBody;

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

/// What people see of a component besides its status.
#[derive(Debug, Clone, Copy)]
pub struct Observation {
    /// How long the present generation has been in service.
    pub age: Duration,
    /// The linear memory of its instances.
    pub memory_bytes: u64,
    /// Since the host's start.
    pub calls: u64,
    pub failures: u64,
    pub latency: Option<Latency>,
}

/// A component that answers calls.
pub struct Provider {
    pub(super) context: InstanceContext,
    pub(super) current: ArcSwap<Generation>,
    generations: AtomicU64,
    pub(super) places: Places,
    pub(super) breaker: Breaker,
    pub(super) offenders: Offenders,
    pub(super) callers: Arc<Callers>,
    pub(super) outcomes: Outcomes,
    pub(super) tally: Tally,
}

impl Provider {
    /// `callers` are the clients of the requests in progress, for all components of a platform.
    pub fn new(context: InstanceContext, compiled: &Compiled, exports: Exports, callers: Arc<Callers>) -> Self {
        let component = context.component.to_string();
        let waiting = move || gauge!("mindflow_component_waiting", "component" => component);
        let places = Places::shown(context.limits.calls_max(), Share::Most, waiting);
        let generation = Generation::new(1, compiled.digest.clone(), exports);
        Self {
            context,
            current: ArcSwap::from_pointee(generation),
            generations: AtomicU64::new(1),
            places,
            breaker: Breaker::default(),
            offenders: Offenders::default(),
            callers,
            outcomes: Outcomes::default(),
            tally: Tally::default(),
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

    /// Serves one HTTP request. The call ends with the answer's head; its body streams afterwards.
    pub async fn http(
        self: &Arc<Self>,
        request: http::Request<WasiBody>,
        client: Client,
    ) -> Result<HttpReply, CallFailure> {
        let purpose = Purpose::of_request(&request, client);
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

    /// Whether its places are taken, and waiting calls get none.
    pub fn is_starved(&self) -> bool {
        self.places.is_starved()
    }

    /// What the component may use, for what the host does in its name.
    pub fn access(&self) -> &Access {
        &self.context.access
    }

    pub fn status(&self) -> ProviderStatus {
        let generation = self.current.load();
        ProviderStatus {
            name: self.name().to_owned(),
            state: if self.breaker.state(clock::instant()) == BreakerState::Open { "open" } else { "ready" },
            generation: generation.number,
            digest: generation.digest.clone(),
            instances: generation.instances(),
            calls: self.places.taken(),
            calls_max: self.context.limits.calls_max(),
        }
    }

    pub fn observe(&self) -> Observation {
        let generation = self.current.load();
        Observation {
            age: generation.since.elapsed(),
            memory_bytes: generation.memory_bytes(),
            calls: self.tally.calls(),
            failures: self.tally.failures(),
            latency: self.tally.latency(),
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
            // Neither the places nor the circuit stand in its way: they know of the old version's failures.
            match self
                .attempt(&generation, None, &Purpose::of("health"), self.deadline(), |reply| Work::Check { reply })
                .await
            {
                Ok(Ok(())) => {}
                Ok(Err(reason)) => return Err(Unhealthy(reason)),
                Err(failed) => return Err(Unhealthy(failed.failure.to_string())),
            }
        }
        let old = self.current.swap(generation);
        self.breaker.reset();
        self.offenders.reset();
        old.retire_all();
        Ok(number)
    }

    pub(super) fn current(&self) -> Arc<Generation> {
        self.current.load_full()
    }

    /// How long a call may take.
    pub fn deadline(&self) -> Duration {
        Duration::from_millis(u64::from(self.context.limits.deadline_ms))
    }
}
