//! Taking from a limit (`rate-limits`), with a refusal as the error that clients get.

use crate::bindings::platform::mindflow::platform::{
    call::{Error, ReachedLimit, Throttled},
    rate_limits as wit,
};

pub use wit::Holder;

/// Takes `cost` units of the limit, which the manifest must grant. Answers how the holder stands.
///
/// # Errors
/// `rate-limited`: nothing was taken.
pub async fn take(limit: &str, holder: Holder, cost: u64) -> Result<ReachedLimit, Error> {
    let standing = ask(limit, holder, cost).await.map_err(|error| match error {
        // The client has left, so it gets no answer in any case.
        wit::Error::ClientGone => throttled(1, None),
        wit::Error::AccessDenied(reason) | wit::Error::Invalid(reason) => {
            Error::Internal(format!("rate limits: {reason}"))
        }
    })?;
    let wit::LimitStatus { allowed, policy, rate, retry_after_s } = standing;
    let standing = ReachedLimit { policy, rate };
    if allowed { Ok(standing) } else { Err(throttled(retry_after_s, Some(standing))) }
}

async fn ask(limit: &str, holder: Holder, cost: u64) -> Result<wit::LimitStatus, wit::Error> {
    if cfg!(target_family = "wasm") {
        return wit::take(limit.to_owned(), holder, cost).await;
    }
    // Unit tests run natively, where no host counts.
    let (policy, rate) = (format!("\"{limit}\";q=1"), format!("\"{limit}\";r=1"));
    Ok(wit::LimitStatus { allowed: true, policy, rate, retry_after_s: 0 })
}

fn throttled(retry_after_s: u32, limit: Option<ReachedLimit>) -> Error {
    let unit = if retry_after_s == 1 { "second" } else { "seconds" };
    let message = format!("Too many requests: try again in {retry_after_s} {unit}.");
    Error::RateLimited(Throttled { retry_after_s, message, limit })
}

/// The fields of an answer that say how the holder stands (draft-ietf-httpapi-ratelimit-headers-11).
pub fn fields(standing: &ReachedLimit) -> [(&'static str, &str); 2] {
    [("ratelimit-policy", &standing.policy), ("ratelimit", &standing.rate)]
}
