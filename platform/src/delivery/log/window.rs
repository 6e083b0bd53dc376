//! The latest events of the log, read once for all subscriptions of this replica. What is further back, a subscription reads by
//! itself.

use std::collections::BTreeMap;
use std::sync::Arc;

use super::reader::{LogPosition, Range, Read};
use super::statements::PAGE;
use crate::event::Event;

/// A burst that all subscriptions work on, and some megabytes at most.
pub(super) const EVENTS_MAX: usize = 1_024;
const BYTES_MAX: usize = 8 << 20;

/// All events after one ordinal and up to another.
#[derive(Debug, Default)]
pub(super) struct Window {
    after: i64,
    up_to: i64,
    events: BTreeMap<i64, (LogPosition, Arc<Event>)>,
    bytes: usize,
}

// === impl Window ===

impl Window {
    /// Nothing, after the end of the log.
    pub(super) fn at(tip: i64) -> Self {
        Self { after: tip, up_to: tip, ..Self::default() }
    }

    pub(super) fn up_to(&self) -> i64 {
        self.up_to
    }

    /// Whether everything after an ordinal is there, as far as the log has been read.
    pub(super) fn covers(&self, after: i64) -> bool {
        self.after <= after && after <= self.up_to
    }

    /// Adds what follows, up to `up_to`, and forgets the oldest.
    pub(super) fn extend(&mut self, events: impl Iterator<Item = Read>, up_to: i64) {
        for Read { place, event } in events {
            self.bytes += event.payload_len();
            self.events.insert(place.ordinal, (place, event));
        }
        self.up_to = up_to;
        while self.events.len() > EVENTS_MAX || self.bytes > BYTES_MAX {
            let Some((ordinal, (_, event))) = self.events.pop_first() else { break };
            self.bytes -= event.payload_len();
            self.after = ordinal;
        }
    }

    /// A page of the range that has these types, and up to where that reads.
    pub(super) fn read(&self, range: &Range, types: &[String]) -> (Vec<Read>, i64) {
        let mut read = Vec::new();
        let up_to = range.up_to.min(self.up_to);
        for (ordinal, (place, event)) in self.events.range(range.after + 1..) {
            if *ordinal > up_to {
                break;
            }
            if read.len() == PAGE {
                return (read, ordinal - 1);
            }
            if range.slots.contains(&place.slot) && types.contains(&event.event_type) {
                read.push(Read { place: *place, event: event.clone() });
            }
        }
        (read, up_to)
    }
}

#[cfg(test)]
mod tests {
    use jiff::Timestamp;
    use uuid::Uuid;

    use super::*;
    use crate::event::Metadata;

    fn read(ordinal: i64, event_type: &str, bytes: usize) -> Read {
        let text = serde_json::Value::String("x".repeat(bytes));
        let event = Event {
            event_id: Uuid::nil(),
            event_type: event_type.to_owned(),
            version: "1.0".to_owned(),
            timestamp: Timestamp::UNIX_EPOCH,
            source: "test".to_owned(),
            correlation_id: String::new(),
            traceparent: None,
            sequence: 1,
            partition_key: ordinal.to_string(),
            metadata: Metadata::default(),
            payload: serde_json::Map::from_iter([("text".to_owned(), text)]),
        };
        let slot = i16::try_from(ordinal % 8).unwrap();
        Read { place: LogPosition { ordinal, position: ordinal * 10, slot }, event: Arc::new(event) }
    }

    fn window(after: i64, up_to: i64) -> Window {
        let mut window = Window::at(after);
        window.extend((after + 1..=up_to).map(|n| read(n, if n % 2 == 0 { "A" } else { "B" }, 1)), up_to);
        window
    }

    fn ordinals(window: &Window, range: Range, types: &[&str]) -> (Vec<i64>, i64) {
        let types: Vec<_> = types.iter().map(|name| (*name).to_owned()).collect();
        let (read, up_to) = window.read(&range, &types);
        (read.iter().map(|read| read.place.ordinal).collect(), up_to)
    }

    #[test]
    fn a_subscription_gets_its_slots_and_types_after_its_place() {
        let window = window(100, 120);
        let range = || Range { slots: vec![0, 1, 2], after: 104, up_to: i64::MAX };
        assert_eq!(ordinals(&window, range(), &["A"]), (vec![106, 112, 114, 120], 120));
        assert_eq!(ordinals(&window, range(), &["A", "B"]), (vec![105, 106, 112, 113, 114, 120], 120));
        assert_eq!(ordinals(&window, Range { up_to: 112, ..range() }, &["A"]), (vec![106, 112], 112));
        assert_eq!(ordinals(&window, range(), &["C"]), (vec![], 120));
    }

    #[test]
    fn a_page_ends_before_the_event_that_no_longer_fits() {
        let window = window(0, 1_000);
        let (read, up_to) = ordinals(&window, Range { slots: (0..8).collect(), after: 10, up_to: i64::MAX }, &["A"]);
        assert_eq!((read.len(), read.last().copied()), (PAGE, Some(10 + 2 * PAGE as i64)));
        assert_eq!(up_to, 10 + 2 * PAGE as i64);
    }

    #[test]
    fn what_is_forgotten_is_no_longer_covered() {
        let mut window = window(0, 1_000);
        assert!(window.covers(0) && window.covers(1_000) && !window.covers(1_001));
        window.extend((1_001..=1_100).map(|n| read(n, "A", 1)), 1_100);
        assert!(!window.covers(75) && window.covers(76));
        window.extend((1_101..=1_103).map(|n| read(n, "A", BYTES_MAX / 2)), 1_103);
        assert!(!window.covers(1_101) && window.covers(1_102), "{window:?}");
        assert_eq!(window.up_to(), 1_103);
    }
}
