//! One task a subscription: leases events, runs the handler on each in a task of its own, and settles
//! what ended, many in one round trip. A subscription's queue, leases and pauses are its own, so that
//! none waits for another; within it, a key waits only for itself, because the queue leases one event
//! of a key at a time.

use std::collections::HashMap;
use std::sync::Arc;
use std::time::Duration;

use jiff::Timestamp;
use tokio::sync::Notify;
use tokio::task::{AbortHandle, Id, JoinError, JoinSet};
use tokio::time::Instant;
use tokio_util::sync::CancellationToken;
use uuid::Uuid;

use super::alarm::{Alarm, GivenUp};
use super::envelope::Event;
use super::health::Part;
use super::meter;
use super::outcome::{lease_ran_out, outcome_of, timed_out};
use super::queue::{DeadLetterId, Leased, Outcome, Queue, QueueError, Receipt, Settlement};
use super::subscription::{Attempt, Failure, Handler, Subscription};
use crate::clock::{self, Clock};
use crate::failpoint;

/// A lease is renewed after a third of its time, so that two renewals may fail before it is lost.
const RENEWALS_PER_LEASE: u32 = 3;

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
    /// Rung when the queue may have something.
    pub(super) wake: Arc<Notify>,
    pub(super) stop: CancellationToken,
}

pub(super) struct Dispatcher {
    setting: Setting,
    name: Arc<str>,
    health: Part,
    running: JoinSet<Result<(), Failure>>,
    in_flight: HashMap<Id, InFlight>,
    /// What ended and is not settled yet; together with `in_flight` never more than the concurrency.
    ended: Vec<(InFlight, Outcome)>,
    renew_at: Instant,
}

struct InFlight {
    receipt: Receipt,
    event: Arc<Event>,
    attempt: u32,
    task: Option<AbortHandle>,
}

// === impl Dispatcher ===

