//! One event: who is notified, and by which channel. One transaction writes the account's data, a row for each send, and
//! an event for each send, which delivers it independently of the others.

use crate::{DATABASE, compose, store};
use mindflow_events::{Kind, NotificationRequested, Payload};
use mindflow_guest::{
    call, clock, event,
    events::{Delivery, Event, Failure, NewEvent},
    failure, id, params,
    sql::{self, Abort, Identity, Json, Time},
};
use sha2::{Digest, Sha256};
use uuid::Uuid;

/// Older events come from a replay of the archive: they build the tables and notify no one.
const NEWS_AGE_MAX_US: i64 = 24 * 3_600 * 1_000_000;

pub async fn handle(event: &Event, delivery: &Delivery) -> Result<(), Failure> {
    let account = match event::payload(event, &[Kind::UserRegistered, Kind::UserUpdated])? {
        Some(Payload::UserRegistered(account) | Payload::UserUpdated(account)) => Some(account),
        _ => None,
    };
    let user_id = match &account {
        Some(account) => Some(account.user_id),
        None => event.user_id.as_deref().and_then(id::parse),
    };
    let Some(user_id) = user_id else {
        return Err(Failure::Reject(format!("{} names no user", event.event_type)));
    };
    let event_id = event::id(event)?;
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
        let body = compose::kept(event, channel == "webhook").map_err(failure::internal)?.to_string();
        let id = send_id(event_id, &channel, target_id);
        let row = params![id, event_id, user_id, &channel, target_id, kind, Json(body), Time(now_us)];
        if tx.query(store::PLAN, row).await?.first().is_some() {
            tx.publish(requested(event, id, channel, user_id)?).await?;
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

fn requested(cause: &Event, send_id: Uuid, channel: String, user_id: Uuid) -> Result<NewEvent, call::Error> {
    let payload = Payload::NotificationRequested(NotificationRequested { send_id, channel });
    let event = event::of_event(cause, &payload, 1)?;
    Ok(NewEvent { user_id: Some(user_id.to_string()), ..event })
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
