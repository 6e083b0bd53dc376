//! Applied once: delivery hands an event over at least once, and this makes its effect happen exactly
//! once. A handler's transaction is opened *for an event*: the same transaction marks the event as
//! applied, so that the mark and the effect commit together or not at all, and a second delivery finds
//! the mark and gets no transaction to do anything in.
//!
//! The mark is a row of `mindflow.applied` a (component, subscription, partition key): the newest sequence
//! and the events that had it. An event is new when its sequence is greater, or the same with an id not
//! seen yet; gaps are no concern, because a subscription need not get every type of an aggregate's events.
//! Two deliveries of one key at the same moment wait for each other at the row's lock.
//!
//! A component's role has no privilege on the table. The function `mindflow.apply_once` runs as the
//! owner and writes only the row that carries the name of the role which is logged in (`session_user`):
//! the least that works, with nothing to grant when a subscription is added. A component that calls it
//! directly can mislead only itself.
//!
//! Rows stay, one an aggregate, as do the views they belong to: a replay years later needs them.

use mindflow_platform::sql::mark::{APPLY_BATCH, APPLY_ONCE, batch_params, fresh};
pub use mindflow_platform::sql::mark::{Mark, MarkOutcome};
use tokio_postgres::{GenericClient, RowStream};

use crate::database::postgres::Database;
use crate::database::postgres::roles::role_name;
use crate::database::sql::{Error, Identity, Transaction};

/// What [`Database::begin_once`] opened.
pub enum Once {
    /// To apply the event in; marked as applied when it commits.
    Fresh(Box<Transaction>),
    /// Nothing is to be done: acknowledge.
    Already,
}

/// Marks the event as applied by `subscription`, in the transaction that applies it. One statement. After
/// an error the transaction can only be rolled back.
///
/// # Errors
/// `InvalidParams` for a sequence that the database cannot count; otherwise the statement's own.
pub async fn guard(transaction: &Transaction, mark: &Mark) -> Result<MarkOutcome, Error> {
    MarkOutcome::read(&transaction.query(APPLY_ONCE, &mark.params()?).await?.rows)
}

// === impl Database ===

impl Database {
    /// Opens a transaction of `component` in which to apply the event, unless the subscription has applied it already.
    ///
    /// # Errors
    /// As [`Database::begin`]; waits at most the statement timeout for another delivery of the same key.
    pub async fn begin_once(&self, component: &str, identity: &Identity, mark: &Mark) -> Result<Once, Error> {
        let transaction = self.begin(component, identity).await?;
        match guard(&transaction, mark).await? {
            MarkOutcome::Fresh => Ok(Once::Fresh(Box::new(transaction))),
            MarkOutcome::Already => {
                transaction.rollback().await?;
                Ok(Once::Already)
            }
        }
    }
}

impl Database {
    /// As [`Self::begin_once`] for several events of one subscription and different partition keys. Answers for each whether it is
    /// to be applied.
    ///
    /// # Errors
    /// As [`Self::begin_once`]; `InvalidParams` when two events have the same key, or not the same subscription.
    pub async fn begin_batch(
        &self,
        component: &str,
        identity: &Identity,
        marks: &[Mark],
    ) -> Result<(Transaction, Vec<bool>), Error> {
        let params = batch_params(marks)?;
        let transaction = self.begin(component, identity).await?;
        let Some(params) = params else { return Ok((transaction, Vec::new())) };
        let fresh = fresh(marks, transaction.query(APPLY_BATCH, &params).await?.rows)?;
        Ok((transaction, fresh))
    }
}

/// Drops a subscription's marks, so that it applies everything again: before a rebuild, or before
/// the marks of a shadow replay take their place. On an administrator's connection. Answers how many there were.
///
/// # Errors
/// `Other` for a component's name that can be none.
pub async fn forget(client: &impl GenericClient, component: &str, subscription: &str) -> Result<u64, Error> {
    let role = role(component)?;
    let statement = "DELETE FROM mindflow.applied WHERE component = $1 AND subscription = $2";
    Ok(client.execute(statement, &[&role, &subscription]).await?)
}

/// Drops the marks of some of its entities alone.
///
/// # Errors
/// `Other` for a component's name that can be none.
pub async fn forget_keys(
    client: &impl GenericClient,
    component: &str,
    subscription: &str,
    keys: &[String],
) -> Result<u64, Error> {
    let role = role(component)?;
    let statement =
        "DELETE FROM mindflow.applied WHERE component = $1 AND subscription = $2 AND partition_key = ANY ($3)";
    Ok(client.execute(statement, &[&role, &subscription, &keys]).await?)
}

/// A subscription's marks, each as Postgres writes its row, for [`put`].
///
/// # Errors
/// `Other` for a component's name that can be none.
pub async fn marks(client: &impl GenericClient, component: &str, subscription: &str) -> Result<RowStream, Error> {
    let role = role(component)?;
    let statement = "SELECT a::text FROM mindflow.applied a WHERE component = $1 AND subscription = $2";
    Ok(client.query_raw(statement, [role.as_str(), subscription]).await?)
}

/// Adds marks that [`marks`] has read elsewhere.
///
/// # Errors
/// One of them is there already.
pub async fn put(client: &impl GenericClient, rows: &[String]) -> Result<(), Error> {
    let statement = "INSERT INTO mindflow.applied SELECT (r::mindflow.applied).* FROM unnest($1::text[]) AS r";
    client.execute(statement, &[&rows]).await?;
    Ok(())
}

fn role(component: &str) -> Result<String, Error> {
    role_name(component).map_err(|error| Error::Other(error.to_string()))
}
