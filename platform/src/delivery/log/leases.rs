//! The log as a queue: what is leased, settled and counted.

use std::collections::HashMap;
use std::time::Duration;

use async_trait::async_trait;
use uuid::Uuid;

use super::followed::NOTE_EVERY;
use super::park::Fate;
use super::{LogQueue, statements};
use crate::delivery::queue::{
    DeadLetter, DeadLetterFilter, DeadLetterId, DeadLetters, Depth, HoldRequest, Leased, Outcome, Queue, QueueError,
    Receipt, Settlement,
};
use crate::delivery::rows::depth_of;
use crate::delivery::store::{Params, Store};

#[async_trait]
impl<S: Store> Queue for LogQueue<S> {
    async fn lease(
        &self,
        subscription: &str,
        owner: Uuid,
        max: u32,
        lease_for: Duration,
        suspect: bool,
    ) -> Result<Vec<Leased>, QueueError> {
        let followed = self.followed(subscription);
        let followed = &mut *followed.lock().await;
        if self.store.now() >= followed.renew_at || !followed.reader.has_slots() {
            self.take_slots(followed).await?;
        }
        self.expire(followed).await?;
        let max = usize::try_from(max).unwrap_or(usize::MAX);
        let mut scan = self.scan(followed).await?;
        while !scan.held
            && followed.reader.is_behind()
            && followed.reader.choose(max).len() < max
            && followed.reader.range().is_some()
        {
            scan = self.scan(followed).await?;
        }
        if scan.readers != followed.readers {
            followed.readers = scan.readers;
            self.take_slots(followed).await?;
        }
        self.share(followed).await?;
        let mut leased = Vec::new();
        if scan.due {
            let most = u32::try_from(max).unwrap_or(u32::MAX);
            leased = self.rows.lease(subscription, owner, most, lease_for, suspect).await?;
        }
        let chosen = if scan.held { Vec::new() } else { followed.reader.choose(max - leased.len().min(max)) };
        if chosen.is_empty() {
            if followed.must_note(scan.held, self.store.now()) {
                self.note(followed, &[]).await?;
            }
            return Ok(leased);
        }
        let positions = followed.reader.positions(&chosen);
        if self.note(followed, &positions).await? {
            let until = self.store.now() + lease_for;
            leased.extend(followed.reader.hand_out(&chosen, until, || self.store.random()));
        }
        Ok(leased)
    }

    async fn settle(&self, subscription: &str, settlements: &[Settlement]) -> Result<Vec<Receipt>, QueueError> {
        let followed = self.followed(subscription);
        let followed = &mut *followed.lock().await;
        let (mut held, mut rows) = (Vec::with_capacity(settlements.len()), Vec::new());
        for settlement in settlements {
            let Settlement { receipt, outcome } = settlement;
            if !followed.reader.holds(receipt) {
                rows.push(settlement.clone());
                continue;
            }
            let kept = match outcome {
                Outcome::Ack => followed.reader.acknowledge(receipt),
                Outcome::Retry { error, delay, counted } => {
                    let (attempts, delay) = (i32::from(*counted), delay.as_secs_f64());
                    let fate = Fate { attempts, delay, error: Some(error.clone()), ..Fate::behind() };
                    self.leave(followed, receipt.token, fate).await?
                }
                Outcome::Dead { error } => {
                    let fate = Fate { attempts: 1, error: Some(error.clone()), dead: true, ..Fate::behind() };
                    self.leave(followed, receipt.token, fate).await?
                }
            };
            if kept {
                held.push(receipt.clone());
            }
        }
        if !rows.is_empty() {
            held.append(&mut self.rows.settle(subscription, &rows).await?);
        }
        Ok(held)
    }

    async fn extend(
        &self,
        subscription: &str,
        receipts: &[Receipt],
        lease_for: Duration,
    ) -> Result<Vec<Receipt>, QueueError> {
        let followed = self.followed(subscription);
        let followed = &mut *followed.lock().await;
        if self.store.now() >= followed.renew_at && followed.reader.has_slots() {
            self.take_slots(followed).await?;
        }
        let until = self.store.now() + lease_for;
        let (mut held, rows): (Vec<_>, Vec<_>) =
            receipts.iter().cloned().partition(|receipt| followed.reader.extend(receipt, until));
        if !rows.is_empty() {
            held.append(&mut self.rows.extend(subscription, &rows, lease_for).await?);
        }
        Ok(held)
    }

    async fn next_due(&self, subscription: &str) -> Result<Option<Duration>, QueueError> {
        let followed = self.followed(subscription);
        let due_at = followed.lock().await.due_at;
        Ok(due_at.map(|at| at.saturating_duration_since(self.store.now())))
    }

    async fn note_due(&self, subscription: &str) -> Option<Duration> {
        let followed = self.followed(subscription);
        let followed = followed.lock().await;
        let at = followed.is_dirty().then(|| followed.noted_at + NOTE_EVERY);
        at.map(|at| at.saturating_duration_since(self.store.now()))
    }

    async fn hold(&self, subscription: &str, holder: Uuid, request: HoldRequest) -> Result<bool, QueueError> {
        self.rows.hold(subscription, holder, request).await
    }

    async fn depth(&self) -> Result<Vec<Depth>, QueueError> {
        let (mut names, mut slots, mut read_to) = (Vec::new(), Vec::new(), Vec::new());
        let mut own = HashMap::new();
        for followed in self.all_followed() {
            let followed = followed.lock().await;
            for (slot, ordinal) in followed.reader.read_to() {
                names.push(followed.name.clone());
                slots.push(slot);
                read_to.push(ordinal);
            }
            own.insert(followed.name.clone(), (followed.reader.open(), followed.reader.leased(self.store.now())));
        }
        let params: Params<'_> = &[&names, &slots, &read_to, &self.owner];
        let rows = self.rows.rows("depth", statements::DEPTH, params).await?;
        let mut depths: Vec<Depth> = rows.iter().map(depth_of).collect::<Result<_, _>>()?;
        for depth in &mut depths {
            let (open, leased) = own.get(&depth.subscription).copied().unwrap_or_default();
            depth.ready += open;
            depth.leased += leased;
        }
        Ok(depths)
    }
}

#[async_trait]
impl<S: Store> DeadLetters for LogQueue<S> {
    async fn list(&self, filter: &DeadLetterFilter) -> Result<Vec<DeadLetter>, QueueError> {
        self.rows.list(filter).await
    }

    async fn show(&self, id: &DeadLetterId) -> Result<Option<DeadLetter>, QueueError> {
        self.rows.show(id).await
    }

    async fn redrive(&self, id: &DeadLetterId) -> Result<bool, QueueError> {
        self.rows.redrive(id).await
    }

    async fn discard(&self, id: &DeadLetterId) -> Result<bool, QueueError> {
        self.rows.discard(id).await
    }
}
