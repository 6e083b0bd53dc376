//! Events that leave the order of the log: they become rows, and what was read of their keys behind them.

use uuid::Uuid;

use super::followed::Followed;
use super::reader::LogPosition;
use super::{LogQueue, statements};
use crate::delivery::queue::QueueError;
use crate::delivery::row::Row;
use crate::delivery::store::{Commit, Lock, Params, Store};

/// How an event becomes a row.
#[derive(Clone)]
pub(super) struct Fate {
    pub(super) attempts: i32,
    pub(super) lost: i32,
    pub(super) delay: f64,
    pub(super) error: Option<String>,
    pub(super) dead: bool,
}

impl<S: Store> LogQueue<S> {
    /// Makes rows. Answers the slots that are this replica's.
    pub(super) async fn park(
        &self,
        subscription: &str,
        parked: impl Iterator<Item = (LogPosition, Fate)>,
    ) -> Result<Vec<i16>, QueueError> {
        let (mut positions, mut slots, mut attempts, mut delays, mut errors, mut dead, mut lost) =
            (Vec::new(), Vec::new(), Vec::new(), Vec::new(), Vec::new(), Vec::new(), Vec::new());
        for (place, fate) in parked {
            positions.push(place.position);
            slots.push(place.slot);
            attempts.push(fate.attempts);
            delays.push(fate.delay);
            errors.push(fate.error);
            dead.push(fate.dead);
            lost.push(fate.lost);
        }
        let params: Params<'_> =
            &[&subscription, &self.owner, &positions, &slots, &attempts, &delays, &errors, &dead, &lost];
        // On disk before the log goes on behind it.
        let rows = self.rows.transact(Commit::OnDisk, Some(Lock::Order), "park", statements::PARK, params).await?;
        let row = rows.first().ok_or(QueueError::Answer { operation: "park" })?;
        row.get("slots")
    }

    /// Events whose handler gave no answer in time become rows, as leases that ran out.
    pub(super) async fn expire(&self, followed: &mut Followed) -> Result<(), QueueError> {
        for token in followed.reader.expired(self.store.now()) {
            let first = Fate { lost: 1, ..Fate::behind() };
            self.leave(followed, token, first).await?;
        }
        Ok(())
    }

    /// An event and what was read of its key behind it become rows. `false`: its slot is lost.
    pub(super) async fn leave(&self, followed: &mut Followed, token: Uuid, fate: Fate) -> Result<bool, QueueError> {
        let line = followed.reader.line_of(token);
        let Some(first) = line.first().copied() else { return Ok(false) };
        let fates = std::iter::once(fate).chain(std::iter::repeat(Fate::behind()));
        let owned = self.park(&followed.name, line.iter().copied().zip(fates)).await?;
        followed.reader.parked(token, &line);
        followed.reader.retain(&owned);
        Ok(owned.contains(&first.slot))
    }
}

// === impl Fate ===

impl Fate {
    /// It waits behind another event of its key.
    pub(super) fn behind() -> Self {
        Self { attempts: 0, lost: 0, delay: 0.0, error: None, dead: false }
    }
}
