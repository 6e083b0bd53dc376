//! The platform's own schedule that the log of events needs wherever it is delivered from. All replicas share its row, so it runs
//! once for all of them.

use super::{Cron, CronError, Schedule};
use crate::delivery::queue::QueueError;
use crate::delivery::{Row, Store};

/// Partitions of the event archive are made three months ahead, so that a day without this loses nothing.
pub const ARCHIVE_PARTITIONS: &str = "archive-partitions";
/// Who cannot make partitions for so many months has been down for a quarter of a year.
pub const MONTHS_AHEAD: i32 = 3;

const DAILY: &str = "17 3 * * *";

/// # Errors
/// None; the expression is tested.
pub fn archive_partitions() -> Result<Schedule, CronError> {
    Ok(Schedule::new(ARCHIVE_PARTITIONS, DAILY.parse::<Cron>()?))
}

/// Makes the partitions of this month and of [`MONTHS_AHEAD`] more, and moves what had to do without. Answers how many it made.
///
/// # Errors
/// The store's.
pub async fn make_archive_partitions(store: &impl Store) -> Result<u32, QueueError> {
    const MAKE: &str = "SELECT delivery.make_archive_partitions($1) AS made";
    let operation = "make partitions";
    let rows = store.query(operation, MAKE, &[&MONTHS_AHEAD]).await?;
    let made: i32 = rows.first().ok_or(QueueError::Answer { operation })?.get("made")?;
    Ok(made.unsigned_abs())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_schedule_is_one() {
        assert_eq!(archive_partitions().unwrap().cron.as_str(), DAILY);
    }
}
