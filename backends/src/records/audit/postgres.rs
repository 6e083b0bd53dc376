//! The trail in Postgres: the schema `audit` of a migrated database. The head's row is locked by each transaction,
//! so that records of all replicas come one after another. Appends that wait for another are written together, in one
//! transaction with one change of the head.

use std::collections::HashMap;
use std::collections::hash_map::Entry;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::{Duration, SystemTime};

use async_trait::async_trait;
use jiff::Timestamp;
use tokio::sync::oneshot;
use tokio_postgres::{Row, types::ToSql};
use uuid::Uuid;

use super::{AuditError, AuditLog, BATCH_MAX, Filter, Hash, Head, Record};
use crate::clock::Clock;
use crate::database::postgres::Database;
use crate::delivery::Event;

/// Longer than appends of all replicas wait for each other; shorter than a delivery's deadline.
const ANSWER_WITHIN: Duration = Duration::from_secs(5);

const COLUMNS: &str = "number, event_id, event_type, user_id, occurred_at, previous_hash, hash, body";
const HEAD: &str = "SELECT number, hash FROM audit.head";
const LOCK_HEAD: &str = "SELECT number, hash FROM audit.head FOR UPDATE";
const FIND: &str = "SELECT event_id, number, hash FROM audit.records WHERE event_id = ANY ($1)";
const ADD: &str = "INSERT INTO audit.records
    (number, event_id, event_type, user_id, occurred_at, previous_hash, hash, body)
    SELECT * FROM unnest($1::int8[], $2::uuid[], $3::text[], $4::uuid[], $5::timestamptz[], $6::bytea[], $7::bytea[], $8::text[])";
const MOVE_HEAD: &str = "UPDATE audit.head SET number = $1, hash = $2";

/// The trail in a database.
#[derive(Clone)]
pub struct PostgresAudit {
    inner: Arc<Inner>,
}

struct Inner {
    database: Database,
    clock: Clock,
    /// Appends that are not being written yet.
    waiting: Mutex<Vec<Append>>,
    /// Held while this replica writes.
    writing: tokio::sync::Mutex<()>,
}

struct Append {
    event: Event,
    answer: oneshot::Sender<Result<Head, AuditError>>,
}

// === impl PostgresAudit ===

impl PostgresAudit {
    /// `database`: one with the platform's write migrations.
    #[must_use]
    pub fn new(database: Database, clock: Clock) -> Self {
        let (waiting, writing) = (Mutex::default(), tokio::sync::Mutex::default());
        Self { inner: Arc::new(Inner { database, clock, waiting, writing }) }
    }

    /// Answers the events' heads, in order.
    async fn append_with_others(&self, events: Vec<Event>) -> Result<Vec<Head>, AuditError> {
        let (appends, answered): (Vec<_>, Vec<_>) = events
            .into_iter()
            .map(|event| {
                let (answer, answered) = oneshot::channel();
                (Append { event, answer }, answered)
            })
            .unzip();
        self.inner.waiting().extend(appends);
        // A task of its own, because a caller that gives up must not end what it writes for others.
        let inner = Arc::clone(&self.inner);
        let writing = async move {
            let _alone = inner.writing.lock().await;
            let batch = inner.take_waiting();
            inner.write(batch).await;
        };
        tokio::spawn(writing);
        let mut heads = Vec::with_capacity(answered.len());
        for answered in answered {
            heads.push(answered.await.unwrap_or(Err(AuditError::Timeout(ANSWER_WITHIN.as_secs())))?);
        }
        Ok(heads)
    }

    async fn records(&self, statement: &str, values: &[&(dyn ToSql + Sync)]) -> Result<Vec<Record>, AuditError> {
        let client = self.inner.database.admin().await.map_err(AuditError::Connect)?;
        let rows = client.query(statement, values).await;
        rows.map_err(|source| AuditError::Statement { step: "read", source })?.iter().map(record).collect()
    }
}

// === impl Inner ===

impl Inner {
    fn waiting(&self) -> std::sync::MutexGuard<'_, Vec<Append>> {
        self.waiting.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn take_waiting(&self) -> Vec<Append> {
        let mut waiting = self.waiting();
        // A caller that has given up appends again.
        waiting.retain(|append| !append.answer.is_closed());
        let count = waiting.len().min(BATCH_MAX as usize);
        waiting.drain(..count).collect()
    }

