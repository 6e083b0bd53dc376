//! One planned send: check that it is still wanted, that it is not quiet time and that its receiver does not rest, send it, and
//! record that it was sent.
//!
//! A host can die between sending and recording. The send is then repeated with the same id (a mail's Message-ID, a
//! webhook's `X-MindFlow-Delivery`), by which a receiver can recognise it.

use crate::{
    account_mail, compose, leaving, link, mailer,
    patience::{self, Patience},
    quiet, receivers,
    secrets::Secret,
    signature,
    store::{self, Addressee, Send, Settlement, Target},
    switch::{Cause, GONE, Reason},
    transport::{self, Outcome},
};
use http::{HeaderMap, HeaderName, HeaderValue, Uri};
use mindflow_address::web_address;
use mindflow_events::{Kind, NotificationRequested, Payload};
use mindflow_guest::{
    clock, event,
    events::{Delivery, Event, Failure},
    failure::DEFERRAL_MS,
    mail, web_push,
};

/// A send that is deferred for longer counts as failed from then on, so that nothing waits forever.
const DEFERRED_MAX_US: i64 = 24 * 3_600 * 1_000_000;
/// How soon a send comes again whose receiving host has as many requests under way as it may, or whose receiver is tried by
/// another; and a little longer, differently for each.
const BUSY_MS: u64 = 500;
/// How long a push service keeps a message for a browser that is off, in seconds.
const PUSH_TTL_S: &str = "86400";
/// The events that each ask for one send.
pub const REQUESTS: [Kind; 4] =
    [Kind::MailRequested, Kind::NotificationRequested, Kind::PushRequested, Kind::WebhookRequested];

pub async fn handle(event: &Event, delivery: &Delivery) -> Result<(), Failure> {
    let Some(
        Payload::MailRequested(NotificationRequested { send_id, .. })
        | Payload::NotificationRequested(NotificationRequested { send_id, .. })
        | Payload::PushRequested(NotificationRequested { send_id, .. })
        | Payload::WebhookRequested(NotificationRequested { send_id, .. }),
    ) = event::payload(event, &REQUESTS)?
    else {
        return Ok(());
    };
    let Some(send) = store::send(send_id).await? else {
        return Ok(());
    };
    if !send.pending {
        return Ok(());
    }
    let settlement = if send.inside {
        Settlement::Skipped("the entry is private")
    } else if send.wanted || compose::is_about_safety(&send.event_type) {
        attempt(event, &send).await.map_err(|failure| bounded(failure, &send, clock::now_us()))?
    } else {
        Settlement::Skipped("the user does not want it")
    };
    Ok(store::settle(event, delivery, &send, &settlement, clock::now_us()).await?)
}

async fn attempt(event: &Event, send: &Send) -> Result<Settlement, Failure> {
    let is_message = matches!(send.target, Target::Email(_) | Target::Push { .. });
    let disturbs = is_message && compose::waits_for_quiet_to_end(&send.event_type);
    if disturbs && let Some(ms) = quiet::quiet_for_ms(send.quiet_hours, &send.timezone, clock::now()) {
        return Err(Failure::Retry(("it is quiet hours".into(), Some(ms))));
    }
    match &send.target {
        Target::Gone => Ok(Settlement::Skipped("there is no such target any more")),
        Target::Email(_) if compose::confirms(&send.event_type) => {
            let sent = account_mail::send(event, send.user_id, send.id).await?;
            Ok(if sent { Settlement::Sent } else { Settlement::Skipped("the address needs no confirmation any more") })
        }
        Target::Email(None) => Err(Failure::Retry(("the account is not known yet".into(), Some(DEFERRAL_MS)))),
        Target::Email(Some(addressee)) => by_mail(send, addressee).await,
        Target::Webhook { url, secret } => by_webhook(event, send, url, secret).await,
        Target::Push { endpoint, p256dh, auth } => {
            let subscription =
                web_push::Subscription { endpoint: endpoint.clone(), p256dh: p256dh.clone(), auth: auth.clone() };
            by_push(send, subscription).await
        }
    }
}

