//! One task a subscription: leases events, runs the handler on each in a task of its own, and settles
//! what ended, many in one round trip. A subscription's queue, leases and pauses are its own, so that
//! none waits for another; within it, a key waits only for itself, because the queue leases one event
//! of a key at a time.
//!
//! A handler that takes batches gets first attempts that are leased at the same time together, one batch after the other:
//! two at a time would wait for each other's rows in the handler's database, and what arrives meanwhile makes the next
//! one larger. A batch that fails is handled event by event. A single event is no batch, so that at low load an event waits
//! for no other.

use std::collections::{HashMap, VecDeque};
use std::sync::Arc;
use std::time::Duration;

use jiff::Timestamp;
use tokio::sync::{Notify, OwnedSemaphorePermit, Semaphore};
use tokio::task::{AbortHandle, Id, JoinError, JoinSet};
use tokio::time::Instant;
use tokio_util::sync::CancellationToken;
use uuid::Uuid;

use super::alarm::{Alarm, GivenUp};
use super::envelope::Event;
use super::health::Part;
use super::meter;
use super::outcome::{host_ended, not_yet, outcome_of, timed_out};
use super::policy::{LOST_MAX, LOST_SUSPECT};
use super::queue::{DeadLetterId, Leased, Outcome, Queue, QueueError, Receipt, Settlement};
use super::subscription::{Attempt, BATCH_BYTES_MAX, Failure, Handler, Subscription, batch_timeout};
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
    /// One permit for all subscriptions of the replica: see [`LOST_SUSPECT`].
    pub(super) suspects: Arc<Semaphore>,
    /// Rung when the queue may have something.
    pub(super) wake: Arc<Notify>,
    pub(super) stop: CancellationToken,
}

pub(super) struct Dispatcher {
    setting: Setting,
    name: Arc<str>,
    health: Part,
    running: JoinSet<Ran>,
    /// What each task has.
    in_flight: HashMap<Id, Task>,
    /// Leased, and with no task yet.
    waiting: VecDeque<InFlight>,
    /// What ended and is not settled yet.
    ended: Vec<(InFlight, Outcome)>,
    renew_at: Instant,
    /// Before this nothing is leased: more may come.
    lingers_until: Option<Instant>,
}

struct Task {
    handle: AbortHandle,
    is_batch: bool,
    deliveries: Vec<InFlight>,
}

/// What a task answers.
type Ran = Result<(), Failure>;

struct InFlight {
    receipt: Receipt,
    event: Arc<Event>,
    attempt: u32,
    /// Part of no batch: it failed, was in one that failed, or lost its host.
    alone: bool,
    /// It may be what ended its hosts, and is the only one of these in this replica.
    suspect: Option<OwnedSemaphorePermit>,
}

// === impl Dispatcher ===

