//! Databases through the `sql` capability: typed parameters, typed rows, and transactions that run
//! again when the database asks for it.

mod names;
mod row;
mod value;

pub use crate::bindings::platform::mindflow::platform::sql::{
    DbError, Error, Identity, Rowset, Statement, Transaction, Value, begin_batch, begin_once,
};
pub use row::{FromValue, Row, RowError, Rows};
pub use value::{Date, IntoValue, Json, Numeric, Time};

use crate::bindings::platform::mindflow::platform::{
    call,
    events::{Delivery, Event, Mark},
    sql,
};

/// How often a transaction with conflicts (40001, 40P01) runs in total; longer contention is an error.
const TRANSACTION_RUNS_MAX: u32 = 5;

/// Parameters of a statement: `params![id, title, Time(now)]`.
#[macro_export]
macro_rules! params {
    ($($value:expr),* $(,)?) => { vec![$($crate::sql::IntoValue::into_value($value)),*] };
}

/// One read.
pub async fn query(database: &str, identity: Identity, statement: &str, params: Vec<Value>) -> Result<Rows, Error> {
    sql::query(database.to_owned(), identity, statement.to_owned(), params).await.map(Rows::from)
}

/// Several reads in one transaction: each one's rows, in the order of the statements.
pub async fn query_many(
    database: &str,
    identity: Identity,
    statements: Vec<(String, Vec<Value>)>,
) -> Result<Vec<Rows>, Error> {
    let statements = statements.into_iter().map(|(text, params)| Statement { text, params }).collect();
    let answers = sql::query_many(database.to_owned(), identity, statements).await?;
    Ok(answers.into_iter().map(Rows::from).collect())
}

/// An open transaction that takes borrowed texts.
pub struct Tx(Transaction);

impl Tx {
    pub async fn execute(&self, statement: &str, params: Vec<Value>) -> Result<u64, Error> {
        self.0.execute(statement.to_owned(), params).await
    }

    pub async fn query(&self, statement: &str, params: Vec<Value>) -> Result<Rows, Error> {
        self.0.query(statement.to_owned(), params).await.map(Rows::from)
    }

    /// Publishes the event with the commit of this transaction; returns its id.
    pub async fn publish(&self, event: crate::events::NewEvent) -> Result<String, Error> {
        self.0.publish(event).await
    }
}

/// Why a transaction's body did not reach its commit.
#[derive(Debug)]
pub enum Abort {
    /// The database said no; a conflict makes the whole body run again.
    Database(Error),
    /// The body returned an error; nothing is written.
    Call(call::Error),
}

impl From<Error> for Abort {
    fn from(error: Error) -> Self {
        Self::Database(error)
    }
}

impl From<call::Error> for Abort {
    fn from(error: call::Error) -> Self {
        Self::Call(error)
    }
}

impl From<RowError> for Abort {
    fn from(error: RowError) -> Self {
        Self::Call(error.into())
    }
}

/// Runs `body` in one transaction and commits it. On a conflict the body runs again, from the start, in a new
/// transaction; any other error rolls back.
pub async fn transaction<T>(
    database: &str,
    identity: &Identity,
    body: impl AsyncFnMut(&Tx) -> Result<T, Abort>,
) -> Result<T, call::Error> {
    let begin = async || Ok(Some((Transaction::begin(database.to_owned(), identity.clone()).await?, ())));
    let mut body = body;
    attempts(begin, async |tx, ()| body(tx).await).await?.ok_or_else(not_begun)
}

/// Applies a delivered event in one transaction, as [`transaction`] does, at most once however often it is
/// delivered. `None`: it was applied before, or a newer event of its partition key was; `body` did not run.
pub async fn once<T>(
    database: &str,
    identity: &Identity,
    event: &Event,
    delivery: &Delivery,
    mut body: impl AsyncFnMut(&Tx) -> Result<T, Abort>,
) -> Result<Option<T>, call::Error> {
    let begin = async || {
        let mark = mark(&delivery.subscription, event);
        let begun = sql::begin_once(database.to_owned(), identity.clone(), mark).await?;
        Ok(begun.map(|transaction| (transaction, ())))
    };
    attempts(begin, async |tx, ()| body(tx).await).await
}

/// Applies events of different partition keys in one transaction, each at most once, as [`once`] does. `items` are what is to
/// be done for them; `body` gets those whose event is still to be applied.
pub async fn batch<'a, I, T>(
    database: &str,
    identity: &Identity,
    subscription: &str,
    items: &'a [I],
    event: impl Fn(&I) -> &Event,
    mut body: impl AsyncFnMut(&Tx, Vec<&'a I>) -> Result<T, Abort>,
) -> Result<T, call::Error> {
    let begin = async || {
        let marks = items.iter().map(|item| mark(subscription, event(item))).collect();
        let (transaction, fresh) = sql::begin_batch(database.to_owned(), identity.clone(), marks).await?;
        let fresh: Vec<&'a I> = items.iter().zip(fresh).filter_map(|(item, fresh)| fresh.then_some(item)).collect();
        Ok(Some((transaction, fresh)))
    };
    attempts(begin, async |tx, fresh| body(tx, fresh).await).await?.ok_or_else(not_begun)
}

fn not_begun() -> call::Error {
    call::Error::Internal("a transaction did not begin".into())
}

/// Runs statements that do not depend on each other in one transaction, sent together.
pub async fn all<T>(
    statements: impl IntoIterator<Item = impl Future<Output = Result<T, Error>>>,
) -> Result<Vec<T>, Error> {
    let (mut answers, mut failed) = (Vec::new(), None);
    for answer in futures::future::join_all(statements).await {
        match answer {
            Ok(answer) => answers.push(answer),
            // After the first failure, the transaction refuses the others. A conflict is never one of these.
            Err(error) if failed.is_none() || matches!(error, Error::Conflict(_)) => failed = Some(error),
            Err(_) => {}
        }
    }
    failed.map_or(Ok(answers), Err)
}

fn mark(subscription: &str, event: &Event) -> Mark {
    Mark {
        subscription: subscription.to_owned(),
        event_id: event.id.clone(),
        partition_key: event.partition_key.clone(),
        sequence: event.sequence,
    }
}

async fn attempts<T, B>(
    begin: impl AsyncFn() -> Result<Option<(Transaction, B)>, Error>,
    mut body: impl AsyncFnMut(&Tx, B) -> Result<T, Abort>,
) -> Result<Option<T>, call::Error> {
    for run in 1.. {
        let Some((transaction, begun)) = begin().await? else { return Ok(None) };
        let tx = Tx(transaction);
        let outcome = match body(&tx, begun).await {
            Ok(value) => Transaction::commit(tx.0).await.map(|()| value).map_err(Abort::Database),
            Err(abort) => Err(abort),
        };
        match outcome {
            Ok(value) => return Ok(Some(value)),
            Err(Abort::Database(Error::Conflict(_))) if run < TRANSACTION_RUNS_MAX => {}
            Err(Abort::Database(error)) => return Err(error.into()),
            Err(Abort::Call(error)) => return Err(error),
        }
    }
    Err(call::Error::Unavailable("the database is contended".into()))
}

/// The violated constraint's name, when that is why the statement failed.
pub fn violated_constraint(error: &Error) -> Option<&str> {
    match error {
        Error::Statement(DbError { sqlstate, constraint, .. }) if sqlstate.starts_with("23") => constraint.as_deref(),
        _ => None,
    }
}
