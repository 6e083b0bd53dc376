//! What happens to a user's entries, as the query service tells it once it has applied it: short notices
//! on the user's topic. They may be missed; the entries themselves are always read anew.

use futures::stream::{LocalBoxStream, StreamExt, unfold};
use mindflow_guest::call::Error;
use mindflow_guest::realtime::{self, Subscription};
use serde::Deserialize;
use std::time::Duration;

/// With pauses that double from the first: 0.1 + 0.2 + … + 3.2 s, longer than a restart of the back end.
const RESUBSCRIBE_TRIES: u32 = 6;
const RESUBSCRIBE_PAUSE: Duration = Duration::from_millis(100);

#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "UPPERCASE")]
pub enum NoticeKind {
    Created,
    Updated,
    Deleted,
    Analyzed,
}

#[derive(Debug, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Notice {
    pub kind: NoticeKind,
    pub entry_id: String,
}

/// Waits.
pub async fn pause(time: Duration) {
    let nanoseconds = u64::try_from(time.as_nanos()).unwrap_or(u64::MAX);
    wasip3::clocks::monotonic_clock::wait_for(nanoseconds).await;
}

/// The user's notices from now on. Ends after an error.
///
/// # Errors
/// `unavailable` when there is nobody to listen to now.
pub async fn notices(user_id: String) -> Result<LocalBoxStream<'static, Result<Notice, Error>>, Error> {
    let feed = Feed::open(format!("user:{user_id}")).await?;
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

    async fn next(&mut self) -> Result<Notice, Error> {
        let mut tries = 0;
        loop {
            match self.subscription.next().await {
                Ok(item) => {
                    tries = 0;
                    self.cursor = Some(item.cursor);
                    // Of a later version of the platform: not ours to tell.
                    if let Ok(notice) = serde_json::from_slice(&item.data) {
                        return Ok(notice);
                    }
                }
                Err(realtime::Error::Unavailable(reason)) => self.renew(&mut tries, reason).await?,
                Err(error) => return Err(error.into()),
            }
        }
    }

    /// Subscribes again, from after the last notice where that is still known.
    async fn renew(&mut self, tries: &mut u32, mut reason: String) -> Result<(), Error> {
        while *tries < RESUBSCRIBE_TRIES {
            pause(RESUBSCRIBE_PAUSE * 2_u32.pow(*tries)).await;
            *tries += 1;
            match realtime::subscribe(self.topic.clone(), self.cursor.clone()).await {
                Ok(subscription) => {
                    self.subscription = subscription;
                    return Ok(());
                }
                Err(realtime::Error::Unavailable(again)) => reason = again,
                // The cursor is forgotten: from now on.
                Err(realtime::Error::Invalid(_)) if self.cursor.is_some() => self.cursor = None,
                Err(error) => return Err(error.into()),
            }
        }
        Err(Error::Unavailable(format!("the live feed was lost: {reason}")))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_notice_is_read_as_the_query_service_writes_it() {
        let notice: Notice = serde_json::from_str(r#"{"kind":"ANALYZED","entryId":"e1"}"#).unwrap();
        assert_eq!(notice, Notice { kind: NoticeKind::Analyzed, entry_id: "e1".into() });
        assert!(serde_json::from_str::<Notice>(r#"{"kind":"SOMETHING","entryId":"e1"}"#).is_err());
    }
}
