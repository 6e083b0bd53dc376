//! A database that the service is granted, and the identity for which it asks.

use mindflow_platform::sql::{self, Mode, STATEMENT_TIMEOUT_MS_DEFAULT};
use mindflow_spin_guest::postgres::Connection;
use mindflow_spin_guest::variables;

use crate::bindings::exports::mindflow::platform::sql::{Error, Identity};
use crate::grants::Access;
use crate::jwt::Unproven;
use crate::{grants, jwt};

/// Grants the database, proves whose rows are asked for, and opens a transaction there as the service's own role.
pub(super) async fn open(database: &str, identity: Identity, mode: Mode) -> Result<Connection, Error> {
    let identity = proven(database, identity).await?;
    let name = variable(database);
    let dsn = variables::get(&name).await.map_err(Error::Unavailable)?;
    let dsn = dsn.ok_or_else(|| Error::Unavailable(format!("the variable `{name}` is not set")))?;
    let connection = Connection::open(&dsn).await?;
    if let Err(error) = connection.begin(&identity, mode, STATEMENT_TIMEOUT_MS_DEFAULT).await {
        let _ = connection.rollback().await;
        return Err(error.into());
    }
    Ok(connection)
}

async fn proven(database: &str, identity: Identity) -> Result<sql::Identity, Error> {
    let service = grants::service();
    let access = service.database(database).map_err(Error::AccessDenied)?;
    match identity {
        Identity::Service if access == Access::Service => Ok(sql::Identity::Service),
        Identity::Service => Err(Error::AccessDenied(format!(
            "`{}` may ask database `{database}` only for a caller, not as the service",
            service.component
        ))),
        Identity::Caller(token) => {
            let (user_id, roles) = jwt::prove(&token).await.map_err(|unproven| match unproven {
                Unproven::Denied(reason) => Error::AccessDenied(reason),
                Unproven::Unavailable(reason) => Error::Unavailable(reason),
            })?;
            Ok(sql::Identity::Caller { user_id, roles })
        }
    }
}

/// Where the service's role logs in: `auth_write_dsn`.
fn variable(database: &str) -> String {
    grants::service().variable(&format!("{}_dsn", database.replace('-', "_")))
}
