//! A transaction of a service. It has a connection for as long as it is open, and is rolled back when it is dropped.

use std::collections::BTreeSet;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Mutex, PoisonError};

use mindflow_platform::data_keys::{SealError, Subject};
use mindflow_platform::sql::guard::judge;
use mindflow_platform::sql::{self, Draft, Error as Failure, Mode, PUBLISH};
use mindflow_spin_guest::data_keys;
use mindflow_spin_guest::postgres::{Connection, Rows};
use uuid::Uuid;

use super::{session, values};
use crate::bindings::exports::mindflow::platform::sql::{
    Error, GuestTransaction, Identity, NewEvent, Rowset, Transaction, Value,
};
use crate::bindings::mindflow::platform::events;
use crate::{bell, clock, grants};

/// An open transaction (READ COMMITTED). Statements may be sent concurrently; they run one after another.
pub struct Opened {
    connection: Connection,
    /// Set when the connection must not be used again.
    broken: AtomicBool,
    /// Set when the transaction has come to its end.
    ended: AtomicBool,
    /// The types of the events that become public with the commit.
    published: Mutex<BTreeSet<String>>,
}

// === impl Opened ===

impl Opened {
    pub(super) async fn begin(database: &str, identity: Identity) -> Result<Self, Error> {
        let connection = session::open(database, identity, Mode::ReadWrite).await?;
        let (broken, ended) = (AtomicBool::new(false), AtomicBool::new(false));
        Ok(Self { connection, broken, ended, published: Mutex::default() })
    }

    /// Runs a statement that is no service's, or that the guard has passed.
    pub(super) async fn rows(&self, statement: &str, params: &[sql::Value]) -> Result<Rows, Failure> {
        self.answered(self.connection.query(statement, params)).await
    }

    /// Undoes everything now.
    pub(super) async fn rollback(self) -> Result<(), Failure> {
        self.ended.store(true, Ordering::Release);
        self.connection.rollback().await
    }

    async fn commit(self) -> Result<(), Failure> {
        if self.broken.load(Ordering::Acquire) {
            return Err(Failure::aborted());
        }
        let committed = self.connection.commit().await;
        self.ended.store(true, Ordering::Release);
        // Also when the outcome is unknown: a look costs little, and a committed event must not wait.
        let published = std::mem::take(&mut *self.published.lock().unwrap_or_else(PoisonError::into_inner));
        bell::ring_later(bell::subscribers(grants::service(), &published));
        committed
    }

    async fn answered<T>(&self, answer: impl Future<Output = Result<T, Failure>>) -> Result<T, Failure> {
        if self.broken.load(Ordering::Acquire) {
            return Err(Failure::aborted());
        }
        let answer = answer.await;
        // After its own timeout the server would say the same; without an answer the connection is of no more use.
        if matches!(answer, Err(Failure::Unavailable(_) | Failure::Timeout)) {
            self.broken.store(true, Ordering::Release);
        }
        answer
    }
}

impl Drop for Opened {
    fn drop(&mut self) {
        if !self.ended.load(Ordering::Acquire) {
            self.connection.rollback_now();
        }
    }
}

impl GuestTransaction for Opened {
    async fn begin(database: String, identity: Identity) -> Result<Transaction, Error> {
        Ok(Transaction::new(Self::begin(&database, identity).await?))
    }

    async fn execute(&self, statement: String, params: Vec<Value>) -> Result<u64, Error> {
        check(&statement)?;
        Ok(self.answered(self.connection.execute(&statement, &values(params))).await?)
    }

    async fn query(&self, statement: String, params: Vec<Value>) -> Result<Rowset, Error> {
        check(&statement)?;
        Ok(self.rows(&statement, &values(params)).await?.into())
    }

    async fn publish(&self, event: NewEvent) -> Result<String, Error> {
        grants::service().publishes(&event.event_type).map_err(Error::AccessDenied)?;
        let now_us = clock::now_us();
        let subject = match &event.subject {
            events::Subject::Itself => Subject::Itself,
            events::Subject::Aggregate(name) => Subject::Aggregate(name.clone()),
            events::Subject::Unsealed => Subject::Unsealed,
        };
        let mut row = sql::NewEvent::new(event.into(), ordered_id(now_us), now_us)?;
        seal(&mut row, &subject).await.map_err(|error| match error {
            SealError::Destroyed { .. } => Error::AccessDenied(error.to_string()),
            SealError::Reserved | SealError::Name => Error::InvalidParams(error.to_string()),
            SealError::Keys(error) => Error::Unavailable(error.to_string()),
        })?;
        self.published.lock().unwrap_or_else(PoisonError::into_inner).insert(row.event_type.clone());
        self.answered(self.connection.execute(PUBLISH, &row.params())).await?;
        Ok(row.event_id.to_string())
    }

    async fn commit(this: Transaction) -> Result<(), Error> {
        Ok(Self::commit(this.into_inner()).await?)
    }
}

async fn seal(event: &mut sql::NewEvent, subject: &Subject) -> Result<(), SealError> {
    if !subject.seals(event)? {
        return Ok(());
    }
    data_keys::open().await?.seal_new(event, subject).await
}

/// Lets a statement of a service pass.
pub(super) fn check(statement: &str) -> Result<(), Error> {
    judge(statement).map_err(|refusal| Error::AccessDenied(refusal.to_string()))
}

/// Ordered by the time at which it was made (version 7): for what is stored under an index.
fn ordered_id(now_us: i64) -> Uuid {
    let seconds = u64::try_from(now_us / 1_000_000).unwrap_or_default();
    let nanoseconds = u32::try_from(now_us % 1_000_000).unwrap_or_default() * 1_000;
    Uuid::new_v7(uuid::Timestamp::from_unix(uuid::NoContext, seconds, nanoseconds))
}

impl From<NewEvent> for Draft {
    fn from(event: NewEvent) -> Self {
        let NewEvent {
            event_type,
            version,
            sequence,
            partition_key,
            correlation_id,
            traceparent,
            user_id,
            tenant_id,
            payload,
            ..
        } = event;
        Self { event_type, version, sequence, partition_key, correlation_id, traceparent, user_id, tenant_id, payload }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_id_says_when_it_was_made() {
        let id = ordered_id(1_795_000_000_123_456);
        assert_eq!(id.get_version_num(), 7);
        assert_eq!(id.get_timestamp().unwrap().to_unix(), (1_795_000_000, 123_000_000));
        assert!(id < ordered_id(1_795_000_000_124_456));
    }
}
