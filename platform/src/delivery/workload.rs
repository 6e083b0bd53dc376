//! What one subscription's dispatcher has in hand: leased, with a handler, ended. It decides what is handed over together, what
//! follows an answer, and for how many more there is room. No store, no clock and no task is involved.
//!
//! A handler that takes batches gets first attempts that are leased at the same time together, one batch after the other:
//! two at a time would wait for each other's rows in the handler's database, and what arrives meanwhile makes the next
//! one larger. A batch that fails is handled event by event. A single event is no batch, so that at low load an event waits
//! for no other.
//!
//! Where users have shares of the places, more is leased than there are places: see [`super::share`]. A batch is of many users and needs
//! none; what of it is handled event by event needs them.

use std::collections::{BTreeMap, VecDeque};
use std::sync::Arc;

use super::outcome::{handed_back, host_ended, not_yet, outcome_of};
use super::policy::{LOST_MAX, LOST_SUSPECT, RetryPolicy};
use super::queue::{Leased, Outcome, Receipt, Settlement};
use super::share::{Counts, Shares};
use super::subscription::{BATCH_BYTES_MAX, Failure, Subscription};
use crate::event::Event;

/// See the module. `P` permits to handle a suspect, one at a time in a replica: see [`LOST_SUSPECT`].
#[derive(Debug)]
pub struct Workload<P> {
    concurrency: u32,
    batch_events: u32,
    /// Whether first attempts join batches, as it was at the last start.
    in_batches: bool,
    shares: Shares,
    retry: RetryPolicy,
    in_flight: BTreeMap<u64, Task<P>>,
    /// Leased, and with no task yet.
    waiting: VecDeque<Delivery<P>>,
    /// What ended and is not settled yet.
    ended: Vec<(Delivery<P>, Outcome)>,
    next_task: u64,
}

/// An event under way.
#[derive(Debug)]
pub struct Delivery<P> {
    pub receipt: Receipt,
    pub event: Arc<Event>,
    pub attempt: u32,
    /// Part of no batch: it failed, was in one that failed, or lost its host.
    alone: bool,
    /// It may be what ended its hosts, and is the only one of these in this replica.
    suspect: Option<P>,
}

/// What to call the handler with.
#[derive(Debug)]
pub struct Started {
    /// Names it in [`Workload::finished`].
    pub task: u64,
    pub call: Call,
}

/// See [`Started`].
#[derive(Debug)]
pub enum Call {
    /// One event.
    Single { event: Arc<Event>, attempt: u32, is_suspect: bool },
    /// First attempts at events of different keys.
    Batch(Vec<Arc<Event>>),
}

/// What [`Workload::keep`] takes away.
#[derive(Debug)]
pub struct Lost<P> {
    pub deliveries: Vec<Delivery<P>>,
    /// Tasks that have nothing left to do, and are to be cancelled.
    pub tasks: Vec<u64>,
}

/// Deliveries that ended, to be settled together.
pub type Ended<P> = Vec<(Delivery<P>, Outcome)>;

#[derive(Debug)]
struct Task<P> {
    is_batch: bool,
    deliveries: Vec<Delivery<P>>,
}

// === impl Workload ===

impl<P> Workload<P> {
    #[must_use]
    pub fn new(subscription: &Subscription) -> Self {
        Self {
            concurrency: subscription.concurrency,
            batch_events: subscription.batch_events,
            in_batches: false,
            shares: Shares::new(subscription.user_concurrency),
            retry: subscription.retry.clone(),
            in_flight: BTreeMap::new(),
            waiting: VecDeque::new(),
            ended: Vec::new(),
            next_task: 0,
        }
    }

    /// Whether batches are made, of a handler that can take them.
    fn batches(&self, handler_takes: bool) -> bool {
        self.batch_events > 1 && handler_takes
    }

    /// Places for further deliveries. `handler_takes` batches or not, as at the moment.
    #[must_use]
    pub fn free(&self, handler_takes: bool) -> u32 {
        let not_started = self.startable() + self.ended.len();
        if !self.batches(handler_takes) {
            let running: usize = self.in_flight.values().map(|task| task.deliveries.len()).sum();
            return self.concurrency.saturating_sub(count(running + not_started));
        }
        if self.has_batch() || self.concurrency <= count(self.in_flight.len() + not_started) {
            return 0;
        }
        self.batch_events.max(self.concurrency).saturating_sub(count(not_started))
    }

