//! The event that asks for one send.

use mindflow_events::{NotificationRequested, Payload};
use mindflow_guest::{
    call, event,
    events::{Event, NewEvent},
};
use uuid::Uuid;

/// The event that delivers a send.
pub fn requested(cause: &Event, send_id: Uuid, channel: &str, user_id: Uuid) -> Result<NewEvent, call::Error> {
    let send = NotificationRequested { send_id, channel: channel.to_owned() };
    let payload = match channel {
        "email" => Payload::MailRequested(send),
        "push" => Payload::PushRequested(send),
        _ => Payload::WebhookRequested(send),
    };
    let event = event::of_event(cause, &payload, 1)?;
    Ok(NewEvent { user_id: Some(user_id.to_string()), ..event })
}
