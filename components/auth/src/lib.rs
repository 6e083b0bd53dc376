//! The auth service: accounts, sessions and tokens.
//!
//! This file wires the component's exports to plain Rust. Decisions are pure modules; `flow` puts
//! their steps in order, `store` keeps what they decide.

mod account;
mod challenge;
mod claims;
mod entropy;
mod erasure;
mod flow;
mod link;
mod lockout;
mod password;
mod role;
mod session;
mod settings;
mod store;
mod token;
mod totp;
mod validation;
mod wire;

mindflow_guest::bindings! {
    world: "mindflow:components/auth" in "components/auth.wit",
    uses: ["services/auth.wit", "services/passwords.wit"],
}

/// The service that this one calls.
mod services {
    pub use crate::bindings::mindflow::passwords::hashing;
}

use bindings::exports::mindflow::{
    auth::{
        account_mails,
        accounts::{
            self, Caller, ChangedUser, Grant, LoginAttempt, LoginOutcome, Mark, ProfileChange, Proof, Registration,
            Role, Session, User,
        },
        erasures,
    },
    platform::{health, operator, schedule_handler, subscriber as subscription},
};
use mindflow_guest::{
    call::{CallContext, Error},
    events::{Delivery, Event, Failure},
};

struct Auth;

impl accounts::Guest for Auth {
    async fn register(context: CallContext, registration: Registration) -> Result<Grant, Error> {
        flow::register::register(&context, wire::registration(registration)).await.map(wire::grant)
    }

    async fn login(context: CallContext, attempt: LoginAttempt) -> Result<LoginOutcome, Error> {
        flow::login::login(&context, wire::login(attempt)).await.map(wire::outcome)
    }

    async fn complete_login(
        context: CallContext,
        challenge: String,
        code: String,
        user_agent: Option<String>,
    ) -> Result<Grant, Error> {
        flow::login::complete(&context, &challenge, &code, user_agent.as_deref()).await.map(wire::grant)
    }

    async fn refresh(_context: CallContext, refresh_token: String, user_agent: Option<String>) -> Result<Grant, Error> {
        flow::refresh::refresh(&refresh_token, user_agent.as_deref()).await.map(wire::grant)
    }

    async fn logout(context: CallContext) -> Result<(), Error> {
        flow::session::logout(&context).await
    }

    async fn end_session(_context: CallContext, refresh_token: String) -> Result<(), Error> {
        flow::refresh::end(&refresh_token).await
    }

    async fn sessions(context: CallContext) -> Result<Vec<Session>, Error> {
        let listed = flow::session::list(&context).await?;
        Ok(listed.into_iter().map(wire::session).collect())
    }

    async fn session_usage(context: CallContext) -> Result<accounts::Usage, Error> {
        flow::session::usage(&context).await
    }

    async fn revoke_session(context: CallContext, id: String) -> Result<(), Error> {
        flow::session::revoke(&context, &id).await
    }

    async fn end_other_sessions(context: CallContext) -> Result<u32, Error> {
        flow::session::end_others(&context).await
    }

    async fn change_password(context: CallContext, current: String, new: String) -> Result<(), Error> {
        flow::credentials::change_password(&context, &current, &new).await
    }

    async fn request_email_confirmation(context: CallContext) -> Result<(), Error> {
        flow::address::request_confirmation(&context).await
    }

    async fn confirm_email(context: CallContext, token: String) -> Result<(), Error> {
        flow::address::confirm(&context, &token).await
    }

    async fn request_password_reset(context: CallContext, email: String) -> Result<(), Error> {
        flow::reset::request(&context, &email).await
    }

    async fn reset_password(context: CallContext, token: String, new: String) -> Result<(), Error> {
        flow::reset::reset(&context, &token, &new).await
    }

    async fn request_email_change(context: CallContext, new_email: String, password: String) -> Result<(), Error> {
        flow::address::request_change(&context, &new_email, &password).await
    }

