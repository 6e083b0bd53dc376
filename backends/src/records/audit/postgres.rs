//! The trail in Postgres: the schema `audit` of a migrated database. The head's row is locked by each append,
//! so that records of all replicas come one after another.

use std::time::{Duration, SystemTime};

use async_trait::async_trait;
use jiff::Timestamp;
use tokio_postgres::{Row, types::ToSql};

use super::{AuditError, AuditLog, BATCH_MAX, Filter, Hash, Head, Record};
use crate::clock::Clock;
use crate::database::postgres::Database;
use crate::delivery::Event;

/// Longer than appends of all replicas wait for each other; shorter than a delivery's deadline.
const ANSWER_WITHIN: Duration = Duration::from_secs(5);

const COLUMNS: &str = "number, event_id, event_type, user_id, occurred_at, previous_hash, hash, body";
const HEAD: &str = "SELECT number, hash FROM audit.head";
const LOCK_HEAD: &str = "SELECT number, hash FROM audit.head FOR UPDATE";
const FIND: &str = "SELECT number, hash FROM audit.records WHERE event_id = $1";
const ADD: &str = "INSERT INTO audit.records
    (number, event_id, event_type, user_id, occurred_at, previous_hash, hash, body)
    VALUES ($1, $2, $3, $4, $5, $6, $7, $8)";
const MOVE_HEAD: &str = "UPDATE audit.head SET number = $1, hash = $2";

/// The trail in a database.
#[derive(Clone)]
pub struct PostgresAudit {
    database: Database,
    clock: Clock,
}

// === impl PostgresAudit ===

impl PostgresAudit {
    /// `database`: one with the platform's write migrations.
    #[must_use]
    pub fn new(database: Database, clock: Clock) -> Self {
        Self { database, clock }
    }

    async fn append_now(&self, event: &Event) -> Result<Head, AuditError> {
        let failed = |step| move |source| AuditError::Statement { step, source };
        let mut client = self.database.admin().await.map_err(AuditError::Connect)?;
        let transaction = client.transaction().await.map_err(failed("begin"))?;
        let head = head(&transaction.query_one(LOCK_HEAD, &[]).await.map_err(failed("lock the head"))?)?;
        let there = transaction.query_opt(FIND, &[&event.event_id]).await.map_err(failed("look for the event"))?;
        if let Some(row) = there {
            return self::head(&row);
        }
        let now = Timestamp::from_microsecond(self.clock.now_us()).map_err(|_| AuditError::Malformed("the clock"))?;
        let record = Record::next(head, event, now)?;
        let number = signed(record.number)?;
        let (previous, hash) = (record.previous.bytes(), record.hash.bytes());
        let occurred_at = SystemTime::from(event.timestamp);
        let values: [&(dyn ToSql + Sync); 8] = [
            &number,
            &record.event_id,
            &record.event_type,
            &record.user_id,
            &occurred_at,
            &previous,
            &hash,
            &record.body,
        ];
        transaction.execute(ADD, &values).await.map_err(failed("add a record"))?;
        transaction.execute(MOVE_HEAD, &[&number, &hash]).await.map_err(failed("move the head"))?;
        transaction.commit().await.map_err(failed("commit"))?;
        Ok(record.head())
    }

    async fn records(&self, statement: &str, values: &[&(dyn ToSql + Sync)]) -> Result<Vec<Record>, AuditError> {
        let client = self.database.admin().await.map_err(AuditError::Connect)?;
        let rows = client.query(statement, values).await;
        rows.map_err(|source| AuditError::Statement { step: "read", source })?.iter().map(record).collect()
    }
}

#[async_trait]
impl AuditLog for PostgresAudit {
    async fn append(&self, event: &Event) -> Result<Head, AuditError> {
        within(self.append_now(event)).await
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
            let client = self.database.admin().await.map_err(AuditError::Connect)?;
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
