//! Connections outside the pools, for what belongs to a session: advisory locks of migrations, and notifications.

use std::ops::Deref;

use futures::StreamExt;
use tokio::sync::mpsc;
use tokio::task::JoinHandle;
use tokio_postgres::{AsyncMessage, Client, Notification};

use super::config::CONNECT_TIMEOUT;
use super::pool::Endpoint;
use crate::database::sql::Error;

/// Notifications that a listener may be behind before it loses them. They only say "look": a lost one
/// costs a poll.
pub const NOTIFICATIONS_MAX: usize = 1_024;

/// A connection of one's own. Dropped, it closes, and the server frees what the session held.
pub struct Session {
    client: Client,
    connection: JoinHandle<()>,
}

/// A connection of one's own, for `LISTEN`.
pub struct Listener {
    pub client: Session,
    /// What the server sends unasked; ends when the connection does.
    pub notifications: mpsc::Receiver<Notification>,
}

// === impl Session ===

impl Session {
    pub(super) async fn connect(endpoint: &Endpoint) -> Result<Self, Error> {
        Self::connect_with(endpoint, |_| true).await
    }

    /// `notified` answers whether there is still interest.
    async fn connect_with(
        endpoint: &Endpoint,
        mut notified: impl FnMut(Notification) -> bool + Send + 'static,
    ) -> Result<Self, Error> {
        let connecting = endpoint.settings().connect(endpoint.tls());
        let (client, mut connection) = tokio::time::timeout(CONNECT_TIMEOUT, connecting)
            .await
            .map_err(|_| Error::Unavailable("connecting took too long".to_owned()))?
            .map_err(Error::from)?;
        let connection = tokio::spawn(async move {
            let mut messages = futures::stream::poll_fn(move |context| connection.poll_message(context));
            while let Some(message) = messages.next().await {
                match message {
                    Ok(AsyncMessage::Notification(notification)) => {
                        if !notified(notification) {
                            break;
                        }
                    }
                    Ok(_) => {}
                    Err(error) => {
                        tracing::debug!(%error, "a connection outside the pools ended");
                        break;
                    }
                }
            }
        });
        Ok(Self { client, connection })
    }
}

impl Deref for Session {
    type Target = Client;

    fn deref(&self) -> &Client {
        &self.client
    }
}

impl Drop for Session {
    fn drop(&mut self) {
        self.connection.abort();
    }
}

// === impl Listener ===

impl Listener {
    pub(super) async fn connect(endpoint: &Endpoint) -> Result<Self, Error> {
        let (sender, notifications) = mpsc::channel(NOTIFICATIONS_MAX);
        // A full channel means that the listener has not looked yet at what is there.
        let notified =
            move |notification| !matches!(sender.try_send(notification), Err(mpsc::error::TrySendError::Closed(_)));
        Ok(Self { client: Session::connect_with(endpoint, notified).await?, notifications })
    }
}
