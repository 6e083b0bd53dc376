//! Whether the component can work: settings that it accepts, and both stores within reach.

use crate::{
    settings::Settings,
    store::{accounts::DATABASE, failures::Failures, sessions::Sessions},
    validation::EmailKey,
};
use mindflow_guest::{
    call::Error,
    sql::{self, Identity},
};

/// # Errors
/// What is wrong, for the operator.
pub async fn check() -> Result<(), String> {
    Settings::load().await.map_err(|error| error.to_string())?;
    Settings::deletion_grace_us().await.map_err(|error| error.to_string())?;
    Settings::erasure_settle_us().await.map_err(|error| error.to_string())?;
    reach_stores().await.map_err(|error| match error {
        Error::Unavailable(text) | Error::Internal(text) => text,
        other => format!("{other:?}"),
    })
}

async fn reach_stores() -> Result<(), Error> {
    // The table, not only the server: an old schema is no database to work with.
    sql::query(DATABASE, Identity::Service, "SELECT 1 FROM auth.users LIMIT 1", vec![]).await?;
    Sessions::within_reach().await?;
    Failures::of(&EmailKey::of("")).await?.ping().await
}
