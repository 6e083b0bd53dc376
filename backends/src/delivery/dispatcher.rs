//! One task a subscription: leases events, runs the handler on each in a task of its own, and settles
//! what ended, many in one round trip. A subscription's queue, leases and pauses are its own, so that
//! none waits for another; within it, a key waits only for itself, because the queue leases one event
//! of a key at a time.
//!
//! What goes into a batch, and what follows an answer, is decided by [`Workload`].

use std::collections::HashMap;
use std::sync::Arc;
use std::time::Duration;

use jiff::Timestamp;
use mindflow_platform::delivery::unquoted;
use mindflow_platform::delivery::workload::{self, Call, Started, Workload, settlements};
use tokio::sync::{Notify, OwnedSemaphorePermit, Semaphore};
use tokio::task::{AbortHandle, Id, JoinError, JoinSet};
use tokio::time::Instant;
use tokio_util::sync::CancellationToken;
use uuid::Uuid;

use super::alarm::{Alarm, GivenUp};
use super::health::Part;
use super::meter;
use super::outcome::timed_out;
use super::queue::{DeadLetterId, Outcome, Queue, QueueError};
use super::subscription::{Attempt, Failure, Handler, Subscription, batch_timeout};
use crate::clock::{self, Clock};
use crate::failpoint;

/// A lease is renewed after a third of its time, so that two renewals may fail before it is lost.
const RENEWALS_PER_LEASE: u32 = 3;

/// While a suspect of any subscription is handled, the others look this often whether there is room for one of theirs.
const SUSPECT_POLL: Duration = Duration::from_millis(50);

/// What a dispatcher works with.
pub(super) struct Setting {
    pub(super) queue: Arc<dyn Queue>,
    pub(super) subscription: Subscription,
    pub(super) handler: Arc<dyn Handler>,
    pub(super) clock: Clock,
    pub(super) alarm: Option<Arc<dyn Alarm>>,
    /// This replica, as the leases name it.
    pub(super) replica: Uuid,
    pub(super) lease_for: Duration,
    pub(super) poll: Duration,
    /// How long running handlers may go on after `stop`.
    pub(super) drain: Duration,
    /// One permit for all subscriptions of the replica: see [`LOST_SUSPECT`](super::policy::LOST_SUSPECT).
    pub(super) suspects: Arc<Semaphore>,
    /// Rung when the queue may have something.
    pub(super) wake: Arc<Notify>,
    pub(super) stop: CancellationToken,
}

pub(super) struct Dispatcher {
    setting: Setting,
    name: Arc<str>,
    health: Part,
    work: Workload<OwnedSemaphorePermit>,
    running: JoinSet<Ran>,
    /// Which task of the workload each of these is.
    tasks: HashMap<Id, (u64, AbortHandle)>,
    renew_at: Instant,
    /// Before this nothing is leased: more may come.
    lingers_until: Option<Instant>,
}

/// What a task answers.
type Ran = Result<(), Failure>;

type Delivery = workload::Delivery<OwnedSemaphorePermit>;

// === impl Dispatcher ===

impl Dispatcher {
    pub(super) fn new(setting: Setting, health: Part) -> Self {
        Self {
            name: Arc::from(setting.subscription.name.as_str()),
            work: Workload::new(&setting.subscription),
            setting,
            health,
            running: JoinSet::new(),
            tasks: HashMap::new(),
            renew_at: clock::instant(),
            lingers_until: None,
        }
    }

    /// Runs until `stop`, and then until the handlers are done or their time is up.
    pub(super) async fn run(mut self) {
        let stop = self.setting.stop.clone();
        let wake = self.setting.wake.clone();
        while !stop.is_cancelled() {
            self.collect_finished();
            match self.turn().await {
                Ok(wait) => {
                    self.health.succeeded();
                    let free = self.free() > 0;
                    let renew_at = self.renew_at;
                    let renewing = self.work.has_leases();
                    tokio::select! {
                        biased;
                        () = stop.cancelled() => {}
                        Some(finished) = self.running.join_next_with_id() => {
                            self.collect(finished);
                            // Handlers that finish at the same moment are settled together.
                            tokio::task::yield_now().await;
                        }
                        () = tokio::time::sleep_until(renew_at), if renewing => {}
                        () = wake.notified(), if free => self.linger(),
                        () = tokio::time::sleep(wait) => {}
                    }
                }
                Err(error) => {
                    let pause = self.health.failed(&error);
                    tokio::select! {
                        () = stop.cancelled() => {}
                        () = tokio::time::sleep(pause) => {}
                    }
                }
            }
        }
        self.drain().await;
    }