    /// How many of those that wait would begin if there were places for all.
    fn startable(&self) -> usize {
        if !self.shares.are_kept() {
            return self.waiting.len();
        }
        let mut taken = self.taken();
        self.waiting.iter().filter(|delivery| self.shares.take(&mut taken, &delivery.event)).count()
    }

    /// Places that users have, where they are counted.
    fn taken(&self) -> Counts {
        let mut taken = Counts::new();
        if self.shares.are_kept() {
            let running = self.in_flight.values().filter(|task| !task.is_batch).flat_map(|task| &task.deliveries);
            running.for_each(|delivery| _ = self.shares.take(&mut taken, &delivery.event));
        }
        taken
    }

    fn has_batch(&self) -> bool {
        self.in_flight.values().any(|task| task.is_batch)
    }

    /// Whether leases are held.
    #[must_use]
    pub fn has_leases(&self) -> bool {
        !(self.in_flight.is_empty() && self.waiting.is_empty())
    }

    /// Whether a handler is at work.
    #[must_use]
    pub fn is_running(&self) -> bool {
        !self.in_flight.is_empty()
    }

    /// Whether something is to be settled.
    #[must_use]
    pub fn has_ended(&self) -> bool {
        !self.ended.is_empty()
    }

    /// How many deliveries are to be settled.
    #[must_use]
    pub fn ended(&self) -> usize {
        self.ended.len()
    }

    /// Takes what was leased. `permit` is asked for each suspect; without one it is handed back.
    pub fn accept(&mut self, leased: Leased, permit: impl FnOnce() -> Option<P>) {
        let Leased { receipt, event, attempt, lost } = leased;
        let is_suspect = lost >= LOST_SUSPECT;
        let suspect = if is_suspect { permit() } else { None };
        let refused = is_suspect && suspect.is_none();
        let delivery = Delivery { receipt, event, attempt, alone: attempt > 1 || lost > 0, suspect };
        if lost >= LOST_MAX {
            self.ended.push((delivery, host_ended(lost)));
        } else if refused {
            self.ended.push((delivery, not_yet()));
        } else if let Some(put_off) = self.beyond(&delivery) {
            self.ended.push((delivery, put_off));
        } else {
            self.waiting.push_back(delivery);
        }
    }

    /// What becomes of an event whose user has as many in line as may wait. What joins a batch is in no line.
    fn beyond(&mut self, delivery: &Delivery<P>) -> Option<Outcome> {
        let in_batches = self.in_batches;
        if in_batches && !delivery.alone {
            return None;
        }
        let line = self.waiting.iter().filter(|other| other.alone || !in_batches).map(|other| &*other.event);
        self.shares.beyond(&delivery.event, line)
    }

    /// Starts a batch of what may be in one, and the rest each alone as far as there is room.
    pub fn start(&mut self, handler_takes: bool) -> Vec<Started> {
        let mut started = Vec::new();
        let batches = self.batches(handler_takes);
        self.in_batches = batches;
        if batches && !self.has_batch() {
            let batch = self.take_batch();
            match batch.len() {
                0 | 1 => batch.into_iter().for_each(|delivery| self.waiting.push_front(delivery)),
                _ => {
                    let events = batch.iter().map(|delivery| delivery.event.clone()).collect();
                    started.push(self.begin(batch, true, Call::Batch(events)));
                }
            }
        }
        let singles = self.in_flight.values().filter(|task| !task.is_batch).count();
        let singles_max = usize::try_from(self.concurrency).unwrap_or(usize::MAX);
        // While a batch runs, what is left of its size waits for the next one.
        let batch_runs = batches && self.has_batch();
        let mut taken = self.taken();
        for _ in singles..singles_max {
            let may_begin = |delivery: &Delivery<P>| {
                (delivery.alone || !batch_runs) && self.shares.take(&mut taken, &delivery.event)
            };
            let Some(next) = self.waiting.iter().position(may_begin) else { break };
            let Some(delivery) = self.waiting.remove(next) else { break };
            let (event, attempt, is_suspect) = (delivery.event.clone(), delivery.attempt, delivery.suspect.is_some());
            started.push(self.begin(vec![delivery], false, Call::Single { event, attempt, is_suspect }));
        }
        self.shares.forget(events(&self.waiting));
        started
    }

    fn begin(&mut self, deliveries: Vec<Delivery<P>>, is_batch: bool, call: Call) -> Started {
        let task = self.next_task;
        self.next_task += 1;
        self.in_flight.insert(task, Task { is_batch, deliveries });
        Started { task, call }
    }

