//! The capabilities `audit-writer` and `audit-reader` on PostgreSQL: the host's trail, continued by the same chain and statements
//! under the lock of its head, by the role of the capability (`audit_log_dsn`).

use std::collections::HashMap;

use jiff::Timestamp;
use mindflow_platform::audit::postgres::{self as trail, ADD, FIND, LOCK_HEAD, MOVE_HEAD};
use mindflow_platform::audit::{Appended, BATCH_MAX, Filter, Head, Malformed, PAGE_MAX, Record};
use mindflow_platform::data_keys::postgres::KEPT_UNDER;
use mindflow_platform::data_keys::{KeyError, SEALED, Subject};
use mindflow_platform::event::{self, EventRecord, EventRecordError};
use mindflow_platform::sql::{self, Identity, Mode, Value};
use mindflow_spin_guest::postgres::Connection;
use mindflow_spin_guest::{data_keys, variables};

use crate::bindings::exports::mindflow::platform::{
    audit_reader::{self as reader, Audited},
    audit_writer as writer,
};
use crate::bindings::mindflow::platform::events::Event;
use crate::{Platform, clock, grants};

/// Longer than appends of all hosts wait for each other; shorter than a delivery's deadline.
const STATEMENT_MS_MAX: u32 = 5_000;

/// Why a call is refused, before it becomes the error of one of the two interfaces.
enum Refusal {
    Unavailable(String),
    Invalid(String),
}

impl writer::Guest for Platform {
    async fn append(event: Event) -> Result<u64, writer::Error> {
        let append = async {
            grants::service().appends_audit().map_err(Refusal::Unavailable)?;
            let heads = append_together(vec![envelope(event)?]).await?;
            heads.first().map(|head| head.number).ok_or_else(|| Malformed("no head of an appended record").into())
        };
        append.await.map_err(Refusal::into)
    }

    async fn append_batch(events: Vec<Event>) -> Result<(), writer::Error> {
        let append = async {
            grants::service().appends_audit().map_err(Refusal::Unavailable)?;
            let events = events.into_iter().map(envelope).collect::<Result<Vec<_>, _>>()?;
            for chunk in events.chunks(BATCH_MAX as usize) {
                append_together(chunk.to_vec()).await?;
            }
            Ok(())
        };
        append.await.map_err(Refusal::into)
    }
}

impl reader::Guest for Platform {
    async fn page(filter: reader::Filter, first: u32, before: Option<u64>) -> Result<Vec<Audited>, reader::Error> {
        let page = async {
            grants::service().reads_audit().map_err(Refusal::Unavailable)?;
            let filter = Filter {
                user_id: filter.user_id.as_deref().map(|id| event::uuid("user-id", id)).transpose()?,
                event_type: filter.event_type,
                since_us: filter.since,
                until_us: filter.until,
            };
            let (statement, params) = trail::page(&filter, first.min(PAGE_MAX), before)?;
            let rows = read(&statement, &params).await.map_err(failed("read"))?;
            let records = rows.into_iter().map(trail::record).collect::<Result<Vec<_>, _>>()?;
            audited(&records).await
        };
        page.await.map_err(Refusal::into)
    }
}

/// One transaction. Answers the head of each event's record; an event that is there keeps its own.
async fn append_together(mut events: Vec<event::Event>) -> Result<Vec<Head>, Refusal> {
    let connection = open().await.map_err(failed("let the capability in"))?;
    seal(&connection, &mut events).await?;
    let appended = append_on(&connection, &events).await;
    if appended.is_err() {
        // Other hosts wait for the head's lock.
        let _ = connection.rollback().await;
    }
    appended
}

/// Those that are in clear, as the log says to whom they belong.
async fn seal(connection: &Connection, events: &mut [event::Event]) -> Result<(), Refusal> {
    let is_clear = |event: &event::Event| event.metadata.user_id.is_some() && !event.payload.contains_key(SEALED);
    if !events.iter().any(is_clear) {
        return Ok(());
    }
    let keys = Value::TextArray(events.iter().map(|event| event.partition_key.clone()).collect());
    let answer = connection.query(KEPT_UNDER, &[keys]).await.map_err(failed("say to whom events belong"))?;
    let subjects: Vec<Subject> = answer
        .rows
        .into_iter()
        .map(|row| match row.into_iter().next() {
            Some(Value::Text(name)) if name.is_empty() => Subject::Unsealed,
            Some(Value::Text(name)) => Subject::Aggregate(name),
            _ => Subject::Itself,
        })
        .collect();
    Ok(data_keys::open().await?.seal_events(events, &subjects).await?)
}

