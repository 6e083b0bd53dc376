//! Looks at a subscription: whether it is held, who else reads it, and what follows in the log. What is new is read once for all
//! subscriptions of the replica.

use std::collections::HashMap;
use std::sync::Arc;
use std::time::Instant;

use super::followed::Followed;
use super::park::Fate;
use super::reader::{LogPosition, Range, Read};
use super::window::Window;
use super::{LogQueue, statements, window};
use crate::delivery::queue::QueueError;
use crate::delivery::row::{Row, duration};
use crate::delivery::store::{Commit, Store};

/// What a scan found besides events.
pub(super) struct Scan {
    pub(super) held: bool,
    pub(super) readers: i64,
    pub(super) due: bool,
}

/// What the store says of subscriptions.
#[derive(Default)]
pub(super) struct States {
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

impl<S: Store> LogQueue<S> {
    /// Looks at the subscription, and reads ahead.
    pub(super) async fn scan(&self, followed: &mut Followed) -> Result<Scan, QueueError> {
        let range = followed.reader.range();
        let is_recent = match &range {
            Some(range) => self.is_recent(range).await,
            None => true,
        };
        if is_recent && let Some(scan) = self.scan_window(followed, range.as_ref()).await? {
            return Ok(scan);
        }
        let (after, up_to, slots) = match &range {
            Some(range) => (range.after, range.up_to, range.slots.clone()),
            None => (0, 0, Vec::new()),
        };
        let name = followed.name.clone();
        let rows = self.rows.transact(Commit::Soon, None, "scan", &self.scan, &[&name, &after, &up_to, &slots]).await?;
        let asked_at = self.store.now();
        let first = rows.first().ok_or(QueueError::Answer { operation: "scan" })?;
        let scan = Scan { held: first.get("held")?, readers: first.get("readers")?, due: first.get("due")? };
        followed.due_at = duration(first, "next_due")?.map(|due| asked_at + due);
        let tip: i64 = first.get("tip")?;
        followed.reader.set_tip(tip);
        if let Some(range) = range
            && !scan.held
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
        Ok(scan)
    }

    /// Whether the range begins in the window, which begins with the range if that is further.
    async fn is_recent(&self, range: &Range) -> bool {
        let mut window = self.window.lock().await;
        if range.after > window.up_to() {
            *window = Window::at(range.after);
        }
        window.covers(range.after)
    }

    /// As [`Self::scan`], from what this replica has read already. `None`: a part of it is forgotten, or events of the subscription
    /// are rows, and others may have to wait behind them.
    async fn scan_window(&self, followed: &mut Followed, range: Option<&Range>) -> Result<Option<Scan>, QueueError> {
        let Some(State { held, readers, tip, types, .. }) =
            self.state(&followed.name).await?.filter(|state| !state.has_rows)
        else {
            return Ok(None);
        };
        let scan = Scan { held, readers, due: false };
        followed.due_at = None;
        followed.reader.set_tip(tip);
        let Some(range) = range.filter(|_| !scan.held) else {
            return Ok(Some(scan));
        };
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
        Ok(Some(scan))
    }

    /// As of some moment after the call. `None`: there is no such subscription.
    async fn state(&self, subscription: &str) -> Result<Option<State>, QueueError> {
        let asked_at = self.store.now();
        let mut states = self.states.lock().await;
        if states.as_of.is_none_or(|as_of| as_of < asked_at) {
            let as_of = self.store.now();
            let rows = self.rows.query("scan", statements::STATES, &[]).await?;
            let of = rows.iter().map(state_of).collect::<Result<_, QueueError>>()?;
            *states = States { as_of: Some(as_of), of };
        }
        Ok(states.of.get(subscription).cloned())
    }

    /// Reads up to the end of the log, unless that is too much to be of use for all.
    async fn read_on(&self, window: &mut Window, tip: i64) -> Result<(), QueueError> {
        if usize::try_from(tip - window.up_to()).is_ok_and(|events| events <= window::EVENTS_MAX) {
            let rows = self.rows.transact(Commit::Soon, None, "follow", &self.follow, &[&window.up_to(), &tip]).await?;
            let read = rows.iter().filter_map(|row| read_of(row).transpose()).collect::<Result<Vec<_>, _>>()?;
            window.extend(read.into_iter(), tip);
        } else {
            *window = Window::at(tip);
        }
        Ok(())
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

/// `None`: the scan found no event.
fn read_of(row: &impl Row) -> Result<Option<Read>, QueueError> {
    let Some(ordinal) = row.get::<Option<i64>>("ordinal")? else { return Ok(None) };
    let place = LogPosition { ordinal, position: row.get("position")?, slot: row.get("slot")? };
    Ok(Some(Read { place, event: Arc::new(row.event()?) }))
}
