//! A dispatcher that is called, delivers what waits, and ends. It joins the readers of its subscriptions only while there is
//! something for it to do, so that any number of drains may be called at the same moment: those that find the slots with
//! another one end immediately. Killed in the middle, its slots run out as a dead host's, and the next drain takes over.

use std::collections::HashMap;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::{Duration, Instant};

use futures::future::{AbortHandle, Abortable, BoxFuture, Either, join_all, select};
use futures::stream::FuturesUnordered;
use futures::{FutureExt, StreamExt};
use serde::Serialize;
use tokio::sync::{OwnedSemaphorePermit, Semaphore};

use super::log::LogQueue;
use super::outcome::timed_out;
use super::queue::{Outcome, Queue, QueueError};
use super::sequencer::{BATCH_MAX, Relayed};
use super::store::Store;
use super::subscription::{Attempt, Failure, Handler, Subscription, batch_timeout};
use super::workload::{Call, Delivery, Started, Workload, settlements};
use crate::event::Event;

/// How long a drain takes up new deliveries. Clients and proxies wait for 30 s as a rule.
pub const TAKES_UP_FOR: Duration = Duration::from_secs(25);

/// How long a delivery that is a row stays with a drain that no longer answers; the host's own.
const LEASE_FOR: Duration = Duration::from_secs(10);

/// Leases and slots are renewed this often while handlers are at work; a slot runs out after 4 s.
const RENEW_EVERY: Duration = Duration::from_secs(1);

/// New events are looked for this often while handlers are at work.
const RELAY_EVERY: Duration = Duration::from_millis(100);

/// Another may have looked just before the commit that called this drain, so it looks again, so often.
const BUSY_PAUSE: Duration = Duration::from_millis(10);
const BUSY_MAX: u32 = 100;

/// A drain waits for the retries of what failed with it if they are due by then: the longest pause of the default policy.
const RETRY_WAIT_MAX: Duration = Duration::from_secs(5);

/// So often in a row a drain joins and finds nothing for itself, though something waits: what does is with a reader that has
/// just died and whose slots have not run out.
const IDLE_ROUNDS_MAX: u32 = 2;

/// What a drain did.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct Drained {
    pub delivered: u64,
    /// Attempts that failed and will be made again.
    pub failed: u64,
    pub deferred: u64,
    pub dead: u64,
    /// Settled too late: another has them.
    pub lost: u64,
    /// More waits than there was time for.
    pub left: bool,
}

/// Sees what becomes of each delivery.
pub trait Witness: Send + Sync {
    fn settled(&self, subscription: &str, event: &Event, attempt: u32, outcome: &Outcome);

    /// Another has it, since its lease or its slot ran out.
    fn lost(&self, subscription: &str, event: &Event);
}

/// See the module.
pub struct Drain<S> {
    queue: LogQueue<S>,
    subscriptions: Vec<Subscription>,
    handler: Arc<dyn Handler>,
    witness: Arc<dyn Witness>,
    /// One permit for all subscriptions: see [`LOST_SUSPECT`](super::policy::LOST_SUSPECT).
    suspects: Arc<Semaphore>,
    takes_up_until: Instant,
    relayed_at: tokio::sync::Mutex<Option<Instant>>,
    counts: Counts,
}

#[derive(Debug, Default)]
struct Counts {
    delivered: AtomicU64,
    failed: AtomicU64,
    deferred: AtomicU64,
    dead: AtomicU64,
    lost: AtomicU64,
}

type Permit = OwnedSemaphorePermit;
type Answer = Option<(u64, Result<(), Failure>)>;

/// Handlers at work.
#[derive(Default)]
struct Running<'a> {
    calls: FuturesUnordered<BoxFuture<'a, Answer>>,
    handles: HashMap<u64, AbortHandle>,
}

// === impl Drain ===

impl<S: Store> Drain<S> {
    /// For subscriptions of [`validate`](super::subscription::validate). It takes up deliveries for `time`, and ends when these
    /// have.
    #[must_use]
    pub fn new(
        store: S,
        subscriptions: Vec<Subscription>,
        handler: Arc<dyn Handler>,
        witness: Arc<dyn Witness>,
        time: Duration,
    ) -> Self {
        let takes_up_until = store.now() + time;
        Self {
            queue: LogQueue::new(store),
            subscriptions,
            handler,
            witness,
            suspects: Arc::new(Semaphore::new(1)),
            takes_up_until,
            relayed_at: tokio::sync::Mutex::default(),
            counts: Counts::default(),
        }
    }

