//! Delivery from the log on Postgres. A subscription has a cursor in each of eight slots of the keys; a slot is delivered by
//! one replica, its owner, which renews that like a lease. An event in order is written nowhere: the owner reads ahead,
//! hands out, and moves the cursor when everything before it is done. Only an event that failed, was put off or
//! lost its handler becomes a row ([`super::rows`]), and later events of its key wait in rows behind it.
//!
//! ```text
//! sequenced ─ read ahead ─► handler ─ done ─► the cursor moves
//!                 │             └ failed, put off, dead ─► row ─► handler (of any replica)
//!                 └ a row of its key is there ─► row behind it
//! ```
//!
//! - What is with handlers is written in `delivery.reader` before they get it. When the owner dies, the next owner makes rows
//!   of it, as leases that ran out; what was done after the cursor comes again.
//! - Of a key, everything before a row is done or a row too. So an event that is read again, because its cursor was behind
//!   when its reader died, is passed over when a later one of its key is a row.
//! - New events are read once for all subscriptions of the replica (`window`). A subscription that is further back, or of which
//!   events are rows, reads by itself.
//! - Handing out is refused by the statement that would write it down while a subscription is held.
//! - Ordinals, and rows that the log goes on behind, are on disk before anything rests on them. Moves of cursors do not wait for
//!   the disk, as changes of rows do not: what a crash of Postgres takes back comes again.

mod join;
mod notes;
mod reader;
#[cfg(test)]
mod reader_test;
mod statements;
mod upkeep;
mod window;

pub use join::{BEGIN_AT_TIP, Waiting};
pub use upkeep::NAME;

use std::collections::HashMap;
use std::sync::atomic::AtomicBool;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::{Duration, Instant};

use async_trait::async_trait;
use uuid::Uuid;

use self::notes::{Note, Noted, Notes};
use self::reader::{Place, Range, Read, Reader};
use self::window::Window;
use super::queue::{
    DeadLetter, DeadLetterFilter, DeadLetterId, DeadLetters, Depth, HoldRequest, Leased, Outcome, Queue, QueueError,
    Receipt, Settlement,
};
use super::row::{Row, duration};
use super::rows::{RowQueue, depth_of};
use super::store::{Commit, Lock, Params, Store};

/// How long a slot stays with a replica that no longer answers: after a kill, its events wait this long.
const OWNED_FOR: Duration = Duration::from_secs(4);
/// Slots are renewed by upkeep every second, and by whatever else looks at them after this long.
const RENEW_AFTER: Duration = Duration::from_secs(1);
/// So much of what is done may come again after a crash.
const NOTE_EVERY: Duration = Duration::from_millis(50);
/// Slots of a subscription: as many replicas may share its log.
const SLOTS: usize = 8;

/// See the module.
pub struct LogQueue<S> {
    store: Arc<S>,
    rows: RowQueue<S>,
    /// This replica among the readers.
    owner: Uuid,
    followed: Mutex<HashMap<String, Arc<tokio::sync::Mutex<Followed>>>>,
    look: String,
    follow: String,
    notes: Notes,
    /// Whether there are other replicas; as of the last relay.
    has_others: AtomicBool,
    window: tokio::sync::Mutex<Window>,
    /// Of all subscriptions, read for whichever asked first: after a publication all of them ask at the same moment.
    states: tokio::sync::Mutex<States>,
}

/// A subscription as this replica follows it.
struct Followed {
    name: String,
    reader: Reader,
    /// When the slots are to be renewed.
    renew_at: Instant,
    readers: i64,
    noted_at: Instant,
    /// What `delivery.reader` says is with handlers.
    noted: Vec<i64>,
    /// When the next row is due; as of the last look.
    due_at: Option<Instant>,
}

struct Look {
    held: bool,
    readers: i64,
    due: bool,
}

/// What the store says of subscriptions.
#[derive(Default)]
struct States {
    /// Read after this. Looks that began later read it again.
    as_of: Option<Instant>,
    of: HashMap<String, State>,
}

