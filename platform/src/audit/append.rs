//! What is appended for some events: a record for each that has none, behind the trail's head.

use std::collections::HashMap;
use std::collections::hash_map::Entry;

use jiff::Timestamp;
use uuid::Uuid;

use super::{Head, Record};
use crate::event::Event;

/// What a transaction that holds the head's lock writes, and what it answers.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Appended {
    /// To be added, in order; none: all events have their records.
    pub records: Vec<Record>,
    /// Of each event's record, in the order of the events.
    pub heads: Vec<Head>,
    /// The trail's head behind all of it.
    pub last: Head,
}

impl Appended {
    /// `there`: the records that the events have already, by the events' ids. An event that is there keeps its own.
    ///
    /// # Errors
    /// An event cannot be written as JSON.
    pub fn behind<'a>(
        head: Head,
        mut there: HashMap<Uuid, Head>,
        events: impl IntoIterator<Item = &'a Event>,
        received_at: Timestamp,
    ) -> Result<Self, serde_json::Error> {
        let mut appended = Self { records: Vec::new(), heads: Vec::new(), last: head };
        for event in events {
            let head = match there.entry(event.event_id) {
                Entry::Occupied(own) => *own.get(),
                Entry::Vacant(new) => {
                    let record = Record::next(appended.last, event, received_at)?;
                    appended.last = record.head();
                    appended.records.push(record);
                    *new.insert(appended.last)
                }
            };
            appended.heads.push(head);
        }
        Ok(appended)
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;
    use crate::audit::Walk;

    fn event(number: u128) -> Event {
        serde_json::from_value(json!({
            "eventId": Uuid::from_u128(number), "eventType": "TagCreated", "version": "1.0", "timestamp": "2026-11-26T12:00:00Z",
            "source": "command-service", "correlationId": "c", "sequence": 1, "partitionKey": "tag:1", "metadata": {}, "payload": {}
        }))
        .unwrap()
    }

    fn append(head: Head, there: HashMap<Uuid, Head>, events: &[Event]) -> Appended {
        Appended::behind(head, there, events, Timestamp::UNIX_EPOCH).unwrap()
    }

    #[test]
    fn events_become_one_chain_behind_the_head() {
        let first = append(Head::default(), HashMap::new(), &[event(1), event(2)]);
        let second = append(first.last, HashMap::new(), &[event(3)]);
        let mut walk = Walk::default();
        first.records.iter().chain(&second.records).try_for_each(|record| walk.step(record)).unwrap();
        assert_eq!((walk.at(), walk.at().number), (second.last, 3));
    }

    #[test]
    fn an_event_has_one_record_however_often_it_comes() {
        let first = append(Head::default(), HashMap::new(), &[event(1)]);
        let there = HashMap::from([(event(1).event_id, first.last)]);
        let second = append(first.last, there.clone(), &[event(2), event(1), event(2)]);
        let new = second.records[0].head();
        assert_eq!((second.records.len(), second.heads), (1, vec![new, first.last, new]));
        assert_eq!(append(first.last, there, &[event(1)]).records, []);
    }
}
