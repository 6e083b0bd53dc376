//! Calls that have no effect of their own, so that they can be made again.

use crate::engine::CallFailure;
use std::time::Duration;

/// A busy or broken component is left alone for up to 30 s; this is twice as long.
const BUSY_PAUSE: Duration = Duration::from_secs(5);
const BUSY_PAUSES_MAX: u32 = 12;

/// What waits for the answer.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(super) enum Patience {
    /// The client, which can try again.
    Short,
    /// Something that may come a minute later.
    Long,
}

/// Repeats the call if its instance has ended, which another call may have caused, and, for calls that may wait, later
/// if the component is busy.
pub(super) async fn repeat<T, F>(patience: Patience, call: impl Fn() -> F) -> Result<T, CallFailure>
where
    F: Future<Output = Result<T, CallFailure>>,
{
    let (mut ended, mut pauses) = (false, 0);
    loop {
        match call().await {
            Err(CallFailure::Trapped { .. }) if !ended => ended = true,
            Err(CallFailure::Overloaded { .. } | CallFailure::CircuitOpen { .. })
                if patience == Patience::Long && pauses < BUSY_PAUSES_MAX =>
            {
                pauses += 1;
                tokio::time::sleep(BUSY_PAUSE).await;
            }
            answer => return answer,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::{cell::Cell, sync::Arc};

    fn trapped() -> CallFailure {
        CallFailure::Trapped { component: "c".into(), reason: "r".into() }
    }

    fn overloaded() -> CallFailure {
        CallFailure::Overloaded { component: Arc::from("c"), calls_max: 1 }
    }

    async fn calls(patience: Patience, failure: fn() -> CallFailure, failures: u32) -> (bool, u32) {
        let made = Cell::new(0);
        let answer = repeat(patience, || async {
            made.set(made.get() + 1);
            if made.get() > failures { Ok(()) } else { Err(failure()) }
        })
        .await;
        (answer.is_ok(), made.get())
    }

    #[tokio::test(start_paused = true)]
    async fn a_call_is_repeated_once_when_its_instance_has_ended() {
        assert_eq!(calls(Patience::Short, trapped, 1).await, (true, 2));
        assert_eq!(calls(Patience::Long, trapped, 2).await, (false, 2));
    }

    #[tokio::test(start_paused = true)]
    async fn a_busy_component_is_waited_for_a_minute_where_that_is_allowed() {
        assert_eq!(calls(Patience::Short, overloaded, 1).await, (false, 1));
        assert_eq!(calls(Patience::Long, overloaded, 12).await, (true, 13));
        assert_eq!(calls(Patience::Long, overloaded, 13).await, (false, 13));
    }
}
