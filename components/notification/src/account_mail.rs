//! Mails with a link that proves an address. The auth service makes the link when the mail is sent, and knows whom it goes to: events
//! and this service's tables have neither. They are sent whatever the user's preferences are, and at any hour: someone waits for them.

use crate::{
    compose::{self, Link},
    mailer,
    services::account_mails::{self, Kind},
};
use mindflow_events::{AccountMailRequested, Kind as Event, Payload};
use mindflow_guest::{
    call::{CallContext, Credential},
    event,
    events::{self, Failure},
    mail,
};
use uuid::Uuid;

/// Asks for such a mail, besides a registration.
pub const REQUEST: Event = Event::AccountMailRequested;

pub async fn handle(event: &events::Event) -> Result<(), Failure> {
    if let Some(Payload::AccountMailRequested(AccountMailRequested { mail_id, .. })) =
        event::payload(event, &[REQUEST])?
    {
        send(event, mail_id, mail_id).await?;
    }
    Ok(())
}

/// Sends the mail of that id, unless it has no one to go to any more. Answers whether it was sent. A host that dies before that is
/// written down sends it again, with another link: that of the first is no good then.
pub async fn send(event: &events::Event, mail_id: Uuid, message_id: Uuid) -> Result<bool, Failure> {
    let context = CallContext {
        credential: Credential::Anonymous,
        correlation_id: event.correlation_id.clone(),
        traceparent: event.traceparent.clone(),
        deadline_ms: None,
    };
    let Some(prepared) = account_mails::prepare(context.clone(), mail_id.to_string()).await? else {
        return Ok(false);
    };
    let link = match &prepared.token {
        Some(token) => format!("{}{}{token}", mailer::home().await, page(prepared.kind)),
        None => String::new(),
    };
    let words = Link { link: &link };
    let composed = compose::about_account(prepared.kind, &words).map_err(event::retry)?;
    let message = mail::Message {
        id: message_id.to_string(),
        to: prepared.to,
        subject: composed.subject,
        text: composed.text,
        html: Some(composed.html),
        headers: vec![("Auto-Submitted".into(), "auto-generated".into())],
    };
    mailer::post(message).await?;
    account_mails::sent(context, mail_id.to_string()).await?;
    Ok(true)
}

/// The page that the link opens; the token follows.
fn page(kind: Kind) -> &'static str {
    match kind {
        Kind::Confirmation => "/auth/confirm-email/",
        Kind::Reset => "/auth/reset-password/",
        Kind::Change | Kind::Changed => "/auth/confirm-email-change/",
    }
}
