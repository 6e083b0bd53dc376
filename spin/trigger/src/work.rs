//! What a call does.

use std::sync::Arc;

use mindflow_platform::data_keys::KeyError;
use mindflow_platform::delivery::drain::{Drain, Drained, TAKES_UP_FOR};
use mindflow_platform::delivery::queue::QueueError;
use mindflow_platform::delivery::{LogQueue, Opening};
use mindflow_platform::schedule::housekeeping::archive_partitions;
use mindflow_platform::schedule::round::{Ran, Round};
use mindflow_platform::schedule::{CronError, ScheduleError};
use mindflow_spin_guest::delivery::Database;
use mindflow_spin_guest::{clock, data_keys, error::chain, variables};
use serde::Serialize;

use crate::bindings::mindflow::spin::service::manifest;
use crate::handlers::{Scheduled, Subscriber};
use crate::journal::{self, Journal};
use crate::request::What;
use crate::service::{Service, ServiceError};

/// With whose rights the log is read and written.
const DSN: &str = "delivery_dsn";

/// What was done.
#[derive(Debug, Serialize)]
#[serde(untagged)]
pub enum Done {
    Drained(Drained),
    Ran { ran: Vec<Ran> },
}

/// Why it was not, or not all of it.
#[derive(Debug, thiserror::Error)]
pub enum WorkError {
    #[error(transparent)]
    Service(#[from] ServiceError),
    #[error("variable `{DSN}` is missing; give the component the DSN of mindflow_delivery for the write database")]
    NoDsn,
    #[error("{0}")]
    Variable(String),
    #[error("events are not delivered")]
    Queue(#[from] QueueError),
    #[error("events are not delivered")]
    Keys(#[from] KeyError),
    #[error(transparent)]
    Cron(#[from] CronError),
    #[error("schedules are not run")]
    Schedule(#[from] ScheduleError),
}

// === impl WorkError ===

impl WorkError {
    /// To standard error, which Spin keeps as the component's log.
    pub fn print(&self) {
        eprintln!("ERROR {}", journal::one_line(&chain(self)));
    }
}

/// # Errors
/// What is left undone, the next call does.
pub async fn of(what: What) -> Result<Done, WorkError> {
    let service = Service::read(&manifest())?;
    match what {
        What::Drain if service.subscriptions.is_empty() => Ok(Done::Drained(Drained::default())),
        What::Drain => {
            let subscriber = Arc::new(Subscriber { takes_batches: service.takes_batches });
            let keys = data_keys::open().await?;
            let handler = Arc::new(Opening::new(subscriber, keys, &service.subscriptions, Arc::new(Journal)));
            let database = Database::new(dsn().await?);
            let drain = Drain::new(database, service.subscriptions, handler, Arc::new(Journal), TAKES_UP_FOR);
            Ok(Done::Drained(drain.run().await?))
        }
        What::Schedules => {
            let dsn = dsn().await?;
            // Where no host runs, nothing else tidies up the log.
            LogQueue::new(Database::new(dsn.clone())).upkeep().await?;
            let mut schedules = service.schedules;
            schedules.push(archive_partitions()?);
            let job = Arc::new(Scheduled { log: Database::new(dsn.clone()) });
            let (store, owner) = (Database::new(dsn), clock::random());
            let ran = Round { store, schedules, job, owner, now: clock::now }.run().await?;
            ran.iter().for_each(journal::ran);
            Ok(Done::Ran { ran })
        }
    }
}

async fn dsn() -> Result<String, WorkError> {
    variables::get(DSN).await.map_err(WorkError::Variable)?.ok_or(WorkError::NoDsn)
}
