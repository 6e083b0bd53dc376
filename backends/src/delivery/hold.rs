//! A subscription held for a replay: nothing of it is handed out meanwhile, and what
//! is published waits in its queue. The hold is renewed while it lives; if its holder dies, it ends by itself.

use std::sync::Arc;
use std::time::Duration;

use tokio::task::JoinHandle;
use tokio_util::sync::CancellationToken;
use uuid::Uuid;

use super::backend::Backend;
use super::queue::{HoldRequest, QueueError};
use crate::{clock, ids};

/// So long deliveries wait for a holder that was killed.
const HOLD_FOR: Duration = Duration::from_secs(15);
/// Four renewals may fail before a hold is lost.
const RENEW_EVERY: Duration = Duration::from_secs(3);
/// How often it is asked whether something is still leased. Deliveries take tens of milliseconds.
const IDLE_POLL: Duration = Duration::from_millis(50);

/// Why a subscription could not be held, or not any longer.
#[derive(Debug, thiserror::Error)]
pub enum HoldError {
    #[error("`{0}` is held by another replay; try again when that has ended")]
    Held(String),
    #[error("the hold of `{0}` was lost, because its queue did not answer in time")]
    Lost(String),
    #[error("deliveries of `{subscription}` under way did not end within {within:?}")]
    Busy { subscription: String, within: Duration },
    #[error(transparent)]
    Queue(#[from] QueueError),
}

/// See the module. Dropped without [`Hold::release`], it ends within seconds.
pub struct Hold {
    backend: Arc<dyn Backend>,
    subscription: String,
    holder: Uuid,
    lost: CancellationToken,
    renewing: JoinHandle<()>,
}

// === impl Hold ===

impl Hold {
    /// Takes the hold, if it is free.
    ///
    /// # Errors
    /// [`HoldError::Held`], or the queue's own.
    pub async fn take(backend: Arc<dyn Backend>, subscription: &str) -> Result<Self, HoldError> {
        let (subscription, holder) = (subscription.to_owned(), ids::random());
        if !backend.hold(&subscription, holder, HoldRequest::Take(HOLD_FOR)).await? {
            return Err(HoldError::Held(subscription));
        }
        let lost = CancellationToken::new();
        let renewing = tokio::spawn(renew(backend.clone(), subscription.clone(), holder, lost.clone()));
        Ok(Self { backend, subscription, holder, lost, renewing })
    }

    /// Waits until nothing of the subscription is with a handler any more.
    ///
    /// # Errors
    /// [`HoldError::Busy`] after `within`, [`HoldError::Lost`], or the queue's own.
    pub async fn until_idle(&self, within: Duration) -> Result<(), HoldError> {
        let idle = async {
            loop {
                let depths = self.backend.depth().await?;
                let leased =
                    depths.iter().find(|depth| depth.subscription == self.subscription).map_or(0, |d| d.leased);
                if leased == 0 {
                    return Ok(());
                }
                tokio::time::sleep(IDLE_POLL).await;
            }
        };
        let busy = || HoldError::Busy { subscription: self.subscription.clone(), within };
        self.guard(async { tokio::time::timeout(within, idle).await.unwrap_or_else(|_| Err(busy())) }).await
    }

    /// Does `work` as long as the hold lasts.
    ///
    /// # Errors
    /// [`HoldError::Lost`], or the work's own.
    pub async fn guard<T, E: From<HoldError>>(&self, work: impl Future<Output = Result<T, E>>) -> Result<T, E> {
        tokio::select! {
            done = work => done,
            () = self.lost.cancelled() => Err(HoldError::Lost(self.subscription.clone()).into()),
        }
    }

    /// Whether the store still says that the subscription is held: to be asked right before a commit that
    /// rests on it.
    ///
    /// # Errors
    /// [`HoldError::Lost`], or the queue's own.
    pub async fn confirm(&self) -> Result<(), HoldError> {
        match self.backend.hold(&self.subscription, self.holder, HoldRequest::Renew(HOLD_FOR)).await? {
            true => Ok(()),
            false => Err(HoldError::Lost(self.subscription.clone())),
        }
    }

    /// Lets deliveries go on.
    pub async fn release(self) {
        self.renewing.abort();
        if let Err(error) = self.backend.hold(&self.subscription, self.holder, HoldRequest::Release).await {
            let (subscription, error) = (&self.subscription, &error as &dyn std::error::Error);
            tracing::warn!(subscription, error, "a hold could not be released and ends by itself in seconds");
        }
    }
}

impl Drop for Hold {
    fn drop(&mut self) {
        self.renewing.abort();
    }
}

async fn renew(backend: Arc<dyn Backend>, subscription: String, holder: Uuid, lost: CancellationToken) {
    let mut held_until = clock::instant() + HOLD_FOR;
    loop {
        tokio::time::sleep(RENEW_EVERY).await;
        let asked_at = clock::instant();
        match backend.hold(&subscription, holder, HoldRequest::Renew(HOLD_FOR)).await {
            Ok(true) => held_until = asked_at + HOLD_FOR,
            Err(_) if clock::instant() < held_until => {}
            Ok(false) | Err(_) => {
                lost.cancel();
                return;
            }
        }
    }
}
