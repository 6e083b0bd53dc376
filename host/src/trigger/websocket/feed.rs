//! A topic as a connection hears it. A listener whose back end was away is resumed after its last item.

use super::component::Component;
use crate::capability::{
    realtime::bindings::mindflow::platform::realtime::Error,
    websocket::bindings::mindflow::platform::websocket::Failure,
};
use mindflow_backends::messaging::realtime::{Item, Subscription};
use std::{sync::Arc, time::Duration};

/// The pauses double: 0.1 + 0.2 + … + 3.2 s, longer than a restart of the back end.
const PAUSE_FIRST: Duration = Duration::from_millis(100);
const PAUSES_MAX: u32 = 6;

pub(super) struct Feed<C> {
    component: Arc<C>,
    topic: String,
    listener: Box<dyn Subscription>,
    /// Of the last item.
    cursor: Option<String>,
    /// Pauses since the last item.
    pauses: u32,
}

// === impl Feed ===

impl<C: Component> Feed<C> {
    /// From now on, or from after a cursor if all that followed it is still known; and if the component's grant covers the
    /// topic.
    pub(super) async fn open(component: Arc<C>, topic: String, after: Option<String>) -> Result<Self, Failure> {
        let listener = component.listen(&topic, after.clone()).await.map_err(|error| match error {
            Error::Invalid(_) if after.is_some() => Failure::Forgotten,
            error => failure(error),
        })?;
        if !listener.is_whole() {
            return Err(Failure::Forgotten);
        }
        Ok(Self { component, topic, listener, cursor: after, pauses: 0 })
    }

    /// Waits for the next item.
    pub(super) async fn next(&mut self) -> Result<Item, Failure> {
        loop {
            match self.listener.next().await {
                Ok(item) => {
                    self.cursor = Some(item.cursor.clone());
                    self.pauses = 0;
                    return Ok(item);
                }
                Err(_) if self.listener.fell_behind() => return Err(Failure::Behind),
                Err(_) => self.renew().await?,
            }
        }
    }

    /// Subscribes again, from after the last item where that is still known.
    async fn renew(&mut self) -> Result<(), Failure> {
        while self.pauses < PAUSES_MAX {
            tokio::time::sleep(PAUSE_FIRST * 2_u32.pow(self.pauses)).await;
            self.pauses += 1;
            match self.component.listen(&self.topic, self.cursor.clone()).await {
                Ok(listener) => {
                    self.listener = listener;
                    return Ok(());
                }
                Err(Error::Unavailable(_)) => {}
                // The server no longer knows the cursor: subscribe from now on.
                Err(Error::Invalid(_)) if self.cursor.is_some() => self.cursor = None,
                Err(error) => return Err(failure(error)),
            }
        }
        Err(Failure::Unavailable)
    }
}

fn failure(error: Error) -> Failure {
    match error {
        Error::AccessDenied(reason) => {
            tracing::warn!("a connection's subscription was denied: {reason}");
            Failure::Denied
        }
        Error::Unavailable(_) => Failure::Unavailable,
        Error::Invalid(_) => Failure::Refused,
    }
}