    /// Settles, renews, leases. Answers how long there is nothing to do unless something happens.
    async fn turn(&mut self) -> Result<Duration, QueueError> {
        self.settle().await?;
        self.renew().await?;
        self.start_waiting();
        let free = self.free();
        if free == 0 {
            return Ok(self.setting.poll);
        }
        if let Some(until) = self.lingers_until.take() {
            let left = until.saturating_duration_since(clock::instant());
            if !left.is_zero() {
                self.lingers_until = Some(until);
                return Ok(left);
            }
        }
        let Setting { queue, replica, lease_for, poll, .. } = &self.setting;
        let room = self.setting.suspects.available_permits() > 0;
        let leased = queue.lease(&self.name, *replica, free, *lease_for, room).await?;
        let poll = if room { *poll } else { SUSPECT_POLL.min(*poll) };
        let taken = u32::try_from(leased.len()).unwrap_or(u32::MAX);
        if taken > 0 {
            failpoint!("after-lease");
            if !self.work.has_leases() {
                self.renew_at = clock::instant() + self.setting.lease_for / RENEWALS_PER_LEASE;
            }
        }
        for leased in leased {
            let suspects = &self.setting.suspects;
            self.work.accept(leased, || suspects.clone().try_acquire_owned().ok());
        }
        if self.work.has_ended() {
            return Ok(Duration::ZERO);
        }
        self.start_waiting();
        if taken >= free {
            return Ok(poll);
        }
        let due = self.setting.queue.next_due(&self.name).await?;
        let note = self.setting.queue.note_due(&self.name).await;
        Ok([due, note].into_iter().flatten().fold(poll, Duration::min))
    }

    /// An idle subscription that is woken waits a moment, once.
    fn linger(&mut self) {
        let linger = self.setting.subscription.linger;
        if !linger.is_zero() && !self.work.has_leases() && self.lingers_until.is_none() {
            self.lingers_until = Some(clock::instant() + linger);
        }
    }

    /// Whether the handler takes batches; it may change when its component is swapped.
    fn takes_batches(&self) -> bool {
        self.setting.handler.takes_batches(&self.name)
    }

    fn free(&self) -> u32 {
        self.work.free(self.takes_batches())
    }

    fn start_waiting(&mut self) {
        for Started { task, call } in self.work.start(self.takes_batches()) {
            let handle = match call {
                Call::Single { event, attempt, is_suspect } => {
                    if is_suspect {
                        tracing::warn!(
                            subscription = &*self.name, event = %event.event_id, event_type = event.event_type,
                            "an event is handled whose host ended more than once while it was"
                        );
                    }
                    let Subscription { retry, timeout, .. } = &self.setting.subscription;
                    let attempts_max = retry.attempts_max();
                    let attempt = Attempt { subscription: self.name.clone(), attempt, attempts_max };
                    let (handler, timeout) = (self.setting.handler.clone(), *timeout);
                    self.running.spawn(async move {
                        let handled = tokio::time::timeout(timeout, handler.handle(&event, &attempt)).await;
                        handled.unwrap_or_else(|_| Err(timed_out(timeout)))
                    })
                }
                Call::Batch(events) => {
                    meter::batch(&self.name, events.len());
                    let (name, handler) = (self.name.clone(), self.setting.handler.clone());
                    let timeout = batch_timeout(self.setting.subscription.timeout);
                    self.running.spawn(async move {
                        let handled = tokio::time::timeout(timeout, handler.handle_batch(&name, &events)).await;
                        handled.unwrap_or_else(|_| Err(timed_out(timeout)))
                    })
                }
            };
            self.tasks.insert(handle.id(), (task, handle));
        }
    }

    fn collect_finished(&mut self) {
        while let Some(finished) = self.running.try_join_next_with_id() {
            self.collect(finished);
        }
    }

    fn collect(&mut self, finished: Result<(Id, Ran), JoinError>) {
        let (id, result) = match finished {
            Ok((id, result)) => (id, result),
            Err(error) => (error.id(), Err(panicked(error))),
        };
        // Not there: its leases were lost and it was cancelled.
        let Some((task, _)) = self.tasks.remove(&id) else { return };
        if let Some(events) = self.work.finished(task, &result) {
            let error = result.as_ref().err().map(|failure| unquoted(failure.reason()));
            tracing::debug!(subscription = &*self.name, events, error = error.as_deref(), "a batch failed");
        }
    }

    async fn settle(&mut self) -> Result<(), QueueError> {
        while let Some(ended) = self.work.take_ended() {
            let applied = ended.iter().any(|(_, outcome)| matches!(outcome, Outcome::Ack));
            if applied {
                failpoint!("before-ack");
            }
            match self.setting.queue.settle(&self.name, &settlements(&ended)).await {
                Ok(held) => {
                    if applied {
                        failpoint!("after-ack");
                    }
                    ended.iter().for_each(|(delivery, outcome)| {
                        self.announce(delivery, outcome, held.contains(&delivery.receipt));
                    });
                }
                Err(error) => {
                    self.work.put_back(ended);
                    return Err(error);
                }
            }
        }
        Ok(())
    }

