//! Whether the parts of delivery reach their store. Each part says how its last call went; a line is
//! logged only when that changes, however often it polls.

use std::collections::BTreeMap;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use backon::{BackoffBuilder, ExponentialBackoff, ExponentialBuilder};

use crate::error::chain;

/// First pause after a failed call.
const PAUSE_MIN: Duration = Duration::from_millis(100);
/// Longest pause: a store that is back is noticed within this.
const PAUSE_MAX: Duration = Duration::from_secs(2);
/// The pauses between failed calls double.
const PAUSES: ExponentialBuilder =
    ExponentialBuilder::new().with_min_delay(PAUSE_MIN).with_max_delay(PAUSE_MAX).without_max_times();

/// How delivery is doing, part by part (`relay`, `doorbell`, `dispatch:NAME`).
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Health {
    /// The parts that cannot reach their store, with the error of the first failed call.
    pub failing: BTreeMap<String, String>,
}

/// Where the parts write, shared by all of them.
#[derive(Debug, Clone, Default)]
pub(super) struct Board(Arc<Mutex<Health>>);

/// One part's line on the board, and its pause between failed calls.
#[derive(Debug)]
pub(super) struct Part {
    name: String,
    board: Board,
    /// While its calls fail.
    pauses: Option<ExponentialBackoff>,
}

// === impl Health ===

impl Health {
    /// Whether every part reaches its store.
    #[must_use]
    pub fn is_healthy(&self) -> bool {
        self.failing.is_empty()
    }
}

// === impl Board ===

impl Board {
    pub(super) fn part(&self, name: impl Into<String>) -> Part {
        Part { name: name.into(), board: self.clone(), pauses: None }
    }

    pub(super) fn read(&self) -> Health {
        self.0.lock().unwrap_or_else(PoisonError::into_inner).clone()
    }
}

// === impl Part ===

impl Part {
    pub(super) fn succeeded(&mut self) {
        if self.pauses.take().is_some() {
            self.board.0.lock().unwrap_or_else(PoisonError::into_inner).failing.remove(&self.name);
            tracing::info!(part = self.name, "event delivery goes on");
        }
    }

    /// Notes the failure and answers how long to wait before the next call.
    pub(super) fn failed(&mut self, error: &(dyn std::error::Error + 'static)) -> Duration {
        if self.pauses.is_none() {
            let text = chain(error);
            tracing::warn!(part = self.name, error = text, "event delivery is interrupted; retrying until it works");
            self.board.0.lock().unwrap_or_else(PoisonError::into_inner).failing.insert(self.name.clone(), text);
        }
        self.pauses.get_or_insert_with(|| PAUSES.build()).next().unwrap_or(PAUSE_MAX)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_part_is_on_the_board_while_it_fails_and_its_pauses_grow_to_a_bound() {
        let board = Board::default();
        let mut part = board.part("relay");
        let error = std::io::Error::other("gone");
        let pauses: Vec<_> = (0..8).map(|_| part.failed(&error).as_millis()).collect();
        assert_eq!(pauses, [100, 200, 400, 800, 1_600, 2_000, 2_000, 2_000]);
        assert_eq!(board.read().failing.get("relay").map(String::as_str), Some("gone"));
        part.succeeded();
        assert!(board.read().is_healthy());
        assert_eq!(part.failed(&error), PAUSE_MIN);
    }
}