    async fn confirm_email_change(context: CallContext, token: String) -> Result<(), Error> {
        flow::address::confirm_change(&context, &token).await
    }

    async fn begin_totp(context: CallContext, password: String) -> Result<accounts::TotpSecret, Error> {
        flow::second_factor::begin(&context, &password).await.map(wire::totp_secret)
    }

    async fn confirm_totp(context: CallContext, code: String) -> Result<Vec<String>, Error> {
        flow::second_factor::confirm(&context, &code).await
    }

    async fn disable_totp(context: CallContext, password: String, code: String) -> Result<(), Error> {
        flow::second_factor::disable(&context, &password, &code).await
    }

    async fn regenerate_recovery_codes(
        context: CallContext,
        password: String,
        code: String,
    ) -> Result<Vec<String>, Error> {
        flow::second_factor::regenerate(&context, &password, &code).await
    }

    async fn authenticate(context: CallContext) -> Result<Caller, Error> {
        flow::session::admit(&context).await.map(wire::caller)
    }

    async fn recognise(context: CallContext) -> Result<Caller, Error> {
        flow::session::recognise(&context).await.map(wire::caller)
    }

    async fn prove(context: CallContext) -> Result<Proof, Error> {
        flow::session::prove(&context).await.map(wire::proof)
    }

    async fn note_written(context: CallContext, marks: Vec<Mark>) -> Result<(), Error> {
        flow::session::note_written(&context, &marks).await
    }

    async fn account(context: CallContext) -> Result<User, Error> {
        flow::account::own(&context).await.map(wire::user)
    }

    async fn update_profile(context: CallContext, change: ProfileChange) -> Result<ChangedUser, Error> {
        let ProfileChange { display_name, timezone, ai_consent } = change;
        flow::account::update_profile(&context, display_name.as_deref(), timezone.as_deref(), ai_consent)
            .await
            .map(wire::changed)
    }

    async fn set_roles(context: CallContext, user_id: String, roles: Vec<Role>) -> Result<ChangedUser, Error> {
        flow::account::set_roles(&context, &user_id, roles.into_iter().map(wire::role)).await.map(wire::changed)
    }
}

impl erasures::Guest for Auth {
    async fn delete_account(context: CallContext, password: String) -> Result<erasures::Deletion, Error> {
        flow::erasure::delete_account(&context, &password).await.map(wire::deletion)
    }

    async fn cancel_account_deletion(context: CallContext) -> Result<bool, Error> {
        flow::erasure::cancel(&context).await
    }

    async fn receipt_of(_: CallContext, id: String) -> Result<Option<erasures::Receipt>, Error> {
        Ok(flow::erasure::receipt(&id).await?.map(wire::receipt))
    }
}

impl subscription::Guest for Auth {
    async fn handle(event: Event, delivery: Delivery) -> Result<(), Failure> {
        flow::erasure::handle(&event, &delivery).await
    }
}

impl schedule_handler::Guest for Auth {
    /// Its one schedule moves erasures on.
    async fn run(_: schedule_handler::Occurrence) -> Result<(), String> {
        flow::erasure::run_due().await.map_err(|error| format!("erasures: {error:?}"))
    }
}

impl account_mails::Guest for Auth {
    async fn prepare(_: CallContext, id: String) -> Result<Option<account_mails::Mail>, Error> {
        Ok(flow::mails::prepare(&id).await?.map(wire::mail))
    }

    async fn sent(_: CallContext, id: String) -> Result<(), Error> {
        flow::mails::sent(&id).await
    }
}

impl health::Guest for Auth {
    async fn check() -> Result<(), String> {
        flow::health::check().await
    }
}

impl operator::Guest for Auth {
    async fn run(command: String, arguments: Vec<String>) -> Result<String, String> {
        if command == flow::erasures_command::COMMAND {
            return flow::erasures_command::run(&arguments).await;
        }
        flow::operator::run(&command, &arguments).await
    }
}

bindings::export!(Auth with_types_in bindings);
