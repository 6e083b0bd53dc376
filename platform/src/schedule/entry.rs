//! Schedules as the manifest has them: `[[component.NAME.tool.mindflow.schedules]]`.

use std::time::Duration;

use serde::Deserialize;

use super::{CronError, Missed, RUN_MAX_DEFAULT, Schedule};

/// A schedule on which a component is called.
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields, rename_all = "kebab-case")]
pub struct ScheduleEntry {
    /// Unique in the application.
    pub name: String,
    /// Five fields, six with seconds first, or such as `@daily`; in UTC.
    pub cron: String,
    /// How long a run may take, in seconds; an hour when absent.
    pub run_max_s: Option<u32>,
    #[serde(default)]
    pub missed: Missed,
}

// === impl ScheduleEntry ===

impl ScheduleEntry {
    /// # Errors
    /// The expression is none.
    pub fn schedule(&self) -> Result<Schedule, CronError> {
        Ok(Schedule {
            missed: self.missed,
            run_max: self.run_max_s.map_or(RUN_MAX_DEFAULT, |seconds| Duration::from_secs(u64::from(seconds))),
            ..Schedule::new(self.name.clone(), self.cron.parse()?)
        })
    }
}
