//! The capability `erasure`, on the keys and the list that the hosts have. Variables: those of the keys, and `keys_dsn` for the list
//! in the write database.

use mindflow_platform::data_keys::{AGGREGATE_BYTES_MAX, KeyError};
use mindflow_platform::sql::{self, Value};
use mindflow_spin_guest::postgres::Connection;
use mindflow_spin_guest::{data_keys, variables};
use uuid::Uuid;

use crate::bindings::exports::mindflow::platform::erasure::{Error, Guest};
use crate::{Platform, grants};

/// The second place in which it stands what was destroyed.
const NOTE: &str = "INSERT INTO mindflow.destroyed_keys (user_id, aggregate) VALUES ($1, $2) ON CONFLICT DO NOTHING";

impl Guest for Platform {
    async fn destroy_subject(user_id: String) -> Result<bool, Error> {
        destroy(&user_id, None).await
    }

    async fn destroy_aggregate(user_id: String, aggregate: String) -> Result<bool, Error> {
        destroy(&user_id, Some(&aggregate)).await
    }
}

async fn destroy(user_id: &str, aggregate: Option<&str>) -> Result<bool, Error> {
    grants::service().erases().map_err(Error::AccessDenied)?;
    let user_id = user_id.parse::<Uuid>().map_err(|_| Error::Invalid("user-id must be a UUID".to_owned()))?;
    if aggregate.is_some_and(|name| !(1..=AGGREGATE_BYTES_MAX).contains(&name.len())) {
        return Err(Error::Invalid(format!("aggregate must have 1 to {AGGREGATE_BYTES_MAX} bytes")));
    }
    let keys = data_keys::open().await?;
    note(user_id, aggregate.unwrap_or_default()).await.map_err(|error| Error::Unavailable(error.to_string()))?;
    match aggregate {
        Some(aggregate) => Ok(keys.destroy_aggregate(user_id, aggregate).await?),
        None => Ok(keys.destroy_subject(user_id).await?),
    }
}

async fn note(user_id: Uuid, aggregate: &str) -> Result<(), sql::Error> {
    let dsn = variables::get("keys_dsn").await.map_err(sql::Error::Unavailable)?;
    let missing = || sql::Error::Unavailable("the variable `keys_dsn` is not set".to_owned());
    let connection = Connection::open(&dsn.ok_or_else(missing)?).await?;
    connection.execute(NOTE, &[user_id.into(), Value::Text(aggregate.to_owned())]).await.map(drop)
}

impl From<KeyError> for Error {
    fn from(error: KeyError) -> Self {
        Self::Unavailable(error.to_string())
    }
}
