//! A call's way into its component: refused clients and an open circuit stop it, then it waits for a place; and what its end
//! says of the component. While it waits it has done nothing, so a call whose caller has left leaves the queue.

use super::{
    caller::Callers,
    failure::{CallFailure, Cause, Failed},
    generation::Generation,
    job::{Reply, Work},
    provider::Provider,
    purpose::Purpose,
    supervised::Supervised,
};
use crate::observe::CALLS;
use mindflow_backends::{
    clock,
    places::{Key, Place},
};
use std::{sync::Arc, time::Duration};
use tokio::time::Instant;

/// A call that takes longer is logged at level info, others that succeed at level debug.
const SLOW_CALL: Duration = Duration::from_secs(1);

/// Waiting for a place that takes less time is no waiting.
const QUEUED_MIN: Duration = Duration::from_millis(10);

/// A call waits for three of four parts of its time. With less left, most calls that got a place would not be answered.
const QUEUE_QUARTERS: u32 = 3;

// === impl Callers ===

impl Callers {
    /// Notes in the purpose whose request it follows from, and what that request's calls have waited for places by now.
    fn identify(&self, purpose: &mut Purpose) {
        if purpose.caller.is_none()
            && let Some(id) = &purpose.correlation_id
            && let Some((caller, queued)) = self.of(id)
        {
            (purpose.caller, purpose.queued_before) = (Some(caller), queued);
        }
    }
}

// === impl Provider ===

impl Provider {
    /// Makes a call. Once it has its place, its deadline holds even when the caller stops waiting.
    pub(super) async fn run<T: Send + 'static>(
        self: &Arc<Self>,
        generation: Arc<Generation>,
        mut purpose: Purpose,
        deadline: Duration,
        work: impl FnOnce(Reply<T>) -> Work + Send + 'static,
    ) -> Result<T, CallFailure> {
        let started = clock::instant();
        self.callers.identify(&mut purpose);
        let admitted = self.admit(&purpose, deadline).await;
        let queued = started.elapsed();
        if queued > QUEUED_MIN
            && let Some(id) = &purpose.correlation_id
        {
            self.callers.add_queued(id, queued);
        }
        let place = match admitted {
            Ok(place) => place,
            Err(refused) => return self.settle(&generation, &purpose, started, Err(refused)),
        };
        let provider = Arc::clone(self);
        Supervised::new(async move {
            let left = deadline.saturating_sub(queued);
            let attempted = provider.attempt(&generation, Some(place), &purpose, left, work).await;
            let outcome = attempted.map_err(|failed| match failed.failure {
                CallFailure::Deadline { component, .. } => provider.late(component, &purpose, deadline, queued),
                failure => Failed { failure, ..failed },
            });
            provider.settle(&generation, &purpose, started, outcome)
        })
        .await
    }

    /// A place, while the circuit is closed and the client is not refused.
    async fn admit(&self, purpose: &Purpose, deadline: Duration) -> Result<Place, Failed> {
        let component = || Arc::clone(&self.context.component);
        let refusal = |failure| Failed { failure, cause: Cause::Refusal };
        let open = |wait| refusal(CallFailure::CircuitOpen { component: component(), wait });
        let now = clock::instant();
        if let Some(wait) = self.offenders.refused(now, purpose.caller.as_ref()) {
            let refused = || refusal(CallFailure::ClientRefused { component: component(), wait });
            // What holds for all clients is not this one's doing.
            return Err(self.breaker.refused(now).map_or_else(refused, open));
        }
        let key = Key::of(purpose.caller.as_ref().map(|caller| &caller.origin));
        if let Some(place) = self.places.try_take(&key) {
            return self.breaker.admit(now).map(|()| place).map_err(open);
        }
        if let Some(wait) = self.breaker.refused(now) {
            return Err(open(wait));
        }
        let given_before = self.places.given();
        let queue_max = deadline.min(self.deadline()) * QUEUE_QUARTERS / 4;
        let Ok(place) = tokio::time::timeout(queue_max, self.places.take(&key)).await else {
            self.places.waited_in_vain(given_before);
            let calls_max = self.context.limits.calls_max();
            let failure = CallFailure::Overloaded { component: component(), calls_max };
            return Err(Failed { failure, cause: Cause::Queue });
        };
        // Only now, so that the one call that tries an open circuit is one that is made.
        self.breaker.admit(clock::instant()).map(|()| place).map_err(open)
    }

    /// Counts and logs how a call ended, and tells the breaker where it says something of the component.
    fn settle<T>(
        &self,
        generation: &Arc<Generation>,
        purpose: &Purpose,
        started: Instant,
        outcome: Result<T, Failed>,
    ) -> Result<T, CallFailure> {
        let label = outcome.as_ref().map_or_else(Failed::label, |_| "ok");
        self.outcomes.count(self.name(), label);
        let took = started.elapsed();
        self.tally.count(took, outcome.is_err());
        let ms = took.as_micros() as f64 / 1e3;
        let (component, correlation_id) = (self.name(), purpose.correlation_id.as_deref());
        // A request makes many calls, so a line of each would cost more than the call.
        if outcome.is_ok() && took < SLOW_CALL {
            tracing::debug!(target: CALLS, component, correlation_id, what = &*purpose.what, outcome = label, ms, "called");
        } else {
            tracing::info!(target: CALLS, component, correlation_id, what = &*purpose.what, outcome = label, ms, "called");
        }
        // An old version's outcome does not count for the version that replaced it.
        if Arc::ptr_eq(&self.current.load(), generation) {
            match &outcome {
                Ok(_) => self.breaker.succeeded(),
                Err(Failed { failure, cause: Cause::Component }) => {
                    tracing::warn!(component, correlation_id, "{failure}");
                    if self.breaker.failed(clock::instant()) {
                        tracing::error!(component, correlation_id, "circuit opened: the component failed repeatedly");
                    }
                }
                Err(Failed { cause: Cause::Refusal | Cause::Cost, .. }) => {}
                Err(_) => self.breaker.undecided(),
            }
        }
        outcome.map_err(|failed| failed.failure)
    }
}