    /// First attempts, at most as many as a batch may have, and at least one.
    fn take_batch(&mut self) -> Vec<Delivery<P>> {
        let (mut batch, mut left, mut bytes) = (Vec::new(), VecDeque::new(), 0);
        let events_max = usize::try_from(self.batch_events).unwrap_or(usize::MAX);
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

    /// A handler has answered. Answers how many events a batch that failed had; each of them is handled alone.
    pub fn finished(&mut self, task: u64, answer: &Result<(), Failure>) -> Option<usize> {
        // Not there: its leases were lost and it was cancelled.
        let task = self.in_flight.remove(&task)?;
        let is_final = matches!(answer, Ok(()) | Err(Failure::Retry { after: Some(_), .. }));
        if task.is_batch && !is_final {
            let events = task.deliveries.len();
            // Before what was leased later, and of each user as many as may wait.
            let mut place = 0;
            for delivery in task.deliveries {
                let delivery = Delivery { alone: true, ..delivery };
                if let Some(put_off) = self.beyond(&delivery) {
                    self.ended.push((delivery, put_off));
                } else {
                    self.waiting.insert(place, delivery);
                    place += 1;
                }
            }
            return Some(events);
        }
        for delivery in task.deliveries {
            let outcome = outcome_of(answer.clone(), &self.retry, delivery.attempt, delivery.event.event_id);
            self.ended.push((delivery, outcome));
        }
        None
    }

    /// What is to be settled next: everything together but dead letters, each of which is announced exactly when it is written.
    pub fn take_ended(&mut self) -> Option<Ended<P>> {
        let is_dead = |(_, outcome): &(Delivery<P>, Outcome)| matches!(outcome, Outcome::Dead { .. });
        let others: Ended<P> = self.ended.extract_if(.., |ended| !is_dead(ended)).collect();
        if others.is_empty() { self.ended.pop().map(|dead| vec![dead]) } else { Some(others) }
    }

    /// It could not be settled: later.
    pub fn put_back(&mut self, ended: Ended<P>) {
        self.ended.extend(ended);
    }

    /// Of everything that is leased.
    #[must_use]
    pub fn receipts(&self) -> Vec<Receipt> {
        let deliveries = self.in_flight.values().flat_map(|task| &task.deliveries).chain(&self.waiting);
        deliveries.map(|delivery| delivery.receipt.clone()).collect()
    }

    /// Keeps only what is still leased.
    pub fn keep(&mut self, held: &[Receipt]) -> Lost<P> {
        let is_lost = |delivery: &Delivery<P>| !held.contains(&delivery.receipt);
        let (lost, waiting): (Vec<_>, Vec<_>) = self.waiting.drain(..).partition(is_lost);
        self.waiting = waiting.into();
        let (mut deliveries, mut tasks) = (lost, Vec::new());
        for (number, task) in &mut self.in_flight {
            deliveries.extend(task.deliveries.extract_if(.., |delivery| is_lost(delivery)));
            if task.deliveries.is_empty() {
                tasks.push(*number);
            }
        }
        self.in_flight.retain(|_, task| !task.deliveries.is_empty());
        Lost { deliveries, tasks }
    }

    /// The host stops: what is not done goes back, uncounted. Answers the tasks to cancel.
    pub fn hand_back(&mut self) -> Vec<u64> {
        let tasks = std::mem::take(&mut self.in_flight);
        let numbers = tasks.keys().copied().collect();
        let left = tasks.into_values().flat_map(|task| task.deliveries).chain(self.waiting.drain(..));
        self.ended.extend(left.map(|delivery| (delivery, handed_back())));
        numbers
    }
}

/// As the queue takes them.
#[must_use]
pub fn settlements<P>(ended: &Ended<P>) -> Vec<Settlement> {
    let settlement = |(delivery, outcome): &(Delivery<P>, Outcome)| Settlement {
        receipt: delivery.receipt.clone(),
        outcome: outcome.clone(),
    };
    ended.iter().map(settlement).collect()
}

fn events<P>(deliveries: &VecDeque<Delivery<P>>) -> impl Iterator<Item = &Event> {
    deliveries.iter().map(|delivery| &*delivery.event)
}

fn count(events: usize) -> u32 {
    u32::try_from(events).unwrap_or(u32::MAX)
}
