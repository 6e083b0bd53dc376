//! Why the platform cannot start, or what it needs in the databases cannot be made.

use crate::{capability::OpenError, databases::DatabasesError, housekeeping::HousekeepingError};
use mindflow_backends::{
    delivery::{self, QueueError},
    records, schedule,
};

/// Why the platform cannot start.
#[derive(Debug, thiserror::Error)]
pub enum StartError {
    #[error(transparent)]
    Databases(#[from] DatabasesError),
    #[error(transparent)]
    Capability(#[from] OpenError),
    #[error("[events]")]
    Queues(#[from] delivery::OpenError),
    #[error(transparent)]
    Logs(#[from] records::OpenError),
    #[error("the publishers of events")]
    Publishers(#[source] QueueError),
    #[error("the subscriptions")]
    Subscriptions(#[source] QueueError),
    #[error("event delivery")]
    Delivery(#[from] delivery::StartError),
    #[error("schedules")]
    Schedule(#[from] schedule::StartError),
    #[error(transparent)]
    Cron(#[from] schedule::CronError),
    #[error(transparent)]
    Housekeeping(#[from] HousekeepingError),
}