async fn by_mail(send: &Send, addressee: &Addressee) -> Result<Settlement, Failure> {
    let home = &mailer::home().await;
    let unsubscribe = format!("{home}/notifications/unsubscribe/{}", link::token(&send.link_key, send.user_id));
    let words = compose::Words {
        name: compose::name(&addressee.display_name),
        count: count(send),
        home,
        unsubscribe: &unsubscribe,
        url: said(send, "url"),
        reason: said(send, "reason"),
        change: compose::change(&said(send, "change")),
    };
    let composed = compose::mail(&send.event_type, &words).map_err(event::retry)?;
    let Some(composed) = composed else {
        return Ok(Settlement::Skipped("there is no mail about such events"));
    };
    let mut headers = vec![("Auto-Submitted".into(), "auto-generated".into())];
    if !compose::is_about_safety(&send.event_type) {
        headers.push(("List-Unsubscribe".into(), format!("<{unsubscribe}>")));
        // RFC 8058: one click, no page in between.
        headers.push(("List-Unsubscribe-Post".into(), "List-Unsubscribe=One-Click".into()));
    }
    let message = mail::Message {
        id: send.id.to_string(),
        to: addressee.email.clone(),
        subject: composed.subject,
        text: composed.text,
        html: Some(composed.html),
        headers,
    };
    mailer::post(message).await.map(|()| Settlement::Sent)
}

async fn by_webhook(event: &Event, send: &Send, url: &str, secret: &Secret) -> Result<Settlement, Failure> {
    let patience = turn(send, receivers::Kind::Webhook).await?;
    let secret = secret.open(send.target_id).await?;
    let body = send.body.clone().into_bytes();
    let signed = signature::sign(&secret, clock::now().as_second(), &body);
    let headers = headers(&[
        ("content-type", "application/json"),
        ("x-mindflow-signature", &signed),
        ("x-mindflow-event", &send.event_type),
        ("x-mindflow-delivery", &send.id.to_string()),
        ("x-correlation-id", &event.correlation_id),
    ])?;
    let subject = leaving::with_webhook(send);
    match transport::post(subject, &address(url)?, headers, body, patience.timeout_ms()).await {
        Outcome::Gone(410) => Ok(Settlement::SwitchedOff(Reason { cause: Cause::Gone, text: GONE.to_owned() })),
        outcome => judge(send, receivers::Kind::Webhook, &patience, outcome).await,
    }
}

async fn by_push(send: &Send, subscription: web_push::Subscription) -> Result<Settlement, Failure> {
    let patience = turn(send, receivers::Kind::Push).await?;
    let uri = address(&subscription.endpoint)?;
    let message = compose::push(&send.event_type, count(send));
    let sealed = web_push::seal(subscription, message).await.map_err(|error| match error {
        web_push::Error::Invalid(reason) => Failure::Reject(reason),
        web_push::Error::AccessDenied(reason) => event::retry(reason),
    })?;
    let headers = headers(&[
        ("authorization", &sealed.authorization),
        ("content-encoding", "aes128gcm"),
        ("content-type", "application/octet-stream"),
        ("ttl", PUSH_TTL_S),
        ("urgency", "normal"),
    ])?;
    match transport::post(leaving::with_push(send), &uri, headers, sealed.body, patience.timeout_ms()).await {
        Outcome::Gone(_) => Ok(Settlement::SubscriptionGone("the push service no longer knows the subscription")),
        outcome => judge(send, receivers::Kind::Push, &patience, outcome).await,
    }
}

/// Whether it is this send's turn at its receiver: one that did not answer rests, and then one send at a time tries it.
async fn turn(send: &Send, kind: receivers::Kind) -> Result<Patience, Failure> {
    let patience = Patience::read().await?;
    let (now_us, receiver) = (clock::now_us(), &send.receiver);
    if let Some(ms) = receiver.rests_for_ms(send.id, now_us) {
        let reason = format!("the receiver did not answer {} times in a row, and rests", receiver.failures);
        return Err(Failure::Retry((reason, Some(ms))));
    }
    if receiver.failures > 0 && !receivers::claim(kind, send.target_id, receiver, &patience, now_us).await? {
        return Err(busy(send, "another send tries the receiver"));
    }
    Ok(patience)
}

/// What follows a request, and what it says of the receiver.
async fn judge(
    send: &Send,
    kind: receivers::Kind,
    patience: &Patience,
    outcome: Outcome,
) -> Result<Settlement, Failure> {
    let failures = send.receiver.failures.saturating_add(1);
    match outcome {
        Outcome::Delivered => return Ok(Settlement::Sent),
        Outcome::Busy => return Err(busy(send, "as many requests to the receiving host are under way as may be")),
        Outcome::Unrecorded(reason) => return Err(Failure::Retry((reason, Some(DEFERRAL_MS)))),
        Outcome::Silent(reason) if patience.is_over(failures) => {
            return Ok(match kind {
                receivers::Kind::Webhook => Settlement::SwitchedOff(Reason {
                    cause: Cause::Silent,
                    text: format!("{failures} times in a row without an answer; the last time: {reason}"),
                }),
                receivers::Kind::Push => Settlement::SubscriptionGone("the push service does not answer"),
            });
        }
        Outcome::Silent(_) => receivers::fail(kind, send.target_id, &send.receiver, patience, clock::now_us()).await?,
        Outcome::Gone(_) | Outcome::Later(..) | Outcome::Failed(_) if send.receiver.failures > 0 => {
            receivers::answered(kind, send.target_id).await?;
        }
        Outcome::Gone(_) | Outcome::Later(..) | Outcome::Failed(_) | Outcome::Prohibited(_) => {}
    }
    Err(failure(outcome))
}

