//! One attempt to have an instance answer a call, and the judgement whose doing it was when none did: the component's,
//! its client's, another call's in the same instance, or the queue's.

use super::{
    caller::Caller,
    failure::{CallFailure, Cause, Failed},
    generation::Generation,
    job::{Job, Reply, Work, Worker},
    provider::Provider,
    purpose::Purpose,
    runtime::one_line,
};
use mindflow_backends::{clock, places::Place};
use std::{sync::Arc, time::Duration};
use tokio::sync::oneshot;

/// How long the other calls of a shared instance may go on after one of them hung.
const RETIRED_GRACE: Duration = Duration::from_secs(60);

/// A late call is its component's failure unless more than one part of so many of its time was spent elsewhere.
const LOST_TIME_SHARE: u32 = 10;

impl Provider {
    pub(super) async fn attempt<T>(
        &self,
        generation: &Arc<Generation>,
        place: Option<Place>,
        purpose: &Purpose,
        deadline: Duration,
        work: impl FnOnce(Reply<T>) -> Work,
    ) -> Result<T, Failed> {
        let component = || Arc::clone(&self.context.component);
        let lease = generation.lease(&self.context, place, purpose.caller.clone());
        let worker = Arc::clone(&lease.worker);
        let (reply, answer) = oneshot::channel();
        let ends = clock::instant() + deadline;
        let correlation_id = purpose.correlation_id.clone();
        let origin = purpose.caller.as_ref().map(|caller| caller.origin.clone());
        let _ = worker.jobs.send(Job { work: work(reply), correlation_id, origin, ends, lease });
        match tokio::time::timeout(deadline, answer).await {
            Ok(Ok(Ok(value))) => Ok(value),
            Ok(Ok(Err(trap))) => Err(self.trapped(generation, &worker, purpose, one_line(&trap))),
            Ok(Err(_gone)) => {
                // The reason is written before its queue closes.
                worker.jobs.closed().await;
                let reason = worker.ending.reason().unwrap_or("its instance ended").to_owned();
                Err(self.trapped(generation, &worker, purpose, reason))
            }
            Err(_elapsed) => {
                generation.retire(&worker);
                // A guest's task cannot be cancelled; its store can be dropped. Others in it may finish first.
                let grace = if self.context.limits.concurrency == 1 { Duration::ZERO } else { RETIRED_GRACE };
                tokio::spawn(async move {
                    tokio::time::sleep(grace).await;
                    if let Some(abort) = worker.abort.get() {
                        abort.abort();
                    }
                });
                let failure = CallFailure::Deadline { component: component(), deadline };
                Err(Failed { failure, cause: Cause::Component })
            }
        }
    }

    /// A call whose instance ended under it. One end is one failure, and a limit that was exceeded is charged to the
    /// clients whose calls were in the instance.
    fn trapped(&self, generation: &Arc<Generation>, worker: &Worker, purpose: &Purpose, reason: String) -> Failed {
        let component = Arc::clone(&self.context.component);
        let is_first = worker.ending.count();
        let Some(cost) = worker.ending.cost() else {
            let cause = if is_first { Cause::Component } else { Cause::Neighbour };
            return Failed { failure: CallFailure::Trapped { component, reason }, cause };
        };
        let in_it = worker.callers();
        let is_alone = in_it.len() <= 1;
        let suspects: Option<Vec<Caller>> =
            if is_alone { purpose.caller.clone().map(|caller| vec![caller]) } else { in_it.into_iter().collect() };
        // Where one of the calls is no client's, as one of a schedule, there is only the component to charge it to.
        let Some(suspects) = suspects else {
            let cause = if is_first { Cause::Component } else { Cause::Neighbour };
            return Failed { failure: CallFailure::Trapped { component, reason }, cause };
        };
        if is_first && Arc::ptr_eq(&self.current.load(), generation) {
            let now = clock::instant();
            let (component, correlation_id) = (&*component, purpose.correlation_id.as_deref());
            tracing::warn!(component, correlation_id, suspects = suspects.len(), "a call exceeded a limit: {reason}");
            if let [only] = suspects.as_slice()
                && is_alone
            {
                self.offenders.exceeded(now, only);
            }
            if self.breaker.exceeded(now, &suspects) {
                tracing::error!(component, correlation_id, "circuit opened: calls of several clients exceed limits");
            }
        }
        let failed = |failure, cause| Failed { failure, cause };
        match (is_first, is_alone) {
            (true, true) => failed(CallFailure::TooCostly { component, cost, reason }, Cause::Cost),
            (true, false) => failed(CallFailure::Trapped { component, reason }, Cause::Cost),
            (false, _) => failed(CallFailure::Trapped { component, reason }, Cause::Neighbour),
        }
    }

    /// A call whose time was over. It is the component's own failure only when the component had nearly all of that time.
    pub(super) fn late(&self, component: Arc<str>, purpose: &Purpose, deadline: Duration, queued: Duration) -> Failed {
        let calls_max = self.context.limits.calls_max();
        let lost_max = deadline / LOST_TIME_SHARE;
        // What the calls of its request waited meanwhile: its own, and those that it made.
        let of_request = purpose.correlation_id.as_deref().map_or(Duration::ZERO, |id| self.callers.queued(id));
        let in_queues = of_request.saturating_sub(purpose.queued_before);
        let waited_for_client = purpose.client.as_ref().map_or(Duration::ZERO, |client| client.body.waited());
        if waited_for_client > lost_max {
            Failed { failure: CallFailure::SlowClient { component }, cause: Cause::Client }
        } else if in_queues.max(queued) > lost_max {
            Failed { failure: CallFailure::Overloaded { component, calls_max }, cause: Cause::Queue }
        } else {
            let cause = if purpose.bound_by_caller { Cause::Caller } else { Cause::Component };
            Failed { failure: CallFailure::Deadline { component, deadline }, cause }
        }
    }
}
