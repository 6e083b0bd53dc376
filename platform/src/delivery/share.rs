//! What one user may take of a subscription's places, so that a thousand slow deliveries of one leave places for another's. A few
//! of a user's events wait for the user's places in the replica; those beyond become rows that come again later, so that the
//! events behind them are read. No store, no clock and no task is involved.

use std::collections::HashMap;
use std::time::Duration;

use uuid::Uuid;

use super::outcome::in_line;
use super::queue::Outcome;
use crate::event::Event;

/// Events of a user that wait in a replica, for each place that the user has: a burst to a quick receiver finds the next one at hand.
const LINE_PER_PLACE: u32 = 8;
/// How long the first line's length of what is beyond waits; the second waits twice as long, and so on.
const PAUSE: Duration = Duration::from_millis(500);
/// Of a pause: what no longer has to wait is not long idle.
const PAUSE_MAX: Duration = Duration::from_secs(30);

/// See the module.
#[derive(Debug)]
pub(super) struct Shares {
    /// Places of one user; `None`: all.
    places: Option<u32>,
    /// What was put off of users of whom events wait.
    put_off: HashMap<Uuid, u32>,
}

/// What users have in hand: with handlers, or in line.
pub(super) type Counts = HashMap<Uuid, u32>;

// === impl Shares ===

impl Shares {
    pub(super) fn new(places: Option<u32>) -> Self {
        Self { places, put_off: HashMap::new() }
    }

    /// Whether users are counted at all.
    pub(super) fn are_kept(&self) -> bool {
        self.places.is_some()
    }

    /// Takes a place for the event if its user has one left. Events that concern no user need none.
    pub(super) fn take(&self, taken: &mut Counts, event: &Event) -> bool {
        let (Some(places), Some(user)) = (self.places, event.metadata.user_id) else { return true };
        let taken = taken.entry(user).or_default();
        let has_place = *taken < places;
        *taken += u32::from(has_place);
        has_place
    }

    /// What becomes of an event whose user's line is full; `None`: it joins the line. `waiting`: events in line.
    pub(super) fn beyond<'a>(&mut self, event: &Event, waiting: impl Iterator<Item = &'a Event>) -> Option<Outcome> {
        let (places, user) = (self.places?, event.metadata.user_id?);
        let line = places.saturating_mul(LINE_PER_PLACE).max(1);
        let waiting = waiting.filter(|other| other.metadata.user_id == Some(user)).count();
        if u32::try_from(waiting).unwrap_or(u32::MAX) < line {
            return None;
        }
        let put_off = self.put_off.entry(user).or_default();
        let pause = PAUSE.saturating_mul(1 + *put_off / line).min(PAUSE_MAX);
        *put_off = put_off.saturating_add(1);
        Some(in_line(pause))
    }

    /// Forgets what was put off of users whose line is empty: what comes next of them begins with short pauses.
    pub(super) fn forget<'a>(&mut self, waiting: impl Iterator<Item = &'a Event>) {
        if self.put_off.is_empty() {
            return;
        }
        let waiting: std::collections::HashSet<Uuid> = waiting.filter_map(|event| event.metadata.user_id).collect();
        self.put_off.retain(|user, _| waiting.contains(user));
    }
}

#[cfg(test)]
mod tests {
    use std::sync::Arc;

    use jiff::Timestamp;

    use super::*;
    use crate::delivery::queue::{Leased, Receipt};
    use crate::delivery::subscription::{Failure, Subscription};
    use crate::delivery::workload::{Call, Workload};
    use crate::event::Metadata;

    const LINE: u32 = 2 * LINE_PER_PLACE;

    fn sends() -> Workload<()> {
        let subscription = Subscription::new("sends", ["A"]);
        Workload::new(&Subscription { concurrency: 6, user_concurrency: Some(2), batch_events: 1, ..subscription })
    }

