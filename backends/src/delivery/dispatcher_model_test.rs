//! The dispatcher itself, over the model of a queue, on a virtual clock: for all answers of handlers, each event is
//! tried as often and as late as its policy says, deferrals never count, and each key keeps its order through
//! dead letters and redrives. No database and no real time is involved; the model is the one that the real
//! queues are checked against.

use std::collections::{BTreeMap, HashMap};
use std::sync::{Arc, Mutex};
use std::time::Duration;

use async_trait::async_trait;
use jiff::Timestamp;
use mindflow_test_support::queue_model::{Ending, Lease, Model};
use proptest::prelude::*;
use proptest::test_runner::TestCaseError;
use tokio::sync::{Notify, Semaphore};
use tokio::time::Instant;
use tokio_util::sync::CancellationToken;
use uuid::Uuid;

use super::dispatcher::{Dispatcher, Setting};
use super::envelope::{Event, Metadata};
use super::health::Board;
use super::policy::{LOST_SUSPECT, Next, RetryPolicy};
use super::queue::{Depth, HoldRequest, Leased, Outcome, Queue, QueueError, Receipt, Settlement};
use super::subscription::{Attempt, Failure, Handler, Subscription};
use crate::clock::Clock;

const POLL: Duration = Duration::from_millis(10);
/// Shorter than a slow handler takes, so that leases must be renewed.
const LEASE: Duration = Duration::from_millis(900);
const TIMEOUT: Duration = Duration::from_secs(2);
/// How often an operator looks for dead letters, and brings them all back.
const OPERATOR: Duration = Duration::from_secs(3);
/// Of virtual time: more than any script can take.
const ENOUGH: Duration = Duration::from_secs(3_600);
/// docs/events.md: the fifth counted failure is final.
const FAILURES_MAX: u32 = 5;

/// What a handler does with one call; after its script it takes the event.
#[derive(Debug, Clone, Copy)]
enum Step {
    Fail,
    Panic,
    /// No answer within the timeout.
    Hang,
    Defer(u64),
    Reject,
}

type Script = Vec<Step>;

/// A call of the handler.
#[derive(Debug, Clone)]
struct Call {
    key: u8,
    sequence: u64,
    attempt: u32,
    began: Duration,
    ended: Duration,
}

struct Stage {
    model: Model,
    leases: HashMap<Uuid, Lease>,
    calls: Vec<Call>,
    /// Key, sequence, when.
    deaths: Vec<(u8, u64, Duration)>,
    redrives: Vec<(u8, Duration)>,
}

struct Virtual {
    stage: Mutex<Stage>,
    began: Instant,
    /// By key and sequence.
    scripts: Mutex<BTreeMap<(u8, u64), Script>>,
    /// Whether the handler takes batches: it takes one if each of its events is taken, and fails otherwise.
    batches: bool,
}

fn script() -> impl Strategy<Value = Script> {
    let step = prop_oneof![
        6 => Just(Step::Fail),
        1 => Just(Step::Panic),
        1 => Just(Step::Hang),
        3 => (0..3_000_u64).prop_map(Step::Defer),
        1 => Just(Step::Reject),
    ];
    prop::collection::vec(step, 0..9)
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 128, failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn whatever_handlers_answer_each_event_is_tried_by_its_policy_and_each_key_keeps_its_order(
        keys in prop::collection::vec(prop::collection::vec(script(), 1..4), 1..4),
        batches: bool,
    ) {
        let runtime = tokio::runtime::Builder::new_current_thread().enable_time().start_paused(true).build().unwrap();
        runtime.block_on(play(&keys, batches))?;
    }
}

async fn play(keys: &[Vec<Script>], batches: bool) -> Result<(), TestCaseError> {
    let queue = Arc::new(Virtual::new(keys, batches));
    let stop = CancellationToken::new();
    let setting = Setting {
        queue: queue.clone(),
        subscription: Subscription { timeout: TIMEOUT, ..Subscription::new("query", ["A"]) },
        handler: queue.clone(),
        clock: Clock::manual(0).0,
        alarm: None,
        replica: Uuid::nil(),
        lease_for: LEASE,
        poll: POLL,
        drain: Duration::ZERO,
        suspects: Arc::new(Semaphore::new(1)),
        wake: Arc::new(Notify::new()),
        stop: stop.clone(),
    };
    let dispatcher = tokio::spawn(Dispatcher::new(setting, Board::default().part("model")).run());
    while queue.operate() {
        prop_assert!(queue.now() < ENOUGH, "it never ends");
        tokio::time::sleep(OPERATOR).await;
    }
    stop.cancel();
    dispatcher.await.map_err(|error| TestCaseError::fail(error.to_string()))?;
    let stage = queue.stage.lock().unwrap();
    for (key, scripts) in (0..).zip(keys) {
        check(&stage, key, scripts)?;
    }
    Ok(())
}