async fn append_on(connection: &Connection, events: &[event::Event]) -> Result<Vec<Head>, Refusal> {
    begin(connection, Mode::ReadWrite).await.map_err(failed("begin"))?;
    let locked = connection.query(LOCK_HEAD, &[]).await.map_err(failed("lock the head"))?;
    let locked = locked.rows.into_iter().next().ok_or(Malformed("no head"))?;
    let head = trail::head(locked)?;
    let ids = Value::UuidArray(events.iter().map(|event| event.event_id.to_string()).collect());
    let found = connection.query(FIND, &[ids]).await.map_err(failed("look for the events"))?;
    let there = found.rows.into_iter().map(trail::found).collect::<Result<HashMap<_, _>, _>>()?;
    let now = Timestamp::from_microsecond(clock::now_us()).map_err(|_| Malformed("the clock"))?;
    let appended = Appended::behind(head, there, events, now).map_err(json)?;
    if appended.records.is_empty() {
        connection.rollback().await.map_err(failed("end"))?;
        return Ok(appended.heads);
    }
    connection.execute(ADD, &trail::add_params(&appended.records)?).await.map_err(failed("add records"))?;
    connection.execute(MOVE_HEAD, &trail::head_params(appended.last)?).await.map_err(failed("move the head"))?;
    connection.commit().await.map_err(failed("commit"))?;
    Ok(appended.heads)
}

async fn read(statement: &str, params: &[Value]) -> Result<Vec<Vec<Value>>, sql::Error> {
    let connection = open().await?;
    begin(&connection, Mode::ReadOnly).await?;
    let answer = connection.query(statement, params).await;
    let _ = connection.rollback().await;
    answer.map(|answer| answer.rows)
}

async fn begin(connection: &Connection, mode: Mode) -> Result<(), sql::Error> {
    connection.begin(&Identity::Service, mode, STATEMENT_MS_MAX).await
}

async fn open() -> Result<Connection, sql::Error> {
    let dsn = variables::get("audit_log_dsn").await.map_err(sql::Error::Unavailable)?;
    let missing = || sql::Error::Unavailable("the variable `audit_log_dsn` is not set".to_owned());
    Connection::open(&dsn.ok_or_else(missing)?).await
}

/// With payloads in clear, as far as they can be read.
async fn audited(records: &[Record]) -> Result<Vec<Audited>, Refusal> {
    let content = records.iter().map(|record| record.content().map_err(|error| unreadable(record, error)));
    let content = content.collect::<Result<Vec<_>, _>>()?;
    let kept: Vec<_> = content.iter().map(|content| &content.event).collect();
    let shown = data_keys::open().await?.show(&kept).await?;
    let audited = records.iter().zip(&content).zip(shown).map(|((record, content), event)| {
        Ok(Audited {
            number: record.number,
            hash: record.hash.to_string(),
            received_at: content.received_at.as_microsecond(),
            event: wit_event(&event.map_err(|error| unreadable(record, error))?),
        })
    });
    audited.collect()
}

fn unreadable(record: &Record, error: impl std::fmt::Display) -> Refusal {
    Refusal::Unavailable(format!("record {} cannot be read: {error}", record.number))
}

mindflow_platform::event_record!(Event);

fn envelope(event: Event) -> Result<event::Event, Refusal> {
    Ok(EventRecord::from(event).try_into()?)
}

fn wit_event(event: &event::Event) -> Event {
    EventRecord::from(event).into()
}

fn failed(step: &'static str) -> impl Fn(sql::Error) -> Refusal {
    move |error| Refusal::Unavailable(format!("the audit trail's database refused to {step}: {error}"))
}

fn json(error: serde_json::Error) -> Refusal {
    Refusal::Unavailable(format!("a record cannot be written or read as JSON: {error}"))
}

impl From<KeyError> for Refusal {
    fn from(error: KeyError) -> Self {
        Self::Unavailable(error.to_string())
    }
}

impl From<Malformed> for Refusal {
    fn from(malformed: Malformed) -> Self {
        Self::Unavailable(malformed.to_string())
    }
}

impl From<EventRecordError> for Refusal {
    fn from(error: EventRecordError) -> Self {
        Self::Invalid(error.to_string())
    }
}

impl From<Refusal> for writer::Error {
    fn from(refusal: Refusal) -> Self {
        match refusal {
            Refusal::Unavailable(reason) => Self::Unavailable(reason),
            Refusal::Invalid(reason) => Self::Invalid(reason),
        }
    }
}

impl From<Refusal> for reader::Error {
    fn from(refusal: Refusal) -> Self {
        match refusal {
            Refusal::Unavailable(reason) => Self::Unavailable(reason),
            Refusal::Invalid(reason) => Self::Invalid(reason),
        }
    }
}
