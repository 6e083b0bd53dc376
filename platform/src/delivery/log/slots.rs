//! The slots of a subscription that are this replica's: taken, renewed, shared and given up.

use std::time::Duration;

use super::followed::Followed;
use super::park::Fate;
use super::{LogQueue, SLOTS, statements};
use crate::delivery::queue::QueueError;
use crate::delivery::row::Row;
use crate::delivery::store::{Params, Store};

/// How long a slot stays with a replica that no longer answers: after a kill, its events wait this long.
const OWNED_FOR: Duration = Duration::from_secs(4);
/// Slots are renewed by upkeep every second, and by whatever else looks at them after this long.
const RENEW_AFTER: Duration = Duration::from_secs(1);

impl<S: Store> LogQueue<S> {
    /// Renews the slots and takes free ones.
    pub(super) async fn take_slots(&self, followed: &mut Followed) -> Result<(), QueueError> {
        const TAKE: &str = "SELECT slot, ordinal, moved, is_new, readers FROM delivery.take_slots($1, $2, $3)";
        let asked_at = self.store.now();
        let params: Params<'_> = &[&followed.name, &self.owner, &OWNED_FOR.as_secs_f64()];
        let rows = self.rows.rows("take slots", TAKE, params).await?;
        let mut owned = Vec::with_capacity(rows.len());
        for row in &rows {
            let slot: i16 = row.get("slot")?;
            let moved: Option<Vec<i64>> = row.get("moved")?;
            followed.readers = i64::from(row.get::<i32>("readers")?);
            owned.push(slot);
            // One that was given up too late to be renewed, and that no other replica took, is read again.
            if row.get("is_new")? || !followed.reader.owns(slot) {
                followed.reader.take(slot, row.get("ordinal")?, moved.as_deref().unwrap_or_default());
            } else {
                // A crash of Postgres may have taken back the last notes.
                followed.reader.stored(slot, row.get("ordinal")?);
            }
        }
        followed.reader.retain(&owned);
        followed.renew_at = asked_at + RENEW_AFTER;
        Ok(())
    }

    /// Gives back slots beyond this replica's share, as soon as nothing of them is with a handler.
    pub(super) async fn share(&self, followed: &mut Followed) -> Result<(), QueueError> {
        let readers = usize::try_from(followed.readers.max(1)).unwrap_or(1);
        let free = followed.reader.close_beyond(SLOTS.div_ceil(readers));
        if free.is_empty() {
            return Ok(());
        }
        self.give_up(followed, &free).await?;
        let kept: Vec<i16> =
            followed.reader.read_to().map(|(slot, _)| slot).filter(|slot| !free.contains(slot)).collect();
        followed.reader.retain(&kept);
        Ok(())
    }

    /// Frees slots of which nothing is with a handler, with everything that is done written down.
    pub(super) async fn give_up(&self, followed: &mut Followed, slots: &[i16]) -> Result<(), QueueError> {
        let overtaken = followed.reader.overtaken(slots);
        if !overtaken.is_empty() {
            self.park(&followed.name, overtaken.iter().map(|place| (*place, Fate::behind()))).await?;
            followed.reader.passed_over(&overtaken);
        }
        self.note(followed, &[]).await?;
        let params: Params<'_> = &[&followed.name, &self.owner, &slots];
        self.rows.rows("release slots", statements::RELEASE, params).await.map(drop)
    }
}