impl Dispatcher {
    pub(super) fn new(setting: Setting, health: Part) -> Self {
        let name = Arc::from(setting.subscription.name.as_str());
        let renew_at = clock::instant();
        Self { setting, name, health, running: JoinSet::new(), in_flight: HashMap::new(), ended: Vec::new(), renew_at }
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
                    let renewing = !self.in_flight.is_empty();
                    tokio::select! {
                        biased;
                        () = stop.cancelled() => {}
                        Some(finished) = self.running.join_next_with_id() => {
                            self.collect(finished);
                            // Handlers that finish at the same moment are settled together.
                            tokio::task::yield_now().await;
                        }
                        () = tokio::time::sleep_until(renew_at), if renewing => {}
                        () = wake.notified(), if free => {}
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
        let free = self.free();
        if free == 0 {
            return Ok(self.setting.poll);
        }
        let Setting { queue, replica, lease_for, poll, .. } = &self.setting;
        let leased = queue.lease(&self.name, *replica, free, *lease_for).await?;
        let poll = *poll;
        let taken = u32::try_from(leased.len()).unwrap_or(u32::MAX);
        if taken > 0 {
            failpoint!("after-lease");
        }
        leased.into_iter().for_each(|leased| self.start(leased));
        if !self.ended.is_empty() {
            return Ok(Duration::ZERO);
        }
        if taken >= free {
            return Ok(poll);
        }
        let due = self.setting.queue.next_due(&self.name).await?;
        let note = self.setting.queue.note_due(&self.name).await;
        Ok([due, note].into_iter().flatten().fold(poll, Duration::min))
    }

    /// Places for further deliveries.
    fn free(&self) -> u32 {
        let taken = u32::try_from(self.in_flight.len() + self.ended.len()).unwrap_or(u32::MAX);
        self.setting.subscription.concurrency.saturating_sub(taken)
    }

    fn start(&mut self, leased: Leased) {
        let Leased { receipt, event, attempt } = leased;
        let Setting { subscription, handler, .. } = &self.setting;
        let event = Arc::new(event);
        let mut delivery = InFlight { receipt, event: event.clone(), attempt, task: None };
        let attempts_max = subscription.retry.attempts_max();
        if attempt > attempts_max {
            // No attempt came to an answer: each time, the replica that had it ended.
            self.ended.push((delivery, lease_ran_out(attempts_max)));
            return;
        }
        let attempt = Attempt { subscription: self.name.clone(), attempt, attempts_max };
        let (handler, timeout) = (handler.clone(), subscription.timeout);
        let task = self.running.spawn(async move {
            match tokio::time::timeout(timeout, handler.handle(&event, &attempt)).await {
                Ok(result) => result,
                Err(_) => Err(timed_out(timeout)),
            }
        });
        if self.in_flight.is_empty() {
            self.renew_at = clock::instant() + self.setting.lease_for / RENEWALS_PER_LEASE;
        }
        let id = task.id();
        delivery.task = Some(task);
        self.in_flight.insert(id, delivery);
    }

    fn collect_finished(&mut self) {
        while let Some(finished) = self.running.try_join_next_with_id() {
            self.collect(finished);
        }
    }

    fn collect(&mut self, finished: Result<(Id, Result<(), Failure>), JoinError>) {
        let (id, result) = match finished {
            Ok((id, result)) => (id, result),
            Err(error) => (error.id(), Err(super::outcome::panicked(error))),
        };
        // Not there: its lease was lost and it was cancelled.
        if let Some(delivery) = self.in_flight.remove(&id) {
            let policy = &self.setting.subscription.retry;
            let outcome = outcome_of(result, policy, delivery.attempt, delivery.event.event_id);
            self.ended.push((delivery, outcome));
        }
    }

    async fn settle(&mut self) -> Result<(), QueueError> {
        // Dead letters one by one: each is announced exactly when it is written.
        let (mut dead, mut others): (Vec<_>, Vec<_>) = std::mem::take(&mut self.ended)
            .into_iter()
            .partition(|(_, outcome)| matches!(outcome, Outcome::Dead { .. }));
        while !(others.is_empty() && dead.is_empty()) {
            let batch = if others.is_empty() { dead.pop().into_iter().collect() } else { std::mem::take(&mut others) };
            let settlements: Vec<_> = batch
                .iter()
                .map(|(delivery, outcome)| Settlement { receipt: delivery.receipt.clone(), outcome: outcome.clone() })
                .collect();
            let applied = settlements.iter().any(|settlement| matches!(settlement.outcome, Outcome::Ack));
            if applied {
                failpoint!("before-ack");
            }
            match self.setting.queue.settle(&self.name, &settlements).await {
                Ok(held) => {
                    if applied {
                        failpoint!("after-ack");
                    }
                    batch.iter().for_each(|(delivery, outcome)| {
                        self.announce(delivery, outcome, held.contains(&delivery.receipt));
                    });
                }
                Err(error) => {
                    self.ended.extend(batch);
                    self.ended.append(&mut dead);
                    return Err(error);
                }
            }
        }
        Ok(())
    }

    /// Holds the leases of what runs, when it is time, and cancels what has lost its own.
    async fn renew(&mut self) -> Result<(), QueueError> {
        if self.in_flight.is_empty() || clock::instant() < self.renew_at {
            return Ok(());
        }
        let lease_for = self.setting.lease_for;
        let receipts: Vec<_> = self.in_flight.values().map(|delivery| delivery.receipt.clone()).collect();
        let held = self.setting.queue.extend(&self.name, &receipts, lease_for).await?;
        self.renew_at = clock::instant() + lease_for / RENEWALS_PER_LEASE;
        let name = &self.name;
        self.in_flight.retain(|_, delivery| {
            let holds = held.contains(&delivery.receipt);
            if !holds {
                lease_lost(name, delivery);
                delivery.task.iter().for_each(AbortHandle::abort);
            }
            holds
        });
        Ok(())
    }

    /// No more leases; what runs may end; what does not is handed back immediately, uncounted.
    async fn drain(&mut self) {
        let until = clock::instant() + self.setting.drain;
        while !self.in_flight.is_empty() {
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
        self.ended.extend(self.in_flight.drain().map(|(_, delivery)| (delivery, super::outcome::handed_back())));
        if let Err(error) = self.settle().await {
            tracing::warn!(
                subscription = &*self.name,
                deliveries = self.ended.len(),
                error = &error as &dyn std::error::Error,
                "deliveries could not be settled at shutdown and will come again when their leases end"
            );
        }
    }

    fn announce(&self, delivery: &InFlight, outcome: &Outcome, held: bool) {
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
                    subscription = name, event = %event.event_id, event_type = event.event_type, key = event.partition_key,
                    correlation_id = event.correlation_id, attempt = delivery.attempt, again_in = ?delay, error, "a delivery failed"
                );
            }
            Outcome::Dead { error } => {
                meter::dead(name);
                tracing::error!(
                    subscription = name, event = %event.event_id, event_type = event.event_type, key = event.partition_key,
                    correlation_id = event.correlation_id, attempts = delivery.attempt, error, "dead letter"
                );
                if let Some(alarm) = &self.setting.alarm {
                    alarm.raise(self.given_up(delivery, error));
                }
            }
        }
    }
}

impl Dispatcher {
    fn given_up(&self, delivery: &InFlight, error: &str) -> GivenUp {
        let event = &delivery.event;
        GivenUp {
            id: DeadLetterId { subscription: self.name.to_string(), event_id: event.event_id }.to_string(),
            consumer: self.name.to_string(),
            event_id: event.event_id,
            event_type: event.event_type.clone(),
            partition_key: event.partition_key.clone(),
            correlation_id: event.correlation_id.clone(),
            // An event whose leases ran out is leased once more to be given up.
            attempts: delivery.attempt.min(self.setting.subscription.retry.attempts_max()),
            last_error: error.to_owned(),
            at: Timestamp::from_microsecond(self.setting.clock.now_us()).unwrap_or_default(),
        }
    }
}

fn lease_lost(subscription: &str, delivery: &InFlight) {
    meter::lease_lost(subscription);
    tracing::warn!(
        subscription, event = %delivery.event.event_id, key = delivery.event.partition_key,
        "the lease of a delivery was lost; another owner has it"
    );
}
