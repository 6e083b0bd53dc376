//! The component's handlers, as delivery and schedules call them. A handler that traps takes the instance with it, and this call:
//! then its leases run out, as a dead host's.

use std::sync::Arc;

use async_trait::async_trait;
use mindflow_platform::delivery::subscription::{Attempt, Failure, Handler};
use mindflow_platform::event::{Event, EventRecord};
use mindflow_platform::schedule::housekeeping::{ARCHIVE_PARTITIONS, make_archive_partitions};
use mindflow_platform::schedule::{Job, JobError, Occurrence};
use mindflow_spin_guest::delivery::Database;
use send_wrapper::SendWrapper;

use crate::bindings::mindflow::platform::{batch_subscriber, events as wit, schedule_handler, subscriber};

/// Takes events.
pub struct Subscriber {
    pub takes_batches: bool,
}

/// Runs on schedules, and what the log of events needs daily.
pub struct Scheduled {
    pub log: Database,
}

// An instance has one thread, and what is polled there stays there.

#[async_trait]
impl Handler for Subscriber {
    async fn handle(&self, event: &Event, attempt: &Attempt) -> Result<(), Failure> {
        let delivery = wit::Delivery {
            subscription: attempt.subscription.to_string(),
            attempt: attempt.attempt,
            attempts_max: attempt.attempts_max,
        };
        let call = SendWrapper::new(subscriber::handle(record(event), delivery));
        call.await.map_err(failure)
    }

    fn takes_batches(&self, _: &str) -> bool {
        self.takes_batches
    }

    async fn handle_batch(&self, subscription: &str, events: &[Arc<Event>]) -> Result<(), Failure> {
        let records = events.iter().map(|event| record(event)).collect();
        let call = SendWrapper::new(batch_subscriber::handle_batch(subscription.to_owned(), records));
        call.await.map_err(failure)
    }
}

#[async_trait]
impl Job for Scheduled {
    async fn run(&self, occurrence: &Occurrence) -> Result<(), JobError> {
        if occurrence.schedule == ARCHIVE_PARTITIONS {
            return make_archive_partitions(&self.log).await.map(drop).map_err(JobError::new);
        }
        let due = schedule_handler::Occurrence {
            schedule: occurrence.schedule.clone(),
            at: occurrence.at.as_microsecond(),
            attempt: occurrence.attempt,
            late: occurrence.late,
        };
        Ok(SendWrapper::new(schedule_handler::run(due)).await?)
    }
}

mindflow_platform::event_record!(wit::Event);

fn record(event: &Event) -> wit::Event {
    EventRecord::from(event).into()
}

fn failure(failure: wit::Failure) -> Failure {
    match failure {
        wit::Failure::Retry((reason, after_ms)) => {
            Failure::Retry { reason, after: after_ms.map(|ms| std::time::Duration::from_millis(u64::from(ms))) }
        }
        wit::Failure::Reject(reason) => Failure::Reject(reason),
    }
}
