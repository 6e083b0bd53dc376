//! Posts an alarm to a webhook for each dead letter. Delivery hands an alarm over and goes on: alarms wait in a
//! bounded queue of their own, and one task sends them. An alarm is a hint: what is dropped here stays among the
//! dead letters, in the log and in the metrics.
//!
//! ```text
//! POST webhook
//! content-type: application/json
//! mindflow-signature: t=1764104400,v1=…     HMAC-SHA256 of "1764104400." and the body, in hexadecimal
//! {"kind":"dead-letter","id":"query/…","consumer":"query","eventId":…,"attempts":5,"lastError":…}
//! ```

use crate::{
    capability::outbound::{HttpsConnector, connector},
    manifest::{AlarmSettings, Secret},
};
use aws_lc_rs::hmac;
use bytes::Bytes;
use http::{Request, StatusCode, header};
use http_body_util::Full;
use hyper_util::{client::legacy::Client, rt::TokioExecutor};
use mindflow_backends::{
    clock::Clock,
    delivery::{Alarm, GivenUp},
    error::chain,
};
use serde::Serialize;
use std::{
    sync::{Arc, Mutex, PoisonError},
    time::Duration,
};
use tokio::{
    sync::mpsc::{self, error::TrySendError},
    task::JoinHandle,
};

/// Some 1 MiB of alarms at most. A receiver that is this far behind does not need the next one.
const WAITING_MAX: usize = 256;
/// A receiver has to accept the alarm, not to act on it.
const ANSWER_TIMEOUT: Duration = Duration::from_secs(5);
/// Pauses after the first, second and third failure to send; the fourth is final. A receiver's restart fits in.
const PAUSES: [Duration; 3] = [Duration::from_secs(1), Duration::from_secs(4), Duration::from_secs(16)];
/// How long a stop waits for queued alarms.
const DRAIN: Duration = Duration::from_secs(2);

const SIGNATURE: &str = "mindflow-signature";
/// Alarms that the receiver took.
const SENT: &str = "mindflow_alarms_sent_total";
/// Alarms given up, by `reason`: `full`, `refused`, `unreachable`.
const DROPPED: &str = "mindflow_alarms_dropped_total";

/// Sends alarms until every sender is dropped.
#[derive(Debug)]
pub struct Webhook {
    waiting: Mutex<Option<mpsc::Sender<GivenUp>>>,
    sending: Mutex<Option<JoinHandle<()>>>,
}

/// Where delivery raises alarms; without a sender once sending has ended.
#[derive(Debug)]
struct Raising(Option<mpsc::Sender<GivenUp>>);

struct Sending {
    settings: AlarmSettings,
    client: Client<HttpsConnector, Full<Bytes>>,
    clock: Clock,
}

/// What is posted.
#[derive(Serialize)]
struct Message<'a> {
    kind: &'static str,
    #[serde(flatten)]
    given_up: &'a GivenUp,
}

