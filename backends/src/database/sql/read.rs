//! Reads in a transaction of their own. Opening it, the statements and its end are sent together and answered
//! in one round trip; what is most of a dashboard's traffic should not wait three times.

use std::sync::atomic::AtomicUsize;

use futures::FutureExt;
use futures::future::{try_join_all, try_join3};

use super::lease::Lease;
use super::rowset::{self, ReadError};
use super::transaction::{CONNECTION_ATTEMPTS_MAX, answer_timeout, column_names, prepare};
use super::{Error, Identity, Rowset, Value, decode, encode, guard};
use crate::database::postgres::{Database, pool::Pools};
use crate::places::Key;
use mindflow_platform::sql::{Mode, READS_MAX, is_broken, is_stale_plan};

/// A statement and its parameters.
pub type Read<'a> = (&'a str, &'a [Value]);

/// What became of one try.
enum Attempt {
    Done(Result<Vec<Rowset>, Error>),
    /// The connection turned out to be dead.
    Broken(Error),
    /// A statement was prepared for tables that have changed since.
    Stale(Error),
}

impl Database {
    /// Runs one read-only statement for `identity` as `component`'s role. Goes to the replica where there is one.
    pub async fn query(
        &self,
        component: &str,
        identity: &Identity,
        statement: &str,
        params: &[Value],
    ) -> Result<Rowset, Error> {
        self.query_within(self.statement_timeout_ms(), component, identity, statement, params).await
    }

    /// The same with less time than the database gives to any statement.
    pub async fn query_within(
        &self,
        timeout_ms: u32,
        component: &str,
        identity: &Identity,
        statement: &str,
        params: &[Value],
    ) -> Result<Rowset, Error> {
        let answers = self.read(timeout_ms, component, identity, &[(statement, params)]).await?;
        answers.into_iter().next().ok_or_else(|| Error::Other("the statement has no answer".to_owned()))
    }

    /// Runs several reads in one transaction: their answers, in the same order.
    pub async fn query_many(
        &self,
        component: &str,
        identity: &Identity,
        reads: &[Read<'_>],
    ) -> Result<Vec<Rowset>, Error> {
        if reads.len() > READS_MAX {
            return Err(Error::InvalidParams(format!("more than {READS_MAX} statements in one call")));
        }
        self.read(self.statement_timeout_ms(), component, identity, reads).await
    }

    async fn read(
        &self,
        timeout_ms: u32,
        component: &str,
        identity: &Identity,
        reads: &[Read<'_>],
    ) -> Result<Vec<Rowset>, Error> {
        for (statement, _) in reads {
            guard::check(statement)?;
        }
        let begin = identity.begin(Mode::ReadOnly, timeout_ms.min(self.statement_timeout_ms()));
        let asker = self.asker(identity);
        if let Some(replica) = self.replica()
            && let Some(pools) = replica.awake()
        {
            match self.read_from(pools, component, &asker, &begin, reads).await {
                // One client that has its part of the connections says nothing of the replica.
                Err(Error::PoolExhausted) if !pools.is_exhausted(component) => return Err(Error::PoolExhausted),
                Err(error @ (Error::Unavailable(_) | Error::PoolExhausted)) => {
                    tracing::warn!(database = self.name(), %error, "the replica is passed over for a while");
                    replica.rest();
                }
                other => return other,
            }
        }
        self.read_from(self.pools(), component, &asker, &begin, reads).await
    }

    async fn read_from(
        &self,
        pools: &Pools,
        component: &str,
        asker: &Key,
        begin: &str,
        reads: &[Read<'_>],
    ) -> Result<Vec<Rowset>, Error> {
        let mut attempt = 1;
        let mut stale_before = false;
        loop {
            match self.attempt(pools, component, asker, begin, reads).await {
                Attempt::Done(answer) => return answer,
                Attempt::Broken(_) if attempt < CONNECTION_ATTEMPTS_MAX => {
                    pools.sweep(component);
                    attempt += 1;
                }
                Attempt::Stale(_) if !stale_before => stale_before = true,
                Attempt::Broken(error) | Attempt::Stale(error) => return Err(error),
            }
        }
    }

    async fn attempt(&self, pools: &Pools, component: &str, asker: &Key, begin: &str, reads: &[Read<'_>]) -> Attempt {
        let client = match pools.component(component, asker).await {
            Ok(client) => client,
            Err(error) => return Attempt::Done(Err(error)),
        };
        let lease = Lease::new(client);
        match tokio::time::timeout(answer_timeout(self), read(&lease, begin, reads)).await {
            Ok(attempt) => {
                if attempt.at_rest() {
                    drop(lease.into_client());
                }
                attempt
            }
            Err(_) => Attempt::Done(Err(Error::Timeout)),
        }
    }
}

// === impl Attempt ===

impl Attempt {
    /// Whether nothing of the answer is still on its way.
    fn at_rest(&self) -> bool {
        match self {
            Self::Done(answer) => !matches!(answer, Err(Error::Other(_) | Error::Unavailable(_))),
            Self::Stale(_) => true,
            Self::Broken(_) => false,
        }
    }
}

async fn read(lease: &Lease, begin: &str, reads: &[Read<'_>]) -> Attempt {
    let Some(client) = lease.client() else {
        return Attempt::Done(Err(Error::Other("the connection was given back".to_owned())));
    };
    let mut prepared = Vec::with_capacity(reads.len());
    for (sql, params) in reads {
        let statement = match prepare(client, sql).await {
            Ok(statement) => statement,
            Err(error) => return failed(error),
        };
        match decode::check_columns(statement.columns()).and_then(|()| encode::params(params, statement.params())) {
            Ok(params) => prepared.push((statement, params)),
            Err(error) => return Attempt::Done(Err(error)),
        }
    }
    let bytes = &AtomicUsize::new(0);
    // Each is sent when first polled, in this order, before any answer has come.
    let rowsets = try_join_all(prepared.iter().map(|(statement, params)| async move {
        let rowset = match client.query_raw(statement, params).await {
            Ok(stream) => rowset::collect(column_names(statement), stream, bytes).await,
            Err(error) => Err(ReadError::Database(error)),
        };
        // The rest of an answer that is too large is not waited for.
        match rowset {
            Err(error @ ReadError::TooLarge(_)) => Err(error),
            other => Ok(other.map(|(rowset, _)| rowset)),
        }
    }));
    let all = try_join3(client.batch_execute(begin).map(Ok), rowsets, client.batch_execute("COMMIT").map(Ok)).await;
    let (begun, rowsets, ended) = match all {
        Ok(answers) => answers,
        Err(error) => return Attempt::Done(Err(error.into())),
    };
    if let Err(error) = begun {
        return failed(error);
    }
    match (rowsets.into_iter().collect::<Result<Vec<_>, _>>(), ended) {
        (Ok(rowsets), Ok(())) => Attempt::Done(Ok(rowsets)),
        (Err(ReadError::Database(error)), _) if is_stale_plan(&error) => {
            client.statement_cache.clear();
            Attempt::Stale(error.into())
        }
        (Err(ReadError::Database(error)), _) | (Ok(_), Err(error)) => failed(error),
        (Err(error), _) => Attempt::Done(Err(error.into())),
    }
}

fn failed(error: tokio_postgres::Error) -> Attempt {
    if is_broken(&error) { Attempt::Broken(error.into()) } else { Attempt::Done(Err(error.into())) }
}
