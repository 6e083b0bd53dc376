//! How much CPU time a call may use. A plain epoch deadline would count time spent waiting and let a looping guest hold a
//! worker; so a guest yields at every tick, and the time in which its instance runs is counted. Time in which it waits is
//! given back: a download that lasts for hours runs a little for each of its parts, and a loop never waits.

use super::ending::{Cost, Ending};
use mindflow_backends::clock;
use std::{
    pin::Pin,
    sync::{
        Arc, Mutex, MutexGuard, PoisonError,
        atomic::{AtomicBool, Ordering},
    },
    task::{Context, Poll},
    time::Duration,
};
use tokio::time::Instant;
use wasmtime::UpdateDeadline;

/// The CPU time of the calls of one instance.
#[derive(Debug)]
pub struct CpuBudget {
    /// Of one call.
    max: Duration,
    spent: Mutex<Spent>,
    ending: Arc<Ending>,
    occupied: Arc<Occupied>,
}

/// Whether an instance has been running for a tick without waiting: what else it is given waits for that.
#[derive(Debug, Default)]
pub struct Occupied(AtomicBool);

#[derive(Debug)]
struct Spent {
    /// For as many calls the one in progress counts.
    calls: u32,
    /// Until `since`.
    time: Duration,
    since: Instant,
    phase: Phase,
}

/// What the instance does.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Phase {
    Waits,
    /// It was interrupted by a tick, and goes on when its worker has done what else there is.
    Yields,
    Runs,
}

// === impl CpuBudget ===

impl CpuBudget {
    pub fn new(cpu_ms_max: u32, ending: Arc<Ending>, occupied: Arc<Occupied>) -> Self {
        let spent = Spent { calls: 1, time: Duration::ZERO, since: clock::instant(), phase: Phase::Waits };
        Self { max: Duration::from_millis(cpu_ms_max.into()), spent: Mutex::new(spent), ending, occupied }
    }

    fn lock(&self) -> MutexGuard<'_, Spent> {
        self.spent.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// A new call starts, which counts for `calls`.
    pub fn reset(&self, calls: u32) {
        let mut spent = self.lock();
        spent.until(clock::instant());
        (spent.calls, spent.time) = (calls, Duration::ZERO);
    }

    /// What the store does at a tick.
    pub(super) fn on_epoch(&self) -> wasmtime::Result<UpdateDeadline> {
        let (time, max) = {
            let mut spent = self.lock();
            spent.tick(clock::instant());
            (spent.time, self.max.saturating_mul(spent.calls))
        };
        self.occupied.set(true);
        if time <= max {
            Ok(UpdateDeadline::Yield(1))
        } else {
            self.ending.exceeded(Cost::CpuTime);
            Err(wasmtime::format_err!("the call used up its CPU time of {} ms", max.as_millis()))
        }
    }

    /// The future runs an instance: each poll of it counts.
    pub(super) async fn count<F: Future>(&self, instance: F) -> F::Output {
        let mut instance = std::pin::pin!(instance);
        std::future::poll_fn(|cx: &mut Context<'_>| self.poll(instance.as_mut(), cx)).await
    }

    fn poll<F: Future>(&self, instance: Pin<&mut F>, cx: &mut Context<'_>) -> Poll<F::Output> {
        self.lock().begin(clock::instant());
        let polled = instance.poll(cx);
        let waits = self.lock().end(clock::instant());
        self.occupied.set(!waits);
        polled
    }
}

// === impl Spent ===

impl Spent {
    fn until(&mut self, now: Instant) {
        let passed = now.duration_since(self.since);
        match self.phase {
            Phase::Waits => self.time = self.time.saturating_sub(passed),
            Phase::Yields => {}
            Phase::Runs => self.time += passed,
        }
        self.since = now;
    }

    fn begin(&mut self, now: Instant) {
        self.until(now);
        self.phase = Phase::Runs;
    }

    fn tick(&mut self, now: Instant) {
        self.until(now);
        // What it does until it yields is nothing.
        self.phase = Phase::Yields;
    }