    /// Delivers until nothing is due, or the time is up.
    ///
    /// # Errors
    /// The store's. What was with handlers then comes again, as after a kill.
    pub async fn run(&self) -> Result<Drained, QueueError> {
        self.queue.join(&self.subscriptions).await?;
        let names: Vec<String> = self.subscriptions.iter().map(|subscription| subscription.name.clone()).collect();
        let (mut has_served, mut idle_rounds) = (false, 0);
        loop {
            self.relay_all().await?;
            let waiting = self.queue.waiting(&names).await?;
            if self.is_over() || idle_rounds >= IDLE_ROUNDS_MAX {
                return Ok(self.counts.drained(!waiting.subscriptions.is_empty()));
            }
            if waiting.subscriptions.is_empty() {
                match waiting.next_due.filter(|due| has_served && *due <= self.retry_wait()) {
                    // The slots are free meanwhile, and the retry is for whichever drain comes first.
                    Some(due) => {
                        self.store().rest().await;
                        self.store().pause(due).await;
                        continue;
                    }
                    None => return Ok(self.counts.drained(false)),
                }
            }
            let wanted = |subscription: &&Subscription| waiting.subscriptions.contains(&subscription.name);
            let served = join_all(self.subscriptions.iter().filter(wanted).map(|wanted| self.serve(wanted))).await;
            let closed = self.queue.close().await;
            let leased = served.into_iter().sum::<Result<u64, QueueError>>()?;
            closed?;
            has_served |= leased > 0;
            idle_rounds = if leased > 0 { 0 } else { idle_rounds + 1 };
        }
    }

    fn store(&self) -> &S {
        self.queue.store()
    }

    fn is_over(&self) -> bool {
        self.store().now() >= self.takes_up_until
    }

    fn retry_wait(&self) -> Duration {
        self.takes_up_until.saturating_duration_since(self.store().now()).min(RETRY_WAIT_MAX)
    }

    /// Delivers one subscription's events until there are no more, and then leaves it to others, while slow handlers of another
    /// subscription may keep this drain. Answers how many were leased.
    async fn serve(&self, subscription: &Subscription) -> Result<u64, QueueError> {
        let leased_count = self.deliver(subscription).await?;
        self.queue.pause(&subscription.name).await?;
        Ok(leased_count)
    }

    async fn deliver(&self, subscription: &Subscription) -> Result<u64, QueueError> {
        let name = subscription.name.as_str();
        let takes = || self.handler.takes_batches(name);
        let mut work = Workload::<Permit>::new(subscription);
        let mut running = Running::default();
        let mut leased_count = 0;
        let mut renew_at = self.store().now() + RENEW_EVERY;
        loop {
            self.settle(name, &mut work).await?;
            if work.has_leases() && self.store().now() >= renew_at {
                let held = self.queue.extend(name, &work.receipts(), LEASE_FOR).await?;
                let lost = work.keep(&held);
                lost.deliveries.iter().for_each(|delivery| self.lease_lost(name, delivery));
                lost.tasks.iter().for_each(|task| running.cancel(*task));
                renew_at = self.store().now() + RENEW_EVERY;
            }
            work.start(takes()).into_iter().for_each(|started| running.push(self.call(subscription, started)));
            let is_over = self.is_over();
            let free = work.free(takes());
            let mut wait = RENEW_EVERY;
            if free > 0 && !is_over {
                self.relay_now_and_then().await?;
                let room = self.suspects.available_permits() > 0;
                let leased = self.queue.lease(name, self.queue.owner(), free, LEASE_FOR, room).await?;
                let is_empty = leased.is_empty();
                leased_count += leased.len() as u64;
                for leased in leased {
                    work.accept(leased, || self.suspects.clone().try_acquire_owned().ok());
                }
                if work.has_ended() {
                    continue;
                }
                work.start(takes()).into_iter().for_each(|started| running.push(self.call(subscription, started)));
                if is_empty && !work.has_leases() {
                    return Ok(leased_count);
                }
                wait = RELAY_EVERY;
            } else if is_over && !work.has_leases() && !work.has_ended() {
                return Ok(leased_count);
            }
            running.finished(self.store().pause(wait), &mut work).await;
        }
    }

