//! One task a schedule: waits until it is due, takes it if no other replica has, runs the job within its
//! time, and writes down how it ended.

use std::collections::HashSet;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use jiff::Timestamp;
use tokio::task::JoinSet;
use tokio_util::sync::CancellationToken;
use tokio_util::task::AbortOnDropHandle;
use uuid::Uuid;

use mindflow_platform::schedule::store;

use super::{Job, Occurrence, Outcome, Schedule, ScheduleError};
use crate::clock::Clock;
use crate::database::postgres::Database;
use crate::delivery::Connections;
use crate::error::chain;
use crate::ids;

/// Between two tries to write how a run ended.
const END_PAUSE: Duration = Duration::from_secs(1);
/// After so many, the run counts as one whose replica died.
const END_ATTEMPTS_MAX: u32 = 20;

/// What may be tuned; the defaults are for production.
#[derive(Debug, Clone)]
pub struct Options {
    /// At most so long between two looks at the row; a change of the clock is noticed by then.
    pub poll: Duration,
    /// How long a running job may go on when the host stops. Then another replica begins it again.
    pub drain: Duration,
}

/// Why the scheduler could not start.
#[derive(Debug, thiserror::Error)]
pub enum StartError {
    #[error("a schedule has no name")]
    Name,
    #[error("schedule `{0}` is there twice")]
    Twice(String),
    #[error("schedule `{0}` gives its job no time")]
    NoTime(String),
    #[error("schedule `{name}` cannot be registered")]
    Register {
        name: String,
        #[source]
        source: ScheduleError,
    },
}

/// Running schedules. Dropped without [`Scheduler::shutdown`], it ends as in a crash.
pub struct Scheduler {
    stop: CancellationToken,
    tasks: Mutex<JoinSet<()>>,
}

// === impl Options ===

impl Default for Options {
    fn default() -> Self {
        Self { poll: Duration::from_secs(5), drain: Duration::from_secs(10) }
    }
}

// === impl Scheduler ===

impl Scheduler {
    /// Registers the schedules in `database` (the write side's) and starts a task for each. Schedules that
    /// are no longer given keep their row and do nothing.
    pub async fn start(
        database: Database,
        schedules: Vec<Schedule>,
        job: Arc<dyn Job>,
        clock: Clock,
        options: Options,
    ) -> Result<Self, StartError> {
        let mut names = HashSet::new();
        for Schedule { name, run_max, .. } in &schedules {
            if name.is_empty() {
                return Err(StartError::Name);
            }
            if !names.insert(name.clone()) {
                return Err(StartError::Twice(name.clone()));
            }
            if run_max.is_zero() {
                return Err(StartError::NoTime(name.clone()));
            }
        }
        let (stop, owner, mut tasks) = (CancellationToken::new(), ids::random(), JoinSet::new());
        let store = Connections::new(database);
        for schedule in &schedules {
            store::register(&store, schedule, now(&clock))
                .await
                .map_err(|source| StartError::Register { name: schedule.name.clone(), source })?;
        }
        for schedule in schedules {
            let (store, job, clock) = (store.clone(), job.clone(), clock.clone());
            let (options, stop) = (options.clone(), stop.clone());
            tasks.spawn(ScheduleRunner { store, schedule, job, clock, options, owner, stop }.run());
        }
        Ok(Self { stop, tasks: Mutex::new(tasks) })
    }

    /// Takes nothing more, lets jobs end within [`Options::drain`], and hands on those that do not.
    pub async fn shutdown(&self) {
        self.stop.cancel();
        let mut tasks = std::mem::take(&mut *self.tasks.lock().unwrap_or_else(PoisonError::into_inner));
        while tasks.join_next().await.is_some() {}
    }
}

/// Runs one schedule on this replica.
struct ScheduleRunner {
    store: Connections,
    schedule: Schedule,
    job: Arc<dyn Job>,
    clock: Clock,
    options: Options,
    /// This replica.
    owner: Uuid,
    stop: CancellationToken,
}

// === impl ScheduleRunner ===

impl ScheduleRunner {
    async fn run(self) {
        while !self.stop.is_cancelled() {
            let pause = match self.turn().await {
                Ok(pause) => pause,
                Err(error) => {
                    let error = &error as &dyn std::error::Error;
                    tracing::warn!(schedule = self.schedule.name, error, "the schedule is looked at again later");
                    self.options.poll
                }
            };
            tokio::select! {
                () = self.stop.cancelled() => {}
                () = tokio::time::sleep(pause) => {}
            }
        }
    }

