//! Goal: each occurrence of a schedule is run, and by one replica. Method: several schedulers on one
//! database, under a clock that the test moves.

use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex};
use std::time::Duration;

use async_trait::async_trait;
use jiff::{Timestamp, Unit};
use mindflow_backends::clock::{Clock, ClockHandle};
use mindflow_backends::schedule::{
    self, Job, JobError, Missed, Occurrence, Options, Run, Schedule, Scheduler, StartError,
};
use mindflow_platform::schedule::round::Round;
use mindflow_test_support::{TestDatabase, TestPostgres, until};
use uuid::Uuid;

use crate::delivery::literals::Literals;

const MINUTE: i64 = 60 * 1_000_000;
const DAY: i64 = 24 * 60 * MINUTE;

struct Stage {
    db: TestDatabase,
    clock: Clock,
    handle: ClockHandle,
    diary: Arc<Diary>,
}

/// A job that notes its runs and behaves as a story sets.
#[derive(Default)]
struct Diary {
    runs: Mutex<Vec<Occurrence>>,
    hangs: AtomicBool,
    fails: AtomicBool,
    panics: AtomicBool,
}

#[async_trait]
impl Job for Diary {
    async fn run(&self, occurrence: &Occurrence) -> Result<(), JobError> {
        self.runs.lock().unwrap().push(occurrence.clone());
        if self.hangs.load(Ordering::SeqCst) {
            std::future::pending::<()>().await;
        }
        assert!(!self.panics.load(Ordering::SeqCst), "on purpose");
        if self.fails.load(Ordering::SeqCst) { Err(JobError::Component("no\0 luck".to_owned())) } else { Ok(()) }
    }
}

// === impl Diary ===

impl Diary {
    fn runs(&self) -> Vec<(String, u32, bool)> {
        let runs = self.runs.lock().unwrap();
        runs.iter().map(|run| (run.at.to_string(), run.attempt, run.late)).collect()
    }
}

// === impl Stage ===

impl Stage {
    /// It is the evening of 23 November 2026.
    async fn new(name: &str) -> Self {
        let db = TestPostgres::write(name).await;
        let (clock, handle) = Clock::manual(at("2026-11-23T22:00:00Z").as_microsecond());
        Self { db, clock, handle, diary: Arc::default() }
    }

    async fn start(&self, schedule: &Schedule) -> Scheduler {
        self.start_all(vec![schedule.clone()]).await.unwrap()
    }

    async fn start_all(&self, schedules: Vec<Schedule>) -> Result<Scheduler, StartError> {
        let options = Options { poll: Duration::from_millis(10), drain: Duration::from_millis(10) };
        Scheduler::start(self.db.database().clone(), schedules, self.diary.clone(), self.clock.clone(), options).await
    }

    async fn history(&self) -> Vec<Run> {
        schedule::runs(self.db.database(), "nightly", 10).await.unwrap()
    }

    async fn outcomes(&self) -> Vec<String> {
        self.history().await.into_iter().map(|run| run.outcome).collect()
    }

    async fn until_outcomes(&self, outcomes: &[&str]) {
        until(&format!("the outcomes are {outcomes:?}"), async || self.outcomes().await == outcomes).await;
    }

    async fn until_runs(&self, count: usize) {
        until(&format!("{count} runs"), async || self.diary.runs().len() >= count).await;
    }
}

fn at(text: &str) -> Timestamp {
    text.parse().unwrap()
}

fn nightly() -> Schedule {
    Schedule::new("nightly", "0 3 * * *".parse().unwrap())
}

#[tokio::test(flavor = "multi_thread")]
async fn of_three_replicas_one_runs_each_occurrence() {
    let stage = Stage::new("replicas").await;
    let replicas = [stage.start(&nightly()).await, stage.start(&nightly()).await, stage.start(&nightly()).await];
    assert_eq!(stage.outcomes().await, [] as [&str; 0], "nothing is due yet");
    stage.handle.set_us(at("2026-11-24T03:00:00Z").as_microsecond());
    stage.until_outcomes(&["succeeded"]).await;
    for night in 2..=6 {
        stage.handle.advance_us(DAY);
        stage.until_outcomes(&vec!["succeeded"; night]).await;
    }
    for replica in replicas {
        replica.shutdown().await;
    }
    let nights: Vec<_> = (24..=29).map(|day| (format!("2026-11-{day}T03:00:00Z"), 1, false)).collect();
    assert_eq!(stage.diary.runs(), nights);
    let [status] = &schedule::list(stage.db.database()).await.unwrap()[..] else { panic!("one schedule") };
    assert_eq!((status.next_run, status.running), (at("2026-11-30T03:00:00Z"), None));
    assert_eq!(status.last_run, Some(at("2026-11-29T03:00:00Z")));
    assert_eq!(status.last_outcome.as_deref(), Some("succeeded"));
}

