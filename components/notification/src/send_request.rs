//! The event that asks for one send.

use mindflow_events::{NotificationRequested, Payload};
use mindflow_guest::{
    call::{self, CallContext},
    event,
    events::{Event, NewEvent},
};
use uuid::Uuid;

/// The event that delivers a send.
pub fn requested(cause: &Event, send_id: Uuid, channel: &str, user_id: Uuid) -> Result<NewEvent, call::Error> {
    let event = event::of_event(cause, &request(send_id, channel), 1)?;
    Ok(NewEvent { user_id: Some(user_id.to_string()), ..event })
}

/// The same where no event is the cause.
pub fn requested_by_schedule(
    context: &CallContext,
    send_id: Uuid,
    channel: &str,
    user_id: Uuid,
) -> Result<NewEvent, call::Error> {
    let event = event::of_call(context, &request(send_id, channel), 1)?;
    Ok(NewEvent { user_id: Some(user_id.to_string()), ..event })
}

fn request(send_id: Uuid, channel: &str) -> Payload {
    let send = NotificationRequested { send_id, channel: channel.to_owned() };
    match channel {
        "email" => Payload::MailRequested(send),
        "push" => Payload::PushRequested(send),
        _ => Payload::WebhookRequested(send),
    }
}
