//! Work that a clock starts: cron schedules, of which each occurrence is run by exactly one replica.
//!
//! A row of `mindflow.schedule` says when the schedule is next due. A replica that finds it due moves the row on to the next
//! occurrence, unless another has meanwhile, and writes the run into `mindflow.schedule_run`, whose primary key is the
//! occurrence; only then the job runs. So replicas need not know of each other, nor agree on the time to the millisecond.
//!
//! - Occurrences of one schedule never overlap: one that falls due while the last is still running comes
//!   after it.
//! - A job's time is bounded. A replica that dies in the middle is given up soon after that time, and the
//!   occurrence is run again by another, at most [`RUNS_MAX`] times in all. A job must therefore bear to be begun twice.
//! - Occurrences missed while no replica was up are made up for by one run, or by none: [`Missed`].
//!
//! [`cron`] reads expressions, `decision` says what is to be done, [`store`] keeps the rows, [`round`] runs what is due and ends.
//! [`housekeeping`] is the platform's own.

pub mod cron;
mod decision;
mod entry;
mod error;
pub mod housekeeping;
pub mod round;
pub mod store;

use std::time::Duration;

use async_trait::async_trait;
use jiff::Timestamp;
use serde::Deserialize;

pub use cron::{Cron, CronError};
pub use entry::ScheduleEntry;
pub use error::ScheduleError;
pub use store::{Run, Status};

/// A run that takes longer than an hour by default has most likely hung.
pub const RUN_MAX_DEFAULT: Duration = Duration::from_secs(60 * 60);

/// How often one occurrence is begun, when the replicas that run it die.
pub const RUNS_MAX: u32 = 3;

/// What runs when.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Schedule {
    /// Unique within the application.
    pub name: String,
    /// In UTC.
    pub cron: Cron,
    pub missed: Missed,
    /// How long a run may take; then it is cancelled.
    pub run_max: Duration,
}

/// What happens to occurrences while no scheduler ran.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Missed {
    /// One run makes up for all of them, as soon as a scheduler runs.
    #[default]
    RunOnce,
    /// They are noted as skipped.
    Skip,
}

/// One run, as its job sees it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Occurrence {
    pub schedule: String,
    /// When it was due.
    pub at: Timestamp,
    /// From 1; more when a replica died over it.
    pub attempt: u32,
    /// Whether it makes up for occurrences that were missed.
    pub late: bool,
}

/// Does the work. Dropped when it takes too long or when the host stops.
#[async_trait]
pub trait Job: Send + Sync + 'static {
    /// The error is kept with the run; the next occurrence comes all the same.
    async fn run(&self, occurrence: &Occurrence) -> Result<(), JobError>;
}

/// Why a run failed.
#[derive(Debug, thiserror::Error)]
pub enum JobError {
    /// In the component's own words.
    #[error("{0}")]
    Component(String),
    #[error("nothing is scheduled as `{0}`")]
    Unknown(String),
    #[error(transparent)]
    Work(Box<dyn std::error::Error + Send + Sync>),
}

/// How a run ended.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Outcome {
    Succeeded,
    Failed,
    TimedOut,
}

// === impl Schedule ===

impl Schedule {
    /// With one run for what was missed, and an hour for a run.
    #[must_use]
    pub fn new(name: impl Into<String>, cron: Cron) -> Self {
        Self { name: name.into(), cron, missed: Missed::default(), run_max: RUN_MAX_DEFAULT }
    }
}

// === impl JobError ===

impl JobError {
    /// The work of the platform's own job failed.
    pub fn new(error: impl std::error::Error + Send + Sync + 'static) -> Self {
        Self::Work(Box::new(error))
    }
}

impl From<String> for JobError {
    fn from(reason: String) -> Self {
        Self::Component(reason)
    }
}

// === impl Outcome ===

impl Outcome {
    /// As the table has it.
    #[must_use]
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Succeeded => "succeeded",
            Self::Failed => "failed",
            Self::TimedOut => "timed-out",
        }
    }
}
