//! The trail in Postgres: the schema `audit` of a migrated database. The head's row is locked by each transaction,
//! so that records of all replicas come one after another. Appends that wait for another are written together, in one
//! transaction with one change of the head.

use std::collections::HashMap;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::{Duration, SystemTime};

use async_trait::async_trait;
use jiff::Timestamp;
use mindflow_platform::audit::Appended;
use mindflow_platform::audit::postgres::{self as trail, ADD, FIND, HEAD, LOCK_HEAD, MOVE_HEAD, signed};
use tokio::sync::oneshot;
use tokio_postgres::types::ToSql;
use uuid::Uuid;

use super::{Alone, AuditError, AuditLog, BATCH_MAX, Filter, Head, Malformed, Record};
use crate::clock::Clock;
use crate::database::postgres::Database;
use crate::database::sql::{Value, row_values, rows};
use crate::delivery::Event;

/// Longer than appends of all replicas wait for each other; shorter than a delivery's deadline.
const ANSWER_WITHIN: Duration = Duration::from_secs(5);

/// Held by the replica that chains the trail again ("audi" in ASCII).
const RECHAINING_LOCK: i64 = 0x6175_6469;

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

    async fn records(&self, statement: &str, params: &[Value]) -> Result<Vec<Record>, AuditError> {
        let client = self.inner.database.admin().await.map_err(AuditError::Connect)?;
        let rows = rows(&client, statement, params).await;
        let rows = rows.map_err(|source| AuditError::Statement { step: "read", source })?;
        rows.into_iter().map(|row| Ok(trail::record(row)?)).collect()
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
            let missing = || Malformed("no head of an appended record").into();
            let _ = answer.send(head.and_then(|heads| heads.into_iter().next().ok_or_else(missing)));
        }
    }

    /// One transaction. Answers the head of each event's record; an event that is there keeps its own.
    async fn append(&self, events: &[&Event]) -> Result<Vec<Head>, AuditError> {
        let mut client = self.database.admin().await.map_err(AuditError::Connect)?;
        let transaction = client.transaction().await.map_err(failed("begin"))?;
        let lock = transaction.prepare_cached(LOCK_HEAD).await.map_err(failed("lock the head"))?;
        let head = transaction.query_one(&lock, &[]).await.map_err(failed("lock the head"))?;
        let head = trail::head(row_values(&head).map_err(failed("lock the head"))?)?;
        let ids: Vec<Uuid> = events.iter().map(|event| event.event_id).collect();
        let find = transaction.prepare_cached(FIND).await.map_err(failed("look for the events"))?;
        let mut there = HashMap::with_capacity(events.len());
        for row in transaction.query(&find, &[&ids]).await.map_err(failed("look for the events"))? {
            let (id, head) = trail::found(row_values(&row).map_err(failed("look for the events"))?)?;
            there.insert(id, head);
        }
        let now = Timestamp::from_microsecond(self.clock.now_us()).map_err(|_| Malformed("the clock"))?;
        let appended = Appended::behind(head, there, events.iter().copied(), now)?;
        if !appended.records.is_empty() {
            add(&transaction, ADD, &appended.records).await?;
            let move_head = transaction.prepare_cached(MOVE_HEAD).await.map_err(failed("move the head"))?;
            let values: [&(dyn ToSql + Sync); 2] = [&signed(appended.last.number)?, &appended.last.hash.bytes()];
            transaction.execute(&move_head, &values).await.map_err(failed("move the head"))?;
            transaction.commit().await.map_err(failed("commit"))?;
        }
        Ok(appended.heads)
    }
}

async fn add(
    transaction: &deadpool_postgres::Transaction<'_>,
    statement: &str,
    records: &[Record],
) -> Result<(), AuditError> {
    fn each<'a, T>(records: &'a [Record], of: impl Fn(&'a Record) -> T) -> Vec<T> {
        records.iter().map(of).collect()
    }
    let numbers = records.iter().map(|record| signed(record.number)).collect::<Result<Vec<_>, _>>()?;
    let time = |record: &Record| Timestamp::from_microsecond(record.occurred_at_us).map(SystemTime::from);
    let times = records.iter().map(time).collect::<Result<Vec<_>, _>>();
    let times = times.map_err(|_| Malformed("a time outside the calendar"))?;
    let add = transaction.prepare_cached(statement).await.map_err(failed("add records"))?;
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
    transaction.execute(&add, &values).await.map(drop).map_err(failed("add records"))
}

