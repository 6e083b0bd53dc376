//! The capability `sql`: databases by the names that the manifest grants, each statement as the service's own role and for a
//! proven identity. Rules, texts and statements are the host's.

mod session;
mod transaction;
mod value;

use mindflow_platform::sql::mark::{self, APPLY_BATCH, APPLY_ONCE};
use mindflow_platform::sql::record::ANSWER_BYTES_MAX;
use mindflow_platform::sql::{self, Mode, READS_MAX};
use mindflow_spin_guest::postgres::{Connection, Rows};

use crate::bindings::exports::mindflow::platform::sql::{
    Error, Guest, Identity, Mark, Rowset, Statement, Transaction, Value,
};
use crate::{Platform, grants};
use transaction::{Opened, check};
use value::values;

impl Guest for Platform {
    type Transaction = Opened;

    async fn begin_once(database: String, identity: Identity, event: Mark) -> Result<Option<Transaction>, Error> {
        let mark = own(event)?;
        let open = Opened::begin(&database, identity).await?;
        match sql::MarkOutcome::read(&open.rows(APPLY_ONCE, &mark.params()?).await?.rows)? {
            sql::MarkOutcome::Fresh => Ok(Some(Transaction::new(open))),
            sql::MarkOutcome::Already => {
                open.rollback().await?;
                Ok(None)
            }
        }
    }

    async fn begin_batch(
        database: String,
        identity: Identity,
        events: Vec<Mark>,
    ) -> Result<(Transaction, Vec<bool>), Error> {
        let marks = events.into_iter().map(own).collect::<Result<Vec<_>, _>>()?;
        let params = mark::batch_params(&marks)?;
        let open = Opened::begin(&database, identity).await?;
        let fresh = match params {
            Some(params) => mark::fresh(&marks, open.rows(APPLY_BATCH, &params).await?.rows)?,
            None => Vec::new(),
        };
        Ok((Transaction::new(open), fresh))
    }

    async fn query(
        database: String,
        identity: Identity,
        statement: String,
        params: Vec<Value>,
    ) -> Result<Rowset, Error> {
        let mut answers = read(&database, identity, vec![Statement { text: statement, params }]).await?;
        answers.pop().ok_or_else(|| Error::Other("the statement has no answer".to_owned()))
    }

    async fn query_many(
        database: String,
        identity: Identity,
        statements: Vec<Statement>,
    ) -> Result<Vec<Rowset>, Error> {
        if statements.len() > READS_MAX {
            return Err(Error::InvalidParams(format!("more than {READS_MAX} statements in one call")));
        }
        read(&database, identity, statements).await
    }
}

/// A mark of one of the service's own subscriptions.
fn own(event: Mark) -> Result<sql::Mark, Error> {
    let Mark { subscription, event_id, partition_key, sequence } = event;
    grants::service().subscription(&subscription).map_err(Error::AccessDenied)?;
    Ok(sql::Mark::new(subscription, &event_id, partition_key, sequence)?)
}

/// Runs reads in a transaction of their own.
async fn read(database: &str, identity: Identity, statements: Vec<Statement>) -> Result<Vec<Rowset>, Error> {
    for statement in &statements {
        check(&statement.text)?;
    }
    let connection = session::open(database, identity, Mode::ReadOnly).await?;
    let answers = answers(&connection, statements).await;
    // Also when one failed: the next borrower of the connection finds no transaction.
    let ended = if answers.is_ok() { connection.commit().await } else { connection.rollback().await };
    let answers = answers?;
    ended?;
    Ok(answers.into_iter().map(Into::into).collect())
}

async fn answers(connection: &Connection, statements: Vec<Statement>) -> Result<Vec<Rows>, sql::Error> {
    let (mut answers, mut bytes) = (Vec::with_capacity(statements.len()), 0_usize);
    for Statement { text, params } in statements {
        let rows = connection.query(&text, &values(params)).await?;
        bytes = bytes.saturating_add(rows.bytes);
        if bytes > ANSWER_BYTES_MAX {
            return Err(sql::Error::Other("the answer has more than 32 MiB: read in pages".to_owned()));
        }
        answers.push(rows);
    }
    Ok(answers)
}
