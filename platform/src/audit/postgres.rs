//! The trail in PostgreSQL: the statements on `migrations/write/0060_create_audit.sql`, and what their rows are. The head's row
//! is locked by each transaction that appends, so that records of all providers come one after another.

use std::fmt::Write;

use jiff::Timestamp;
use uuid::Uuid;

use super::{BATCH_MAX, Filter, Hash, Head, Malformed, Record};
use crate::sql::Value;

/// The role of the capability in the database, for a provider that is not its administrator.
pub const ROLE: &str = "audit-log";

const COLUMNS: &str = "number, event_id, event_type, user_id, occurred_at, previous_hash, hash, body";

/// Answers [`head`].
pub const HEAD: &str = "SELECT number, hash FROM audit.head";
/// Answers [`head`], and holds off all other appends to the end of the transaction.
pub const LOCK_HEAD: &str = "SELECT number, hash FROM audit.head FOR UPDATE";
/// The records of these events: answers [`found`].
pub const FIND: &str = "SELECT event_id, number, hash FROM audit.records WHERE event_id = ANY ($1)";
/// Takes the records' columns as arrays; see [`add_params`].
pub const ADD: &str = "INSERT INTO audit.records
    (number, event_id, event_type, user_id, occurred_at, previous_hash, hash, body)
    SELECT * FROM unnest($1::int8[], $2::uuid[], $3::text[], $4::uuid[], $5::timestamptz[], $6::bytea[], $7::bytea[], $8::text[])";
/// The number and the hash.
pub const MOVE_HEAD: &str = "UPDATE audit.head SET number = $1, hash = $2";

/// Newest first: answers [`record`].
///
/// # Errors
/// A time outside the calendar, or a number that none can be.
pub fn page(filter: &Filter, first: u32, before: Option<u64>) -> Result<(String, Vec<Value>), Malformed> {
    let mut params: Vec<Value> = Vec::new();
    let mut conditions = String::from("true");
    // Only the conditions that there are, so that each combination gets the index that serves it.
    let mut add = |condition: &str, value: Option<Value>| {
        let Some(value) = value else { return };
        params.push(value);
        let _ = write!(conditions, " AND {condition} ${}", params.len());
    };
    add("number <", before.map(signed).transpose()?.map(Value::Int64));
    add("user_id =", filter.user_id.map(Value::from));
    add("event_type =", filter.event_type.clone().map(Value::from));
    add("occurred_at >=", filter.since_us.map(time).transpose()?);
    add("occurred_at <", filter.until_us.map(time).transpose()?);
    let first = first.min(BATCH_MAX);
    let statement =
        format!("SELECT {COLUMNS} FROM audit.records WHERE {conditions} ORDER BY number DESC LIMIT {first}");
    Ok((statement, params))
}

/// In order, behind the number `$1`: answers [`record`].
#[must_use]
pub fn read(first: u32) -> String {
    let first = first.min(BATCH_MAX);
    format!("SELECT {COLUMNS} FROM audit.records WHERE number > $1 ORDER BY number LIMIT {first}")
}

/// What [`ADD`] takes, for a provider that writes its parameters into the statement: each is an array as text.
///
/// # Errors
/// A number that none can be.
pub fn add_params(records: &[Record]) -> Result<[Value; 8], Malformed> {
    let texts = |of: &dyn Fn(&Record) -> String| Value::TextArray(records.iter().map(of).collect());
    let numbers = records.iter().map(|record| signed(record.number)).collect::<Result<Vec<_>, _>>()?;
    let times = records.iter().map(|record| {
        let time = Timestamp::from_microsecond(record.occurred_at_us).map_err(|_| OUTSIDE)?;
        Ok(time.to_string())
    });
    // An array of UUIDs has no nulls as a value.
    let users: Vec<String> =
        records.iter().map(|record| record.user_id.map_or("NULL".into(), |id| id.to_string())).collect();
    Ok([
        Value::Int64Array(numbers),
        Value::UuidArray(records.iter().map(|record| record.event_id.to_string()).collect()),
        texts(&|record| record.event_type.clone()),
        Value::Text(format!("{{{}}}", users.join(","))),
        Value::TextArray(times.collect::<Result<_, Malformed>>()?),
        texts(&|record| format!("\\x{}", record.previous)),
        texts(&|record| format!("\\x{}", record.hash)),
        texts(&|record| record.body.clone()),
    ])
}

/// What [`MOVE_HEAD`] takes.
///
/// # Errors
/// A number that none can be.
pub fn head_params(head: Head) -> Result<[Value; 2], Malformed> {
    Ok([Value::Int64(signed(head.number)?), Value::Bytes(head.hash.bytes().to_vec())])
}

/// A row of [`HEAD`] and [`LOCK_HEAD`].
///
/// # Errors
/// It is none.
pub fn head(row: Vec<Value>) -> Result<Head, Malformed> {
    match <[Value; 2]>::try_from(row) {
        Ok([Value::Int64(number), Value::Bytes(hash)]) => Ok(Head { number: unsigned(number)?, hash: hash_of(&hash)? }),
        _ => Err(Malformed("a head of other columns")),
    }
}

/// A row of [`FIND`].
///
/// # Errors
/// It is none.
pub fn found(mut row: Vec<Value>) -> Result<(Uuid, Head), Malformed> {
    let rest = row.split_off(row.len().min(1));
    match row.as_slice() {
        [Value::Uuid(id)] => Ok((uuid(id)?, head(rest)?)),
        _ => Err(Malformed("a record without an event's id")),
    }
}

