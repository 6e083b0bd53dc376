//! A new account. The account, its role and its event commit together.

use super::grant::{self, Issued};
use crate::{
    account::{Account, TIMEZONE_DEFAULT},
    password,
    role::{Role, Roles},
    settings::Settings,
    store::accounts::{self, DATABASE},
    validation,
};
use mindflow_events::Payload;
use mindflow_guest::{
    call::{CallContext, Error},
    clock,
    failure::internal,
    id,
    sql::{self, Identity},
};

/// What a registration says, as it came.
pub struct Request {
    pub email: String,
    pub password: String,
    pub display_name: String,
    pub user_agent: Option<String>,
}

pub async fn register(context: &CallContext, request: Request) -> Result<Issued, Error> {
    let input =
        validation::registration(&request.email, &request.password, &request.display_name).map_err(Error::Invalid)?;
    let settings = Settings::load().await.map_err(internal)?;
    // Avoids hashing a password in vain. Concurrent registrations are decided by the unique address below.
    if accounts::by_email(&input.email_key).await?.is_some() {
        return Err(accounts::email_taken());
    }
    let hash = password::hash(context, &request.password, settings.bcrypt_cost).await?;
    let now_us = clock::now_us();
    let account = Account {
        id: id::new(now_us),
        email: input.email,
        display_name: input.display_name,
        roles: Roles::from([Role::User]),
        timezone: TIMEZONE_DEFAULT.to_owned(),
        created_at_us: now_us,
    };
    let opened =
        grant::open(account.clone(), validation::user_agent(request.user_agent.as_deref()), now_us, settings).await?;
    let written = sql::transaction(DATABASE, &Identity::Service, async |tx| {
        let sequence = accounts::insert(tx, &account, &input.email_key, &hash).await?;
        let ended = opened.record(tx).await?;
        accounts::publish(tx, context, &Payload::UserRegistered(account.in_events()), sequence).await?;
        Ok(ended)
    })
    .await;
    opened.keep(written).await
}
