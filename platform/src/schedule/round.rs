//! One look at schedules that is called and ends: it runs what is due, each occurrence within its time. Killed in the middle, its
//! runs are begun again by another after their time.

use std::sync::Arc;

use futures::future::{Either, join_all, select};
use jiff::Timestamp;
use serde::Serialize;
use uuid::Uuid;

use super::store;
use super::{Job, Occurrence, Outcome, Schedule, ScheduleError};
use crate::delivery::Store;
use crate::error::chain;

/// A schedule that had something to do.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Ran {
    pub schedule: String,
    pub occurrence: Timestamp,
    /// As the table has it.
    pub outcome: &'static str,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub error: Option<String>,
}

/// Schedules and who runs them.
pub struct Round<S> {
    pub store: S,
    pub schedules: Vec<Schedule>,
    pub job: Arc<dyn Job>,
    /// This replica.
    pub owner: Uuid,
    /// The date and time of day.
    pub now: fn() -> Timestamp,
}

// === impl Round ===

impl<S: Store> Round<S> {
    /// Runs what is due, side by side. A schedule that could not be looked at or whose end could not be written is named in the
    /// error, when all the others are done.
    ///
    /// # Errors
    /// See above.
    pub async fn run(&self) -> Result<Vec<Ran>, ScheduleError> {
        let rounds = join_all(self.schedules.iter().map(|schedule| self.run_due(schedule))).await;
        Ok(rounds.into_iter().collect::<Result<Vec<_>, _>>()?.into_iter().flatten().collect())
    }

    async fn run_due(&self, schedule: &Schedule) -> Result<Option<Ran>, ScheduleError> {
        let now = (self.now)();
        store::register(&self.store, schedule, now).await?;
        if store::due_at(&self.store, &schedule.name).await?.is_none_or(|due| due > now) {
            return Ok(None);
        }
        let claimed = store::claim(&self.store, schedule, self.owner, now).await?;
        let Some(occurrence) = claimed.occurrence else {
            return Ok(claimed.given_up.map(|at| Ran {
                schedule: schedule.name.clone(),
                occurrence: at,
                outcome: "abandoned",
                error: None,
            }));
        };
        let (outcome, error) = self.execute(schedule, &occurrence).await;
        store::end(&self.store, &occurrence, self.owner, outcome, error.as_deref(), (self.now)()).await?;
        Ok(Some(Ran { schedule: occurrence.schedule, occurrence: occurrence.at, outcome: outcome.as_str(), error }))
    }

    async fn execute(&self, schedule: &Schedule, occurrence: &Occurrence) -> (Outcome, Option<String>) {
        match select(self.job.run(occurrence), self.store.pause(schedule.run_max)).await {
            Either::Left((Ok(()), _)) => (Outcome::Succeeded, None),
            Either::Left((Err(error), _)) => (Outcome::Failed, Some(chain(&error))),
            Either::Right(_) => (Outcome::TimedOut, Some(format!("no end within {:?}", schedule.run_max))),
        }
    }
}