    /// Whether it waits from now on.
    fn end(&mut self, now: Instant) -> bool {
        self.until(now);
        if self.phase != Phase::Yields {
            self.phase = Phase::Waits;
        }
        self.phase == Phase::Waits
    }
}

// === impl Occupied ===

impl Occupied {
    /// Most polls change nothing.
    pub(super) fn set(&self, occupied: bool) {
        if self.is_occupied() != occupied {
            self.0.store(occupied, Ordering::Relaxed);
        }
    }

    pub fn is_occupied(&self) -> bool {
        self.0.load(Ordering::Relaxed)
    }
}

#[cfg(test)]
mod tests {
    use super::super::runtime::EPOCH_TICK as TICK;
    use super::*;

    struct Machine {
        budget: CpuBudget,
        now: Instant,
    }

    impl Machine {
        fn new() -> Self {
            Self { budget: CpuBudget::new(50, Arc::default(), Arc::default()), now: clock::instant() }
        }

        fn step<T>(&mut self, passed: Duration, step: impl FnOnce(&mut Spent, Instant) -> T) -> bool {
            self.now += passed;
            let mut spent = self.budget.lock();
            step(&mut spent, self.now);
            spent.time <= self.budget.max * spent.calls
        }

        /// Runs to its next tick, and yields.
        fn runs(&mut self, passed: Duration) -> bool {
            self.step(Duration::ZERO, Spent::begin);
            let goes_on = self.step(passed, Spent::tick);
            self.step(Duration::ZERO, Spent::end);
            goes_on
        }

        /// Runs for less than a tick, and waits.
        fn runs_and_waits(&mut self, runs: Duration, waits: Duration) -> bool {
            self.step(Duration::ZERO, Spent::begin);
            self.step(runs, Spent::end);
            self.step(waits, Spent::until)
        }

        fn ticks(&mut self) -> usize {
            (0..1_000).take_while(|_| self.runs(TICK)).count()
        }
    }

    #[test]
    fn a_looping_guest_is_stopped_after_its_budget() {
        assert_eq!(Machine::new().ticks(), 5);
    }

    #[test]
    fn a_guest_that_loops_is_stopped_also_where_it_waits_for_its_worker() {
        let mut machine = Machine::new();
        let mut ticks = 0;
        while machine.runs(TICK) && ticks < 1_000 {
            machine.now += TICK * 10;
            ticks += 1;
        }
        assert_eq!(ticks, 5);
    }

    #[test]
    fn a_batch_has_the_time_of_several_calls_and_the_call_after_it_that_of_one() {
        let mut machine = Machine::new();
        machine.budget.reset(3);
        let of_three = machine.ticks();
        machine.budget.reset(1);
        assert_eq!((of_three, machine.ticks()), (15, 5));
    }

    #[test]
    fn a_guest_that_runs_a_little_at_every_tick_is_not_stopped_however_long_its_call_lasts() {
        let mut machine = Machine::new();
        for part in 0..10_000 {
            // It is noticed at its first instruction that a tick has passed.
            assert!(machine.runs(Duration::ZERO), "part {part}");
            assert!(machine.runs_and_waits(TICK / 10, TICK), "part {part}");
        }
    }

    #[tokio::test]
    async fn an_instance_is_occupied_from_the_tick_that_interrupts_it_until_it_waits() {
        let occupied = Arc::<Occupied>::default();
        let budget = CpuBudget::new(50, Arc::default(), Arc::clone(&occupied));
        let mut polls = 0;
        let instance = budget.count(std::future::poll_fn(|cx| {
            polls += 1;
            if polls == 2 {
                assert!(budget.on_epoch().is_ok());
            }
            cx.waker().wake_by_ref();
            if polls == 4 { Poll::Ready(()) } else { Poll::Pending }
        }));
        let mut instance = std::pin::pin!(instance);
        let mut seen = Vec::new();
        while futures::poll!(instance.as_mut()).is_pending() {
            seen.push(occupied.is_occupied());
        }
        assert_eq!(seen, [false, true, false]);
    }

    #[test]
    fn waiting_gives_back_as_much_as_it_lasts_and_no_more() {
        let mut machine = Machine::new();
        assert!(machine.runs_and_waits(TICK, TICK * 10));
        assert_eq!(machine.ticks(), 5);
        let mut busy = Machine::new();
        assert!((0..9).all(|_| busy.runs_and_waits(TICK / 2, TICK / 4)));
        assert_eq!(busy.budget.lock().time, TICK / 4 * 9);
    }
}
