//! The platform's own scheduled jobs, each on one replica at a time.

use crate::trigger::schedule::Jobs;
use async_trait::async_trait;
use mindflow_backends::{
    clock::Clock,
    database::postgres::Database,
    delivery::archive::{ArchiveError, partitions},
    records::logs::LogStore,
    schedule::{Cron, CronError, Job, JobError, Occurrence, Schedule},
};
use mindflow_platform::schedule::housekeeping::archive_partitions;
use std::sync::Arc;

/// Kept lines of the log are deleted after the days for which they are kept.
const LOG_RETENTION: &str = "log-retention";
const LOG_DAILY: &str = "47 3 * * *";
const DAY_US: i64 = 24 * 60 * 60 * 1_000_000;

/// Why the jobs cannot be prepared.
#[derive(Debug, thiserror::Error)]
pub enum HousekeepingError {
    #[error("event archive")]
    Archive(#[from] ArchiveError),
    #[error(transparent)]
    Cron(#[from] CronError),
}

/// Makes the partitions that the start needs, and adds the daily jobs.
///
/// # Errors
/// The partitions cannot be made.
pub async fn prepare(database: &Database, retention: LogRetention, jobs: &mut Jobs) -> Result<(), HousekeepingError> {
    partitions::make_ahead(database).await?;
    jobs.add(archive_partitions()?, Arc::new(ArchivePartitions { database: database.clone() }));
    let cron: Cron = LOG_DAILY.parse()?;
    jobs.add(Schedule::new(LOG_RETENTION, cron), Arc::new(retention));
    Ok(())
}

/// Deletes kept lines of the log after some days.
pub struct LogRetention {
    pub store: Arc<dyn LogStore>,
    pub clock: Clock,
    pub days: u32,
}

#[async_trait]
impl Job for LogRetention {
    async fn run(&self, _occurrence: &Occurrence) -> Result<(), JobError> {
        let kept_us = i64::from(self.days).saturating_mul(DAY_US);
        let before_us = self.clock.now_us().saturating_sub(kept_us);
        let forgotten = self.store.forget(before_us).await.map_err(JobError::new)?;
        tracing::info!(forgotten, "old lines of the log were deleted");
        Ok(())
    }
}

struct ArchivePartitions {
    database: Database,
}

#[async_trait]
impl Job for ArchivePartitions {
    async fn run(&self, _occurrence: &Occurrence) -> Result<(), JobError> {
        let made = partitions::make_ahead(&self.database).await.map_err(JobError::new)?;
        tracing::info!(made = made.made, "partitions of the event archive exist for the coming months");
        Ok(())
    }
}