    /// Holds the leases, when it is time, and cancels what has lost its own.
    async fn renew(&mut self) -> Result<(), QueueError> {
        if !self.work.has_leases() || clock::instant() < self.renew_at {
            return Ok(());
        }
        let lease_for = self.setting.lease_for;
        let held = self.setting.queue.extend(&self.name, &self.work.receipts(), lease_for).await?;
        self.renew_at = clock::instant() + lease_for / RENEWALS_PER_LEASE;
        let lost = self.work.keep(&held);
        lost.deliveries.iter().for_each(|delivery| lease_lost(&self.name, delivery));
        self.tasks.retain(|_, (task, handle)| {
            let is_lost = lost.tasks.contains(task);
            if is_lost {
                handle.abort();
            }
            !is_lost
        });
        Ok(())
    }

    /// No more leases; what runs may end; what does not is handed back immediately, uncounted.
    async fn drain(&mut self) {
        let until = clock::instant() + self.setting.drain;
        while self.work.is_running() {
            let renew_at = self.renew_at;
            tokio::select! {
                Some(finished) = self.running.join_next_with_id() => self.collect(finished),
                () = tokio::time::sleep_until(renew_at) => {
                    if let Err(error) = self.renew().await {
                        self.renew_at = clock::instant() + self.health.failed(&error);
                    }
                }
                () = tokio::time::sleep_until(until) => break,
            }
        }
        self.running.shutdown().await;
        self.work.hand_back();
        if let Err(error) = self.settle().await {
            tracing::warn!(
                subscription = &*self.name,
                deliveries = self.work.ended(),
                error = &error as &dyn std::error::Error,
                "deliveries could not be settled at shutdown and will come again when their leases end"
            );
        }
    }

    /// Names the event and not its key, which may be the id of a user: a line can be written after that user was erased.
    fn announce(&self, delivery: &Delivery, outcome: &Outcome, held: bool) {
        let (name, event) = (&*self.name, &delivery.event);
        if !held {
            lease_lost(name, delivery);
            return;
        }
        match outcome {
            Outcome::Ack => {
                let lag_us = self.setting.clock.now_us().saturating_sub(event.timestamp_us());
                meter::delivered(name, Duration::from_micros(u64::try_from(lag_us).unwrap_or_default()));
            }
            Outcome::Retry { counted: false, .. } => meter::deferred(name),
            Outcome::Retry { error, delay, .. } => {
                meter::failed(name);
                tracing::warn!(
                    subscription = name, event = %event.event_id, event_type = event.event_type,
                    correlation_id = event.correlation_id, attempt = delivery.attempt, again_in = ?delay, error = &*unquoted(error), "a delivery failed"
                );
            }
            Outcome::Dead { error } => {
                meter::dead(name);
                tracing::error!(
                    subscription = name, event = %event.event_id, event_type = event.event_type,
                    correlation_id = event.correlation_id, attempts = delivery.attempt, error = &*unquoted(error), "dead letter"
                );
                if let Some(alarm) = &self.setting.alarm {
                    alarm.raise(self.given_up(delivery, error));
                }
            }
        }
    }
}

impl Dispatcher {
    fn given_up(&self, delivery: &Delivery, error: &str) -> GivenUp {
        let event = &delivery.event;
        GivenUp {
            id: DeadLetterId { subscription: self.name.to_string(), event_id: event.event_id }.to_string(),
            consumer: self.name.to_string(),
            event_id: event.event_id,
            event_type: event.event_type.clone(),
            partition_key: event.partition_key.clone(),
            correlation_id: event.correlation_id.clone(),
            attempts: delivery.attempt,
            last_error: unquoted(error).into_owned(),
            at: Timestamp::from_microsecond(self.setting.clock.now_us()).unwrap_or_default(),
        }
    }
}

fn lease_lost(subscription: &str, delivery: &Delivery) {
    meter::lease_lost(subscription);
    tracing::warn!(
        subscription, event = %delivery.event.event_id,
        "the lease of a delivery was lost; another owner has it"
    );
}

fn panicked(error: JoinError) -> Failure {
    let reason = match error.try_into_panic() {
        Ok(panic) => {
            let text = panic.downcast_ref::<&str>().map(|text| (*text).to_owned());
            let text = text.or_else(|| panic.downcast_ref::<String>().cloned()).unwrap_or_default();
            format!("the handler panicked: {text}")
        }
        Err(error) => format!("the handler was cancelled: {error}"),
    };
    Failure::Retry { reason, after: None }
}
