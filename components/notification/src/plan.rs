//! One event: who is to be told, by which channel. In one transaction: what accounts say of themselves, a row
//! for each send, and an event for each, by which it is delivered on its own.

use crate::{DATABASE, compose, store};
use mindflow_guest::{
    call, clock, event,
    events::{Delivery, Event, Failure, NewEvent},
    params,
    sql::{self, Abort, Identity, Json, Time},
};
use serde::{Deserialize, Serialize};
use sha2::{Digest, Sha256};
use uuid::Uuid;

/// A replay of the archive tells nobody of what happened long ago: such events only build the tables.
const NEWS_AGE_MAX_US: i64 = 24 * 3_600 * 1_000_000;

/// Payload of `UserRegistered` and `UserUpdated`.
#[derive(Debug, Deserialize)]
#[serde(rename_all = "camelCase")]
struct Account {
    user_id: Uuid,
    email: String,
    display_name: String,
    timezone: String,
}

/// Payload of `NotificationRequested`. No address and no text: events are kept for good.
#[derive(Debug, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Requested {
    pub send_id: Uuid,
    pub channel: String,
}

pub async fn handle(event: &Event, delivery: &Delivery) -> Result<(), Failure> {
    let account: Option<Account> = match event.event_type.as_str() {
        "UserRegistered" | "UserUpdated" => Some(event::payload(event)?),
        _ => None,
    };
    let user_id = match &account {
        Some(account) => Some(account.user_id),
        None => event.user_id.as_deref().and_then(|id| id.parse().ok()),
    };
    let Some(user_id) = user_id else {
        return Err(Failure::Reject(format!("{} names no user", event.event_type)));
    };
    let event_id: Uuid = event.id.parse().map_err(|_| Failure::Reject("the event's id is no UUID".into()))?;
    let now_us = clock::now_us();
    let news = now_us.saturating_sub(event.timestamp) <= NEWS_AGE_MAX_US;
    let write = async |tx: &sql::Tx| -> Result<(), Abort> {
        if let Some(known) = &account {
            let row = params![known.user_id, &known.email, &known.display_name, &known.timezone, event.sequence];
            tx.execute(store::KNOW_USER, row).await?;
        }
        if news { plan(tx, event, event_id, user_id, now_us).await } else { Ok(()) }
    };
    sql::once(DATABASE, &Identity::Service, event, delivery, write).await?;
    Ok(())
}

async fn plan(tx: &sql::Tx, event: &Event, event_id: Uuid, user_id: Uuid, now_us: i64) -> Result<(), Abort> {
    let kind = event.event_type.as_str();
    let asked = params![user_id, compose::has_mail(kind), compose::has_push(kind), kind];
    let targets = tx.query(store::TARGETS, asked).await?;
    for target in targets.iter() {
        let (channel, target_id): (String, Uuid) = (target.get("channel")?, target.get("target_id")?);
        let body = compose::kept(event, channel == "webhook").map_err(internal)?.to_string();
        let id = send_id(event_id, &channel, target_id);
        let row = params![id, event_id, user_id, &channel, target_id, kind, Json(body), Time(now_us)];
        if tx.query(store::PLAN, row).await?.first().is_some() {
            tx.publish(requested(event, id, channel, user_id).map_err(internal)?).await?;
        }
    }
    Ok(())
}

/// The same for the same event, channel and target, so that a rebuilt table has the same rows.
fn send_id(event_id: Uuid, channel: &str, target_id: Uuid) -> Uuid {
    let digest = Sha256::new()
        .chain_update(event_id.as_bytes())
        .chain_update(target_id.as_bytes())
        .chain_update(channel.as_bytes())
        .finalize();
    let mut bytes = [0; 16];
    bytes.iter_mut().zip(digest).for_each(|(byte, of_digest)| *byte = of_digest);
    uuid::Builder::from_custom_bytes(bytes).into_uuid()
}

/// A key of its own for each send: one that fails holds up no other.
fn requested(cause: &Event, send_id: Uuid, channel: String, user_id: Uuid) -> serde_json::Result<NewEvent> {
    Ok(NewEvent {
        event_type: "NotificationRequested".into(),
        version: "1.0".into(),
        sequence: 1,
        partition_key: format!("send:{send_id}"),
        correlation_id: cause.correlation_id.clone(),
        traceparent: cause.traceparent.clone(),
        user_id: Some(user_id.to_string()),
        tenant_id: cause.tenant_id.clone(),
        payload: serde_json::to_string(&Requested { send_id, channel })?,
    })
}

fn internal(error: serde_json::Error) -> Abort {
    Abort::Call(call::Error::Internal(error.to_string()))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_send_has_one_id_however_often_it_is_planned_and_another_for_another_way() {
        let (event, target) = (Uuid::from_u128(1), Uuid::from_u128(2));
        let id = send_id(event, "email", target);
        assert_eq!(send_id(event, "email", target), id);
        assert_eq!(id.get_version_num(), 8);
        for other in [send_id(target, "email", event), send_id(event, "push", target), send_id(event, "email", event)] {
            assert_ne!(other, id);
        }
    }
}
