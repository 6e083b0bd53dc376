//! What a replica has of a subscription's log: the slots that it owns, the events read ahead, and those with a handler. No
//! store and no clock is involved.

use std::collections::{BTreeMap, BTreeSet, HashMap, HashSet};
use std::sync::Arc;
use std::time::Instant;

use uuid::Uuid;

use crate::delivery::queue::{Leased, Receipt};
use crate::event::Event;

/// Events are read ahead until this many can be handed out,
const READY_MAX: usize = 256;
/// or so many are held in all, where a key with many events has one with a slow handler.
const BUFFERED_MAX: usize = 8_192;

/// An event that was read from the log.
#[derive(Debug)]
pub(super) struct Read {
    pub(super) place: LogPosition,
    pub(super) event: Arc<Event>,
}

/// Where an event is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct LogPosition {
    pub(super) ordinal: i64,
    /// In the archive.
    pub(super) position: i64,
    pub(super) slot: i16,
}

/// An event that is with a handler.
struct Handed {
    place: LogPosition,
    key: String,
    until: Instant,
}

#[derive(Debug, Default)]
struct Slot {
    /// Written down: up to here everything is done.
    persisted: i64,
    /// Everything up to here has been read.
    read_to: i64,
    /// Ordinals that were read and are not done.
    open: BTreeSet<i64>,
    /// The last that is done; others before it may not be.
    furthest: i64,
    /// To be given to another replica: nothing of it is handed out.
    closing: bool,
}

/// Slots that are equally far, and up to where they may be read together.
pub(super) struct Range {
    pub(super) slots: Vec<i16>,
    pub(super) after: i64,
    pub(super) up_to: i64,
}

/// See the module.
#[derive(Default)]
pub(super) struct Reader {
    slots: BTreeMap<i16, Slot>,
    buffered: BTreeMap<i64, Read>,
    handed: HashMap<Uuid, Handed>,
    busy: HashSet<String>,
    /// Positions that became rows when their reader died; the log passes over them.
    moved: HashSet<i64>,
    /// The end of the log at the last scan.
    tip: i64,
}

// === impl Reader ===

impl Reader {
    pub(super) fn has_slots(&self) -> bool {
        !self.slots.is_empty()
    }

    pub(super) fn owns(&self, slot: i16) -> bool {
        self.slots.contains_key(&slot)
    }

    pub(super) fn is_moved(&self, position: i64) -> bool {
        self.moved.contains(&position)
    }

    /// Adds a slot that is done up to `ordinal`; `moved` are positions after it that are rows. What was known of the slot
    /// was lost with it.
    pub(super) fn take(&mut self, slot: i16, ordinal: i64, moved: &[i64]) {
        self.lose(|number| number == slot);
        self.moved.extend(moved);
        self.slots.insert(slot, Slot { persisted: ordinal, read_to: ordinal, ..Slot::default() });
    }

    /// Keeps only the slots that are still owned. What is lost is with another replica.
    pub(super) fn retain(&mut self, owned: &[i16]) {
        self.lose(|number| !owned.contains(&number));
    }

    fn lose(&mut self, is_lost: impl Fn(i16) -> bool) {
        if !self.slots.keys().any(|number| is_lost(*number)) {
            return;
        }
        self.slots.retain(|number, _| !is_lost(*number));
        self.buffered.retain(|_, read| !is_lost(read.place.slot));
        let busy = &mut self.busy;
        self.handed.retain(|_, handed| {
            let lost = is_lost(handed.place.slot);
            if lost {
                busy.remove(&handed.key);
            }
            !lost
        });
    }

    /// Marks slots beyond `share` as closing. Answers those of the closing ones with nothing in flight.
    pub(super) fn close_beyond(&mut self, share: usize) -> Vec<i16> {
        for (number, slot) in self.slots.values_mut().enumerate() {
            slot.closing = number >= share;
        }
        let in_flight: HashSet<i16> = self.handed.values().map(|handed| handed.place.slot).collect();
        let closing = self.slots.iter().filter(|(number, slot)| slot.closing && !in_flight.contains(number));
        closing.map(|(number, _)| *number).collect()
    }

