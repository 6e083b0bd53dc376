//! What the platform does for itself by the clock, on one replica at a time.

use crate::{application::Application, platform::StartError, stores::Stores, trigger::schedule::Jobs};
use async_trait::async_trait;
use mindflow_backends::{
    archive::partitions,
    postgres::Database,
    schedule::{Cron, Job, Occurrence, Schedule},
};
use std::sync::Arc;

/// Partitions of the event archive are made three months ahead, so that a day without this loses nothing.
const ARCHIVE_PARTITIONS: &str = "archive-partitions";
const DAILY: &str = "17 3 * * *";

/// Makes what the start needs, and adds the rest to what the clock starts.
pub async fn prepare(application: &Application, stores: &Stores, jobs: &mut Jobs) -> Result<(), StartError> {
    let Some(database) = stores.databases.get(&application.config.events.database) else { return Ok(()) };
    partitions::make_ahead(database).await?;
    let cron: Cron = DAILY.parse().map_err(StartError::Cron)?;
    jobs.add(Schedule::new(ARCHIVE_PARTITIONS, cron), Arc::new(Housekeeping { database: database.clone() }));
    Ok(())
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
