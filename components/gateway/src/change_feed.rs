//! A user's topic: the short notices that the query service publishes after it has applied an event, and those of the
//! auth service about sessions that have ended. The topic remembers them for minutes, so that a client goes on where it was; the
//! entries themselves are always read again, and sessions are proven before each notice.
//!
//! A place in a topic is a time and a number, so that one of another user's topic could be taken for one of this, and would pass over
//! what is older. What clients have is a place with a mark of its topic: a [`cursor`].

use backon::{BackoffBuilder, ExponentialBuilder};
use futures::stream::{LocalBoxStream, StreamExt, unfold};
use mindflow_events::{UserNotice, notice_topic};
use mindflow_guest::call::Error;
use mindflow_guest::clock;
use mindflow_guest::failure::invalid;
use mindflow_guest::realtime::{self, Subscription};
use mindflow_guest::rules::Rule;
use sha2::{Digest, Sha256};
use std::time::Duration;

/// The pauses double: 0.1 + 0.2 + … + 3.2 s, longer than a restart of the back end.
const RESUBSCRIBE: ExponentialBuilder =
    ExponentialBuilder::new().with_min_delay(Duration::from_millis(100)).with_factor(2.0).with_max_times(6);

/// Of a topic's mark, in bytes: no two users of a client have the same. It guards from mistakes; a topic is chosen by the proven user
/// alone.
const MARK_BYTES: usize = 6;
/// In place of what is no cursor of the topic. No topic knows it, so that it is answered as [`forgotten`].
const NO_PLACE: &str = "none";

/// The age of a beat that is still worth an answer. There is one a second.
const BEAT_US_MAX: i64 = 3_000_000;

/// Where a subscription begins.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Start {
    pub topic: String,
    /// A place in it.
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
            Some(cursor) => place(&topic, &cursor).unwrap_or(NO_PLACE).to_owned(),
            None => realtime::latest(topic.clone()).await?,
        };
        Ok(Self { topic, after })
    }

    /// Of the topic that says when to look at the platform again: from now on, since what was before is seen now.
    ///
    /// # Errors
    /// `unavailable`
    pub async fn of_platform(topic: String) -> Result<Self, Error> {
        let after = realtime::latest(topic.clone()).await?;
        Ok(Self { topic, after })
    }

    /// The same as clients have it.
    pub fn cursor(&self) -> String {
        cursor(&self.topic, &self.after)
    }
}

/// What a topic carries.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Item {
    Notice(UserNotice),
    /// It is time to look at the platform again.
    Beat,
    /// That time is over, or the item is of a later version.
    Nothing,
}

impl Item {
    /// Notices are objects, and a beat is the time at which it was made, in microseconds.
    pub fn read(data: &[u8], now_us: i64) -> Self {
        if let Ok(at_us) = serde_json::from_slice::<i64>(data) {
            // A client that read slowly gets the next one.
            return if now_us.saturating_sub(at_us) <= BEAT_US_MAX { Self::Beat } else { Self::Nothing };
        }
        serde_json::from_slice(data).map_or(Self::Nothing, Self::Notice)
    }
}

/// A place in a topic as clients have it.
pub fn cursor(topic: &str, place: &str) -> String {
    format!("{place}.{}", mark(topic))
}

/// The place that a client's cursor names, if it is one of this topic.
fn place<'a>(topic: &str, cursor: &'a str) -> Option<&'a str> {
    cursor.rsplit_once('.').filter(|(_, of)| *of == mark(topic)).map(|(place, _)| place)
}

fn mark(topic: &str) -> String {
    hex::encode(Sha256::digest(topic).get(..MARK_BYTES).unwrap_or_default())
}

/// The client's cursor is of the past, or of no past that there was, or of another user's.
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
    cursor: String,
}

impl Feed {
    async fn open(Start { topic, after }: Start) -> Result<Self, Error> {
        match realtime::subscribe(topic.clone(), Some(after.clone())).await {
            Ok(subscription) if subscription.is_whole().await => Ok(Self { topic, subscription, cursor: after }),
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
                    self.cursor = item.cursor.clone();
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

    /// Subscribes again, from after the last notice.
    async fn renew(&mut self, pauses: &mut impl Iterator<Item = Duration>, mut reason: String) -> Result<(), Error> {
        for pause in pauses {
            clock::pause(pause).await;
            match realtime::subscribe(self.topic.clone(), Some(self.cursor.clone())).await {
                Ok(subscription) if subscription.is_whole().await => {
                    self.subscription = subscription;
                    return Ok(());
                }
                Err(realtime::Error::Unavailable(again)) => reason = again,
                // Something that came meanwhile may be lost.
                Ok(_) | Err(realtime::Error::Invalid(_)) => return Err(forgotten()),
                Err(error) => return Err(error.into()),
            }
        }
        Err(Error::Unavailable(format!("the live feed was lost: {reason}")))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use futures::executor::block_on;

    #[test]
    fn a_beat_is_answered_while_it_is_new_and_what_is_not_known_is_passed_over() {
        let notice = br#"{"kind":"CREATED","entryId":"00000000-0000-0000-0000-000000000001"}"#;
        assert!(matches!(Item::read(notice, 0), Item::Notice(UserNotice::Entry(_))));
        assert_eq!(Item::read(b"1000000", 4_000_000), Item::Beat);
        for nothing in [&b"1000000"[..], b"", b"{}", b"\"1000000\""] {
            assert_eq!(Item::read(nothing, 4_000_001), Item::Nothing);
        }
    }

    #[test]
    fn a_cursor_is_good_for_the_user_whose_changes_it_is_of() {
        let of = |user: &str, after: &str| block_on(Start::of(user, Some(after.to_owned())));
        let ann = cursor(&notice_topic("ann"), "7-0");
        let start = of("ann", &ann).unwrap();
        assert_eq!((start.after.as_str(), start.cursor()), ("7-0", ann.clone()));
        let bobs = cursor(&notice_topic("bob"), "7-0");
        for wrong in [bobs.as_str(), "7-0", "", ".", &format!("{ann}0")] {
            assert_eq!(of("ann", wrong).unwrap().after, NO_PLACE, "{wrong}");
        }
    }
}