/// One key's calls against its scripts.
fn check(stage: &Stage, key: u8, scripts: &[Script]) -> Result<(), TestCaseError> {
    let mut calls = stage.calls.iter().filter(|call| call.key == key);
    let mut deaths = stage.deaths.iter().filter(|(of, ..)| *of == key);
    let mut redrives = stage.redrives.iter().filter(|(of, _)| *of == key);
    let policy = RetryPolicy::default();
    let mut free_at = Duration::ZERO;
    for (sequence, script) in (1..).zip(scripts) {
        let mut failures = 0;
        // Its steps, and the call that takes it.
        for step in script.iter().map(Some).chain([None]) {
            let call = calls.next().ok_or_else(|| TestCaseError::fail("a call is missing"))?;
            prop_assert_eq!((call.sequence, call.attempt), (sequence, failures + 1), "{:?} of {:?}", call, script);
            prop_assert!(call.began >= free_at, "{:?} before {:?}", call, free_at);
            prop_assert!(call.began <= free_at + POLL * 2, "{:?} long after {:?}", call, free_at);
            let counted = matches!(step, Some(Step::Fail | Step::Panic | Step::Hang));
            failures += u32::from(counted);
            free_at = call.ended;
            if matches!(step, Some(Step::Reject)) || (counted && failures == FAILURES_MAX) {
                let (_, dead, died) = deaths.next().ok_or_else(|| TestCaseError::fail("a death is missing"))?;
                prop_assert_eq!(*dead, sequence);
                let (_, redriven) = redrives.next().ok_or_else(|| TestCaseError::fail("a redrive is missing"))?;
                prop_assert!(*died >= call.ended && died <= redriven);
                (failures, free_at) = (0, *redriven);
            } else if counted {
                let Next::RetryAfter(pause) = policy.after_failure(failures, id(key, sequence)) else {
                    return Err(TestCaseError::fail("the policy gives up early"));
                };
                free_at += pause;
            } else if let Some(Step::Defer(ms)) = step {
                free_at += Duration::from_millis(*ms).max(super::outcome::DEFERRAL_MIN);
            }
        }
    }
    prop_assert!(calls.next().is_none() && deaths.next().is_none(), "more than the script has");
    Ok(())
}

fn id(key: u8, sequence: u64) -> Uuid {
    Uuid::from_u64_pair(u64::from(key), sequence)
}

fn event(key: u8, sequence: u64) -> Event {
    Event {
        event_id: id(key, sequence),
        event_type: "A".to_owned(),
        version: "1.0".to_owned(),
        timestamp: Timestamp::UNIX_EPOCH,
        source: "test".to_owned(),
        correlation_id: String::new(),
        traceparent: None,
        sequence,
        partition_key: key.to_string(),
        metadata: Metadata::default(),
        payload: serde_json::Map::new(),
    }
}

// === impl Virtual ===

impl Virtual {
    fn new(keys: &[Vec<Script>], batches: bool) -> Self {
        let mut stage = Stage {
            model: Model::new(LOST_SUSPECT),
            leases: HashMap::new(),
            calls: Vec::new(),
            deaths: Vec::new(),
            redrives: Vec::new(),
        };
        let mut scripts = BTreeMap::new();
        for (key, events) in (0..).zip(keys) {
            for script in events {
                scripts.insert((key, stage.model.publish(key)), script.iter().rev().copied().collect());
            }
        }
        Self { stage: Mutex::new(stage), began: Instant::now(), scripts: Mutex::new(scripts), batches }
    }

    fn now(&self) -> Duration {
        self.began.elapsed()
    }

    /// With the model's clock at the present. Its milliseconds round a due time up as Postgres' microseconds never
    /// would by more than one of them.
    fn at_present<T>(&self, act: impl FnOnce(&mut Stage) -> T) -> T {
        let mut stage = self.stage.lock().unwrap();
        stage.model.now = u64::try_from(self.now().as_millis()).unwrap();
        act(&mut stage)
    }

    /// Brings back what is dead; whether there is anything left to wait for.
    fn operate(&self) -> bool {
        let now = self.now();
        self.at_present(|stage| {
            for (key, _) in stage.model.dead() {
                assert!(stage.model.redrive(key));
                stage.redrives.push((key, now));
            }
            let count = stage.model.count();
            count.ready + count.dead + count.parked > 0
        })
    }
}

