//! Hands archived events to a handler. A partition key belongs to one of a fixed number of lanes, and a lane
//! takes its events one after another: order within a key, bounded work and memory, nothing to look up.

use std::collections::HashSet;
use std::hash::{DefaultHasher, Hash, Hasher};
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};

use futures::TryStreamExt;
use tokio::sync::mpsc;
use tokio::task::JoinSet;

use super::{FAILURES_NAMED_MAX, Failed, Played, ReplayError};
use crate::data_keys::DataKeys;
use crate::database::postgres::Database;
use crate::delivery::archive::{self, Archived, Filter};
use crate::delivery::outcome::{outcome_of, timed_out};
use crate::delivery::queue::Outcome;
use crate::delivery::{Attempt, Event, Handler, Opening, Skips, Subscription};

/// Events read at a time.
const BATCH: usize = 500;
/// Events that wait before a lane: enough that a slow one does not soon stop the others.
const LANE_EVENTS_MAX: usize = 64;
/// Between two reports of progress.
const PROGRESS_EVENTS: u64 = 1_000;
/// Deferrals of one event before it counts as failed: with the shortest pauses half an hour.
const DEFERRALS_MAX: u32 = 10_000;

/// Hands the archived events that `filter` and the subscription's types choose to `handler`, as many keys
/// at the same time as the subscription's concurrency, each event as often as its retry policy says. An event that
/// fails for good ends its key: later events of it are passed over. `progress` is called with the number of events
/// read so far.
///
/// # Errors
/// The archive's. What the handler refuses is in the answer.
pub async fn play(
    archive: &Database,
    keys: &Arc<DataKeys>,
    subscription: &Subscription,
    filter: Filter,
    handler: Arc<dyn Handler>,
    progress: &(dyn Fn(u64) + Send + Sync),
) -> Result<Played, ReplayError> {
    let erased = Arc::<Erased>::default();
    let handler: Arc<dyn Handler> =
        Arc::new(Opening::new(handler, Arc::clone(keys), [subscription], Arc::<Erased>::clone(&erased)));
    let filter = Filter { event_types: subscription.event_types.clone(), ..filter };
    let mut lanes = JoinSet::new();
    let senders: Vec<_> = (0..subscription.concurrency.max(1))
        .map(|_| {
            let (sender, receiver) = mpsc::channel(LANE_EVENTS_MAX);
            lanes.spawn(lane(subscription.clone(), handler.clone(), receiver));
            sender
        })
        .collect();
    let mut read = 0;
    let mut events = std::pin::pin!(archive::read(archive, filter, BATCH));
    while let Some(Archived { event, .. }) = events.try_next().await? {
        let Some(sender) = senders.get(lane_of(&event.partition_key, senders.len())) else { continue };
        if sender.send(event).await.is_err() {
            break; // Its task has ended; joining it says why.
        }
        read += 1;
        if read % PROGRESS_EVENTS == 0 {
            progress(read);
        }
    }
    drop(senders);
    let mut played = Played::default();
    while let Some(lane) = lanes.join_next().await {
        played.add(lane.map_err(|error| ReplayError::Task(error.to_string()))?);
    }
    played.erased = erased.0.load(Ordering::Relaxed);
    played.events = played.events.saturating_sub(played.erased);
    progress(read);
    Ok(played)
}

/// How many events went to no handler, because their keys are gone.
#[derive(Default)]
struct Erased(AtomicU64);

impl Skips for Erased {
    fn skipped(&self, _: &str, _: &Event) {
        self.0.fetch_add(1, Ordering::Relaxed);
    }
}

fn lane_of(key: &str, lanes: usize) -> usize {
    let mut hasher = DefaultHasher::new();
    key.hash(&mut hasher);
    usize::try_from(hasher.finish() % (lanes.max(1) as u64)).unwrap_or_default()
}

async fn lane(subscription: Subscription, handler: Arc<dyn Handler>, mut events: mpsc::Receiver<Event>) -> Played {
    let mut played = Played::default();
    let mut stopped = HashSet::new();
    while let Some(event) = events.recv().await {
        if stopped.contains(&event.partition_key) {
            played.passed_over += 1;
            continue;
        }
        match hand_over(&subscription, &*handler, &event).await {
            Ok(()) => played.events += 1,
            Err(error) => {
                let Event { event_id, event_type, partition_key, .. } = event;
                tracing::warn!(subscription = subscription.name, event = %event_id, error, "a replayed event failed");
                played.failed_count += 1;
                if played.failed.len() < FAILURES_NAMED_MAX {
                    played.failed.insert(partition_key.clone(), Failed { event_id, event_type, error });
                }
                stopped.insert(partition_key);
            }
        }
    }
    played
}

/// One event, with the attempts that a delivery has.
async fn hand_over(subscription: &Subscription, handler: &dyn Handler, event: &Event) -> Result<(), String> {
    let (mut attempt, mut deferrals) = (1, 0);
    let attempts_max = subscription.retry.attempts_max();
    loop {
        let this = Attempt { subscription: subscription.name.as_str().into(), attempt, attempts_max };
        let answer = tokio::time::timeout(subscription.timeout, handler.handle(event, &this)).await;
        let answer = answer.unwrap_or_else(|_| Err(timed_out(subscription.timeout)));
        let pause = match outcome_of(answer, &subscription.retry, attempt, event.event_id) {
            Outcome::Ack => return Ok(()),
            Outcome::Dead { error } => return Err(error),
            Outcome::Retry { delay, counted: true, .. } => {
                attempt += 1;
                delay
            }
            Outcome::Retry { error, .. } if deferrals >= DEFERRALS_MAX => return Err(error),
            Outcome::Retry { delay, .. } => {
                deferrals += 1;
                delay
            }
        };
        tokio::time::sleep(pause).await;
    }
}

// === impl Played ===

impl Played {
    /// Adds what another lane has played.
    pub fn add(&mut self, other: Self) {
        self.events += other.events;
        self.erased += other.erased;
        self.passed_over += other.passed_over;
        self.failed_count += other.failed_count;
        for (key, failed) in other.failed {
            if self.failed.len() < FAILURES_NAMED_MAX {
                self.failed.insert(key, failed);
            }
        }
    }
}
