//! The capability `rate-limits` on Redis, with the host's script and keys: what a user took of a host and of Spin counts
//! together. An instance lives for a request or a few, so Redis decides each time.
//!
//! Whose address a client has the adapter cannot know: Spin says it in a header of the request (`spin-client-addr`), which
//! goes to the service, and behind the proxy that Spin needs it is the proxy's. So limits by address give everything here.
//!
//! The variable `rate_limits` has the host's settings `factor` and `limits`, as JSON.

use std::collections::BTreeMap;
use std::sync::OnceLock;

use mindflow_platform::key_value::redis::Names;
use mindflow_platform::rate_limits::{CHARGE, Changes, Limit, check_holder, key};
use mindflow_spin_guest::redis::{Reply, script};
use mindflow_spin_guest::variables;

use crate::Platform;
use crate::bindings::exports::mindflow::platform::rate_limits::{Error, Guest, Holder, LimitStatus};
use crate::grants::{self, Service};
use crate::redis::redis;

/// The bucket whose keys they are, as in the host's configuration files.
const BUCKET: &str = "auth-limits";

impl Guest for Platform {
    async fn take(limit: String, holder: Holder, cost: u64) -> Result<LimitStatus, Error> {
        let service = grants::service();
        service.limit(&limit).map_err(Error::AccessDenied)?;
        let sizes = sizes(service).await;
        let Some(size) = sizes.get(&limit) else { return Err(Error::Invalid(format!("limit `{limit}` has no size"))) };
        let Holder::Named(name) = holder else { return Ok(size.status(&limit, 0, None).into()) };
        check_holder(&name).map_err(Error::Invalid)?;
        let weight = size.weight_us(cost);
        Ok(match charge(&limit, &format!("named:{name}"), weight, size.window_us()).await {
            Ok((true, debt)) => size.status(&limit, debt, None).into(),
            Ok((false, debt)) => size.status(&limit, debt, Some(weight)).into(),
            Err(reason) => {
                eprintln!("WARN the store of rate limits is away, so `{limit}` refuses no request: {reason}");
                size.status(&limit, 0, None).into()
            }
        })
    }
}

/// Those of the service, as the variable changes them. Read once in an instance.
async fn sizes(service: &Service) -> &'static BTreeMap<String, Limit> {
    static SIZES: OnceLock<BTreeMap<String, Limit>> = OnceLock::new();
    if let Some(known) = SIZES.get() {
        return known;
    }
    let changes = variables::get("rate_limits").await;
    SIZES.get_or_init(|| {
        let changed = changes.and_then(|text| changed(&service.grants.rate_limits, text.as_deref()));
        changed.unwrap_or_else(|reason| {
            eprintln!("ERROR the variable `rate_limits` changes nothing: {reason}");
            service.grants.rate_limits.clone()
        })
    })
}

fn changed(granted: &BTreeMap<String, Limit>, text: Option<&str>) -> Result<BTreeMap<String, Limit>, String> {
    let Some(text) = text else { return Ok(granted.clone()) };
    let mut changes: Changes = serde_json::from_str(text).map_err(|error| error.to_string())?;
    // It is the whole application's.
    changes.limits.retain(|name, _| granted.contains_key(name));
    changes.apply([granted]).map_err(|error| error.to_string())
}

/// Whether it was taken, and what the holder owes.
async fn charge(limit: &str, holder: &str, weight_us: u64, window_us: u64) -> Result<(bool, u64), String> {
    let redis = redis().await?;
    let entry = Names::new(&redis.prefix, BUCKET, false).entry(&key(limit, holder)).into_bytes();
    let number = |us: u64| i64::try_from(us).unwrap_or(i64::MAX).into();
    let args = [number(0), number(weight_us), number(window_us)];
    let reply = script(&redis.url, CHARGE, &[&entry], &args).await.map_err(|failure| failure.to_string())?;
    let mut numbers = reply.into_iter().filter_map(Reply::into_int);
    match (numbers.next(), numbers.next().map(u64::try_from)) {
        (Some(taken), Some(Ok(debt_us))) => Ok((taken == 1, debt_us)),
        _ => Err("Redis answered what makes no sense".to_owned()),
    }
}

impl From<mindflow_platform::rate_limits::LimitStatus> for LimitStatus {
    fn from(standing: mindflow_platform::rate_limits::LimitStatus) -> Self {
        let mindflow_platform::rate_limits::LimitStatus { allowed, policy, rate, retry_after_s } = standing;
        Self { allowed, policy, rate, retry_after_s }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_variable_changes_the_limits_of_this_service_and_passes_over_those_of_others() {
        let granted: BTreeMap<String, Limit> =
            serde_json::from_str(r#"{"login": {"quota": 30, "window-s": 60}}"#).unwrap();
        let text = r#"{"factor": 2, "limits": {"login": {"quota": 5}, "uploads": {"quota": 1}}}"#;
        let changed_limits = changed(&granted, Some(text)).unwrap();
        assert_eq!(changed_limits["login"].remaining(0), 10);
        assert_eq!(changed(&granted, None).unwrap(), granted);
        assert!(changed(&granted, Some("{")).is_err());
    }
}