fn failed(step: &'static str) -> impl Fn(tokio_postgres::Error) -> AuditError {
    move |source| AuditError::Statement { step, source: source.into() }
}

#[async_trait]
impl AuditLog for PostgresAudit {
    async fn append(&self, event: &Event) -> Result<Head, AuditError> {
        let heads = within(self.append_with_others(vec![event.clone()])).await?;
        heads.into_iter().next().ok_or_else(|| Malformed("no head of an appended record").into())
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
        let (statement, params) = trail::page(filter, first, before)?;
        within(self.records(&statement, &params)).await
    }

    async fn read(&self, after: u64, first: u32) -> Result<Vec<Record>, AuditError> {
        within(self.records(&trail::read(first), &[Value::Int64(signed(after)?)])).await
    }

    async fn begin_rechaining(&self) -> Result<Option<Alone>, AuditError> {
        let session = self.inner.database.session().await.map_err(AuditError::Connect)?;
        let failed = failed("begin the second chain");
        // Where all records are looked through, that takes a while.
        let alone = session.query_one("SELECT pg_try_advisory_lock($1)", &[&RECHAINING_LOCK]).await;
        if !alone.and_then(|row| row.try_get::<_, bool>(0)).map_err(&failed)? {
            return Ok(None);
        }
        let head: i64 = session.query_one(HEAD, &[]).await.and_then(|row| row.try_get("number")).map_err(&failed)?;
        let first = session.query_one("SELECT audit.first_unsealed()", &[]).await;
        let first: Option<i64> = first.and_then(|row| row.try_get(0)).map_err(&failed)?;
        if first.is_some() {
            return Ok(Some(Alone(Some(session))));
        }
        let sealed = "UPDATE audit.head SET sealed_to = greatest(sealed_to, $1)";
        session.execute(sealed, &[&head]).await.map_err(&failed)?;
        Ok(None)
    }

    async fn rechained(&self) -> Result<Head, AuditError> {
        let ask = async {
            let client = self.inner.database.admin().await.map_err(AuditError::Connect)?;
            let ask = "SELECT number, hash FROM audit.rechained ORDER BY number DESC LIMIT 1";
            match client.query_opt(ask, &[]).await.map_err(failed("read the second chain"))? {
                Some(row) => Ok(trail::head(row_values(&row).map_err(failed("read the second chain"))?)?),
                None => Ok(Head::default()),
            }
        };
        within(ask).await
    }

    async fn add_rechained(&self, records: &[Record]) -> Result<(), AuditError> {
        let work = async {
            let mut client = self.inner.database.admin().await.map_err(AuditError::Connect)?;
            let transaction = client.transaction().await.map_err(failed("begin"))?;
            add(&transaction, &ADD.replace("audit.records", "audit.rechained"), records).await?;
            transaction.commit().await.map_err(failed("commit"))
        };
        within(work).await
    }

    async fn take_place(&self, former: Head, last: &Record) -> Result<bool, AuditError> {
        let work = async {
            let mut client = self.inner.database.admin().await.map_err(AuditError::Connect)?;
            let transaction = client.transaction().await.map_err(failed("begin"))?;
            add(&transaction, &ADD.replace("audit.records", "audit.rechained"), std::slice::from_ref(last)).await?;
            let take = "SELECT audit.take_place($1, $2, $3)";
            let values: [&(dyn ToSql + Sync); 3] = [&signed(former.number)?, &signed(last.number)?, &last.hash.bytes()];
            let row = transaction.query_one(take, &values).await.map_err(failed("take the place"))?;
            let has_taken: bool = row.try_get(0).map_err(failed("take the place"))?;
            if has_taken {
                transaction.commit().await.map_err(failed("commit"))?;
            }
            Ok(has_taken)
        };
        within(work).await
    }

    async fn head(&self) -> Result<Head, AuditError> {
        let ask = async {
            let client = self.inner.database.admin().await.map_err(AuditError::Connect)?;
            let row = client.query_one(HEAD, &[]).await.map_err(failed("read the head"))?;
            Ok(trail::head(row_values(&row).map_err(failed("read the head"))?)?)
        };
        within(ask).await
    }
}

async fn within<T>(answer: impl Future<Output = Result<T, AuditError>>) -> Result<T, AuditError> {
    let late = Err(AuditError::Timeout(ANSWER_WITHIN.as_secs()));
    tokio::time::timeout(ANSWER_WITHIN, answer).await.unwrap_or(late)
}