/// A row of [`page`] and [`read`].
///
/// # Errors
/// It is none.
pub fn record(row: Vec<Value>) -> Result<Record, Malformed> {
    let columns = <[Value; 8]>::try_from(row);
    let Ok(
        [
            Value::Int64(number),
            Value::Uuid(event_id),
            Value::Text(event_type),
            user_id,
            Value::Timestamp(occurred_at_us),
            Value::Bytes(previous),
            Value::Bytes(hash),
            Value::Text(body),
        ],
    ) = columns
    else {
        return Err(Malformed("a record of other columns"));
    };
    let user_id = match user_id {
        Value::Null => None,
        Value::Uuid(id) => Some(uuid(&id)?),
        _ => return Err(Malformed("a user's id is no UUID")),
    };
    Ok(Record {
        number: unsigned(number)?,
        event_id: uuid(&event_id)?,
        event_type,
        user_id,
        occurred_at_us,
        previous: hash_of(&previous)?,
        hash: hash_of(&hash)?,
        body,
    })
}

const OUTSIDE: Malformed = Malformed("a time outside the calendar");

/// A number as the database has it.
///
/// # Errors
/// It is beyond what the database can have.
pub fn signed(number: u64) -> Result<i64, Malformed> {
    i64::try_from(number).map_err(|_| Malformed("a number beyond 2^63-1"))
}

fn unsigned(number: i64) -> Result<u64, Malformed> {
    u64::try_from(number).map_err(|_| Malformed("a negative number"))
}

fn time(us: i64) -> Result<Value, Malformed> {
    Timestamp::from_microsecond(us).map(|_| Value::Timestamp(us)).map_err(|_| OUTSIDE)
}

fn hash_of(bytes: &[u8]) -> Result<Hash, Malformed> {
    bytes.try_into().map_err(|_| Malformed("a hash is not 32 bytes"))
}

fn uuid(text: &str) -> Result<Uuid, Malformed> {
    Uuid::try_parse(text).map_err(|_| Malformed("an id is no UUID"))
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;
    use crate::event::Event;
    use crate::sql::literal;

    fn recorded(user: Option<Uuid>) -> Record {
        let event: Event = serde_json::from_value(json!({
            "eventId": Uuid::from_u128(1), "eventType": "TagCreated", "version": "1.0", "timestamp": "2026-11-26T12:00:00.000001Z",
            "source": "command-service", "correlationId": "c", "sequence": 1, "partitionKey": "tag:1",
            "metadata": user.map_or(json!({}), |id| json!({ "userId": id })), "payload": {"name": "it's \"\\\""}
        }))
        .unwrap();
        Record::next(Head::default(), &event, Timestamp::UNIX_EPOCH).unwrap()
    }

    #[test]
    fn a_page_has_only_the_conditions_that_are_asked_for() {
        let (all, params) = page(&Filter::default(), 1_000, None).unwrap();
        assert!(all.ends_with("WHERE true ORDER BY number DESC LIMIT 500") && params.is_empty(), "{all}");
        let filter =
            Filter { user_id: Some(Uuid::nil()), event_type: Some("T".into()), since_us: Some(1), until_us: Some(2) };
        let (some, params) = page(&filter, 5, Some(9)).unwrap();
        let conditions =
            "true AND number < $1 AND user_id = $2 AND event_type = $3 AND occurred_at >= $4 AND occurred_at < $5";
        assert!(some.contains(&format!("WHERE {conditions} ORDER")), "{some}");
        assert_eq!((params.len(), params.first()), (5, Some(&Value::Int64(9))));
        assert_eq!(page(&Filter { since_us: Some(i64::MAX), ..Filter::default() }, 1, None), Err(OUTSIDE));
    }

    #[test]
    fn records_are_written_as_arrays_whose_elements_the_server_reads() {
        let records = [recorded(Some(Uuid::from_u128(7))), recorded(None)];
        let statement = literal::bind(ADD, &add_params(&records).unwrap()).unwrap();
        for part in [
            "('{1,1}')::int8[]",
            "('{00000000-0000-0000-0000-000000000007,NULL}')::uuid[]",
            r#"('{"2026-11-26T12:00:00.000001Z","2026-11-26T12:00:00.000001Z"}')::timestamptz[]"#,
            &format!(r#"('{{"\\x{0}","\\x{0}"}}')::bytea[]"#, Hash::genesis()),
            r#"\"name\":\"it''s \\\"\\\\\\\"\""#,
        ] {
            assert!(statement.contains(part), "{part} in {statement}");
        }
    }

    #[test]
    fn a_row_is_the_record_that_was_added() {
        let record_added = recorded(Some(Uuid::from_u128(7)));
        let row = |user: Value| {
            vec![
                Value::Int64(1),
                record_added.event_id.into(),
                record_added.event_type.as_str().into(),
                user,
                Value::Timestamp(record_added.occurred_at_us),
                Value::Bytes(record_added.previous.bytes().to_vec()),
                Value::Bytes(record_added.hash.bytes().to_vec()),
                record_added.body.as_str().into(),
            ]
        };
        assert_eq!(record(row(Uuid::from_u128(7).into())), Ok(record_added.clone()));
        assert_eq!(record(row(Value::Null)), Ok(Record { user_id: None, ..record_added.clone() }));
        assert!(record(row(Value::Text("x".into()))).is_err() && record(Vec::new()).is_err());
        let of = vec![record_added.event_id.into(), Value::Int64(1), Value::Bytes(record_added.hash.bytes().to_vec())];
        assert_eq!(found(of), Ok((record_added.event_id, record_added.head())));
        assert_eq!(head(vec![Value::Int64(-1), Value::Bytes(vec![0; 32])]), Err(Malformed("a negative number")));
        assert_eq!(head(vec![Value::Int64(1), Value::Bytes(vec![0; 31])]), Err(Malformed("a hash is not 32 bytes")));
    }
}
