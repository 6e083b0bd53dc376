//! The chain itself, without a store: what a record's hash is over, and the walk that finds the first
//! place where a chain is broken.

use std::fmt;

use jiff::Timestamp;
use serde::{Deserialize, Serialize};
use serde_json::Value;
use sha2::{Digest, Sha256};
use uuid::Uuid;

use crate::event::Event;

/// What the hash before the first record is of.
const GENESIS: &[u8] = b"mindflow audit trail 2";
/// The same of a trail that began before payloads were sealed.
const FORMER_GENESIS: &[u8] = b"mindflow audit trail 1";
/// Of what a record's body says: payloads are sealed, and the hash is over what is kept. Bodies without a version are older.
const VERSION: u32 = 2;
const FORMER_VERSION: u32 = 1;
const HASH_BYTES: usize = 32;

/// SHA-256; written in hexadecimal.
#[derive(Clone, Copy, PartialEq, Eq)]
pub struct Hash([u8; HASH_BYTES]);

/// What a record's hash is over, besides the hash before it.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Content {
    /// The place in the trail, from 1.
    pub number: u64,
    pub received_at: Timestamp,
    pub event: Event,
    #[serde(default = "former_version")]
    pub version: u32,
}

const fn former_version() -> u32 {
    FORMER_VERSION
}

/// A record as a store keeps it. The other columns repeat parts of `body`, for a store to search by.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Record {
    pub number: u64,
    pub event_id: Uuid,
    pub event_type: String,
    pub user_id: Option<Uuid>,
    /// In microseconds since 1970-01-01T00:00:00Z.
    pub occurred_at_us: i64,
    pub previous: Hash,
    pub hash: Hash,
    /// The [`Content`] as canonical JSON: members in order of their names, no spaces.
    pub body: String,
}

/// The end of a chain.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Head {
    /// 0: there is no record yet.
    pub number: u64,
    pub hash: Hash,
}

/// The first place where a chain is not as it must be.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("record {number}: {defect}")]
pub struct Broken {
    pub number: u64,
    pub defect: ChainDefect,
}

/// What is wrong there.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum ChainDefect {
    #[error("it is missing")]
    Missing,
    #[error("it is there out of order, or twice")]
    OutOfOrder,
    #[error("it was altered: its hash is not that of what it says")]
    Altered,
    #[error("it cannot be read: {0}")]
    Unreadable(String),
    #[error("its {0} is not the one that its body says")]
    Column(&'static str),
    #[error("it does not follow the record before it: the hash that it names is another")]
    Predecessor,
    #[error("it is missing although it was there: the trail went on to record {0}")]
    Truncated(u64),
    #[error("its hash is not the one that was noted")]
    OtherThanNoted,
    #[error("it lies beyond the trail's head, which is {0}")]
    BeyondHead(u64),
}

/// A hash that is none.
#[derive(Debug, thiserror::Error)]
#[error("a hash is 64 hexadecimal digits")]
pub struct HashError;

/// Walks a chain from its beginning, one record after another.
#[derive(Debug)]
pub struct Walk {
    at: Head,
}

// === impl Hash ===

impl Hash {
    /// The hash before the first record.
    #[must_use]
    pub fn genesis() -> Self {
        Self::of(&[GENESIS])
    }

    fn former_genesis() -> Self {
        Self::of(&[FORMER_GENESIS])
    }

    fn of(parts: &[&[u8]]) -> Self {
        let mut context = Sha256::new();
        parts.iter().for_each(|part| context.update(part));
        Self(context.finalize().into())
    }

    #[must_use]
    pub fn bytes(&self) -> &[u8] {
        &self.0
    }
}

impl TryFrom<&[u8]> for Hash {
    type Error = HashError;

    fn try_from(bytes: &[u8]) -> Result<Self, HashError> {
        bytes.try_into().map(Self).map_err(|_| HashError)
    }
}

impl std::str::FromStr for Hash {
    type Err = HashError;

    fn from_str(text: &str) -> Result<Self, HashError> {
        Self::try_from(hex::decode(text).map_err(|_| HashError)?.as_slice())
    }
}

impl fmt::Display for Hash {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&hex::encode(self.0))
    }
}

impl fmt::Debug for Hash {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(self, f)
    }
}

impl Serialize for Hash {
    fn serialize<S: serde::Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_str(self)
    }
}

impl<'de> Deserialize<'de> for Hash {
    fn deserialize<D: serde::Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        String::deserialize(deserializer)?.parse().map_err(serde::de::Error::custom)
    }
}

