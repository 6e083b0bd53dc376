//! Read-your-writes consistency. The read side applies a write some hundred milliseconds later; a user who has just written must
//! not read what was before, in entries, lists, tags, quotas or figures.
//!
//! Each write answers the marks of its events. The auth service keeps a user's marks for some seconds and answers them with the
//! proof of the token, which every request needs anyway: so a request of a user who has written nothing costs nothing more, and
//! one who has is known on every replica, in every session and on every transport. Before a call for views, these are asked
//! whether they show the marks, and the call waits until they do. Clients carry nothing besides their access token.

use crate::services::{accounts, figures, reads};
use crate::viewer::Viewer;
use futures::lock::Mutex;
use mindflow_guest::call::{CallContext, Error};
use mindflow_guest::clock;
use mindflow_guest::journal::{MARKS_MAX, Mark};
use std::cell::{Cell, RefCell};
use std::time::Duration;

/// As the auth service keeps marks (`components/auth/src/store/written.rs`), also where its clock is another host's.
const WAIT_MAX_US: i64 = 5_000_000;
/// The pauses between two looks. The read side needs 20 to 200 ms.
const PAUSES_MS: [u64; 4] = [10, 20, 30, 50];

/// What the caller has written in the last seconds, and which views are known to show it.
#[derive(Default)]
pub struct OwnWrites {
    marks: RefCell<Vec<Mark>>,
    until_us: Cell<i64>,
    views: Side,
    figures: Side,
}

/// Views of one service.
#[derive(Default)]
struct Side {
    /// One look at a time, for all calls of the request that wait.
    turn: Mutex<()>,
    /// The first so many marks need not be waited for any more.
    done: Cell<usize>,
}

impl OwnWrites {
    /// What the proof of the caller's token brought.
    pub fn learn(&self, written: Option<accounts::Written>) {
        if let Some(accounts::Written { marks, until }) = written {
            self.until_us.set(until.min(clock::now_us().saturating_add(WAIT_MAX_US)));
            self.marks.borrow_mut().extend(marks);
        }
    }

    /// What this request has just written.
    pub fn add(&self, marks: &[Mark]) {
        self.marks.borrow_mut().extend_from_slice(marks);
        self.until_us.set(clock::now_us().saturating_add(WAIT_MAX_US));
    }

    pub fn is_empty(&self) -> bool {
        self.marks.borrow().is_empty()
    }

    /// Until the query service shows them.
    pub async fn await_views(&self, context: impl Fn() -> CallContext) {
        self.wait(&self.views, |marks| reads::shows(context(), marks)).await;
    }

    /// Until the analytics service counts them.
    pub async fn await_figures(&self, context: impl Fn() -> CallContext) {
        self.wait(&self.figures, |marks| figures::shows(context(), marks)).await;
    }

    /// Until all of them are shown, or nothing waits for longer, or that cannot be found out: then the read itself says why.
    async fn wait<F>(&self, side: &Side, shows: impl Fn(Vec<Mark>) -> F)
    where
        F: Future<Output = Result<bool, Error>>,
    {
        if side.done.get() == self.marks.borrow().len() {
            return;
        }
        let _turn = side.turn.lock().await;
        let marks: Vec<Mark> = self.marks.borrow().iter().skip(side.done.get()).cloned().collect();
        let known = side.done.get().saturating_add(marks.len());
        for some in marks.chunks(MARKS_MAX) {
            let mut pauses = PAUSES_MS.into_iter();
            let mut pause_ms = 0;
            while matches!(shows(some.to_vec()).await, Ok(false)) && clock::now_us() < self.until_us.get() {
                pause_ms = pauses.next().unwrap_or(pause_ms);
                clock::pause(Duration::from_millis(pause_ms)).await;
            }
        }
        side.done.set(known);
    }
}

/// Has the caller's reads wait for what was just written, in this request and in the next ones. If that fails they may show what was
/// before; the write is not affected.
pub async fn written(viewer: &Viewer, marks: Vec<Mark>) {
    viewer.own_writes().add(&marks);
    if let Err(error) = accounts::note_written(viewer.context(), marks).await {
        eprintln!("warn correlation_id={} a write was not noted for later reads: {error:?}", viewer.correlation_id());
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use futures::executor::block_on;
    use futures::join;

    fn own(marks: &[Mark]) -> OwnWrites {
        let own = OwnWrites::default();
        own.learn(Some(accounts::Written { marks: marks.to_vec(), until: i64::MAX }));
        own
    }

    #[test]
    fn who_has_written_nothing_asks_nothing() {
        let own = OwnWrites::default();
        own.learn(None);
        block_on(own.wait(&own.views, |_| async { panic!("asked") }));
        assert!(own.is_empty());
    }

    #[test]
    fn calls_of_one_request_ask_once_and_again_after_a_further_write() {
        let own = own(&[Mark::entry(1, 1)]);
        let asked = RefCell::new(Vec::new());
        let shows = |marks: Vec<Mark>| {
            asked.borrow_mut().push(marks);
            std::future::ready(Ok(true))
        };
        block_on(async { join!(own.wait(&own.views, shows), own.wait(&own.views, shows)) });
        own.add(&[Mark::tag(2, 1)]);
        block_on(own.wait(&own.views, shows));
        assert_eq!(*asked.borrow(), [vec![Mark::entry(1, 1)], vec![Mark::tag(2, 1)]]);
    }

    #[test]
    fn figures_are_asked_apart_from_views() {
        let own = own(&[Mark::entry(1, 1)]);
        let asked = Cell::new(0);
        let shows = |_: Vec<Mark>| {
            asked.set(asked.get() + 1);
            std::future::ready(Ok(true))
        };
        block_on(own.wait(&own.views, shows));
        block_on(own.wait(&own.figures, shows));
        assert_eq!(asked.get(), 2);
    }

    #[test]
    fn nothing_is_waited_for_beyond_its_time_or_when_that_cannot_be_found_out() {
        let late = OwnWrites::default();
        late.learn(Some(accounts::Written { marks: vec![Mark::entry(1, 1)], until: 0 }));
        block_on(late.wait(&late.views, |_| std::future::ready(Ok(false))));
        let away = own(&[Mark::entry(1, 1)]);
        block_on(away.wait(&away.views, |_| std::future::ready(Err(Error::Unavailable("gone".into())))));
    }

    #[test]
    fn many_marks_are_asked_for_in_parts() {
        let own = own(&(0..150).map(|id| Mark::entry(id, 1)).collect::<Vec<_>>());
        let asked = RefCell::new(Vec::new());
        block_on(own.wait(&own.views, |marks| {
            asked.borrow_mut().push(marks.len());
            std::future::ready(Ok(true))
        }));
        assert_eq!(*asked.borrow(), [100, 50]);
    }
}