impl Dispatcher {
    pub(super) fn new(setting: Setting, health: Part) -> Self {
        Self {
            name: Arc::from(setting.subscription.name.as_str()),
            setting,
            health,
            running: JoinSet::new(),
            in_flight: HashMap::new(),
            waiting: VecDeque::new(),
            ended: Vec::new(),
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
                    let renewing = self.has_leases();
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
            if !self.has_leases() {
                self.renew_at = clock::instant() + self.setting.lease_for / RENEWALS_PER_LEASE;
            }
        }
        leased.into_iter().for_each(|leased| self.accept(leased));
        if !self.ended.is_empty() {
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
        if !linger.is_zero() && !self.has_leases() && self.lingers_until.is_none() {
            self.lingers_until = Some(clock::instant() + linger);
        }
    }

    fn takes_batches(&self) -> bool {
        let Setting { subscription, handler, .. } = &self.setting;
        subscription.batch_events > 1 && handler.takes_batches(&self.name)
    }

    /// Places for further deliveries.
    fn free(&self) -> u32 {
        let count = |events: usize| u32::try_from(events).unwrap_or(u32::MAX);
        let Subscription { concurrency, batch_events, .. } = self.setting.subscription;
        let not_started = self.waiting.len() + self.ended.len();
        if !self.takes_batches() {
            let running: usize = self.in_flight.values().map(|task| task.deliveries.len()).sum();
            return concurrency.saturating_sub(count(running + not_started));
        }
        if self.has_batch() {
            return 0;
        }
        if concurrency <= count(self.in_flight.len() + not_started) {
            return 0;
        }
        batch_events.max(concurrency).saturating_sub(count(not_started))
    }

    fn has_batch(&self) -> bool {
        self.in_flight.values().any(|task| task.is_batch)
    }

    /// Events that may be handled one by one at the same time.
    fn singles_max(&self) -> usize {
        usize::try_from(self.setting.subscription.concurrency).unwrap_or(usize::MAX)
    }

    fn has_leases(&self) -> bool {
        !(self.in_flight.is_empty() && self.waiting.is_empty())
    }

    fn accept(&mut self, Leased { receipt, event, attempt, lost }: Leased) {
        let suspect = (lost >= LOST_SUSPECT).then(|| self.setting.suspects.clone().try_acquire_owned());
        let refused = matches!(suspect, Some(Err(_)));
        let (alone, suspect) = (attempt > 1 || lost > 0, suspect.and_then(Result::ok));
        let delivery = InFlight { receipt, event, attempt, alone, suspect };
        if lost >= LOST_MAX {
            self.ended.push((delivery, host_ended(lost)));
        } else if refused {
            self.ended.push((delivery, not_yet()));
        } else {
            self.waiting.push_back(delivery);
        }
    }

    /// Starts a batch of what may be in one, and the rest each in a task of its own as far as there is room.
    fn start_waiting(&mut self) {
        let batches = self.takes_batches();
        if batches && !self.has_batch() {
            let batch = self.take_batch();
            match batch.len() {
                0 | 1 => batch.into_iter().for_each(|delivery| self.waiting.push_front(delivery)),
                _ => self.start_batch(batch),
            }
        }
        let singles = self.in_flight.values().filter(|task| !task.is_batch).count();
        // While a batch runs, what is left of its size waits for the next one.
        let batch_runs = batches && self.has_batch();
        for _ in singles..self.singles_max() {
            let Some(next) = self.waiting.iter().position(|delivery| delivery.alone || !batch_runs) else { break };
            let Some(delivery) = self.waiting.remove(next) else { break };
            self.start(delivery);
        }
    }

    /// First attempts, at most as many as a batch may have, and at least one.
    fn take_batch(&mut self) -> Vec<InFlight> {
        let (mut batch, mut left, mut bytes) = (Vec::new(), VecDeque::new(), 0);
        let events_max = usize::try_from(self.setting.subscription.batch_events).unwrap_or(usize::MAX);
        for delivery in self.waiting.drain(..) {
            let fits = batch.is_empty() || (batch.len() < events_max && bytes < BATCH_BYTES_MAX);
            if delivery.alone || !fits {
                left.push_back(delivery);
                continue;
            }
            bytes += delivery.event.payload_len();
            batch.push(delivery);
        }
        self.waiting = left;
        batch
    }

    fn start(&mut self, delivery: InFlight) {
        let Setting { subscription, handler, .. } = &self.setting;
        let attempts_max = subscription.retry.attempts_max();
        if delivery.suspect.is_some() {
            tracing::warn!(
                subscription = &*self.name, event = %delivery.event.event_id, event_type = delivery.event.event_type,
                "an event is handled whose host ended more than once while it was"
            );
        }
        let attempt = Attempt { subscription: self.name.clone(), attempt: delivery.attempt, attempts_max };
        let (handler, event, timeout) = (handler.clone(), delivery.event.clone(), subscription.timeout);
        let handle = self.running.spawn(async move {
            let handled = tokio::time::timeout(timeout, handler.handle(&event, &attempt)).await;
            handled.unwrap_or_else(|_| Err(timed_out(timeout)))
        });
        self.in_flight.insert(handle.id(), Task { handle, is_batch: false, deliveries: vec![delivery] });
    }

    fn start_batch(&mut self, deliveries: Vec<InFlight>) {
        meter::batch(&self.name, deliveries.len());
        let events: Vec<_> = deliveries.iter().map(|delivery| delivery.event.clone()).collect();
        let (name, handler) = (self.name.clone(), self.setting.handler.clone());
        let timeout = batch_timeout(self.setting.subscription.timeout);
        let handle = self.running.spawn(async move {
            let handled = tokio::time::timeout(timeout, handler.handle_batch(&name, &events)).await;
            handled.unwrap_or_else(|_| Err(timed_out(timeout)))
        });
        self.in_flight.insert(handle.id(), Task { handle, is_batch: true, deliveries });
    }

    fn collect_finished(&mut self) {
        while let Some(finished) = self.running.try_join_next_with_id() {
            self.collect(finished);
        }
    }

    fn collect(&mut self, finished: Result<(Id, Ran), JoinError>) {
        let (id, result) = match finished {
            Ok((id, result)) => (id, result),
            Err(error) => (error.id(), Err(super::outcome::panicked(error))),
        };
        // Not there: its leases were lost and it was cancelled.
        let Some(task) = self.in_flight.remove(&id) else { return };
        let policy = &self.setting.subscription.retry;
        let is_final = matches!(result, Ok(()) | Err(Failure::Retry { after: Some(_), .. }));
        if task.is_batch && !is_final {
            tracing::debug!(subscription = &*self.name, events = task.deliveries.len(), ?result, "a batch failed");
            // Before what was leased later.
            for delivery in task.deliveries.into_iter().rev() {
                self.waiting.push_front(InFlight { alone: true, ..delivery });
            }
            return;
        }
        for delivery in task.deliveries {
            let outcome = outcome_of(result.clone(), policy, delivery.attempt, delivery.event.event_id);
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

    /// Holds the leases, when it is time, and cancels what has lost its own.
    async fn renew(&mut self) -> Result<(), QueueError> {
        if !self.has_leases() || clock::instant() < self.renew_at {
            return Ok(());
        }
        let lease_for = self.setting.lease_for;
        let deliveries = self.in_flight.values().flat_map(|task| &task.deliveries).chain(&self.waiting);
        let receipts: Vec<_> = deliveries.map(|delivery| delivery.receipt.clone()).collect();
        let held = self.setting.queue.extend(&self.name, &receipts, lease_for).await?;
        self.renew_at = clock::instant() + lease_for / RENEWALS_PER_LEASE;
        let name = &self.name;
        let holds = |delivery: &InFlight| {
            let holds = held.contains(&delivery.receipt);
            if !holds {
                lease_lost(name, delivery);
            }
            holds
        };
        self.waiting.retain(holds);
        self.in_flight.retain(|_, task| {
            task.deliveries.retain(holds);
            if task.deliveries.is_empty() {
                task.handle.abort();
            }
            !task.deliveries.is_empty()
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
        let left = self.in_flight.drain().flat_map(|(_, task)| task.deliveries).chain(self.waiting.drain(..));
        self.ended.extend(left.map(|delivery| (delivery, super::outcome::handed_back())));
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
            attempts: delivery.attempt,
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