#[derive(Debug, thiserror::Error)]
enum SendError {
    #[error("it answered {0}")]
    Refused(StatusCode),
    #[error("it answered {0}")]
    Failing(StatusCode),
    #[error("it could not be reached")]
    Unreachable(#[source] hyper_util::client::legacy::Error),
    #[error("it did not answer within {ANSWER_TIMEOUT:?}")]
    Slow,
    #[error("the alarm cannot be put into a request")]
    Request(#[from] http::Error),
}

// === impl Webhook ===

impl Webhook {
    /// Starts the task that sends.
    pub fn start(settings: AlarmSettings, clock: Clock) -> Self {
        let (waiting, mut alarms) = mpsc::channel::<GivenUp>(WAITING_MAX);
        let client = Client::builder(TokioExecutor::new()).build(connector());
        let sending = Sending { settings, client, clock };
        let task = tokio::spawn(async move {
            while let Some(given_up) = alarms.recv().await {
                sending.send(&given_up).await;
            }
        });
        Self { waiting: Mutex::new(Some(waiting)), sending: Mutex::new(Some(task)) }
    }

    /// Where delivery raises alarms.
    pub fn alarm(&self) -> Arc<dyn Alarm> {
        Arc::new(Raising(self.waiting.lock().unwrap_or_else(PoisonError::into_inner).clone()))
    }

    /// Sends queued alarms, within a bound. Delivery has stopped before.
    pub async fn close(&self) {
        drop(self.waiting.lock().unwrap_or_else(PoisonError::into_inner).take());
        let sending = self.sending.lock().unwrap_or_else(PoisonError::into_inner).take();
        if let Some(mut sending) = sending
            && tokio::time::timeout(DRAIN, &mut sending).await.is_err()
        {
            sending.abort();
            tracing::warn!("some alarms were not sent before the stop; the dead letters are listed nevertheless");
        }
    }
}

impl Alarm for Raising {
    fn raise(&self, given_up: GivenUp) {
        let Some(waiting) = &self.0 else { return };
        if let Err(TrySendError::Full(given_up) | TrySendError::Closed(given_up)) = waiting.try_send(given_up) {
            dropped(&given_up, "full", &format!("{WAITING_MAX} alarms are waiting to be sent"));
        }
    }
}

// === impl Sending ===

impl Sending {
    /// Sends one alarm, in several attempts if need be.
    async fn send(&self, given_up: &GivenUp) {
        let body = match serde_json::to_vec(&Message { kind: "dead-letter", given_up }) {
            Ok(body) => Bytes::from(body),
            Err(error) => return dropped(given_up, "refused", &error.to_string()),
        };
        let mut pauses = PAUSES.into_iter();
        loop {
            let error = match self.post(body.clone()).await {
                Ok(()) => return metrics::counter!(SENT).increment(1),
                Err(error) => error,
            };
            if matches!(error, SendError::Refused(_) | SendError::Request(_)) {
                return dropped(given_up, "refused", &format!("{}: {}", self.settings.webhook, chain(&error)));
            }
            let Some(pause) = pauses.next() else {
                return dropped(given_up, "unreachable", &format!("{}: {}", self.settings.webhook, chain(&error)));
            };
            tokio::time::sleep(pause).await;
        }
    }

    async fn post(&self, body: Bytes) -> Result<(), SendError> {
        let mut request = Request::post(self.settings.webhook.uri()).header(header::CONTENT_TYPE, "application/json");
        if let Some(secret) = &self.settings.secret {
            let at_s = self.clock.now_ms().div_euclid(1_000);
            request = request.header(SIGNATURE, signature(secret, at_s, &body));
        }
        let request = request.body(Full::new(body))?;
        match tokio::time::timeout(ANSWER_TIMEOUT, self.client.request(request)).await {
            Err(_) => Err(SendError::Slow),
            Ok(Err(error)) => Err(SendError::Unreachable(error)),
            Ok(Ok(answer)) => match answer.status() {
                status if status.is_success() => Ok(()),
                status @ (StatusCode::REQUEST_TIMEOUT | StatusCode::TOO_MANY_REQUESTS) => {
                    Err(SendError::Failing(status))
                }
                status if status.is_server_error() => Err(SendError::Failing(status)),
                status => Err(SendError::Refused(status)),
            },
        }
    }
}

/// The value of the header: the time is signed as well, so that an old alarm cannot be passed off as new.
fn signature(secret: &Secret, at_s: i64, body: &[u8]) -> String {
    let key = hmac::Key::new(hmac::HMAC_SHA256, secret.bytes());
    let mut signing = hmac::Context::with_key(&key);
    signing.update(format!("{at_s}.").as_bytes());
    signing.update(body);
    format!("t={at_s},v1={}", hex::encode(signing.sign()))
}

fn dropped(given_up: &GivenUp, reason: &'static str, why: &str) {
    metrics::counter!(DROPPED, "reason" => reason).increment(1);
    tracing::warn!(dead_letter = given_up.id, reason, why, "an alarm was not sent");
}

#[cfg(test)]
mod tests {
    use super::*;

    fn given_up() -> GivenUp {
        GivenUp {
            id: "query/0190f5fe-7c00-7a00-8000-000000000001".into(),
            consumer: "query".into(),
            event_id: uuid::Uuid::nil(),
            event_type: "A".into(),
            partition_key: "a:1".into(),
            correlation_id: "c-1".into(),
            attempts: 5,
            last_error: "no".into(),
            at: Default::default(),
        }
    }

    #[tokio::test]
    async fn raising_never_waits_for_a_receiver_that_does_not_answer() {
        // It accepts connections and never answers.
        let silent = std::net::TcpListener::bind(("127.0.0.1", 0)).unwrap();
        let webhook = format!("http://{}/", silent.local_addr().unwrap()).try_into().unwrap();
        let webhook = Webhook::start(AlarmSettings { webhook, secret: None }, Clock::system());
        let alarm = webhook.alarm();
        (0..WAITING_MAX * 4).for_each(|_| alarm.raise(given_up()));
        assert_eq!(webhook.waiting.lock().unwrap().as_ref().unwrap().capacity(), 0, "the queue is full and not larger");
        drop(alarm);
        webhook.close().await;
    }

    #[test]
    fn the_signature_is_the_hmac_that_another_program_makes() {
        let secret = Secret::try_from("0123456789abcdef".to_owned()).unwrap();
        // printf '1764104400.{}' | openssl dgst -sha256 -hmac 0123456789abcdef
        let expected = "ab580e293064126df55534f39611d17729f292a0d261bfcc943c71829a2faf1e";
        assert_eq!(signature(&secret, 1_764_104_400, b"{}"), format!("t=1764104400,v1={expected}"));
    }
}
