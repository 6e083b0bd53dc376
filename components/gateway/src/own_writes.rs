//! What the caller of a request has written in the last seconds, and the wait of their reads until it is shown. `read_your_writes` says
//! why.

use crate::services::{accounts, figures, reads};
use futures::lock::Mutex;
use mindflow_guest::call::{CallContext, Error};
use mindflow_guest::clock;
use mindflow_guest::journal::{MARKS_MAX, Mark};
use std::cell::{Cell, RefCell};
use std::collections::HashSet;
use std::hash::{DefaultHasher, Hash, Hasher};
use std::time::Duration;

/// As the auth service keeps marks (`components/auth/src/store/written.rs`), also where its clock is another host's.
const WAIT_MAX_US: i64 = 5_000_000;
/// The pauses between two looks, and then the last one. The read side needs 5 to 20 ms when it has little to do; one that is further
/// behind is looked at less often.
const PAUSES_MS: [u64; 7] = [4, 4, 8, 16, 32, 64, 128];

/// What an instance remembers: 64 KiB of hashes. Views never go back, so it holds for good.
const REMEMBERED_MAX: usize = 4_096;

thread_local! {
    /// What is known to be shown, and to whom.
    static SHOWN: RefCell<HashSet<u64>> = RefCell::default();
}

/// What the caller has written in the last seconds, and which views are known to show it.
pub struct OwnWrites {
    user_id: RefCell<String>,
    marks: RefCell<Vec<Mark>>,
    until_us: Cell<i64>,
    views: Side,
    figures: Side,
}

/// Views of one service.
struct Side {
    name: &'static str,
    /// One look at a time, for all calls of the request that wait.
    turn: Mutex<()>,
    /// The first so many marks need not be waited for any more.
    done: Cell<usize>,
}

impl Default for OwnWrites {
    fn default() -> Self {
        let side = |name| Side { name, turn: Mutex::default(), done: Cell::default() };
        Self {
            user_id: RefCell::default(),
            marks: RefCell::default(),
            until_us: Cell::default(),
            views: side("views"),
            figures: side("figures"),
        }
    }
}

impl OwnWrites {
    /// What the proof of the caller's token brought.
    pub fn learn(&self, user_id: &str, written: Option<accounts::Written>) {
        user_id.clone_into(&mut self.user_id.borrow_mut());
        if let Some(accounts::Written { marks, until }) = written {
            self.until_us.set(until.min(clock::now_us().saturating_add(WAIT_MAX_US)));
            let mut known = self.marks.borrow_mut();
            // A further proof of the request brings what the first one did as well.
            let new: Vec<Mark> = marks.into_iter().filter(|mark| !known.contains(mark)).collect();
            known.extend(new);
        }
    }

    /// What this request has just written.
    pub fn add(&self, marks: &[Mark]) {
        self.marks.borrow_mut().extend_from_slice(marks);
        self.until_us.set(clock::now_us().saturating_add(WAIT_MAX_US));
    }

    /// Whether all views are known to show it: an answer that was kept may be shown.
    pub fn is_shown(&self) -> bool {
        let marks = self.marks.borrow();
        marks.iter().all(|mark| self.knows(&self.views, mark) && self.knows(&self.figures, mark))
    }

    fn hash(&self, side: &Side, mark: &Mark) -> u64 {
        let mut hasher = DefaultHasher::new();
        (side.name, &*self.user_id.borrow(), &mark.aggregate, mark.sequence).hash(&mut hasher);
        hasher.finish()
    }

    fn knows(&self, side: &Side, mark: &Mark) -> bool {
        SHOWN.with_borrow(|shown| shown.contains(&self.hash(side, mark)))
    }