    /// What to read next; `None` when enough is read ahead, or no slot is owned.
    pub(super) fn range(&self) -> Option<Range> {
        let ready = || self.buffered.values().filter(|read| !self.busy.contains(&read.event.partition_key)).count();
        if self.buffered.len() >= BUFFERED_MAX || (self.buffered.len() >= READY_MAX && ready() >= READY_MAX) {
            return None;
        }
        let open = || self.slots.iter().filter(|(_, slot)| !slot.closing);
        let after = open().map(|(_, slot)| slot.read_to).min()?;
        let slots = open().filter(|(_, slot)| slot.read_to == after).map(|(number, _)| *number).collect();
        let up_to = open().map(|(_, slot)| slot.read_to).filter(|read_to| *read_to > after).min().unwrap_or(i64::MAX);
        Some(Range { slots, after, up_to })
    }

    /// Whether the log has something that was not read.
    pub(super) fn is_behind(&self) -> bool {
        self.slots.values().any(|slot| !slot.closing && slot.read_to < self.tip)
    }

    pub(super) fn set_tip(&mut self, tip: i64) {
        self.tip = tip;
    }

    /// Adds what was read of a range up to `read_to`, without the events that are rows.
    pub(super) fn advance(&mut self, range: &Range, read: Vec<Read>, read_to: i64) {
        for number in &range.slots {
            if let Some(slot) = self.slots.get_mut(number) {
                slot.read_to = slot.read_to.max(read_to);
            }
        }
        for read in read {
            if let Some(slot) = self.slots.get_mut(&read.place.slot)
                && !self.moved.contains(&read.place.position)
            {
                slot.open.insert(read.place.ordinal);
                self.buffered.insert(read.place.ordinal, read);
            }
        }
    }

    /// The next events of keys that have none with a handler, in order.
    pub(super) fn choose(&self, max: usize) -> Vec<i64> {
        let mut keys = HashSet::new();
        let mut chosen = Vec::new();
        for (ordinal, read) in &self.buffered {
            if chosen.len() >= max {
                break;
            }
            let key = read.event.partition_key.as_str();
            let closing = self.slots.get(&read.place.slot).is_none_or(|slot| slot.closing);
            if !closing && !self.busy.contains(key) && keys.insert(key) {
                chosen.push(*ordinal);
            }
        }
        chosen
    }

    pub(super) fn positions(&self, ordinals: &[i64]) -> Vec<i64> {
        ordinals.iter().filter_map(|ordinal| self.buffered.get(ordinal)).map(|read| read.place.position).collect()
    }

    /// Positions of what is with a handler, sorted.
    pub(super) fn in_flight(&self) -> Vec<i64> {
        let mut positions: Vec<i64> = self.handed.values().map(|handed| handed.place.position).collect();
        positions.sort_unstable();
        positions
    }

    /// Hands out events of [`Self::choose`], those whose slot is still owned. `token` names a lease.
    pub(super) fn hand_out(&mut self, chosen: &[i64], until: Instant, token: impl Fn() -> Uuid) -> Vec<Leased> {
        let mut leased = Vec::with_capacity(chosen.len());
        for ordinal in chosen {
            let Some(Read { place, event }) = self.buffered.remove(ordinal) else { continue };
            let (token, key) = (token(), event.partition_key.clone());
            self.busy.insert(key.clone());
            self.handed.insert(token, Handed { place, key: key.clone(), until });
            let receipt = Receipt { position: place.position, partition_key: key, token };
            leased.push(Leased { receipt, event, attempt: 1, lost: 0 });
        }
        leased
    }

    pub(super) fn holds(&self, receipt: &Receipt) -> bool {
        self.handed.contains_key(&receipt.token)
    }