#[async_trait]
impl Handler for Virtual {
    async fn handle(&self, event: &Event, attempt: &Attempt) -> Result<(), Failure> {
        let (key, sequence): (u8, _) = (event.partition_key.parse().unwrap(), event.sequence);
        let step = self.scripts.lock().unwrap().get_mut(&(key, sequence)).and_then(Vec::pop);
        let began = self.now();
        let ended = if matches!(step, Some(Step::Hang)) { began + TIMEOUT } else { began };
        self.stage.lock().unwrap().calls.push(Call { key, sequence, attempt: attempt.attempt, began, ended });
        let retry = |after| Err(Failure::Retry { reason: "no".to_owned(), after });
        match step {
            None => Ok(()),
            Some(Step::Fail) => retry(None),
            Some(Step::Panic) => panic!("as the script says"),
            Some(Step::Hang) => std::future::pending().await,
            Some(Step::Defer(ms)) => retry(Some(Duration::from_millis(ms))),
            Some(Step::Reject) => Err(Failure::Reject("never".to_owned())),
        }
    }

    fn takes_batches(&self, _: &str) -> bool {
        self.batches
    }

    async fn handle_batch(&self, _: &str, events: &[Arc<Event>]) -> Result<(), Failure> {
        let of = |event: &Event| (event.partition_key.parse::<u8>().unwrap(), event.sequence);
        let now = self.now();
        let next = {
            let scripts = self.scripts.lock().unwrap();
            events.iter().find_map(|event| scripts.get(&of(event)).and_then(|script| script.last().copied()))
        };
        match next {
            None => {}
            Some(Step::Panic) => panic!("as the script of one of them says"),
            Some(_) => return Err(Failure::Reject("one of them".to_owned())),
        }
        let mut stage = self.stage.lock().unwrap();
        for event in events {
            let (key, sequence) = of(event);
            stage.calls.push(Call { key, sequence, attempt: 1, began: now, ended: now });
        }
        Ok(())
    }
}

#[async_trait]
impl Queue for Virtual {
    /// No replay runs here.
    async fn hold(&self, _: &str, _: Uuid, _: HoldRequest) -> Result<bool, QueueError> {
        Ok(false)
    }

    async fn lease(
        &self,
        _: &str,
        _: Uuid,
        max: u32,
        lease_for: Duration,
        suspect: bool,
    ) -> Result<Vec<Leased>, QueueError> {
        assert!(max >= 4, "there is room for all keys together");
        Ok(self.at_present(|stage| {
            let leases = stage.model.lease(u64::try_from(lease_for.as_millis()).unwrap(), suspect);
            let leased = leases.into_iter().map(|lease| {
                let token = Uuid::from_u64_pair(1, lease.token);
                stage.leases.insert(token, lease);
                let event = event(lease.key, lease.sequence);
                let position = i64::try_from(lease.sequence).unwrap();
                let receipt = Receipt { position, partition_key: event.partition_key.clone(), token };
                Leased { receipt, event: Arc::new(event), attempt: lease.attempt, lost: lease.lost }
            });
            leased.collect()
        }))
    }

    async fn settle(&self, _: &str, settlements: &[Settlement]) -> Result<Vec<Receipt>, QueueError> {
        let now = self.now();
        Ok(self.at_present(|stage| {
            let held = settlements.iter().filter(|settlement| {
                let lease = stage.leases[&settlement.receipt.token];
                let ending = match &settlement.outcome {
                    Outcome::Ack => Ending::Ack,
                    Outcome::Dead { .. } => Ending::Dead,
                    Outcome::Retry { delay, counted, .. } => {
                        let delay = u64::try_from(delay.as_micros().div_ceil(1_000)).unwrap();
                        Ending::Retry { delay, counted: *counted }
                    }
                };
                let held = stage.model.settle(&lease, ending);
                if held && ending == Ending::Dead {
                    stage.deaths.push((lease.key, lease.sequence, now));
                }
                held
            });
            held.map(|settlement| settlement.receipt.clone()).collect()
        }))
    }

    async fn extend(&self, _: &str, receipts: &[Receipt], lease_for: Duration) -> Result<Vec<Receipt>, QueueError> {
        Ok(self.at_present(|stage| {
            let lease_for = u64::try_from(lease_for.as_millis()).unwrap();
            let held = receipts.iter().filter(|receipt| {
                let lease = stage.leases[&receipt.token];
                stage.model.extend(&lease, lease_for)
            });
            held.cloned().collect()
        }))
    }

    async fn next_due(&self, _: &str) -> Result<Option<Duration>, QueueError> {
        // The dispatcher polls, then.
        Ok(None)
    }

    async fn depth(&self) -> Result<Vec<Depth>, QueueError> {
        Ok(Vec::new())
    }
}