// === impl Head ===

impl Default for Head {
    fn default() -> Self {
        Self { number: 0, hash: Hash::genesis() }
    }
}

// === impl Record ===

impl Record {
    /// The record of an event behind `head`.
    ///
    /// # Errors
    /// The event cannot be written as JSON.
    pub fn next(head: Head, event: &Event, received_at: Timestamp) -> Result<Self, serde_json::Error> {
        let number = head.number.saturating_add(1);
        Self::of(head, &Content { number, received_at, event: event.clone(), version: VERSION })
    }

    /// The same record in a chain that is made again.
    ///
    /// # Errors
    /// As [`Self::next`].
    pub fn again(head: Head, former: Content) -> Result<Self, serde_json::Error> {
        Self::of(head, &Content { version: VERSION, ..former })
    }

    fn of(head: Head, content: &Content) -> Result<Self, serde_json::Error> {
        let body = canonical(&serde_json::to_value(content)?);
        let event = &content.event;
        Ok(Self {
            number: content.number,
            event_id: event.event_id,
            event_type: event.event_type.clone(),
            user_id: event.metadata.user_id,
            occurred_at_us: event.timestamp_us(),
            previous: head.hash,
            hash: Hash::of(&[head.hash.bytes(), body.as_bytes()]),
            body,
        })
    }

    /// What it says.
    ///
    /// # Errors
    /// It was altered into something that is no record.
    pub fn content(&self) -> Result<Content, serde_json::Error> {
        serde_json::from_str(&self.body)
    }

    #[must_use]
    pub fn head(&self) -> Head {
        Head { number: self.number, hash: self.hash }
    }
}

/// JSON as text that is the same wherever it is made: members in order of their names, no spaces.
fn canonical(value: &Value) -> String {
    fn ordered(value: &Value) -> Value {
        match value {
            Value::Object(members) => {
                let mut members: Vec<_> = members.iter().collect();
                members.sort_by_key(|(name, _)| *name);
                Value::Object(members.into_iter().map(|(name, value)| (name.clone(), ordered(value))).collect())
            }
            Value::Array(items) => Value::Array(items.iter().map(ordered).collect()),
            scalar => scalar.clone(),
        }
    }
    ordered(value).to_string()
}

// === impl Walk ===

impl Default for Walk {
    fn default() -> Self {
        Self::after(Head::default())
    }
}

impl Walk {
    /// Begins behind a record that is taken for granted.
    #[must_use]
    pub fn after(head: Head) -> Self {
        Self { at: head }
    }

    /// How far it has come.
    #[must_use]
    pub fn at(&self) -> Head {
        self.at
    }