    /// Writes the appends together; where that fails, one by one, so that one that cannot be written fails alone. Each
    /// attempt is bounded, because the next batch waits for it.
    async fn write(&self, batch: Vec<Append>) {
        if batch.len() > 1 {
            let events: Vec<&Event> = batch.iter().map(|append| &append.event).collect();
            if let Ok(heads) = within(self.append(&events)).await {
                for (append, head) in batch.into_iter().zip(heads) {
                    let _ = append.answer.send(Ok(head));
                }
                return;
            }
        }
        for Append { event, answer } in batch {
            if answer.is_closed() {
                continue;
            }
            let head = within(self.append(&[&event])).await;
            let missing = AuditError::Malformed("no head of an appended record");
            let _ = answer.send(head.and_then(|heads| heads.into_iter().next().ok_or(missing)));
        }
    }

    /// One transaction. Answers the head of each event's record; an event that is there keeps its own.
    async fn append(&self, events: &[&Event]) -> Result<Vec<Head>, AuditError> {
        let failed = |step| move |source| AuditError::Statement { step, source };
        let mut client = self.database.admin().await.map_err(AuditError::Connect)?;
        let transaction = client.transaction().await.map_err(failed("begin"))?;
        let lock = transaction.prepare_cached(LOCK_HEAD).await.map_err(failed("lock the head"))?;
        let mut last = head(&transaction.query_one(&lock, &[]).await.map_err(failed("lock the head"))?)?;
        let ids: Vec<Uuid> = events.iter().map(|event| event.event_id).collect();
        let find = transaction.prepare_cached(FIND).await.map_err(failed("look for the events"))?;
        let mut heads = HashMap::with_capacity(events.len());
        for row in transaction.query(&find, &[&ids]).await.map_err(failed("look for the events"))? {
            heads.insert(column::<Uuid>(&row, "event_id")?, head(&row)?);
        }
        let now = Timestamp::from_microsecond(self.clock.now_us()).map_err(|_| AuditError::Malformed("the clock"))?;
        let mut records = Vec::with_capacity(events.len());
        for event in events {
            if let Entry::Vacant(new) = heads.entry(event.event_id) {
                let record = Record::next(last, event, now)?;
                last = record.head();
                new.insert(last);
                records.push((record, SystemTime::from(event.timestamp)));
            }
        }
        if !records.is_empty() {
            self.add(&transaction, &records).await?;
            let move_head = transaction.prepare_cached(MOVE_HEAD).await.map_err(failed("move the head"))?;
            let values: [&(dyn ToSql + Sync); 2] = [&signed(last.number)?, &last.hash.bytes()];
            transaction.execute(&move_head, &values).await.map_err(failed("move the head"))?;
            transaction.commit().await.map_err(failed("commit"))?;
        }
        Ok(ids.iter().filter_map(|id| heads.get(id).copied()).collect())
    }

    async fn add(
        &self,
        transaction: &deadpool_postgres::Transaction<'_>,
        records: &[(Record, SystemTime)],
    ) -> Result<(), AuditError> {
        let failed = |source| AuditError::Statement { step: "add records", source };
        fn each<'a, T>(records: &'a [(Record, SystemTime)], of: impl Fn(&'a Record) -> T) -> Vec<T> {
            records.iter().map(|(record, _)| of(record)).collect()
        }
        let numbers = records.iter().map(|(record, _)| signed(record.number)).collect::<Result<Vec<_>, _>>()?;
        let times: Vec<SystemTime> = records.iter().map(|(_, time)| *time).collect();
        let add = transaction.prepare_cached(ADD).await.map_err(failed)?;
        let values: [&(dyn ToSql + Sync); 8] = [
            &numbers,
            &each(records, |record| record.event_id),
            &each(records, |record| record.event_type.as_str()),
            &each(records, |record| record.user_id),
            &times,
            &each(records, |record| record.previous.bytes()),
            &each(records, |record| record.hash.bytes()),
            &each(records, |record| record.body.as_str()),
        ];
        transaction.execute(&add, &values).await.map(drop).map_err(failed)
    }
}

#[async_trait]
impl AuditLog for PostgresAudit {
    async fn append(&self, event: &Event) -> Result<Head, AuditError> {
        let heads = within(self.append_with_others(vec![event.clone()])).await?;
        heads.into_iter().next().ok_or(AuditError::Malformed("no head of an appended record"))
    }

