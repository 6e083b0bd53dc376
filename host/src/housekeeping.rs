//! What the platform does for itself by the clock, on one replica at a time.

use crate::{application::Application, platform::StartError, stores::Stores, trigger::schedule::Jobs};
use async_trait::async_trait;
use mindflow_backends::{
    archive::partitions,
    clock::Clock,
    logs::LogStore,
    postgres::Database,
    schedule::{Cron, Job, Occurrence, Schedule},
};
use std::sync::Arc;

/// Partitions of the event archive are made three months ahead, so that a day without this loses nothing.
const ARCHIVE_PARTITIONS: &str = "archive-partitions";
const DAILY: &str = "17 3 * * *";
/// Lines of the log go after the days for which they are kept.
const LOG_RETENTION: &str = "log-retention";
const LOG_DAILY: &str = "47 3 * * *";
const DAY_US: i64 = 24 * 60 * 60 * 1_000_000;

/// Makes what the start needs, and adds the rest to what the clock starts.
pub async fn prepare(application: &Application, stores: &Stores, jobs: &mut Jobs) -> Result<(), StartError> {
    let Some(database) = stores.databases.get(&application.config.events.database) else { return Ok(()) };
    partitions::make_ahead(database).await?;
    let cron: Cron = DAILY.parse().map_err(StartError::Cron)?;
    jobs.add(Schedule::new(ARCHIVE_PARTITIONS, cron), Arc::new(Housekeeping { database: database.clone() }));
    let cron: Cron = LOG_DAILY.parse().map_err(StartError::Cron)?;
    let keep_us = i64::from(application.config.logs.keep_days).saturating_mul(DAY_US);
    let retention = Retention { store: Arc::clone(&stores.logs), clock: stores.clock.clone(), keep_us };
    jobs.add(Schedule::new(LOG_RETENTION, cron), Arc::new(retention));
    Ok(())
}

struct Retention {
    store: Arc<dyn LogStore>,
    clock: Clock,
    keep_us: i64,
}

#[async_trait]
impl Job for Retention {
    async fn run(&self, _occurrence: &Occurrence) -> Result<(), String> {
        let before_us = self.clock.now_us().saturating_sub(self.keep_us);
        let forgotten = self.store.forget(before_us).await.map_err(|error| crate::cli::line(&error))?;
        tracing::info!(forgotten, "old lines of the log are gone");
        Ok(())
    }
}

struct Housekeeping {
    database: Database,
}

#[async_trait]
impl Job for Housekeeping {
    async fn run(&self, _occurrence: &Occurrence) -> Result<(), String> {
        let made = partitions::make_ahead(&self.database).await.map_err(|error| crate::cli::line(&error))?;
        tracing::info!(made = made.made, "event archive partitions are there");
        Ok(())
    }
}
