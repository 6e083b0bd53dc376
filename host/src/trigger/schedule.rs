//! Occurrences of a schedule as calls of the component that the manifest gives it to.

use crate::{
    engine::{Provider, handlers::schedule_handler as wit},
    manifest::ComponentEntry,
};
use async_trait::async_trait;
use mindflow_backends::schedule::{CronError, Job, JobError, Occurrence, Schedule};
use std::{collections::BTreeMap, sync::Arc, time::Duration};

/// Every scheduled job: the platform's own and the components'.
#[derive(Default)]
pub struct Jobs {
    schedules: Vec<Schedule>,
    jobs: BTreeMap<String, Arc<dyn Job>>,
}

// === impl Jobs ===

impl Jobs {
    pub fn add(&mut self, schedule: Schedule, job: Arc<dyn Job>) {
        self.jobs.insert(schedule.name.clone(), job);
        self.schedules.push(schedule);
    }

    /// The schedules of a component.
    ///
    /// # Errors
    /// A cron expression is invalid.
    pub fn add_component(&mut self, entry: &ComponentEntry, provider: &Arc<Provider>) -> Result<(), CronError> {
        for scheduled in &entry.tool.schedules {
            let schedule = scheduled.schedule()?;
            let job = Call { provider: Arc::clone(provider), run_max: schedule.run_max };
            self.add(schedule, Arc::new(job));
        }
        Ok(())
    }

    /// The schedules, and one job that runs each by its name.
    pub fn split(self) -> (Vec<Schedule>, Arc<dyn Job>) {
        (self.schedules, Arc::new(ByName(self.jobs)))
    }
}

struct ByName(BTreeMap<String, Arc<dyn Job>>);

#[async_trait]
impl Job for ByName {
    async fn run(&self, occurrence: &Occurrence) -> Result<(), JobError> {
        match self.0.get(&occurrence.schedule) {
            Some(job) => job.run(occurrence).await,
            None => Err(JobError::Unknown(occurrence.schedule.clone())),
        }
    }
}

struct Call {
    provider: Arc<Provider>,
    run_max: Duration,
}

#[async_trait]
impl Job for Call {
    async fn run(&self, occurrence: &Occurrence) -> Result<(), JobError> {
        let due = wit::Occurrence {
            schedule: occurrence.schedule.clone(),
            at: occurrence.at.as_microsecond(),
            attempt: occurrence.attempt,
            late: occurrence.late,
        };
        Ok(self.provider.run_schedule(due, self.run_max).await.map_err(JobError::new)??)
    }
}
