//! Which event a transaction applies. The same transaction marks it as applied, so that an event takes effect once, however
//! often it is delivered.

use std::collections::HashSet;

use uuid::Uuid;

use super::{Error, Value};
use crate::event::Event;

/// Answers whether the event is still to be applied, and marks it. Takes [`Mark::params`].
pub const APPLY_ONCE: &str = "SELECT mindflow.apply_once($1, $2, $3, $4)";

/// The same for events of different partition keys; answers the keys of those that are still to be applied. Takes
/// [`batch_params`].
pub const APPLY_BATCH: &str = "SELECT mindflow.apply_batch($1, $2, $3, $4)";

/// Which event a subscription applies.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Mark {
    pub subscription: String,
    pub event_id: Uuid,
    pub partition_key: String,
    /// From 1, within the partition key.
    pub sequence: u64,
}

/// What became of marking one.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum MarkOutcome {
    /// Not applied yet. It is when this transaction commits.
    Fresh,
    /// Applied before, or a newer event of its key was.
    Already,
}

// === impl Mark ===

impl Mark {
    /// As a component says it.
    ///
    /// # Errors
    /// `InvalidParams`: the event's id is no UUID.
    pub fn new(subscription: String, event_id: &str, partition_key: String, sequence: u64) -> Result<Self, Error> {
        let event_id =
            event_id.parse().map_err(|_| Error::InvalidParams(format!("the event's id {event_id:?} is no UUID")))?;
        Ok(Self { subscription, event_id, partition_key, sequence })
    }

    #[must_use]
    pub fn of(event: &Event, subscription: &str) -> Self {
        Self {
            subscription: subscription.to_owned(),
            event_id: event.event_id,
            partition_key: event.partition_key.clone(),
            sequence: event.sequence,
        }
    }

    /// # Errors
    /// `InvalidParams` for a sequence that the database cannot count.
    pub fn params(&self) -> Result<[Value; 4], Error> {
        let Self { subscription, event_id, partition_key, .. } = self;
        Ok([subscription.as_str().into(), partition_key.as_str().into(), self.counted()?.into(), (*event_id).into()])
    }

    fn counted(&self) -> Result<i64, Error> {
        let sequence = self.sequence;
        i64::try_from(sequence)
            .map_err(|_| Error::InvalidParams(format!("sequence {sequence} is more than the database counts")))
    }
}

// === impl MarkOutcome ===

impl MarkOutcome {
    /// Reads what [`APPLY_ONCE`] answered.
    ///
    /// # Errors
    /// `Other` for anything else than one row with a boolean.
    pub fn read(rows: &[Vec<Value>]) -> Result<Self, Error> {
        match rows.first().and_then(|row| row.first()) {
            Some(Value::Boolean(true)) => Ok(Self::Fresh),
            Some(Value::Boolean(false)) => Ok(Self::Already),
            other => Err(Error::Other(format!("mindflow.apply_once answered {other:?}"))),
        }
    }
}

/// For [`APPLY_BATCH`]. `None`: there are no events.
///
/// # Errors
/// `InvalidParams` when two events have the same key, or not the same subscription.
pub fn batch_params(marks: &[Mark]) -> Result<Option<[Value; 4]>, Error> {
    let Some(Mark { subscription, .. }) = marks.first() else { return Ok(None) };
    let (mut keys, mut sequences, mut ids) = (HashSet::new(), Vec::new(), Vec::new());
    for mark in marks {
        if mark.subscription != *subscription {
            return Err(Error::InvalidParams("the events of a batch have one subscription".to_owned()));
        }
        if !keys.insert(mark.partition_key.as_str()) {
            let key = &mark.partition_key;
            return Err(Error::InvalidParams(format!(
                "the events of a batch have different partition keys; {key} is there twice"
            )));
        }
    }
    for mark in marks {
        sequences.push(mark.counted()?);
        ids.push(mark.event_id.to_string());
    }
    let keys = marks.iter().map(|mark| mark.partition_key.clone()).collect();
    let params =
        [subscription.as_str().into(), Value::TextArray(keys), Value::Int64Array(sequences), Value::UuidArray(ids)];
    Ok(Some(params))
}

/// Reads what [`APPLY_BATCH`] answered: for each of the marks, whether its event is still to be applied.
///
/// # Errors
/// `Other` for anything else than one row with a list of keys.
pub fn fresh(marks: &[Mark], rows: Vec<Vec<Value>>) -> Result<Vec<bool>, Error> {
    let keys = match rows.into_iter().next_back().and_then(|mut row| row.pop()) {
        Some(Value::TextArray(keys)) => keys.into_iter().collect::<HashSet<_>>(),
        other => return Err(Error::Other(format!("mindflow.apply_batch answered {other:?}"))),
    };
    Ok(marks.iter().map(|mark| keys.contains(&mark.partition_key)).collect())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn mark(subscription: &str, key: &str) -> Mark {
        Mark::new(subscription.into(), "0190f5fe-7c00-7a00-8000-000000000001", key.into(), 3).unwrap()
    }

    fn rule(error: Result<impl std::fmt::Debug, Error>) -> String {
        match error.unwrap_err() {
            Error::InvalidParams(rule) => rule,
            other => panic!("{other}"),
        }
    }

    #[test]
    fn an_event_is_marked_by_its_id_key_and_sequence() {
        let [subscription, key, sequence, id] = mark("query", "entry:1").params().unwrap();
        assert_eq!((subscription, key, sequence), ("query".into(), "entry:1".into(), Value::Int64(3)));
        assert_eq!(id, Value::Uuid("0190f5fe-7c00-7a00-8000-000000000001".into()));
        assert_eq!(rule(Mark::new("query".into(), "x", "k".into(), 1)), "the event's id \"x\" is no UUID");
        let endless = Mark { sequence: u64::MAX, ..mark("query", "k") };
        assert!(rule(endless.params()).contains("more than the database counts"));
    }

    #[test]
    fn the_events_of_a_batch_have_one_subscription_and_different_keys() {
        assert_eq!(batch_params(&[]), Ok(None));
        assert!(batch_params(&[mark("query", "a"), mark("query", "b")]).unwrap().is_some());
        assert!(rule(batch_params(&[mark("query", "a"), mark("ai", "b")])).contains("one subscription"));
        assert!(rule(batch_params(&[mark("query", "a"), mark("query", "a")])).contains("a is there twice"));
    }

    #[test]
    fn the_answer_says_which_are_still_to_be_applied() {
        assert_eq!(MarkOutcome::read(&[vec![true.into()]]), Ok(MarkOutcome::Fresh));
        assert_eq!(MarkOutcome::read(&[vec![false.into()]]), Ok(MarkOutcome::Already));
        assert!(MarkOutcome::read(&[]).is_err());
        let marks = [mark("query", "a"), mark("query", "b")];
        let answer = vec![vec![Value::TextArray(vec!["b".into()])]];
        assert_eq!(fresh(&marks, answer), Ok(vec![false, true]));
        assert!(fresh(&marks, Vec::new()).is_err());
    }
}
