//! A topic as a connection hears it. A listener whose back end was away is resumed after its last item, or ends where
//! something that followed is no longer known.

use super::component::Component;
use crate::capability::{
    realtime::bindings::mindflow::platform::realtime::Error,
    websocket::bindings::mindflow::platform::websocket::Failure,
};
use backon::{BackoffBuilder, ExponentialBackoff, ExponentialBuilder};
use mindflow_backends::messaging::realtime::{Item, Subscription};
use std::{sync::Arc, time::Duration};

/// The pauses double: 0.1 + 0.2 + … + 3.2 s, longer than a restart of the back end.
const PAUSES: ExponentialBuilder =
    ExponentialBuilder::new().with_min_delay(Duration::from_millis(100)).with_factor(2.0).with_max_times(PAUSES_MAX);
const PAUSES_MAX: usize = 6;

pub(super) struct Feed<C> {
    component: Arc<C>,
    topic: String,
    listener: Box<dyn Subscription>,
    /// Of the last item.
    cursor: Option<String>,
    /// That are left since the last item.
    pauses: ExponentialBackoff,
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
        Ok(Self { component, topic, listener, cursor: after, pauses: PAUSES.build() })
    }

    /// Waits for the next item.
    pub(super) async fn next(&mut self) -> Result<Item, Failure> {
        loop {
            match self.listener.next().await {
                Ok(item) => {
                    self.cursor = Some(item.cursor.clone());
                    self.pauses = PAUSES.build();
                    return Ok(item);
                }
                Err(_) if self.listener.fell_behind() => return Err(Failure::Behind),
                Err(_) => self.renew().await?,
            }
        }
    }

    /// Subscribes again, from after the last item; before the first one of a listener that began without a cursor, from now on.
    async fn renew(&mut self) -> Result<(), Failure> {
        for pause in self.pauses.by_ref() {
            tokio::time::sleep(pause).await;
            match self.component.listen(&self.topic, self.cursor.clone()).await {
                Ok(listener) if listener.is_whole() => {
                    self.listener = listener;
                    return Ok(());
                }
                Err(Error::Unavailable(_)) => {}
                // Something that came meanwhile may be lost: the client is the one to read it again.
                Ok(_) => return Err(Failure::Forgotten),
                Err(Error::Invalid(_)) if self.cursor.is_some() => return Err(Failure::Forgotten),
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

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{
        capability::websocket::bindings::mindflow::platform::websocket::{Happening, Message, Performed, Reaction},
        engine::CallFailure,
        trigger::websocket::component::Notice,
    };
    use mindflow_backends::messaging::realtime::Error as Lost;
    use std::{
        collections::VecDeque,
        sync::{Mutex, PoisonError},
    };

    /// A listener that hears these items, and then loses its back end.
    struct Heard {
        cursors: VecDeque<&'static str>,
        is_whole: bool,
    }

    #[async_trait::async_trait]
    impl Subscription for Heard {
        async fn next(&mut self) -> Result<Item, Lost> {
            let cursor = self.cursors.pop_front().ok_or_else(|| Lost::Unavailable("gone".to_owned()))?;
            Ok(Item { cursor: cursor.to_owned(), data: Default::default() })
        }

        fn fell_behind(&self) -> bool {
            false
        }

        fn is_whole(&self) -> bool {
            self.is_whole
        }
    }

    /// Topics that answer each subscription in turn, and what was asked of them.
    #[derive(Default)]
    struct Topics {
        answers: Mutex<VecDeque<Result<Heard, Error>>>,
        asked: Mutex<Vec<Option<String>>>,
    }

    impl Component for Topics {
        async fn step(self: &Arc<Self>, _: Vec<u8>, _: Happening, _: Arc<str>) -> Result<Reaction, CallFailure> {
            unreachable!("a feed takes no step")
        }

        async fn perform(
            self: &Arc<Self>,
            _: Vec<u8>,
            _: Vec<u8>,
            _: Arc<str>,
        ) -> Result<Result<Performed, ()>, CallFailure> {
            unreachable!("a feed has no task")
        }

        async fn present(
            self: &Arc<Self>,
            _: Vec<u8>,
            _: Notice,
            _: Arc<str>,
        ) -> Result<Result<Vec<Message>, ()>, CallFailure> {
            unreachable!("a feed presents nothing")
        }

        async fn listen(&self, _: &str, after: Option<String>) -> Result<Box<dyn Subscription>, Error> {
            self.asked.lock().unwrap_or_else(PoisonError::into_inner).push(after);
            let answer = self.answers.lock().unwrap_or_else(PoisonError::into_inner).pop_front();
            match answer.unwrap_or_else(|| Err(Error::Unavailable("away".to_owned()))) {
                Ok(heard) => Ok(Box::new(heard)),
                Err(error) => Err(error),
            }
        }
    }

    fn heard(cursors: &[&'static str]) -> Result<Heard, Error> {
        Ok(Heard { cursors: cursors.iter().copied().collect(), is_whole: true })
    }

    /// The cursors that are heard until the end, what was asked of the topics, and why it ended.
    async fn hear(
        after: Option<&str>,
        answers: Vec<Result<Heard, Error>>,
    ) -> (Vec<String>, Vec<Option<String>>, Failure) {
        let topics = Arc::new(Topics { answers: Mutex::new(answers.into()), ..Topics::default() });
        let mut cursors = Vec::new();
        let mut feed = match Feed::open(Arc::clone(&topics), "t".to_owned(), after.map(str::to_owned)).await {
            Ok(feed) => feed,
            Err(failure) => return (cursors, topics.asked.lock().unwrap().clone(), failure),
        };
        loop {
            match feed.next().await {
                Ok(item) => cursors.push(item.cursor),
                Err(failure) => return (cursors, topics.asked.lock().unwrap().clone(), failure),
            }
        }
    }

    #[tokio::test(start_paused = true)]
    async fn a_lost_listener_goes_on_after_its_last_item_and_gives_up_after_a_while() {
        let away = Err(Error::Unavailable("away".to_owned()));
        let answers = vec![heard(&["2-0", "3-0"]), away, heard(&["4-0"])];
        let (cursors, asked, failure) = hear(Some("1-0"), answers).await;
        assert_eq!(cursors, ["2-0", "3-0", "4-0"]);
        let asked: Vec<_> = asked.iter().map(|after| after.as_deref().unwrap_or_default()).collect();
        assert_eq!(asked[..3], ["1-0", "3-0", "3-0"]);
        assert_eq!((asked[3..].len(), &asked[3..4]), (PAUSES_MAX, &["4-0"][..]));
        assert!(matches!(failure, Failure::Unavailable));
    }

    #[tokio::test(start_paused = true)]
    async fn a_subscription_ends_with_the_reason_where_something_is_no_longer_known_at_its_begin_or_later() {
        fn in_part() -> Result<Heard, Error> {
            heard(&["9-0"]).map(|heard| Heard { is_whole: false, ..heard })
        }
        fn unknown() -> Result<Heard, Error> {
            Err(Error::Invalid("no cursor of this topic".to_owned()))
        }
        for lost in [in_part as fn() -> _, unknown] {
            let (cursors, _, failure) = hear(Some("1-0"), vec![lost()]).await;
            assert!(cursors.is_empty() && matches!(failure, Failure::Forgotten));
            let (cursors, _, failure) = hear(Some("1-0"), vec![heard(&["2-0"]), lost(), heard(&["9-0"])]).await;
            assert_eq!(cursors, ["2-0"]);
            assert!(matches!(failure, Failure::Forgotten));
        }
    }

    #[tokio::test(start_paused = true)]
    async fn a_listener_from_now_on_that_has_heard_nothing_begins_again_from_now_on() {
        let (cursors, asked, _) = hear(None, vec![heard(&[]), heard(&["2-0"])]).await;
        assert_eq!((cursors, &asked[..2]), (vec!["2-0".to_owned()], &[None, None][..]));
    }
}