    /// Does what is due. Answers how long there is nothing to do.
    async fn turn(&self) -> Result<Duration, ScheduleError> {
        let now_ = now(&self.clock);
        let poll = self.options.poll;
        match store::due_at(&self.store, &self.schedule.name).await? {
            Some(due) if due > now_ => return Ok(now_.duration_until(due).unsigned_abs().min(poll)),
            Some(_) => {}
            // The row was removed.
            None => {
                store::register(&self.store, &self.schedule, now_).await?;
                return Ok(poll);
            }
        }
        let claimed = store::claim(&self.store, &self.schedule, self.owner, now_).await?;
        let schedule = &self.schedule.name;
        if let Some(at) = claimed.given_up {
            tracing::error!(schedule, occurrence = %at, "no attempt came to an end; given up");
        }
        let Some(occurrence) = claimed.occurrence else { return Ok(poll) };
        if let Occurrence { at, attempt: attempt @ 2.., .. } = &occurrence {
            tracing::warn!(schedule, occurrence = %at, attempt, "the replica that ran it is gone; it runs again");
        }
        self.execute(&occurrence).await;
        Ok(Duration::ZERO)
    }

    async fn execute(&self, occurrence: &Occurrence) {
        let Occurrence { schedule, at, attempt, late } = occurrence;
        tracing::info!(schedule, occurrence = %at, attempt, late, "begins");
        let (job, of) = (self.job.clone(), occurrence.clone());
        // In a task of its own, so that a panic ends the run and not the schedule.
        let mut running = AbortOnDropHandle::new(tokio::spawn(async move { job.run(&of).await }));
        let within = tokio::time::timeout(self.schedule.run_max, &mut running);
        let answer = tokio::select! {
            answer = within => answer,
            () = self.drained() => {
                drop(running);
                tracing::warn!(schedule, occurrence = %at, "the host stops; another may begin it again");
                let released = store::release(&self.store, schedule, self.owner, now(&self.clock)).await;
                if let Err(error) = released {
                    tracing::warn!(schedule, error = &error as &dyn std::error::Error, "another begins it later");
                }
                return;
            }
        };
        let (outcome, error) = match answer {
            Ok(Ok(Ok(()))) => (Outcome::Succeeded, None),
            Ok(Ok(Err(error))) => (Outcome::Failed, Some(chain(&error))),
            Ok(Err(panic)) => (Outcome::Failed, Some(format!("the job panicked: {panic}"))),
            Err(_) => (Outcome::TimedOut, Some(format!("no end within {:?}", self.schedule.run_max))),
        };
        drop(running);
        metrics::counter!("mindflow_schedule_runs_total", "schedule" => schedule.clone(), "outcome" => outcome.as_str())
            .increment(1);
        match &error {
            None => tracing::info!(schedule, occurrence = %at, "succeeded"),
            Some(reason) => tracing::error!(schedule, occurrence = %at, outcome = outcome.as_str(), reason, "failed"),
        }
        self.write_end(occurrence, outcome, error.as_deref()).await;
    }

    /// Until the host has stopped for [`Options::drain`].
    async fn drained(&self) {
        self.stop.cancelled().await;
        tokio::time::sleep(self.options.drain).await;
    }

    async fn write_end(&self, occurrence: &Occurrence, outcome: Outcome, error: Option<&str>) {
        for _ in 0..END_ATTEMPTS_MAX {
            let ended = store::end(&self.store, occurrence, self.owner, outcome, error, now(&self.clock)).await;
            let Err(error) = ended else {
                return;
            };
            tracing::warn!(
                schedule = occurrence.schedule,
                error = &error as &dyn std::error::Error,
                "the end is written later"
            );
            tokio::select! {
                () = self.stop.cancelled() => break,
                () = tokio::time::sleep(END_PAUSE) => {}
            }
        }
        tracing::error!(schedule = occurrence.schedule, "the run's end is not written; it counts as begun and left");
    }
}

fn now(clock: &Clock) -> Timestamp {
    // A clock outside of the calendar is not one that a schedule could follow.
    Timestamp::from_microsecond(clock.now_us()).unwrap_or(Timestamp::UNIX_EPOCH)
}
