//! Who is notified of an event, and by which channel. One transaction writes the account's data, a row for each send, and
//! an event for each send, which delivers it independently of the others. Each channel has events of its own, so that one that
//! is slow takes no places of another. A target for which too much waits already gets a row that says so, and no event.

use crate::{
    DATABASE, compose,
    inside::{self, Bounds},
    send_request::requested,
    store, switch,
};
use mindflow_events::{Account, Kind, Payload};
use mindflow_guest::{
    clock, event,
    events::{Event, Failure},
    failure, id, params,
    sql::{self, Abort, Identity, Json, Time},
};
use sha2::{Digest, Sha256};
use std::collections::HashMap;
use uuid::Uuid;

/// Older events come from a replay of the archive: they build the tables and send no notifications.
const NEWS_AGE_MAX_US: i64 = 24 * 3_600 * 1_000_000;
/// Sends that may wait for one webhook or browser: more than a user does by hand in an hour, and little to go through.
pub const WAITING_MAX: u32 = 500;
/// Why a send is not planned.
const TOO_MANY_WAIT: &str = "500 sends wait for this target already";

/// An event whose user is known.
struct News<'a> {
    event: &'a Event,
    id: Uuid,
    user_id: Uuid,
    /// Where it may go.
    bounds: Bounds,
    /// Of an event about the account itself.
    account: Option<Account>,
}

/// One event, or those of a batch.
pub async fn handle(subscription: &str, events: &[Event]) -> Result<(), Failure> {
    let news = events.iter().map(read).collect::<Result<Vec<_>, _>>()?;
    let now_us = clock::now_us();
    let write = async |tx: &sql::Tx, fresh: Vec<&News<'_>>| plan(tx, &fresh, now_us).await;
    Ok(sql::batch(DATABASE, &Identity::Service, subscription, &news, |news| news.event, write).await?)
}

fn read(event: &Event) -> Result<News<'_>, Failure> {
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
    Ok(News { event, id: event::id(event)?, user_id, bounds: Bounds::read(&event.payload), account })
}

async fn plan(tx: &sql::Tx, news: &[&News<'_>], now_us: i64) -> Result<(), Abort> {
    let known = news.iter().filter_map(|News { event, account, .. }| {
        let known = account.as_ref()?;
        let confirmed = known.email_confirmed.unwrap_or(true);
        let row = params![known.user_id, &known.email, &known.display_name, &known.timezone, event.sequence, confirmed];
        Some(tx.execute(store::KNOW_USER, row))
    });
    sql::all(known).await?;
    let young = |news: &&&News<'_>| now_us.saturating_sub(news.event.timestamp) <= NEWS_AGE_MAX_US;
    let news: Vec<_> = news.iter().filter(young).collect();
    for News { event, user_id, .. } in news.iter().filter(|news| compose::is_reset(news.event)) {
        switch::off_after_reset(tx, *user_id, event.timestamp, now_us).await?;
    }
    let targets = news.iter().map(|News { event, user_id, .. }| {
        let kind = event.event_type.as_str();
        let is_news = compose::is_news(event);
        let (mail, push) = (is_news && compose::has_mail(kind), is_news && compose::has_push(kind));
        let (unasked, unconfirmed) = (compose::is_about_safety(kind), compose::confirms(kind));
        tx.query(store::TARGETS, params![user_id, mail, push, kind, WAITING_MAX, unasked, unconfirmed])
    });
    let targets = sql::all(targets).await?;
    let stay_inside = inside::entries(tx, news.iter().map(|news| news.bounds)).await?;
    let (mut rows, mut requests, mut excess) = (Vec::new(), Vec::new(), Vec::new());
    let mut planned_here: HashMap<Uuid, u32> = HashMap::new();
    for (News { event, id: event_id, user_id, bounds, .. }, targets) in news.iter().zip(&targets) {
        for target in targets.iter() {
            let (channel, target_id): (String, Uuid) = (target.get("channel")?, target.get("target_id")?);
            // The others say that there is something, and nothing of it.
            if channel == "webhook" && bounds.stays(&stay_inside) {
                continue;
            }
            let body = compose::kept(event, channel == "webhook").map_err(failure::internal)?.to_string();
            let id = send_id(*event_id, &channel, target_id);
            let kind = event.event_type.as_str();
            let planned = planned_here.entry(target_id).or_default();
            if target.get::<u32>("waiting")?.saturating_add(*planned) >= WAITING_MAX {
                excess.push(params![id, event_id, user_id, &channel, target_id, kind, TOO_MANY_WAIT, Time(now_us)]);
                continue;
            }
            *planned += u32::from(channel != "email");
            rows.push(params![id, event_id, user_id, &channel, target_id, kind, Json(body), Time(now_us)]);
            requests.push(requested(event, id, &channel, *user_id)?);
        }
    }
    sql::all(excess.into_iter().map(|row| tx.execute(store::PLAN_NOTHING, row))).await?;
    let planned = sql::all(rows.into_iter().map(|row| tx.query(store::PLAN, row))).await?;
    let planned = requests.into_iter().zip(planned).filter(|(_, row)| row.first().is_some());
    sql::all(planned.map(|(request, _)| tx.publish(request))).await?;
    Ok(())
}

/// The same for the same event, channel and target, so that a rebuilt table has the same rows.
pub fn send_id(event_id: Uuid, channel: &str, target_id: Uuid) -> Uuid {
    id_of(&[event_id.as_bytes(), target_id.as_bytes(), channel.as_bytes()])
}

/// The same for the same parts.
pub fn id_of(parts: &[&[u8]]) -> Uuid {
    let digest = parts.iter().fold(Sha256::new(), |digest, part| digest.chain_update(part)).finalize();
    let mut bytes = [0; 16];
    bytes.iter_mut().zip(digest).for_each(|(byte, of_digest)| *byte = of_digest);
    uuid::Builder::from_custom_bytes(bytes).into_uuid()
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
