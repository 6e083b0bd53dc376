//! Why schedules fail.

use crate::delivery::queue::QueueError;

/// Why schedules cannot be read or written.
#[derive(Debug, thiserror::Error)]
pub enum ScheduleError {
    #[error("no connection to the schedules' database")]
    Connect(#[source] Box<dyn std::error::Error + Send + Sync>),
    #[error("the schedules' database refused `{operation}`")]
    Statement {
        operation: &'static str,
        #[source]
        source: Box<dyn std::error::Error + Send + Sync>,
    },
    #[error("the schedules' database did not answer as it should")]
    Answer(#[source] QueueError),
    #[error("a time is outside the calendar")]
    Timestamp(#[source] jiff::Error),
    #[error("schedule `{0}` comes to an end")]
    End(String),
}
