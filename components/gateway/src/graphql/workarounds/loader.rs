//! Batches concurrent look-ups into one call, so that a list of n items with a looked-up field costs one call more, not
//! n (the N+1 problem). async-graphql's `DataLoader` waits on a timer that a sandbox does not have; this one waits until
//! the executor has polled all resolvers.

use futures::FutureExt;
use futures::future::{LocalBoxFuture, Shared};
use mindflow_guest::call::Error;
use std::cell::RefCell;
use std::rc::Rc;
use std::task::Poll;

/// The executor polls a few resolvers a turn; after so many turns without a new look-up, all have been made.
const QUIET_TURNS: usize = 3;

type Loaded<V> = Result<Rc<RefCell<Vec<Answer<V>>>>, Error>;
type Load<K, V> = dyn Fn(Vec<K>) -> LocalBoxFuture<'static, Result<Vec<V>, Error>>;

/// A key, and how many wait for its value.
struct Asked<K> {
    key: K,
    by: usize,
}

/// A value, for as many as still wait for it.
struct Answer<V> {
    value: Option<V>,
    waiting: usize,
}

/// One batch that is still open. Each waiter polls it, so that no waiter depends on another.
struct Gathering<K, V> {
    asked: Rc<RefCell<Vec<Asked<K>>>>,
    done: Shared<LocalBoxFuture<'static, Loaded<V>>>,
}

pub struct Loader<K, V> {
    keys_max: usize,
    load: Rc<Load<K, V>>,
    open: Rc<RefCell<Option<Gathering<K, V>>>>,
}

impl<K: PartialEq + 'static, V: Clone + 'static> Loader<K, V> {
    /// `load` takes at most `keys_max` keys and answers a value for each, in their order.
    pub fn new(
        keys_max: usize,
        load: impl Fn(Vec<K>) -> LocalBoxFuture<'static, Result<Vec<V>, Error>> + 'static,
    ) -> Self {
        Self { keys_max, load: Rc::new(load), open: Rc::default() }
    }

    pub async fn load(&self, key: K) -> Result<V, Error> {
        let (done, place) = self.join(key);
        let answers = done.await?;
        let mut answers = answers.borrow_mut();
        let value = answers.get_mut(place).and_then(Answer::take);
        value.ok_or_else(|| Error::Internal("a batch of look-ups was answered with too few values".to_owned()))
    }

    /// The batch, and the key's place in it.
    fn join(&self, key: K) -> (Shared<LocalBoxFuture<'static, Loaded<V>>>, usize) {
        let mut open = self.open.borrow_mut();
        let gathering = open.get_or_insert_with(|| self.gather());
        let mut asked = gathering.asked.borrow_mut();
        let place = asked.iter().position(|asked| asked.key == key).unwrap_or_else(|| {
            asked.push(Asked { key, by: 0 });
            asked.len() - 1
        });
        if let Some(asked) = asked.get_mut(place) {
            asked.by += 1;
        }
        let done = gathering.done.clone();
        let full = asked.len() >= self.keys_max;
        drop(asked);
        if full {
            *open = None;
        }
        (done, place)
    }

    fn gather(&self) -> Gathering<K, V> {
        let asked: Rc<RefCell<Vec<Asked<K>>>> = Rc::default();
        let (gathered, open, load) = (Rc::clone(&asked), Rc::clone(&self.open), Rc::clone(&self.load));
        let done = async move {
            let (mut quiet, mut by) = (0, 0);
            while quiet < QUIET_TURNS {
                turn().await;
                let now = gathered.borrow().iter().map(|asked| asked.by).sum();
                quiet = if now == by { quiet + 1 } else { 0 };
                by = now;
            }
            // Later ones begin a new gathering; a full one was closed before.
            open.borrow_mut().take_if(|current| Rc::ptr_eq(&current.asked, &gathered));
            let asked = std::mem::take(&mut *gathered.borrow_mut());
            let (keys, waiting): (Vec<K>, Vec<usize>) = asked.into_iter().map(|asked| (asked.key, asked.by)).unzip();
            let values = load(keys).await?;
            let answer = |(value, waiting)| Answer { value: Some(value), waiting };
            Ok(Rc::new(RefCell::new(values.into_iter().zip(waiting).map(answer).collect())))
        };
        Gathering { asked, done: done.boxed_local().shared() }
    }
}

impl<V: Clone> Answer<V> {
    /// The last of those who wait gets the value itself.
    fn take(&mut self) -> Option<V> {
        self.waiting = self.waiting.saturating_sub(1);
        if self.waiting == 0 { self.value.take() } else { self.value.clone() }
    }
}

/// Lets everything else that can run run once.
async fn turn() {
    let mut yielded = false;
    futures::future::poll_fn(|cx| {
        if std::mem::replace(&mut yielded, true) {
            return Poll::Ready(());
        }
        cx.waker().wake_by_ref();
        Poll::Pending
    })
    .await;
}

#[cfg(test)]
mod tests {
    use super::*;
    use futures::executor::block_on;
    use futures::future::{join, join_all};

    type Calls = Rc<RefCell<Vec<Vec<u32>>>>;

    fn doubling() -> (Loader<u32, u32>, Calls) {
        let calls = Calls::default();
        let seen = Rc::clone(&calls);
        let loader = Loader::new(100, move |keys: Vec<u32>| {
            seen.borrow_mut().push(keys.clone());
            async move { Ok(keys.into_iter().map(|key| key * 2).collect()) }.boxed_local()
        });
        (loader, calls)
    }

    #[test]
    fn fifty_concurrent_look_ups_are_one_call_without_duplicates() {
        let (loader, calls) = doubling();
        let values = block_on(join_all((0..50).map(|index| loader.load(index % 10))));
        assert_eq!(values.len(), 50);
        assert_eq!(values[13], Ok(6));
        assert_eq!(calls.borrow().as_slice(), [(0..10).collect::<Vec<_>>()]);
    }

    #[test]
    fn more_keys_than_a_call_takes_are_split() {
        let (loader, calls) = doubling();
        block_on(join_all((0..250).map(|index| loader.load(index))));
        let sizes: Vec<_> = calls.borrow().iter().map(Vec::len).collect();
        assert_eq!(sizes, [100, 100, 50]);
    }

    #[test]
    fn a_waiter_that_leaves_does_not_strand_the_others() {
        let (loader, calls) = doubling();
        let value = block_on(async {
            let mut first = Box::pin(loader.load(1));
            assert!(futures::poll!(&mut first).is_pending());
            let second = loader.load(2);
            let leaving = async { drop(first) };
            join(second, leaving).await.0
        });
        assert_eq!(value, Ok(4));
        assert_eq!(calls.borrow().len(), 1);
    }

    #[test]
    fn a_failed_call_fails_everybody_who_waited_for_it() {
        let loader: Loader<u32, u32> =
            Loader::new(100, |_| async { Err(Error::Unavailable("away".to_owned())) }.boxed_local());
        let values = block_on(join_all([loader.load(1), loader.load(2)]));
        assert!(values.iter().all(|value| matches!(value, Err(Error::Unavailable(_)))));
    }
}
