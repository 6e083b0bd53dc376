//! How much CPU time a call may use. A plain epoch deadline would count time spent waiting and let a looping guest hold a
//! worker; so a guest yields at every tick, and the time in which its instance runs is counted. Time in which it waits is
//! given back: a download that lasts for hours runs a little for each of its parts, and a loop never waits. What runs for
//! longer than a tick is counted by the clock of its thread, which stands still while the machine does something else.

use super::{
    ending::{Cost, Ending},
    runtime::EPOCH_TICK,
};
use mindflow_backends::clock;
use rustix::time::{ClockId, clock_gettime};
use std::{
    pin::Pin,
    sync::{Arc, Mutex, MutexGuard, PoisonError},
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
}

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
    /// It goes on after a tick, from this time of its thread.
    RunsOn(Duration),
}

// === impl CpuBudget ===

impl CpuBudget {
    pub fn new(cpu_ms_max: u32, ending: Arc<Ending>) -> Self {
        let spent = Spent { calls: 1, time: Duration::ZERO, since: clock::instant(), phase: Phase::Waits };
        Self { max: Duration::from_millis(cpu_ms_max.into()), spent: Mutex::new(spent), ending }
    }

    fn lock(&self) -> MutexGuard<'_, Spent> {
        self.spent.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// A new call starts, which counts for `calls`.
    pub fn reset(&self, calls: u32) {
        let mut spent = self.lock();
        spent.until(clock::instant(), thread_time);
        (spent.calls, spent.time) = (calls, Duration::ZERO);
    }

    /// What the store does at a tick.
    pub(super) fn on_epoch(&self) -> wasmtime::Result<UpdateDeadline> {
        let (time, max) = {
            let mut spent = self.lock();
            spent.tick(clock::instant(), thread_time);
            (spent.time, self.max.saturating_mul(spent.calls))
        };
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
        self.lock().begin(clock::instant(), thread_time);
        let polled = instance.poll(cx);
        self.lock().end(clock::instant(), thread_time);
        polled
    }
}

/// CPU time of this thread.
fn thread_time() -> Duration {
    Duration::try_from(clock_gettime(ClockId::ThreadCPUTime)).unwrap_or_default()
}

// === impl Spent ===

impl Spent {
    /// The clock of the thread is a call of the kernel, so it is read by those alone who run for longer than a tick.
    fn until(&mut self, now: Instant, thread: impl Fn() -> Duration) {
        let passed = now.duration_since(self.since);
        match &mut self.phase {
            Phase::Waits => self.time = self.time.saturating_sub(passed),
            Phase::Yields => {}
            Phase::Runs => self.time += passed.min(EPOCH_TICK),
            Phase::RunsOn(from) => {
                let thread = thread();
                self.time += thread.saturating_sub(*from);
                *from = thread;
            }
        }
        self.since = now;
    }

    fn begin(&mut self, now: Instant, thread: impl Fn() -> Duration) {
        self.until(now, &thread);
        self.phase = match self.phase {
            Phase::Yields => Phase::RunsOn(thread()),
            _ => Phase::Runs,
        };
    }

    fn tick(&mut self, now: Instant, thread: impl Fn() -> Duration) {
        self.until(now, &thread);
        // What it does until it yields is nothing.
        self.phase = Phase::Yields;
    }

    fn end(&mut self, now: Instant, thread: impl Fn() -> Duration) {
        self.until(now, thread);
        if self.phase != Phase::Yields {
            self.phase = Phase::Waits;
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// A thread that has other work besides: of the time that passes, the instance has a part.
    struct Machine {
        budget: CpuBudget,
        now: Instant,
        thread: Duration,
    }

    impl Machine {
        fn new() -> Self {
            Self { budget: CpuBudget::new(50, Arc::default()), now: clock::instant(), thread: Duration::ZERO }
        }

        fn step(&mut self, passed: Duration, used: Duration, step: impl FnOnce(&mut Spent, Instant, Duration)) -> bool {
            self.now += passed;
            self.thread += used;
            let mut spent = self.budget.lock();
            step(&mut spent, self.now, self.thread);
            spent.time <= self.budget.max * spent.calls
        }

        /// Runs to its next tick, in which it has used this much, and yields.
        fn runs(&mut self, passed: Duration, used: Duration) -> bool {
            self.step(Duration::ZERO, Duration::ZERO, |spent, now, thread| spent.begin(now, || thread));
            let goes_on = self.step(passed, used, |spent, now, thread| spent.tick(now, || thread));
            self.step(Duration::ZERO, Duration::ZERO, |spent, now, thread| spent.end(now, || thread));
            goes_on
        }

        /// Runs for less than a tick, and waits.
        fn runs_and_waits(&mut self, runs: Duration, waits: Duration) -> bool {
            self.step(Duration::ZERO, Duration::ZERO, |spent, now, thread| spent.begin(now, || thread));
            self.step(runs, runs, |spent, now, thread| spent.end(now, || thread));
            self.step(waits, Duration::ZERO, |spent, now, thread| spent.until(now, || thread))
        }

        fn ticks(&mut self, passed: Duration, used: Duration) -> usize {
            (0..1_000).take_while(|_| self.runs(passed, used)).count()
        }
    }

    const TICK: Duration = EPOCH_TICK;

    #[test]
    fn a_looping_guest_is_stopped_after_its_budget() {
        assert_eq!(Machine::new().ticks(TICK, TICK), 5);
    }

    #[test]
    fn a_guest_that_loops_is_stopped_also_where_it_waits_for_its_worker() {
        let mut machine = Machine::new();
        let mut ticks = 0;
        while machine.runs(TICK, TICK) && ticks < 1_000 {
            machine.now += TICK * 10;
            ticks += 1;
        }
        assert_eq!(ticks, 5);
    }

    #[test]
    fn what_the_machine_does_meanwhile_is_not_the_guests_time() {
        let ticks = Machine::new().ticks(TICK * 10, TICK);
        // Each time has passed in ten times as long, of which the first tick is counted as one.
        assert_eq!(ticks, 5);
    }

    #[test]
    fn a_batch_has_the_time_of_several_calls_and_the_call_after_it_that_of_one() {
        let mut machine = Machine::new();
        machine.budget.reset(3);
        let of_three = machine.ticks(TICK, TICK);
        machine.budget.reset(1);
        assert_eq!((of_three, machine.ticks(TICK, TICK)), (15, 5));
    }

    #[test]
    fn a_guest_that_runs_a_little_at_every_tick_is_not_stopped_however_long_its_call_lasts() {
        let mut machine = Machine::new();
        for part in 0..10_000 {
            // It is noticed at its first instruction that a tick has passed.
            assert!(machine.runs(Duration::ZERO, Duration::ZERO), "part {part}");
            assert!(machine.runs_and_waits(TICK / 10, TICK), "part {part}");
        }
    }

    #[test]
    fn waiting_gives_back_as_much_as_it_lasts_and_no_more() {
        let mut machine = Machine::new();
        assert!(machine.runs_and_waits(TICK, TICK * 10));
        assert_eq!(machine.ticks(TICK, TICK), 5);
        let mut busy = Machine::new();
        assert!((0..9).all(|_| busy.runs_and_waits(TICK / 2, TICK / 4)));
        assert_eq!(busy.budget.lock().time, TICK / 4 * 9);
    }
}