fn busy(send: &Send, reason: &str) -> Failure {
    let ms = u32::try_from(BUSY_MS + patience::spread_ms(send.id)).unwrap_or(u32::MAX);
    Failure::Retry((reason.to_owned(), Some(ms)))
}

/// A text that the send keeps for its mail.
fn said(send: &Send, member: &str) -> String {
    let body: serde_json::Value = serde_json::from_str(&send.body).unwrap_or_default();
    body.get(member).and_then(serde_json::Value::as_str).unwrap_or_default().to_owned()
}

/// The number of insights in the event.
fn count(send: &Send) -> u64 {
    let body: serde_json::Value = serde_json::from_str(&send.body).unwrap_or_default();
    body.get("insights").and_then(serde_json::Value::as_u64).unwrap_or_default()
}

fn failure(outcome: Outcome) -> Failure {
    match outcome {
        Outcome::Later(ms, reason) => Failure::Retry((reason, Some(ms))),
        Outcome::Prohibited(reason) => Failure::Reject(reason),
        Outcome::Failed(reason) | Outcome::Silent(reason) => event::retry(reason),
        Outcome::Gone(status) => event::retry(format!("the receiver answered {status}")),
        Outcome::Delivered | Outcome::Busy | Outcome::Unrecorded(_) => event::retry("judged before"),
    }
}

/// A deferral that has lasted too long is a failed attempt. Quiet hours always end, so they are exempt.
fn bounded(failure: Failure, send: &Send, now_us: i64) -> Failure {
    match failure {
        Failure::Retry((reason, Some(_)))
            if now_us.saturating_sub(send.planned_at_us) > DEFERRED_MAX_US && !reason.contains("quiet hours") =>
        {
            Failure::Retry((reason, None))
        }
        other => other,
    }
}

/// Addresses that earlier builds kept are as they were entered.
fn address(text: &str) -> Result<Uri, Failure> {
    let sent = web_address(text).ok().and_then(|url| url.as_str().parse().ok());
    sent.ok_or_else(|| Failure::Reject("the target's address is not valid".into()))
}

fn headers(pairs: &[(&'static str, &str)]) -> Result<HeaderMap, Failure> {
    pairs
        .iter()
        .map(|(name, value)| Ok((HeaderName::from_static(name), HeaderValue::from_str(value)?)))
        .collect::<Result<_, http::header::InvalidHeaderValue>>()
        .map_err(|error| Failure::Reject(error.to_string()))
}

#[cfg(test)]
mod tests {
    use super::*;
    use uuid::Uuid;

    fn send() -> Send {
        Send {
            id: Uuid::from_u128(1),
            user_id: Uuid::from_u128(2),
            target_id: Uuid::from_u128(3),
            event_type: "AIInsightsGenerated".into(),
            body: r#"{"insights": 2}"#.into(),
            pending: true,
            planned_at_us: 0,
            timezone: "UTC".into(),
            wanted: true,
            inside: false,
            quiet_hours: None,
            target: Target::Gone,
            receiver: patience::Receiver::default(),
            link_key: vec![7; 32],
        }
    }

    #[test]
    fn a_receiver_that_asks_for_later_for_a_whole_day_fails_in_the_end() {
        let later = || failure(Outcome::Later(7, "busy".into()));
        assert_eq!(bounded(later(), &send(), DEFERRED_MAX_US), Failure::Retry(("busy".into(), Some(7))));
        assert_eq!(bounded(later(), &send(), DEFERRED_MAX_US + 1), Failure::Retry(("busy".into(), None)));
    }

    #[test]
    fn what_is_prohibited_is_not_tried_again() {
        assert_eq!(failure(Outcome::Prohibited("private".into())), Failure::Reject("private".into()));
        assert_eq!(failure(Outcome::Failed("500".into())), Failure::Retry(("500".into(), None)));
    }

    #[test]
    fn an_address_that_was_kept_as_it_was_entered_is_sent_percent_encoded() {
        let uri = address("https://Bücher.example/häng").unwrap();
        assert_eq!(uri, "https://xn--bcher-kva.example/h%C3%A4ng");
        assert!(matches!(address("https://exa mple.org/"), Err(Failure::Reject(_))));
    }

    #[test]
    fn a_value_with_a_line_break_becomes_no_header() {
        assert!(headers(&[("x-mindflow-event", "a\r\nX-Evil: 1")]).is_err());
        assert_eq!(count(&send()), 2);
    }
}
