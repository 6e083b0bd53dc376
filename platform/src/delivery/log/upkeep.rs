//! Sequencing, what is written down from time to time, and the end of a replica.

use std::sync::atomic::Ordering;

use uuid::Uuid;

use super::{Followed, LogQueue, statements};
use crate::delivery::queue::QueueError;
use crate::delivery::row::Row;
use crate::delivery::sequencer::{self, QUEUE_CHANNEL, Relayed, Sequenced};
use crate::delivery::store::Store;

/// As in the configuration and in `delivery.backend`.
pub const NAME: &str = "postgres";

impl<S: Store> LogQueue<S> {
    /// Gives up to `max` committed events their ordinals. Whenever it is cut off, what has none gets one by a later call.
    ///
    /// # Errors
    /// The store's, or the queues are on another back end.
    pub async fn relay(&self, max: u32) -> Result<Relayed, QueueError> {
        let max = i32::try_from(max).unwrap_or(i32::MAX);
        let rows = self.rows.query("relay", statements::RELAY, &[&max, &NAME, &self.owner]).await?;
        let row = rows.first().ok_or(QueueError::Answer { operation: "relay" })?;
        let Some(sequenced) = Sequenced::of(row, NAME)? else { return Ok(Relayed::Busy) };
        self.has_others.store(row.get("has_others")?, Ordering::Relaxed);
        Ok(Relayed::Events { count: sequenced.count, wanted_by: row.get("wanted_by")? })
    }

    /// Rings the dispatchers of the other replicas, after `replica` has routed.
    ///
    /// # Errors
    /// The store's.
    pub async fn announce(&self, replica: Uuid) -> Result<(), QueueError> {
        if !self.has_others.load(Ordering::Relaxed) {
            return Ok(());
        }
        let replica = replica.to_string();
        self.rows.rows("announce", "SELECT pg_notify($1, $2)", &[&QUEUE_CHANNEL, &replica]).await.map(drop)
    }

    /// Renews the slots, writes down what is done, and removes ordinals that all have passed.
    ///
    /// # Errors
    /// The store's.
    pub async fn upkeep(&self) -> Result<(), QueueError> {
        for followed in self.all_followed() {
            let followed = &mut *followed.lock().await;
            if followed.reader.has_slots() {
                self.take_slots(followed).await?;
            }
            self.note_progress(followed).await?;
        }
        let passed = "SELECT min(ordinal) AS passed FROM delivery.cursor";
        let rows = self.rows.query("upkeep", passed, &[]).await?;
        match rows.first().map(|row| row.get::<Option<i64>>("passed")).transpose()?.flatten() {
            Some(passed) => sequencer::trim(self.store(), passed).await,
            None => Ok(()),
        }
    }

    /// The last call of a replica: its slots are free for the others.
    ///
    /// # Errors
    /// The store's.
    pub async fn close(&self) -> Result<(), QueueError> {
        for followed in self.all_followed() {
            self.give_up_all(&mut *followed.lock().await).await?;
        }
        Ok(())
    }

    /// Has nothing more to do for a subscription now, of which nothing is with a handler: its slots are free for the others.
    ///
    /// # Errors
    /// The store's.
    pub async fn pause(&self, subscription: &str) -> Result<(), QueueError> {
        let followed = self.followed(subscription);
        self.give_up_all(&mut *followed.lock().await).await?;
        self.forget(subscription);
        Ok(())
    }

    async fn give_up_all(&self, followed: &mut Followed) -> Result<(), QueueError> {
        let slots: Vec<i16> = followed.reader.read_to().map(|(slot, _)| slot).collect();
        self.give_up(followed, &slots).await?;
        followed.reader.retain(&[]);
        self.rows.rows("leave", statements::LEAVE, &[&followed.name, &self.owner]).await.map(drop)
    }
}