    /// Takes the next record of a store.
    ///
    /// # Errors
    /// The chain is broken here.
    pub fn step(&mut self, record: &Record) -> Result<(), Broken> {
        let next = self.at.number.saturating_add(1);
        if record.number > next {
            return Err(Broken { number: next, defect: ChainDefect::Missing });
        }
        let broken = |defect| Broken { number: record.number, defect };
        if record.number < next {
            return Err(broken(ChainDefect::OutOfOrder));
        }
        if Hash::of(&[record.previous.bytes(), record.body.as_bytes()]) != record.hash {
            return Err(broken(ChainDefect::Altered));
        }
        let content = record.content().map_err(|error| broken(ChainDefect::Unreadable(error.to_string())));
        let is_former = |content: &Content| self.at == Head::default() && content.version == FORMER_VERSION;
        let before = if content.as_ref().is_ok_and(is_former) { Hash::former_genesis() } else { self.at.hash };
        if record.previous != before {
            return Err(broken(ChainDefect::Predecessor));
        }
        let content = content?;
        let event = &content.event;
        let columns = [
            ("number", content.number == record.number),
            ("event id", event.event_id == record.event_id),
            ("event type", event.event_type == record.event_type),
            ("user", event.metadata.user_id == record.user_id),
            ("time", event.timestamp_us() == record.occurred_at_us),
        ];
        if let Some((column, _)) = columns.into_iter().find(|(_, same)| !same) {
            return Err(broken(ChainDefect::Column(column)));
        }
        self.at = record.head();
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    fn event(number: u64) -> Event {
        serde_json::from_value(json!({
            "eventId": Uuid::from_u128(number.into()), "eventType": "TagCreated", "version": "1.0",
            "timestamp": "2026-11-26T12:00:00Z", "source": "command-service", "correlationId": "c", "sequence": 1,
            "partitionKey": "tag:1", "metadata": {}, "payload": {"name": "morning", "b": {"z": 1, "a": [{"y": 1, "x": 2}]}}
        }))
        .unwrap()
    }

    fn chain(length: u64) -> Vec<Record> {
        let mut head = Head::default();
        (1..=length)
            .map(|number| {
                let record = Record::next(head, &event(number), Timestamp::UNIX_EPOCH).unwrap();
                head = record.head();
                record
            })
            .collect()
    }

    fn walk(records: &[Record]) -> Result<Head, Broken> {
        let mut walk = Walk::default();
        records.iter().try_for_each(|record| walk.step(record))?;
        Ok(walk.at())
    }

    #[test]
    fn the_hash_before_the_first_record_stays_what_it_was() {
        let former = "ae8ced37772fef0fb2add75484f665b27922912e589e693d5fd339b5c676f1ee";
        assert_eq!(Hash::former_genesis().to_string(), former);
        assert_eq!(Hash::genesis().to_string().parse::<Hash>().unwrap(), Hash::genesis());
        assert!("12".parse::<Hash>().is_err() && "g".repeat(64).parse::<Hash>().is_err());
    }

    #[test]
    fn a_trail_of_before_payloads_were_sealed_is_still_walked_from_its_own_beginning() {
        let content =
            Content { number: 1, received_at: Timestamp::UNIX_EPOCH, event: event(1), version: FORMER_VERSION };
        let mut body = serde_json::to_value(&content).unwrap();
        body.as_object_mut().unwrap().remove("version");
        let body = canonical(&body);
        let previous = Hash::former_genesis();
        let hash = Hash::of(&[previous.bytes(), body.as_bytes()]);
        let former = Record { previous, hash, body, ..chain(1)[0].clone() };
        let next = Record::next(former.head(), &event(2), Timestamp::UNIX_EPOCH).unwrap();
        assert_eq!(walk(&[former.clone(), next.clone()]), Ok(next.head()));
        let again = Record::again(Head::default(), former.content().unwrap()).unwrap();
        assert!(again.body.contains(r#""version":2"#) && again.hash != former.hash);
        assert_eq!(walk(std::slice::from_ref(&again)), Ok(again.head()));
    }

    #[test]
    fn canonical_json_does_not_depend_on_the_order_of_members() {
        let (one, other) = (r#"{"b":[{"y":1,"x":2.5}],"a":"ü"}"#, r#"{ "a": "ü", "b": [ {"x": 2.5, "y": 1} ] }"#);
        let text = |json: &str| canonical(&serde_json::from_str(json).unwrap());
        assert_eq!(text(one), r#"{"a":"ü","b":[{"x":2.5,"y":1}]}"#);
        assert_eq!(text(one), text(other));
    }

    #[test]
    fn an_untouched_chain_is_walked_to_its_end() {
        let records = chain(5);
        assert_eq!(walk(&records), Ok(records[4].head()));
    }

    #[test]
    fn each_kind_of_tampering_is_named_at_its_record() {
        let broken = |change: &dyn Fn(&mut Vec<Record>)| {
            let mut records = chain(5);
            change(&mut records);
            let Broken { number, defect } = walk(&records).unwrap_err();
            (number, defect)
        };
        assert_eq!(broken(&|records| drop(records.remove(2))), (3, ChainDefect::Missing));
        assert_eq!(broken(&|records| records.swap(1, 2)), (2, ChainDefect::Missing));
        assert_eq!(broken(&|records| records.insert(3, records[1].clone())), (2, ChainDefect::OutOfOrder));
        let reword = |records: &mut Vec<Record>| records[2].body = records[2].body.replace("morning", "evening");
        assert_eq!(broken(&reword), (3, ChainDefect::Altered));
        assert_eq!(
            broken(&|records| records[3].event_type = "TagRenamed".into()),
            (4, ChainDefect::Column("event type"))
        );
        assert_eq!(broken(&|records| records[3].user_id = Some(Uuid::nil())), (4, ChainDefect::Column("user")));
        // A record altered together with its own hash is found at the next one.
        let reseal = |records: &mut Vec<Record>| {
            reword(records);
            records[2].hash = Hash::of(&[records[2].previous.bytes(), records[2].body.as_bytes()]);
        };
        assert_eq!(broken(&reseal), (4, ChainDefect::Predecessor));
    }
}
