//! How much CPU time a call may use. A plain epoch deadline would count time spent waiting and let a looping guest hold a
//! worker; so a guest yields at every tick, and the time in which its instance runs is counted. Time in which it waits is
//! given back: a download that lasts for hours runs a little for each of its parts, and a loop never waits.

use super::ending::{Cost, Ending};
use mindflow_backends::clock;
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
    /// From when on the instance runs, or waits.
    since: Instant,
    runs: bool,
}

// === impl CpuBudget ===

impl CpuBudget {
    pub fn new(cpu_ms_max: u32, ending: Arc<Ending>) -> Self {
        let spent = Spent { calls: 1, time: Duration::ZERO, since: clock::instant(), runs: false };
        Self { max: Duration::from_millis(cpu_ms_max.into()), spent: Mutex::new(spent), ending }
    }

    fn lock(&self) -> MutexGuard<'_, Spent> {
        self.spent.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// A new call starts, which counts for `calls`.
    pub fn reset(&self, calls: u32) {
        let mut spent = self.lock();
        (spent.calls, spent.time, spent.since) = (calls, Duration::ZERO, clock::instant());
    }

    /// What the store does at a tick.
    pub(super) fn on_epoch(&self) -> wasmtime::Result<UpdateDeadline> {
        let (time, max) = {
            let mut spent = self.lock();
            spent.until(clock::instant());
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
        self.lock().go_on(clock::instant(), true);
        let polled = instance.poll(cx);
        self.lock().go_on(clock::instant(), false);
        polled
    }
}

// === impl Spent ===

impl Spent {
    fn until(&mut self, now: Instant) {
        let passed = now.duration_since(self.since);
        self.time = if self.runs { self.time + passed } else { self.time.saturating_sub(passed) };
        self.since = now;
    }

    fn go_on(&mut self, now: Instant, runs: bool) {
        self.until(now);
        self.runs = runs;
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use tokio::time::{advance, sleep};

    const TICK: Duration = Duration::from_millis(10);

    /// Ticks that a guest runs through without a pause, of a hundred.
    async fn looped(budget: &CpuBudget) -> usize {
        let mut ticks = 0;
        budget.lock().go_on(clock::instant(), true);
        while ticks < 100 && budget.on_epoch().is_ok() {
            advance(TICK).await;
            ticks += 1;
        }
        ticks
    }

    #[tokio::test(start_paused = true)]
    async fn a_looping_guest_is_stopped_after_its_budget() {
        let ending = Arc::<Ending>::default();
        let budget = CpuBudget::new(50, Arc::clone(&ending));
        assert_eq!(looped(&budget).await, 6);
        let error = budget.on_epoch().err().expect("it has used more");
        assert!(error.to_string().contains("its CPU time of 50 ms"));
    }

    #[tokio::test(start_paused = true)]
    async fn a_batch_has_the_time_of_several_calls_and_the_call_after_it_that_of_one() {
        let budget = CpuBudget::new(50, Arc::default());
        budget.reset(3);
        let of_three = looped(&budget).await;
        budget.reset(1);
        assert_eq!((of_three, looped(&budget).await), (16, 6));
    }

    #[tokio::test(start_paused = true)]
    async fn a_guest_that_runs_a_little_at_every_tick_is_not_stopped_however_long_its_call_lasts() {
        let budget = CpuBudget::new(50, Arc::default());
        let streaming = async {
            for _ in 0..10_000 {
                // It is noticed at its first instruction that a tick has passed.
                budget.on_epoch().expect("it waits nearly always");
                sleep(TICK).await;
            }
        };
        budget.count(streaming).await;
    }

    #[tokio::test(start_paused = true)]
    async fn waiting_gives_back_as_much_as_it_lasts_and_no_more() {
        let budget = CpuBudget::new(50, Arc::default());
        let bursts = async {
            for _ in 0..3 {
                advance(TICK * 4).await;
                budget.on_epoch().expect("it has waited as long");
                budget.lock().go_on(clock::instant(), false);
                advance(TICK * 4).await;
                budget.lock().go_on(clock::instant(), true);
            }
        };
        budget.count(bursts).await;
        assert_eq!(looped(&budget).await, 6);
    }
}