    fn lease(work: &mut Workload<()>, user: Option<u128>, number: i64) {
        let event = Event {
            event_id: Uuid::from_u128(number.unsigned_abs().into()),
            event_type: "A".to_owned(),
            version: "1.0".to_owned(),
            timestamp: Timestamp::UNIX_EPOCH,
            source: "test".to_owned(),
            correlation_id: String::new(),
            traceparent: None,
            sequence: 1,
            partition_key: number.to_string(),
            metadata: Metadata { user_id: user.map(Uuid::from_u128), tenant_id: None },
            payload: serde_json::Map::new(),
        };
        let receipt = Receipt { position: number, partition_key: number.to_string(), token: event.event_id };
        work.accept(Leased { receipt, event: Arc::new(event), attempt: 1, lost: 0 }, || None);
    }

    fn pauses(work: &mut Workload<()>) -> Vec<Duration> {
        let ended = work.take_ended().unwrap_or_default();
        ended
            .into_iter()
            .map(|(_, outcome)| match outcome {
                Outcome::Retry { delay, counted: false, .. } => delay,
                other => panic!("{other:?}"),
            })
            .collect()
    }

    #[test]
    fn what_one_user_has_beyond_the_share_takes_no_place_of_others() {
        let mut work = sends();
        (1..=10).for_each(|number| lease(&mut work, Some(1), number));
        assert_eq!(work.start(false).len(), 2);
        assert_eq!(work.free(false), 4, "eight wait and take no place");
        lease(&mut work, Some(2), 11);
        lease(&mut work, None, 12);
        lease(&mut work, None, 13);
        assert_eq!(work.start(false).len(), 3);
        // A place of the first user's goes to the next in line, and to no other.
        assert_eq!(work.finished(0, &Ok(())), None);
        assert_eq!(work.start(false).len(), 1);
        assert_eq!(work.start(false).len(), 0);
    }

    #[test]
    fn a_batch_takes_no_places_of_its_users_and_one_that_failed_leaves_room_for_others() {
        let subscription = Subscription::new("ai", ["A"]);
        let shared = Subscription { concurrency: 6, user_concurrency: Some(2), batch_events: 64, ..subscription };
        let mut work = Workload::new(&shared);
        assert!(work.start(true).is_empty());
        (1..=40).for_each(|number| lease(&mut work, Some(1), number));
        lease(&mut work, Some(2), 41);
        assert!(!work.has_ended(), "all of them join the batch");
        let started = work.start(true);
        assert!(matches!(&started[..], [one] if matches!(&one.call, Call::Batch(events) if events.len() == 41)));
        let failed = Err(Failure::Retry { reason: "one at a time".to_owned(), after: None });
        assert_eq!(work.finished(started[0].task, &failed), Some(41));
        // Of the first user a line is kept, and the rest comes again.
        assert_eq!(pauses(&mut work).len(), 40 - LINE as usize);
        assert_eq!(work.start(true).len(), 3, "two of the first user, one of the second");
        assert_eq!(work.free(true), 64, "there is room for others");
        lease(&mut work, Some(3), 42);
        assert_eq!(work.start(true).len(), 1);
    }

    #[test]
    fn a_user_whose_line_is_full_is_put_off_for_longer_and_longer_until_it_is_empty() {
        let mut work = sends();
        let line = i64::from(LINE);
        (1..=2).for_each(|number| lease(&mut work, Some(1), number));
        assert_eq!(work.start(false).len(), 2);
        (3..3 + line).for_each(|number| lease(&mut work, Some(1), number));
        assert!(!work.has_ended(), "the line");
        (100..100 + 2 * line).for_each(|number| lease(&mut work, Some(1), number));
        let (short, long) = (vec![PAUSE; LINE as usize], vec![PAUSE * 2; LINE as usize]);
        assert_eq!(pauses(&mut work), [short, long].concat());
        lease(&mut work, Some(2), 200);
        assert!(!work.has_ended() && work.free(false) == 3, "another's line is another one");
        // Everything in line is done.
        for task in 0.. {
            work.finished(task, &Ok(()));
            if work.start(false).is_empty() && !work.is_running() {
                break;
            }
        }
        work.take_ended();
        (300..303 + line).for_each(|number| lease(&mut work, Some(1), number));
        work.start(false);
        (400..402).for_each(|number| lease(&mut work, Some(1), number));
        assert_eq!(pauses(&mut work).last(), Some(&PAUSE));
    }
}
