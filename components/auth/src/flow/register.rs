//! A new account. The account, its role and its event commit together.

use super::grant::{self, Issued};
use crate::{
    account::Account,
    password,
    role::{Role, Roles},
    settings::Settings,
    store::{
        accounts::{self, DATABASE, FIRST_SEQUENCE},
        mails::{self, Kind, Mail},
        sessions::Sessions,
    },
    validation::{self, NewAccount},
};
use mindflow_events::Payload;
use mindflow_guest::{
    call::{CallContext, Error},
    clock,
    failure::internal,
    id,
    journal::Mark,
    sql::{self, Identity},
};

/// What a registration says, as it came.
pub struct Request {
    pub email: String,
    pub password: String,
    pub display_name: String,
    pub timezone: Option<String>,
    pub user_agent: Option<String>,
}

pub async fn register(context: &CallContext, request: Request) -> Result<Issued, Error> {
    let (input, timezone) = checked(&request)?;
    let settings = Settings::load().await.map_err(internal)?;
    // Avoids hashing a password without need. Concurrent registrations are decided by the unique address below.
    if accounts::by_email(&input.email_key).await?.is_some() {
        return Err(accounts::email_taken("email"));
    }
    if settings.refuse_common_at_registration {
        password::refuse_common(context, "password", &request.password).await?;
    }
    let hash = password::hash(context, &request.password, settings.bcrypt_cost).await?;
    let now_us = clock::now_us();
    let account = Account {
        id: id::new(now_us),
        email: input.email,
        display_name: input.display_name,
        roles: Roles::from([Role::User]),
        timezone: timezone.to_owned(),
        created_at_us: now_us,
        email_confirmed: false,
        second_factor: false,
        ai_consent: None,
        deletion_due_at_us: None,
    };
    let opened =
        grant::open(account.clone(), validation::user_agent(request.user_agent.as_deref()), now_us, settings).await?;
    // The event of the registration asks for it to be sent.
    let confirmation =
        Mail { id: account.id, kind: Kind::Confirmation, user_id: Some(account.id), email: account.email.clone() };
    let written = sql::transaction(DATABASE, &Identity::Service, async |tx| {
        let sequence = accounts::insert(tx, &account, &input.email_key, &hash).await?;
        let ended = opened.record(tx).await?;
        mails::keep(tx, &confirmation, now_us).await?;
        accounts::publish(tx, context, &Payload::UserRegistered(account.in_events()), sequence).await?;
        Ok(ended)
    })
    .await;
    let issued = opened.keep(written).await?;
    // The new user's first reads wait until the views know the account. Without the store they may come before; the account is there.
    let noted =
        async { Sessions::open().await?.note_written(account.id, &[Mark::user(account.id, FIRST_SEQUENCE)]).await };
    if let Err(error) = noted.await {
        eprintln!(
            "warn correlation_id={} a registration was not noted for its reads: {error:?}",
            context.correlation_id
        );
    }
    Ok(issued)
}

/// The account's fields and its time zone, or all broken rules together.
fn checked(request: &Request) -> Result<(NewAccount, &'static str), Error> {
    let input = validation::registration(&request.email, &request.password, &request.display_name);
    match (input, validation::time_zone(request.timezone.as_deref())) {
        (Ok(input), Ok(timezone)) => Ok((input, timezone)),
        (input, timezone) => {
            let errors = input.err().unwrap_or_default().into_iter().chain(timezone.err());
            Err(Error::Invalid(errors.collect()))
        }
    }
}
