//! A user's topic: the short notices that the query service publishes after it has applied an event, and those of the
//! auth service about sessions that have ended. The topic remembers them for minutes, so that a client goes on where it was; the
//! entries themselves are always read again, and sessions are proven before each notice.

use backon::{BackoffBuilder, ExponentialBuilder};
use futures::stream::{LocalBoxStream, StreamExt, unfold};
use mindflow_events::{UserNotice, notice_topic};
use mindflow_guest::call::Error;
use mindflow_guest::clock;
use mindflow_guest::failure::invalid;
use mindflow_guest::realtime::{self, Subscription};
use mindflow_guest::rules::Rule;
use std::time::Duration;

/// The pauses double: 0.1 + 0.2 + … + 3.2 s, longer than a restart of the back end.
const RESUBSCRIBE: ExponentialBuilder =
    ExponentialBuilder::new().with_min_delay(Duration::from_millis(100)).with_factor(2.0).with_max_times(6);

/// Where a subscription begins.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Start {
    pub topic: String,
    pub after: String,
}

impl Start {
    /// After the client's cursor, or else where the user's notices stand now, so that none that comes from now on is missed.
    ///
    /// # Errors
    /// `unavailable`
    pub async fn of(user_id: &str, after: Option<String>) -> Result<Self, Error> {
        let topic = notice_topic(user_id);
        let after = match after {
            Some(after) => after,
            None => realtime::latest(topic.clone()).await?,
        };
        Ok(Self { topic, after })
    }
}

/// The client's cursor is of the past, or of no past that there was.
pub fn forgotten() -> Error {
    let text =
        "The changes after this cursor are no longer known. Read the entries again, and subscribe without `after`.";
    invalid("after", Rule::Forgotten, text)
}

/// The user's notices, each with its cursor. Ends after an error.
///
/// # Errors
/// `unavailable` when the topic cannot be subscribed to; `invalid` when it does not know all that followed the cursor.
pub async fn notices(start: Start) -> Result<LocalBoxStream<'static, Result<(UserNotice, String), Error>>, Error> {
    let feed = Feed::open(start).await?;
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
    /// Of the last notice seen, or of the start.
    cursor: Option<String>,
}

impl Feed {
    async fn open(Start { topic, after }: Start) -> Result<Self, Error> {
        match realtime::subscribe(topic.clone(), Some(after.clone())).await {
            Ok(subscription) if subscription.is_whole().await => Ok(Self { topic, subscription, cursor: Some(after) }),
            Ok(_) | Err(realtime::Error::Invalid(_)) => Err(forgotten()),
            Err(error) => Err(error.into()),
        }
    }

    async fn next(&mut self) -> Result<(UserNotice, String), Error> {
        let mut pauses = RESUBSCRIBE.build();
        loop {
            match self.subscription.next().await {
                Ok(item) => {
                    pauses = RESUBSCRIBE.build();
                    self.cursor = Some(item.cursor.clone());
                    // A notice of a later version is skipped.
                    if let Ok(notice) = serde_json::from_slice(&item.data) {
                        return Ok((notice, item.cursor));
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