    fn remember(&self, side: &Side, marks: &[Mark]) {
        SHOWN.with_borrow_mut(|shown| {
            if shown.len() >= REMEMBERED_MAX {
                shown.clear();
            }
            shown.extend(marks.iter().map(|mark| self.hash(side, mark)));
        });
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
        let (known, marks): (usize, Vec<Mark>) = {
            let marks = self.marks.borrow();
            let open = marks.iter().skip(side.done.get()).filter(|mark| !self.knows(side, mark));
            (marks.len(), open.cloned().collect())
        };
        for some in marks.chunks(MARKS_MAX) {
            let mut pauses = PAUSES_MS.into_iter();
            let mut pause_ms = 0;
            loop {
                // Another of the user's requests may have found out meanwhile.
                if some.iter().all(|mark| self.knows(side, mark)) {
                    break;
                }
                match shows(some.to_vec()).await {
                    Ok(true) => self.remember(side, some),
                    Ok(false) if clock::now_us() < self.until_us.get() => {
                        pause_ms = pauses.next().unwrap_or(pause_ms);
                        clock::pause(Duration::from_millis(pause_ms)).await;
                        continue;
                    }
                    Ok(false) | Err(_) => {}
                }
                break;
            }
        }
        side.done.set(known);
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use futures::executor::block_on;
    use futures::join;
    use std::future::ready;

    /// Of a user of the test's own, since what is shown is remembered.
    fn own(user: &str, marks: &[Mark]) -> OwnWrites {
        let own = OwnWrites::default();
        own.learn(user, Some(accounts::Written { marks: marks.to_vec(), until: i64::MAX }));
        own
    }

    #[test]
    fn who_has_written_nothing_asks_nothing() {
        let own = OwnWrites::default();
        own.learn("ann", None);
        block_on(own.wait(&own.views, |_| async { panic!("asked") }));
        assert!(own.is_shown());
    }

    #[test]
    fn calls_of_one_request_ask_once_and_again_after_a_further_write() {
        let own = own("bob", &[Mark::entry(1, 1)]);
        let asked = RefCell::new(Vec::new());
        let shows = |marks: Vec<Mark>| {
            asked.borrow_mut().push(marks);
            ready(Ok(true))
        };
        block_on(async { join!(own.wait(&own.views, shows), own.wait(&own.views, shows)) });
        own.add(&[Mark::tag(2, 1)]);
        block_on(own.wait(&own.views, shows));
        assert_eq!(*asked.borrow(), [vec![Mark::entry(1, 1)], vec![Mark::tag(2, 1)]]);
    }

    #[test]
    fn figures_are_asked_apart_from_views_and_both_are_remembered_for_the_user() {
        let marks = [Mark::entry(1, 1)];
        let asked = Cell::new(0);
        let shows = |_: Vec<Mark>| {
            asked.set(asked.get() + 1);
            ready(Ok(true))
        };
        for (user, expected) in [("cyd", 2), ("cyd", 2), ("dan", 4)] {
            let own = own(user, &marks);
            block_on(own.wait(&own.views, shows));
            assert_eq!(own.is_shown(), expected == asked.get(), "{user}");
            block_on(own.wait(&own.figures, shows));
            assert_eq!((asked.get(), own.is_shown()), (expected, true), "{user}");
        }
    }

    #[test]
    fn nothing_is_waited_for_beyond_its_time_or_when_that_cannot_be_found_out() {
        let late = OwnWrites::default();
        late.learn("eve", Some(accounts::Written { marks: vec![Mark::entry(1, 1)], until: 0 }));
        block_on(late.wait(&late.views, |_| ready(Ok(false))));
        let away = own("eve", &[Mark::entry(1, 1)]);
        block_on(away.wait(&away.views, |_| ready(Err(Error::Unavailable("gone".into())))));
        assert!(!late.is_shown() && !away.is_shown());
    }

    #[test]
    fn a_further_proof_of_the_same_request_brings_what_is_new() {
        let own = own("gus", &[Mark::entry(1, 1)]);
        let both = vec![Mark::entry(1, 1), Mark::user(2, 2)];
        own.learn("gus", Some(accounts::Written { marks: both.clone(), until: i64::MAX }));
        assert_eq!(*own.marks.borrow(), both);
    }

    #[test]
    fn many_marks_are_asked_for_in_parts() {
        let own = own("fay", &(0..150).map(|id| Mark::entry(id, 1)).collect::<Vec<_>>());
        let asked = RefCell::new(Vec::new());
        block_on(own.wait(&own.views, |marks| {
            asked.borrow_mut().push(marks.len());
            ready(Ok(true))
        }));
        assert_eq!(*asked.borrow(), [100, 50]);
    }
}