#[tokio::test(flavor = "multi_thread")]
async fn what_was_missed_while_no_replica_was_up_is_made_up_for_by_one_run() {
    let stage = Stage::new("missed").await;
    stage.start(&nightly()).await.shutdown().await;
    stage.handle.set_us(at("2026-11-27T09:00:00Z").as_microsecond());
    let (one, two) = (stage.start(&nightly()).await, stage.start(&nightly()).await);
    stage.until_outcomes(&["succeeded"]).await;
    stage.handle.set_us(at("2026-11-28T03:00:01Z").as_microsecond());
    stage.until_outcomes(&["succeeded"; 2]).await;
    for replica in [one, two] {
        replica.shutdown().await;
    }
    let expected = [("2026-11-27T03:00:00Z".to_owned(), 1, true), ("2026-11-28T03:00:00Z".to_owned(), 1, false)];
    assert_eq!(stage.diary.runs(), expected);
}

#[tokio::test(flavor = "multi_thread")]
async fn what_was_missed_is_skipped_where_the_schedule_says_so() {
    let stage = Stage::new("skipped").await;
    let schedule = Schedule { missed: Missed::Skip, ..nightly() };
    stage.start(&schedule).await.shutdown().await;
    stage.handle.set_us(at("2026-11-27T09:00:00Z").as_microsecond());
    let replica = stage.start(&schedule).await;
    stage.until_outcomes(&["skipped"]).await;
    stage.handle.set_us(at("2026-11-28T03:00:30Z").as_microsecond());
    stage.until_outcomes(&["succeeded", "skipped"]).await;
    replica.shutdown().await;
    assert_eq!(stage.diary.runs(), [("2026-11-28T03:00:00Z".to_owned(), 1, false)]);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_run_that_fails_panics_or_hangs_is_noted_and_the_next_comes_all_the_same() {
    let stage = Stage::new("failing").await;
    // Long enough for a run that fails immediately on a busy machine.
    let schedule = Schedule { run_max: Duration::from_secs(5), ..nightly() };
    let replica = stage.start(&schedule).await;
    let mut expected = Vec::new();
    for (fault, outcome) in
        [(&stage.diary.fails, "failed"), (&stage.diary.panics, "failed"), (&stage.diary.hangs, "timed-out")]
    {
        fault.store(true, Ordering::SeqCst);
        stage.handle.advance_us(DAY);
        expected.insert(0, outcome);
        stage.until_outcomes(&expected).await;
        fault.store(false, Ordering::SeqCst);
    }
    stage.handle.advance_us(DAY);
    expected.insert(0, "succeeded");
    stage.until_outcomes(&expected).await;
    replica.shutdown().await;
    let errors: Vec<_> = stage.history().await.into_iter().filter_map(|run| run.error).collect();
    assert!(errors[0].contains("no end within") && errors[1].contains("panicked"), "{errors:?}");
    assert_eq!(errors[2], "no luck");
}

#[tokio::test(flavor = "multi_thread")]
async fn an_occurrence_whose_replica_dies_is_run_again_and_given_up_after_three() {
    let stage = Stage::new("dying").await;
    stage.diary.hangs.store(true, Ordering::SeqCst);
    let schedule = Schedule { run_max: Duration::from_secs(600), ..nightly() };
    let first = stage.start(&schedule).await;
    stage.handle.set_us(at("2026-11-24T03:00:00Z").as_microsecond());
    stage.until_runs(1).await;
    // As in a crash: its tasks are gone, its row is not.
    drop(first);
    let second = stage.start(&schedule).await;
    stage.handle.advance_us(5 * MINUTE);
    assert_eq!(stage.diary.runs().len(), 1, "its time is not over");
    stage.handle.advance_us(6 * MINUTE);
    stage.until_runs(2).await;
    // Stopped in order: it hands the run on immediately.
    second.shutdown().await;
    let third = stage.start(&schedule).await;
    stage.until_runs(3).await;
    drop(third);
    let fourth = stage.start(&schedule).await;
    stage.handle.advance_us(11 * MINUTE);
    stage.until_outcomes(&["abandoned"]).await;
    stage.diary.hangs.store(false, Ordering::SeqCst);
    stage.handle.set_us(at("2026-11-25T03:00:00Z").as_microsecond());
    stage.until_outcomes(&["succeeded", "abandoned"]).await;
    fourth.shutdown().await;
    let attempts: Vec<_> = stage.diary.runs().into_iter().map(|(_, attempt, _)| attempt).collect();
    assert_eq!(attempts, [1, 2, 3, 1]);
}

#[tokio::test(flavor = "multi_thread")]
async fn an_occurrence_that_falls_due_during_a_run_comes_after_it() {
    let stage = Stage::new("overlap").await;
    stage.diary.hangs.store(true, Ordering::SeqCst);
    let schedule =
        Schedule { run_max: Duration::from_secs(2), ..Schedule::new("nightly", "* * * * *".parse().unwrap()) };
    let (one, two) = (stage.start(&schedule).await, stage.start(&schedule).await);
    stage.handle.advance_us(MINUTE);
    stage.until_runs(1).await;
    stage.diary.hangs.store(false, Ordering::SeqCst);
    // Within the first run's time by the clock, and it still hangs.
    stage.handle.advance_us(30 * 1_000_000);
    assert_eq!(stage.diary.runs().len(), 1);
    stage.until_outcomes(&["timed-out"]).await;
    stage.handle.advance_us(MINUTE);
    stage.until_outcomes(&["succeeded", "timed-out"]).await;
    one.shutdown().await;
    two.shutdown().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_changed_expression_moves_the_next_occurrence_and_a_wrong_list_is_refused_by_name() {
    let stage = Stage::new("changed").await;
    stage.start(&nightly()).await.shutdown().await;
    let hourly = Schedule::new("nightly", "0 * * * *".parse().unwrap());
    stage.start(&hourly).await.shutdown().await;
    let next = async || schedule::list(stage.db.database()).await.unwrap()[0].next_run;
    assert_eq!(next().await, at("2026-11-23T23:00:00Z"));
    let twice = stage.start_all(vec![nightly(), nightly()]).await.err().unwrap();
    assert_eq!(twice.to_string(), "schedule `nightly` is there twice");
    let hasty = Schedule { run_max: Duration::ZERO, ..nightly() };
    assert_eq!(
        stage.start_all(vec![hasty]).await.err().unwrap().to_string(),
        "schedule `nightly` gives its job no time"
    );
}

/// As on Spin, where a round is called and ends.
async fn round(stage: &Stage, now: fn() -> Timestamp) -> Vec<(String, &'static str)> {
    let (store, job) = (Literals::of(&stage.db).await, stage.diary.clone());
    let round = Round { store, schedules: vec![nightly()], job, owner: Uuid::new_v4(), now };
    let ran = round.run().await.unwrap();
    ran.into_iter().map(|ran| (ran.occurrence.to_string(), ran.outcome)).collect()
}

#[tokio::test(flavor = "multi_thread")]
async fn of_rounds_at_the_same_moment_one_runs_what_is_due() {
    let stage = Stage::new("rounds").await;
    assert_eq!(round(&stage, || at("2026-11-23T22:00:00Z")).await, [], "nothing is due yet");
    let nights: [fn() -> Timestamp; 2] = [|| at("2026-11-24T03:00:00Z"), || at("2026-11-25T03:00:10Z")];
    for now in nights {
        let (one, two, three) = tokio::join!(round(&stage, now), round(&stage, now), round(&stage, now));
        assert_eq!([one, two, three].concat(), [(now().round(Unit::Minute).unwrap().to_string(), "succeeded")]);
        assert_eq!(round(&stage, now).await, []);
    }
    stage.diary.fails.store(true, Ordering::SeqCst);
    assert_eq!(round(&stage, || at("2026-11-26T03:00:00Z")).await, [("2026-11-26T03:00:00Z".to_owned(), "failed")]);
    assert_eq!(stage.outcomes().await, ["failed", "succeeded", "succeeded"]);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_run_whose_round_died_is_begun_again_by_a_later_one_and_given_up_after_three() {
    let stage = Stage::new("dead_rounds").await;
    stage.diary.hangs.store(true, Ordering::SeqCst);
    round(&stage, || at("2026-11-23T22:00:00Z")).await;
    let moments: [fn() -> Timestamp; 3] =
        [|| at("2026-11-24T03:00:00Z"), || at("2026-11-24T05:00:00Z"), || at("2026-11-24T07:00:00Z")];
    for (begun, now) in (1..).zip(moments) {
        let dying = round(&stage, now);
        tokio::select! {
            _ = dying => panic!("it hangs"),
            () = stage.until_runs(begun) => {}
        }
        assert_eq!(round(&stage, now).await, [], "it is with the one that began it");
    }
    let abandoned = round(&stage, || at("2026-11-24T09:00:00Z")).await;
    assert_eq!(abandoned, [("2026-11-24T03:00:00Z".to_owned(), "abandoned")]);
    let attempts: Vec<_> = stage.diary.runs().into_iter().map(|(_, attempt, _)| attempt).collect();
    assert_eq!(attempts, [1, 2, 3]);
}
