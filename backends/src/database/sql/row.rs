//! Rows as values, for statements of the platform's own that other providers run as well.

use deadpool_postgres::ClientWrapper;
use tokio_postgres::{Row, Statement, types::ToSql};

use super::{Error, Value, encode};

/// Runs a statement of the platform's own. Its columns are of types that have values.
pub(crate) async fn rows(client: &ClientWrapper, statement: &str, params: &[Value]) -> Result<Vec<Vec<Value>>, Error> {
    let statement = client.prepare(statement).await?;
    rows_of(client, &statement, params).await
}

/// The same for one of a few statements that are asked again and again: the connection keeps it prepared.
pub(crate) async fn rows_again(
    client: &ClientWrapper,
    statement: &'static str,
    params: &[Value],
) -> Result<Vec<Vec<Value>>, Error> {
    let statement = client.prepare_cached(statement).await?;
    rows_of(client, &statement, params).await
}

async fn rows_of(client: &ClientWrapper, statement: &Statement, params: &[Value]) -> Result<Vec<Vec<Value>>, Error> {
    let params = encode::params(params, statement.params())?;
    let params: Vec<&(dyn ToSql + Sync)> = params.iter().map(|param| param as &(dyn ToSql + Sync)).collect();
    let rows = client.query(statement, &params).await?;
    Ok(rows.iter().map(row_values).collect::<Result<_, _>>()?)
}

/// The columns of a row, in order.
pub(crate) fn row_values(row: &Row) -> Result<Vec<Value>, tokio_postgres::Error> {
    (0..row.len()).map(|index| row.try_get(index)).collect()
}
