//! What is to be done about a schedule that is due. Pure.

use std::time::Duration;

use jiff::Timestamp;

use super::error::ScheduleError;
use super::{Missed, RUNS_MAX, Schedule};

/// Later than so is missed: replicas look every few seconds, and a restart takes less.
const LATE_AFTER: Duration = Duration::from_secs(60);

/// A schedule that is due, or whose replica is taken for dead.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Due {
    pub(super) next_run: Timestamp,
    /// The occurrence over which a replica died, and how often it was begun.
    pub(super) dead: Option<(Timestamp, u32)>,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Step {
    /// To run the occurrence, or to note it as skipped. The next one is at `next`.
    Take { at: Timestamp, next: Timestamp, late: bool, skipped: bool },
    /// To run the occurrence over which a replica died once more.
    Again { at: Timestamp, attempt: u32 },
    /// It was begun often enough, or a newer one is due. Then to look again.
    GiveUp { at: Timestamp },
}

// === impl Step ===

impl Step {
    pub(super) fn of(schedule: &Schedule, due: Due, now: Timestamp) -> Result<Self, ScheduleError> {
        if let Some((at, begun)) = due.dead {
            let again = due.next_run > now && begun < RUNS_MAX;
            return Ok(if again { Self::Again { at, attempt: begun + 1 } } else { Self::GiveUp { at } });
        }
        // The latest occurrence that is due stands for all that were missed before it.
        let at = schedule.cron.last_until(now).filter(|last| *last > due.next_run).unwrap_or(due.next_run);
        let next = next_after(schedule, now.max(at))?;
        let late = at > due.next_run || at.duration_until(now).unsigned_abs() > LATE_AFTER;
        Ok(Self::Take { at, next, late, skipped: late && schedule.missed == Missed::Skip })
    }
}

pub(super) fn next_after(schedule: &Schedule, at: Timestamp) -> Result<Timestamp, ScheduleError> {
    schedule.cron.next_after(at).ok_or_else(|| ScheduleError::End(schedule.name.clone()))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn at(text: &str) -> Timestamp {
        format!("2026-11-{text}Z").parse().unwrap()
    }

    fn nightly(missed: Missed) -> Schedule {
        Schedule { missed, ..Schedule::new("nightly", "0 3 * * *".parse().unwrap()) }
    }

    fn step(missed: Missed, next_run: &str, dead: Option<(&str, u32)>, now: &str) -> Step {
        let due = Due { next_run: at(next_run), dead: dead.map(|(text, begun)| (at(text), begun)) };
        Step::of(&nightly(missed), due, at(now)).unwrap()
    }

    #[test]
    fn what_is_due_is_taken_and_the_next_is_after_it() {
        let taken = Step::Take { at: at("24T03:00:00"), next: at("25T03:00:00"), late: false, skipped: false };
        assert_eq!(step(Missed::Skip, "24T03:00:00", None, "24T03:00:30"), taken);
    }

    #[test]
    fn the_latest_of_those_that_were_missed_stands_for_all() {
        let late = |skipped| Step::Take { at: at("26T03:00:00"), next: at("27T03:00:00"), late: true, skipped };
        assert_eq!(step(Missed::RunOnce, "24T03:00:00", None, "26T03:00:10"), late(false));
        assert_eq!(step(Missed::Skip, "24T03:00:00", None, "26T03:00:10"), late(true));
        let one = Step::Take { at: at("24T03:00:00"), next: at("25T03:00:00"), late: true, skipped: false };
        assert_eq!(step(Missed::RunOnce, "24T03:00:00", None, "24T04:00:00"), one);
    }

    #[test]
    fn an_occurrence_is_begun_again_until_it_was_begun_often_enough_or_the_next_is_due() {
        let dead = |begun, now| step(Missed::RunOnce, "25T03:00:00", Some(("24T03:00:00", begun)), now);
        assert_eq!(dead(1, "24T05:00:00"), Step::Again { at: at("24T03:00:00"), attempt: 2 });
        assert_eq!(dead(RUNS_MAX, "24T05:00:00"), Step::GiveUp { at: at("24T03:00:00") });
        assert_eq!(dead(1, "25T03:00:00"), Step::GiveUp { at: at("24T03:00:00") });
    }
}