    pub(super) fn extend(&mut self, receipt: &Receipt, until: Instant) -> bool {
        self.handed.get_mut(&receipt.token).map(|handed| handed.until = until).is_some()
    }

    /// Done: the log goes on behind it.
    pub(super) fn acknowledge(&mut self, receipt: &Receipt) -> bool {
        let Some(handed) = self.handed.remove(&receipt.token) else { return false };
        self.busy.remove(&handed.key);
        self.finish(handed.place);
        true
    }

    /// An event that is not done, and behind it what was read of its key: all of it is to become rows.
    pub(super) fn line_of(&self, token: Uuid) -> Vec<LogPosition> {
        let Some(handed) = self.handed.get(&token) else { return Vec::new() };
        let behind = self.buffered.values().filter(|read| read.event.partition_key == handed.key);
        std::iter::once(handed.place).chain(behind.map(|read| read.place)).collect()
    }

    /// Events of the slots before others that are done. They are to become rows when the slots are given up, so that what is
    /// done does not come again.
    pub(super) fn overtaken(&self, slots: &[i16]) -> Vec<LogPosition> {
        let places = self.buffered.values().map(|read| read.place).filter(|place| slots.contains(&place.slot));
        places.filter(|place| self.slots.get(&place.slot).is_some_and(|slot| place.ordinal < slot.furthest)).collect()
    }

    /// These are rows now.
    pub(super) fn passed_over(&mut self, places: &[LogPosition]) {
        for place in places {
            self.buffered.remove(&place.ordinal);
            self.finish(*place);
        }
    }

    /// A line of [`Self::line_of`] is rows now.
    pub(super) fn parked(&mut self, token: Uuid, line: &[LogPosition]) {
        if let Some(handed) = self.handed.remove(&token) {
            self.busy.remove(&handed.key);
        }
        self.passed_over(line);
    }

    /// Leases that ran out.
    pub(super) fn expired(&self, now: Instant) -> Vec<Uuid> {
        self.handed.iter().filter(|(_, handed)| handed.until <= now).map(|(token, _)| *token).collect()
    }

    pub(super) fn leased(&self, now: Instant) -> u64 {
        self.handed.values().filter(|handed| handed.until > now).count() as u64
    }

    /// Events that were read and are not done.
    pub(super) fn open(&self) -> u64 {
        self.slots.values().map(|slot| slot.open.len() as u64).sum()
    }

    /// Slots whose progress is not written down, and how far each is.
    pub(super) fn progress(&self) -> (Vec<i16>, Vec<i64>) {
        let behind = self.slots.iter().filter(|(_, slot)| slot.done() > slot.persisted);
        behind.map(|(number, slot)| (*number, slot.done())).unzip()
    }

    pub(super) fn written(&mut self, slots: &[i16], ordinals: &[i64]) {
        for (number, ordinal) in slots.iter().zip(ordinals) {
            if let Some(slot) = self.slots.get_mut(number) {
                slot.persisted = slot.persisted.max(*ordinal);
            }
        }
    }

    /// What the store has of a slot's progress.
    pub(super) fn stored(&mut self, slot: i16, ordinal: i64) {
        if let Some(slot) = self.slots.get_mut(&slot) {
            slot.persisted = ordinal;
        }
    }

    /// Up to where each slot was read.
    pub(super) fn read_to(&self) -> impl Iterator<Item = (i16, i64)> + '_ {
        self.slots.iter().map(|(number, slot)| (*number, slot.read_to))
    }

    fn finish(&mut self, place: LogPosition) {
        if let Some(slot) = self.slots.get_mut(&place.slot) {
            slot.open.remove(&place.ordinal);
            slot.furthest = slot.furthest.max(place.ordinal);
        }
    }
}

// === impl Slot ===

impl Slot {
    fn done(&self) -> i64 {
        self.open.first().map_or(self.read_to, |first| first - 1)
    }
}
