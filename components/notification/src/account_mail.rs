//! Mails with a link that proves an address. The auth service makes the link when the mail is sent, and knows whom it goes to: events
//! and this service's tables have neither. They are sent regardless of the user's preferences, at any hour, because the user waits for them.

use crate::{
    compose::{self, Leaving, Linked},
    mailer,
    services::account_mails::{self, Kind},
};
use mindflow_events::{AccountMailRequested, Kind as Event, Payload};
use mindflow_guest::{
    account_link::Link,
    clock, event,
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

/// Sends the mail of that id, unless it has no receiver any more. Returns whether it was sent. If a host dies before that is
/// recorded, it is sent again with another link, which invalidates the first one.
pub async fn send(event: &events::Event, mail_id: Uuid, message_id: Uuid) -> Result<bool, Failure> {
    let context = event::context(event);
    let Some(prepared) = account_mails::prepare(context.clone(), mail_id.to_string()).await? else {
        return Ok(false);
    };
    let link = match (page(prepared.kind), &prepared.token) {
        (Some(page), Some(token)) => format!("{}{}", mailer::home().await, page.path(token)),
        _ => String::new(),
    };
    let composed = match &prepared.deletion {
        Some((due_at_us, receipt)) => {
            compose::about_account(prepared.kind, &Leaving { due: &moment(*due_at_us), receipt })
        }
        None => compose::about_account(prepared.kind, &Linked { link: &link }),
    };
    let composed = composed.map_err(event::retry)?;
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

/// A time in a sentence: `2026-12-07 02:13 UTC`.
fn moment(at_us: i64) -> String {
    let text = clock::rfc3339(at_us).replace('T', " ");
    let minutes: String = text.chars().take("2026-12-07 02:13".len()).collect();
    format!("{minutes} UTC")
}

/// What the mail's link does, if it has one.
fn page(kind: Kind) -> Option<Link> {
    match kind {
        Kind::Confirmation => Some(Link::ConfirmEmail),
        Kind::Reset => Some(Link::ResetPassword),
        Kind::Change => Some(Link::ConfirmEmailChange),
        Kind::Changed | Kind::Deletion => None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_time_is_said_to_the_minute() {
        assert_eq!(moment(1_795_400_000_000_001), "2026-11-23 02:13 UTC");
    }
}