#[derive(Clone)]
struct State {
    held: bool,
    readers: i64,
    tip: i64,
    types: Arc<[String]>,
    has_rows: bool,
}

/// How an event becomes a row.
#[derive(Clone)]
struct Fate {
    attempts: i32,
    lost: i32,
    delay: f64,
    error: Option<String>,
    dead: bool,
}

// === impl LogQueue ===

impl<S: Store> LogQueue<S> {
    #[must_use]
    pub fn new(store: S) -> Self {
        let store = Arc::new(store);
        Self {
            rows: RowQueue::new(store.clone()),
            owner: store.random(),
            store,
            followed: Mutex::default(),
            look: statements::look(),
            follow: statements::follow(),
            notes: Notes::default(),
            has_others: AtomicBool::new(true),
            window: tokio::sync::Mutex::default(),
            states: tokio::sync::Mutex::default(),
        }
    }

    /// Where its rows are.
    #[must_use]
    pub fn store(&self) -> &S {
        &self.store
    }

    /// This replica among the readers.
    #[must_use]
    pub fn owner(&self) -> Uuid {
        self.owner
    }

    fn followed(&self, subscription: &str) -> Arc<tokio::sync::Mutex<Followed>> {
        let mut followed = self.followed.lock().unwrap_or_else(PoisonError::into_inner);
        let new = || Arc::new(tokio::sync::Mutex::new(Followed::new(subscription, self.store.now())));
        followed.entry(subscription.to_owned()).or_insert_with(new).clone()
    }

    fn all_followed(&self) -> Vec<Arc<tokio::sync::Mutex<Followed>>> {
        self.followed.lock().unwrap_or_else(PoisonError::into_inner).values().cloned().collect()
    }

    /// Follows a subscription that has ended no longer.
    pub fn forget(&self, subscription: &str) {
        self.followed.lock().unwrap_or_else(PoisonError::into_inner).remove(subscription);
    }