    async fn append_all(&self, events: Vec<Event>) -> Result<(), AuditError> {
        let mut events = events.into_iter();
        loop {
            // One write takes as many.
            let chunk: Vec<Event> = events.by_ref().take(BATCH_MAX as usize).collect();
            if chunk.is_empty() {
                return Ok(());
            }
            within(self.append_with_others(chunk)).await?;
        }
    }

    async fn page(&self, filter: &Filter, first: u32, before: Option<u64>) -> Result<Vec<Record>, AuditError> {
        let time = |us: i64| Timestamp::from_microsecond(us).map(SystemTime::from);
        let outside = |_| AuditError::Malformed("a time outside the calendar");
        let since = filter.since_us.map(time).transpose().map_err(outside)?;
        let until = filter.until_us.map(time).transpose().map_err(outside)?;
        let before = before.map(signed).transpose()?;
        // Only the conditions that there are, so that each combination gets the index that serves it.
        let mut values: Vec<&(dyn ToSql + Sync)> = Vec::new();
        let mut conditions = String::from("true");
        let mut add = |condition: &str, value| {
            values.push(value);
            conditions.push_str(&format!(" AND {condition} ${}", values.len()));
        };
        if let Some(before) = &before {
            add("number <", before);
        }
        if let Some(user_id) = &filter.user_id {
            add("user_id =", user_id);
        }
        if let Some(event_type) = &filter.event_type {
            add("event_type =", event_type);
        }
        if let Some(since) = &since {
            add("occurred_at >=", since);
        }
        if let Some(until) = &until {
            add("occurred_at <", until);
        }
        let first = first.min(BATCH_MAX);
        let statement =
            format!("SELECT {COLUMNS} FROM audit.records WHERE {conditions} ORDER BY number DESC LIMIT {first}");
        within(self.records(&statement, &values)).await
    }

    async fn read(&self, after: u64, first: u32) -> Result<Vec<Record>, AuditError> {
        let (after, first) = (signed(after)?, first.min(BATCH_MAX));
        let statement = format!("SELECT {COLUMNS} FROM audit.records WHERE number > $1 ORDER BY number LIMIT {first}");
        within(self.records(&statement, &[&after])).await
    }

    async fn head(&self) -> Result<Head, AuditError> {
        let ask = async {
            let client = self.inner.database.admin().await.map_err(AuditError::Connect)?;
            let row = client.query_one(HEAD, &[]).await;
            head(&row.map_err(|source| AuditError::Statement { step: "read the head", source })?)
        };
        within(ask).await
    }
}

async fn within<T>(answer: impl Future<Output = Result<T, AuditError>>) -> Result<T, AuditError> {
    let late = Err(AuditError::Timeout(ANSWER_WITHIN.as_secs()));
    tokio::time::timeout(ANSWER_WITHIN, answer).await.unwrap_or(late)
}

fn signed(number: u64) -> Result<i64, AuditError> {
    i64::try_from(number).map_err(|_| AuditError::Malformed("a number beyond 2^63-1"))
}

fn column<'a, T: tokio_postgres::types::FromSql<'a>>(row: &'a Row, name: &str) -> Result<T, AuditError> {
    row.try_get(name).map_err(|source| AuditError::Statement { step: "give a column", source })
}

fn number(row: &Row) -> Result<u64, AuditError> {
    u64::try_from(column::<i64>(row, "number")?).map_err(|_| AuditError::Malformed("a negative number"))
}

fn hash(row: &Row, name: &str) -> Result<Hash, AuditError> {
    column::<&[u8]>(row, name)?.try_into().map_err(|_| AuditError::Malformed("a hash is not 32 bytes"))
}

fn head(row: &Row) -> Result<Head, AuditError> {
    Ok(Head { number: number(row)?, hash: hash(row, "hash")? })
}

fn record(row: &Row) -> Result<Record, AuditError> {
    let occurred_at = Timestamp::try_from(column::<SystemTime>(row, "occurred_at")?);
    Ok(Record {
        number: number(row)?,
        event_id: column(row, "event_id")?,
        event_type: column(row, "event_type")?,
        user_id: column(row, "user_id")?,
        occurred_at_us: occurred_at.map_err(|_| AuditError::Malformed("a time outside the calendar"))?.as_microsecond(),
        previous: hash(row, "previous_hash")?,
        hash: hash(row, "hash")?,
        body: column(row, "body")?,
    })
}
