//! A user's topic: the short notices that the query service publishes after it has applied an event, and those of the
//! auth service about sessions that have ended. Notices can be missed; the entries themselves are always read again, and
//! sessions are proven before each notice.

use backon::{BackoffBuilder, ExponentialBuilder};
use futures::stream::{LocalBoxStream, StreamExt, unfold};
use mindflow_events::{UserNotice, notice_topic};
use mindflow_guest::call::Error;
use mindflow_guest::clock;
use mindflow_guest::realtime::{self, Subscription};
use std::time::Duration;

/// The pauses double: 0.1 + 0.2 + … + 3.2 s, longer than a restart of the back end.
const RESUBSCRIBE: ExponentialBuilder =
    ExponentialBuilder::new().with_min_delay(Duration::from_millis(100)).with_factor(2.0).with_max_times(6);

/// The user's notices from now on. Ends after an error.
///
/// # Errors
/// `unavailable` when the topic cannot be subscribed to.
pub async fn notices(user_id: String) -> Result<LocalBoxStream<'static, Result<UserNotice, Error>>, Error> {
    let feed = Feed::open(notice_topic(user_id)).await?;
    let stream = unfold(Some(feed), |feed| async {
        let mut feed = feed?;
        match feed.next().await {
            Ok(notice) => Some((Ok(notice), Some(feed))),
            Err(error) => Some((Err(error), None)),
        }
    });
    Ok(stream.boxed_local())
}

/// A subscription that is renewed when it is lost.
struct Feed {
    topic: String,
    subscription: Subscription,
    /// Of the last notice seen.
    cursor: Option<String>,
}

impl Feed {
    async fn open(topic: String) -> Result<Self, Error> {
        let subscription = realtime::subscribe(topic.clone(), None).await?;
        Ok(Self { topic, subscription, cursor: None })
    }

    async fn next(&mut self) -> Result<UserNotice, Error> {
        let mut pauses = RESUBSCRIBE.build();
        loop {
            match self.subscription.next().await {
                Ok(item) => {
                    pauses = RESUBSCRIBE.build();
                    self.cursor = Some(item.cursor);
                    // A notice of a later version is skipped.
                    if let Ok(notice) = serde_json::from_slice(&item.data) {
                        return Ok(notice);
                    }
                }
                Err(realtime::Error::Unavailable(reason)) => self.renew(&mut pauses, reason).await?,
                Err(error) => return Err(error.into()),
            }
        }
    }

    /// Subscribes again, from after the last notice where that is still known.
    async fn renew(&mut self, pauses: &mut impl Iterator<Item = Duration>, mut reason: String) -> Result<(), Error> {
        for pause in pauses {
            clock::pause(pause).await;
            match realtime::subscribe(self.topic.clone(), self.cursor.clone()).await {
                Ok(subscription) => {
                    self.subscription = subscription;
                    return Ok(());
                }
                Err(realtime::Error::Unavailable(again)) => reason = again,
                // The server no longer knows the cursor: subscribe from now on.
                Err(realtime::Error::Invalid(_)) if self.cursor.is_some() => self.cursor = None,
                Err(error) => return Err(error.into()),
            }
        }
        Err(Error::Unavailable(format!("the live feed was lost: {reason}")))
    }
}