    /// The handler's call, bounded by its time.
    fn call(&self, subscription: &Subscription, started: Started) -> (u64, BoxFuture<'_, Result<(), Failure>>) {
        let (handler, name) = (&self.handler, subscription.name.clone());
        let call = match started.call {
            Call::Single { event, attempt, .. } => {
                let timeout = subscription.timeout;
                let attempts_max = subscription.retry.attempts_max();
                let attempt = Attempt { subscription: name.into(), attempt, attempts_max };
                async move { self.within(timeout, handler.handle(&event, &attempt)).await }.boxed()
            }
            Call::Batch(events) => {
                let timeout = batch_timeout(subscription.timeout);
                async move { self.within(timeout, handler.handle_batch(&name, &events)).await }.boxed()
            }
        };
        (started.task, call)
    }

    async fn within(&self, timeout: Duration, call: BoxFuture<'_, Result<(), Failure>>) -> Result<(), Failure> {
        match select(call, self.store().pause(timeout)).await {
            Either::Left((answer, _)) => answer,
            Either::Right(_) => Err(timed_out(timeout)),
        }
    }

    async fn settle(&self, name: &str, work: &mut Workload<Permit>) -> Result<(), QueueError> {
        while let Some(ended) = work.take_ended() {
            let held = self.queue.settle(name, &settlements(&ended)).await?;
            for (delivery, outcome) in &ended {
                if held.contains(&delivery.receipt) {
                    self.counts.add(outcome);
                    self.witness.settled(name, &delivery.event, delivery.attempt, outcome);
                } else {
                    self.lease_lost(name, delivery);
                }
            }
        }
        Ok(())
    }

    fn lease_lost(&self, name: &str, delivery: &Delivery<Permit>) {
        self.counts.lost.fetch_add(1, Ordering::Relaxed);
        self.witness.lost(name, &delivery.event);
    }

    /// Gives ordinals to everything that has committed.
    async fn relay_all(&self) -> Result<(), QueueError> {
        let mut busy = 0;
        loop {
            match self.queue.relay(BATCH_MAX).await? {
                Relayed::Events { count, .. } if count >= u64::from(BATCH_MAX) => {}
                Relayed::Busy if busy < BUSY_MAX => {
                    busy += 1;
                    self.store().pause(BUSY_PAUSE).await;
                }
                Relayed::Events { .. } | Relayed::Busy => return Ok(()),
            }
        }
    }

    /// The same once, unless a subscription of this drain has just done so.
    async fn relay_now_and_then(&self) -> Result<(), QueueError> {
        let mut relayed_at = self.relayed_at.lock().await;
        let now = self.store().now();
        if relayed_at.is_none_or(|at| now >= at + RELAY_EVERY) {
            self.queue.relay(BATCH_MAX).await?;
            *relayed_at = Some(now);
        }
        Ok(())
    }
}

// === impl Running ===

impl<'a> Running<'a> {
    fn push(&mut self, (task, call): (u64, BoxFuture<'a, Result<(), Failure>>)) {
        let (handle, registration) = AbortHandle::new_pair();
        self.handles.insert(task, handle);
        let call = Abortable::new(call, registration);
        self.calls.push(async move { call.await.ok().map(|answer| (task, answer)) }.boxed());
    }

    fn cancel(&mut self, task: u64) {
        if let Some(handle) = self.handles.remove(&task) {
            handle.abort();
        }
    }

    /// Waits for an answer, `pause` at most, and collects all that there are.
    async fn finished(&mut self, pause: BoxFuture<'_, ()>, work: &mut Workload<Permit>) {
        if self.calls.is_empty() {
            pause.await;
            return;
        }
        let first = match select(self.calls.next(), pause).await {
            Either::Left((answer, _)) => answer,
            Either::Right(_) => None,
        };
        first.into_iter().for_each(|answer| self.collect(answer, work));
        while let Some(Some(answer)) = self.calls.next().now_or_never() {
            self.collect(answer, work);
        }
    }

    fn collect(&mut self, answer: Answer, work: &mut Workload<Permit>) {
        if let Some((task, answer)) = answer {
            self.handles.remove(&task);
            work.finished(task, &answer);
        }
    }
}

// === impl Counts ===

impl Counts {
    fn add(&self, outcome: &Outcome) {
        let count = match outcome {
            Outcome::Ack => &self.delivered,
            Outcome::Retry { counted: true, .. } => &self.failed,
            Outcome::Retry { .. } => &self.deferred,
            Outcome::Dead { .. } => &self.dead,
        };
        count.fetch_add(1, Ordering::Relaxed);
    }

    fn drained(&self, left: bool) -> Drained {
        let of = |count: &AtomicU64| count.load(Ordering::Relaxed);
        Drained {
            delivered: of(&self.delivered),
            failed: of(&self.failed),
            deferred: of(&self.deferred),
            dead: of(&self.dead),
            lost: of(&self.lost),
            left,
        }
    }
}
