//! Work that a clock starts, on replicas that run all the time. What schedules are, and how replicas share them, is in
//! [`mindflow_platform::schedule`]; [`scheduler`] runs the jobs.

pub mod scheduler;

pub use mindflow_platform::schedule::{
    Cron, CronError, Job, JobError, Missed, Occurrence, Outcome, RUN_MAX_DEFAULT, RUNS_MAX, Run, Schedule,
    ScheduleError, Status, cron,
};
pub use scheduler::{Options, Scheduler, StartError};

use mindflow_platform::schedule::store;

use crate::database::postgres::Database;
use crate::delivery::Connections;

/// All schedules that were ever started, by name.
///
/// # Errors
/// The database's.
pub async fn list(database: &Database) -> Result<Vec<Status>, ScheduleError> {
    store::list(&Connections::new(database.clone())).await
}

/// A schedule's latest runs, newest first, of the hundred that are kept.
///
/// # Errors
/// The database's.
pub async fn runs(database: &Database, name: &str, limit: u32) -> Result<Vec<Run>, ScheduleError> {
    store::runs(&Connections::new(database.clone()), name, limit).await
}
