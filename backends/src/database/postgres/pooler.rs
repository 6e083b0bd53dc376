//! A pooler such as PgBouncer before a server. In transaction mode each transaction may have another connection to the
//! server. The platform keeps nothing on a connection but prepared statements, which the pooler must keep for it, and has
//! sessions of its own for the rest. What is missing for that is said at the start, and not by odd failures later.

use tokio_postgres::Client;
use tokio_postgres::error::SqlState;

use super::pool::{Endpoint, Pools};
use super::{Database, Session};
use crate::database::sql::Error;

/// Turns of two clients to be given the same connection of the server. Other clients may take it in between.
const TURNS_MAX: usize = 5;

/// How a pooler is configured in a way that the platform cannot work with.
#[derive(Debug, PartialEq, thiserror::Error)]
pub enum PoolerError {
    #[error(
        "{key}: {address} is a pooler in transaction mode; name the server itself in {direct_key}, for notifications, migrations and scratch databases"
    )]
    NoDirectDsn { key: String, address: String, direct_key: String },
    #[error("{key}: {address} is a pooler in transaction mode, too; name the server itself")]
    DirectIsPooled { key: String, address: String },
    #[error(
        "{key}: the pooler at {address} does not keep prepared statements; set max_prepared_statements = 200 in PgBouncer 1.21 or newer"
    )]
    NoStatements { key: String, address: String },
    #[error("{key}: {address}: {reason}")]
    Unreachable { key: String, address: String, reason: String },
}

/// Looks for a pooler before the server, and at its replica where that answers.
pub(super) async fn check(database: &Database) -> Result<(), PoolerError> {
    let pools = database.pools();
    let endpoint = pools.endpoint();
    let unreachable = |endpoint: &Endpoint, error: &Error| PoolerError::Unreachable {
        key: endpoint.key().to_owned(),
        address: endpoint.address(),
        reason: error.to_string(),
    };
    match detect(pools).await.map_err(|error| unreachable(endpoint, &error))? {
        Found::Server => {}
        Found::Pooler { keeps_statements: false } => return Err(no_statements(endpoint)),
        Found::Pooler { keeps_statements: true } => {
            let Some(direct) = &database.inner.direct else {
                return Err(PoolerError::NoDirectDsn {
                    key: endpoint.key().to_owned(),
                    address: endpoint.address(),
                    direct_key: endpoint.key().replace(".dsn", ".direct-dsn"),
                });
            };
            tracing::info!(database = database.name(), address = endpoint.address(), "a pooler in transaction mode");
            let error = |error: Error| unreachable(direct, &error);
            let sessions =
                (Session::connect(direct).await.map_err(error)?, Session::connect(direct).await.map_err(error)?);
            if share(&sessions.0, &sessions.1).await.map_err(|reason| error(reason.into()))? {
                return Err(PoolerError::DirectIsPooled { key: direct.key().to_owned(), address: direct.address() });
            }
        }
    }
    let Some(replica) = database.replica().and_then(super::pool::Replica::awake) else { return Ok(()) };
    match detect(replica).await {
        Ok(Found::Pooler { keeps_statements: false }) => Err(no_statements(replica.endpoint())),
        // Reads do without a replica that is away.
        Ok(_) | Err(_) => Ok(()),
    }
}

fn no_statements(endpoint: &Endpoint) -> PoolerError {
    PoolerError::NoStatements { key: endpoint.key().to_owned(), address: endpoint.address() }
}

/// What answers at an endpoint.
enum Found {
    /// A server, or a pooler that gives each client a connection of its own.
    Server,
    /// A pooler whose clients share connections.
    Pooler { keeps_statements: bool },
}

async fn detect(pools: &Pools) -> Result<Found, Error> {
    let (first, second) = (pools.admin().await?, pools.admin().await?);
    if !share(&first, &second).await? {
        return Ok(Found::Server);
    }
    Ok(Found::Pooler { keeps_statements: keeps_statements(&first).await? })
}

/// Whether two clients share connections of the server.
async fn share(first: &Client, second: &Client) -> Result<bool, tokio_postgres::Error> {
    for _ in 0..TURNS_MAX {
        // Twice the first: a pooler that takes its connections in turn would give each of two clients always the same.
        let (one, again, other) = (backend(first).await?, backend(first).await?, backend(second).await?);
        if one != again || one == other {
            return Ok(true);
        }
    }
    Ok(false)
}

/// The process of the server that the client has now. By the simple protocol, which needs no prepared statement.
async fn backend(client: &Client) -> Result<String, tokio_postgres::Error> {
    let answer = client.simple_query("SELECT pg_backend_pid()").await?;
    let row = answer.into_iter().find_map(|message| match message {
        tokio_postgres::SimpleQueryMessage::Row(row) => row.get(0).map(ToOwned::to_owned),
        _ => None,
    });
    Ok(row.unwrap_or_default())
}

/// Whether the pooler gives prepared statements names of its own. Otherwise the client's, such as `s1`, reach the server,
/// where other clients have the same names for other statements.
async fn keeps_statements(client: &Client) -> Result<bool, Error> {
    const STATEMENT: &str = "SELECT 'does the pooler keep this statement?'";
    const NAMES: &str = "SELECT count(*) FROM pg_prepared_statements WHERE name ~ '^s[0-9]+$' AND statement = ";
    let sees = async {
        // In a transaction, so that all goes over the same connection of the server.
        client.batch_execute("BEGIN").await?;
        let statement = client.prepare(STATEMENT).await?;
        let answer = client.simple_query(&format!("{NAMES}$${STATEMENT}$$")).await?;
        drop(statement);
        Ok::<_, tokio_postgres::Error>(answer)
    };
    let answer = sees.await;
    client.batch_execute("ROLLBACK").await?;
    match answer {
        // Another client has prepared a statement of this name.
        Err(error) if error.code() == Some(&SqlState::DUPLICATE_PSTATEMENT) => Ok(false),
        Err(error) => Err(error.into()),
        Ok(answer) => Ok(answer
            .iter()
            .any(|message| matches!(message, tokio_postgres::SimpleQueryMessage::Row(row) if row.get(0) == Some("0")))),
    }
}