    /// Renews the slots and takes free ones.
    async fn take_slots(&self, followed: &mut Followed) -> Result<(), QueueError> {
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
    async fn share(&self, followed: &mut Followed) -> Result<(), QueueError> {
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
    async fn give_up(&self, followed: &mut Followed, slots: &[i16]) -> Result<(), QueueError> {
        let overtaken = followed.reader.overtaken(slots);
        if !overtaken.is_empty() {
            self.park(&followed.name, overtaken.iter().map(|place| (*place, Fate::behind()))).await?;
            followed.reader.passed_over(&overtaken);
        }
        self.note(followed, &[]).await?;
        let params: Params<'_> = &[&followed.name, &self.owner, &slots];
        self.rows.rows("release slots", statements::RELEASE, params).await.map(drop)
    }

    /// Looks at the subscription, and reads ahead.
    async fn look(&self, followed: &mut Followed) -> Result<Look, QueueError> {
        let range = followed.reader.range();
        if let Some(range) = &range
            && self.is_recent(range).await
            && let Some(look) = self.look_in_window(followed, range).await?
        {
            return Ok(look);
        }
        let (after, up_to, slots) = match &range {
            Some(range) => (range.after, range.up_to, range.slots.clone()),
            None => (0, 0, Vec::new()),
        };
        let name = followed.name.clone();
        let rows = self.rows.query("look", &self.look, &[&name, &after, &up_to, &slots]).await?;
        let asked_at = self.store.now();
        let first = rows.first().ok_or(QueueError::Answer { operation: "look" })?;
        let look = Look { held: first.get("held")?, readers: first.get("readers")?, due: first.get("due")? };
        followed.due_at = duration(first, "next_due")?.map(|due| asked_at + due);
        let tip: i64 = first.get("tip")?;
        followed.reader.set_tip(tip);
        if let Some(range) = range
            && !look.held
        {
            let (mut read, mut behind, mut last) = (Vec::new(), Vec::new(), None);
            for row in &rows {
                let Some(found) = read_of(row)? else { continue };
                last = Some(found.place.ordinal);
                match row.get::<Option<i64>>("last_row")? {
                    None => read.push(found),
                    Some(position) if position <= found.place.position => behind.push(found),
                    // Done: events become rows after everything before them of their key.
                    Some(_) => {}
                }
            }
            let whole = rows.len() < statements::PAGE;
            let read_to = if whole { tip.min(range.up_to) } else { last.unwrap_or(range.after) };
            behind.retain(|found| !followed.reader.is_moved(found.place.position));
            if !behind.is_empty() {
                let parked = behind.iter().map(|found| (found.place, Fate::behind()));
                let owned = self.park(&followed.name, parked).await?;
                followed.reader.retain(&owned);
            }
            followed.reader.advance(&range, read, read_to);
        }
        Ok(look)
    }

    /// Whether the range begins in the window, which begins with the range if that is further.
    async fn is_recent(&self, range: &Range) -> bool {
        let mut window = self.window.lock().await;
        if range.after > window.up_to() {
            *window = Window::at(range.after);
        }
        window.covers(range.after)
    }

    /// As [`Self::look`], from what this replica has read already. `None`: a part of it is forgotten, or events of the subscription
    /// are rows, and others may have to wait behind them.
    async fn look_in_window(&self, followed: &mut Followed, range: &Range) -> Result<Option<Look>, QueueError> {
        let Some(State { held, readers, tip, types, .. }) =
            self.state(&followed.name).await?.filter(|state| !state.has_rows)
        else {
            return Ok(None);
        };
        let look = Look { held, readers, due: false };
        followed.due_at = None;
        followed.reader.set_tip(tip);
        if look.held {
            return Ok(Some(look));
        }
        let mut window = self.window.lock().await;
        if tip > window.up_to() {
            self.read_on(&mut window, tip).await?;
        }
        if !window.covers(range.after) {
            return Ok(None);
        }
        let (read, read_to) = window.read(range, &types);
        drop(window);
        followed.reader.advance(range, read, read_to);
        Ok(Some(look))
    }

    /// As of some moment after the call. `None`: there is no such subscription.
    async fn state(&self, subscription: &str) -> Result<Option<State>, QueueError> {
        let asked_at = self.store.now();
        let mut states = self.states.lock().await;
        if states.as_of.is_none_or(|as_of| as_of < asked_at) {
            let as_of = self.store.now();
            let rows = self.rows.query("look", statements::STATES, &[]).await?;
            let of = rows.iter().map(state_of).collect::<Result<_, QueueError>>()?;
            *states = States { as_of: Some(as_of), of };
        }
        Ok(states.of.get(subscription).cloned())
    }

    /// Reads up to the end of the log, unless that is too much to be of use for all.
    async fn read_on(&self, window: &mut Window, tip: i64) -> Result<(), QueueError> {
        if usize::try_from(tip - window.up_to()).is_ok_and(|events| events <= window::EVENTS_MAX) {
            let rows = self.rows.query("follow", &self.follow, &[&window.up_to(), &tip]).await?;
            let read = rows.iter().filter_map(|row| read_of(row).transpose()).collect::<Result<Vec<_>, _>>()?;
            window.extend(read.into_iter(), tip);
        } else {
            *window = Window::at(tip);
        }
        Ok(())
    }

    /// Makes rows. Answers the slots that are this replica's.
    async fn park(
        &self,
        subscription: &str,
        parked: impl Iterator<Item = (Place, Fate)>,
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

    /// Moves the cursors and writes down what is handed out. Answers whether that may be handed out.
    async fn note(&self, followed: &mut Followed, handed: &[i64]) -> Result<bool, QueueError> {
        let (slots, ordinals) = followed.reader.progress();
        let in_flight = followed.reader.in_flight();
        let note = Note {
            subscription: followed.name.clone(),
            slots: slots.clone(),
            ordinals: ordinals.clone(),
            in_flight: in_flight.clone(),
            handed: handed.to_vec(),
        };
        let Noted { held, owned } = self.notes.write(&*self.store, self.owner, note).await?;
        followed.reader.written(&slots, &ordinals);
        followed.reader.retain(&owned);
        followed.noted_at = self.store.now();
        followed.noted = in_flight;
        if !held {
            followed.noted.extend(handed);
        }
        Ok(!held)
    }

    /// Writes down what is not.
    async fn note_progress(&self, followed: &mut Followed) -> Result<(), QueueError> {
        if followed.is_dirty() { self.note(followed, &[]).await.map(drop) } else { Ok(()) }
    }

    /// Events whose handler gave no answer in time become rows, as leases that ran out.
    async fn expire(&self, followed: &mut Followed) -> Result<(), QueueError> {
        for token in followed.reader.expired(self.store.now()) {
            let first = Fate { lost: 1, ..Fate::behind() };
            self.leave(followed, token, first).await?;
        }
        Ok(())
    }

    /// An event and what was read of its key behind it become rows. `false`: its slot is lost.
    async fn leave(&self, followed: &mut Followed, token: Uuid, fate: Fate) -> Result<bool, QueueError> {
        let line = followed.reader.line_of(token);
        let Some(first) = line.first().copied() else { return Ok(false) };
        let fates = std::iter::once(fate).chain(std::iter::repeat(Fate::behind()));
        let owned = self.park(&followed.name, line.iter().copied().zip(fates)).await?;
        followed.reader.parked(token, &line);
        followed.reader.retain(&owned);
        Ok(owned.contains(&first.slot))
    }
}

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
        let mut look = self.look(followed).await?;
        while !look.held
            && followed.reader.is_behind()
            && followed.reader.choose(max).len() < max
            && followed.reader.range().is_some()
        {
            look = self.look(followed).await?;
        }
        if look.readers != followed.readers {
            followed.readers = look.readers;
            self.take_slots(followed).await?;
        }
        self.share(followed).await?;
        let mut leased = Vec::new();
        if look.due {
            let most = u32::try_from(max).unwrap_or(u32::MAX);
            leased = self.rows.lease(subscription, owner, most, lease_for, suspect).await?;
        }
        let chosen = if look.held { Vec::new() } else { followed.reader.choose(max - leased.len().min(max)) };
        if chosen.is_empty() {
            if followed.must_note(look.held, self.store.now()) {
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

// === impl Followed ===

impl Followed {
    fn new(name: &str, now: Instant) -> Self {
        Self {
            name: name.to_owned(),
            reader: Reader::default(),
            renew_at: now,
            readers: 0,
            noted_at: now,
            noted: Vec::new(),
            due_at: None,
        }
    }

    /// Whether what is written down is behind.
    fn is_dirty(&self) -> bool {
        !self.reader.progress().0.is_empty() || self.reader.in_flight() != self.noted
    }

    /// A holder waits for what is in flight; otherwise a note in a while is soon enough.
    fn must_note(&self, held: bool, now: Instant) -> bool {
        self.is_dirty() && (held || now >= self.noted_at + NOTE_EVERY)
    }
}

// === impl Fate ===

impl Fate {
    /// It waits behind another event of its key.
    fn behind() -> Self {
        Self { attempts: 0, lost: 0, delay: 0.0, error: None, dead: false }
    }
}

fn state_of(row: &impl Row) -> Result<(String, State), QueueError> {
    let types: Vec<String> = row.get("types")?;
    let state = State {
        held: row.get("held")?,
        readers: row.get("readers")?,
        tip: row.get("tip")?,
        types: types.into(),
        has_rows: row.get("has_rows")?,
    };
    Ok((row.get("name")?, state))
}

/// `None`: the look found no event.
fn read_of(row: &impl Row) -> Result<Option<Read>, QueueError> {
    let Some(ordinal) = row.get::<Option<i64>>("ordinal")? else { return Ok(None) };
    let place = Place { ordinal, position: row.get("position")?, slot: row.get("slot")? };
    Ok(Some(Read { place, event: Arc::new(row.event()?) }))
}
