//! Listens to Postgres' notifications, so that nothing waits for the next poll: those of producers, and those of the
//! relays of other replicas. Only a doorbell: when it is broken, delivery goes on
//! at the pace of polling, and it reconnects.

use std::collections::HashMap;
use std::sync::Arc;
use std::time::Duration;

use tokio::sync::Notify;
use tokio_postgres::Notification;
use tokio_util::sync::CancellationToken;
use uuid::Uuid;

use super::health::Part;
use super::sequencer::QUEUE_CHANNEL;
use crate::database::postgres::Database;

const PUBLISHED_CHANNEL: &str = "mindflow_published";

/// A connection that died without a word is found by asking this often,
const CHECK_EVERY: Duration = Duration::from_secs(30);
/// and waiting so long for the answer.
const CHECK_TIMEOUT: Duration = Duration::from_secs(5);

/// A bell for each subscription's dispatcher, by name.
pub(super) type Bells = HashMap<String, Arc<Notify>>;

#[derive(Debug, thiserror::Error)]
enum DoorbellError {
    #[error("cannot listen for notifications")]
    Listen(#[source] Box<dyn std::error::Error + Send + Sync>),
    #[error("the connection that listens for notifications ended")]
    Ended,
}

pub(super) struct Doorbell {
    pub(super) database: Database,
    pub(super) replica: Uuid,
    pub(super) relay: Arc<Notify>,
    pub(super) dispatchers: Bells,
    pub(super) stop: CancellationToken,
    pub(super) health: Part,
}

// === impl Doorbell ===

impl Doorbell {
    /// Runs until `stop`; connects again whenever the connection ends.
    pub(super) async fn run(mut self) {
        let stop = self.stop.clone();
        let listening = async {
            loop {
                let error = self.listen().await;
                let pause = self.health.failed(&error);
                tokio::time::sleep(pause).await;
            }
        };
        tokio::select! {
            () = listening => {}
            () = stop.cancelled() => {}
        }
    }

    /// Listens until it cannot.
    async fn listen(&mut self) -> DoorbellError {
        let mut listener = match self.database.listener().await {
            Ok(listener) => listener,
            Err(error) => return DoorbellError::Listen(error.into()),
        };
        let commands = format!("LISTEN {PUBLISHED_CHANNEL}; LISTEN {QUEUE_CHANNEL}");
        if let Err(error) = listener.client.batch_execute(&commands).await {
            return DoorbellError::Listen(error.into());
        }
        self.health.succeeded();
        // Notifications that were sent before the connection.
        self.relay.notify_one();
        self.ring_dispatchers();
        loop {
            match tokio::time::timeout(CHECK_EVERY, listener.notifications.recv()).await {
                Ok(Some(notification)) => self.ring(&notification),
                Ok(None) => return DoorbellError::Ended,
                Err(_) => match tokio::time::timeout(CHECK_TIMEOUT, listener.client.simple_query("")).await {
                    Ok(Ok(_)) => {}
                    Ok(Err(_)) | Err(_) => return DoorbellError::Ended,
                },
            }
        }
    }

    fn ring(&self, notification: &Notification) {
        if notification.channel() == PUBLISHED_CHANNEL {
            self.relay.notify_one();
        } else if notification.payload() != self.replica.to_string() {
            self.ring_dispatchers();
        }
    }

    fn ring_dispatchers(&self) {
        self.dispatchers.values().for_each(|bell| bell.notify_one());
    }
}
