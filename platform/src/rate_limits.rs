//! The capability `rate-limits`: what a limit is, the arithmetic of a holder's part, and what the shared store does.
//!
//! A holder's part is one number, a *debt* in microseconds, which shrinks by a microsecond each microsecond (the generic cell
//! rate algorithm, GCRA: a token bucket that is kept as a time). A whole quota weighs as much as its window lasts, so a holder
//! who owes nothing may take the quota in one moment, and from then on as much as comes back.

use serde::{Deserialize, Serialize};
use std::collections::BTreeMap;

/// The greatest integer of a structured field (RFC 8941 §3.3.1).
const QUOTA_MAX: u64 = 999_999_999_999_999;
/// A week: what is longer is a quota of storage, not a rate.
const WINDOW_S_MAX: u32 = 7 * 24 * 60 * 60;
const US_PER_S: u64 = 1_000_000;
/// A user's id has 36 bytes.
pub const HOLDER_BYTES_MAX: usize = 256;

/// So many units in so many seconds.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize)]
#[serde(try_from = "RawLimit")]
pub struct Limit {
    quota: u64,
    window_s: u32,
    unit: Unit,
}

/// What is counted.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Unit {
    #[default]
    Requests,
    ContentBytes,
    Points,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields, rename_all = "kebab-case")]
struct RawLimit {
    quota: u64,
    window_s: u32,
    #[serde(default)]
    unit: Unit,
}

/// What a configuration changes of the limits that a manifest grants.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize, Serialize)]
#[serde(deny_unknown_fields, rename_all = "kebab-case", default)]
pub struct Changes {
    /// Every quota is so many times as large: for tests and benchmarks, which are many users at one address.
    pub factor: u64,
    /// By the limits' names.
    #[serde(skip_serializing_if = "BTreeMap::is_empty")]
    pub limits: BTreeMap<String, Change>,
}

/// What is left out stays as the manifest has it.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Deserialize, Serialize)]
#[serde(deny_unknown_fields, rename_all = "kebab-case")]
pub struct Change {
    #[serde(skip_serializing_if = "Option::is_none")]
    pub quota: Option<u64>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub window_s: Option<u32>,
}

/// A holder's part after taking from it, in the words of the interface.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct LimitStatus {
    pub allowed: bool,
    /// `RateLimit-Policy`
    pub policy: String,
    /// `RateLimit`
    pub rate: String,
    pub retry_after_s: u32,
}

/// Limits that make no sense together. The text names the setting.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{0}")]
pub struct LimitsError(String);

// === impl Limit ===

impl TryFrom<RawLimit> for Limit {
    type Error = String;

    fn try_from(raw: RawLimit) -> Result<Self, String> {
        let RawLimit { quota, window_s, unit } = raw;
        if !(1..=QUOTA_MAX).contains(&quota) {
            return Err(format!("quota is {quota}; it must be 1 to {QUOTA_MAX}"));
        }
        if !(1..=WINDOW_S_MAX).contains(&window_s) {
            return Err(format!("window-s is {window_s}; it must be 1 to {WINDOW_S_MAX}"));
        }
        Ok(Self { quota, window_s, unit })
    }
}

impl Limit {
    fn changed(self, change: Change, factor: u64) -> Result<Self, String> {
        let quota = change.quota.unwrap_or(self.quota);
        RawLimit { quota, window_s: change.window_s.unwrap_or(self.window_s), unit: self.unit }
            .try_into()
            .map(|limit: Self| Self { quota: limit.quota.saturating_mul(factor).min(QUOTA_MAX), ..limit })
    }

    /// The debt with which nothing more can be taken.
    pub fn window_us(&self) -> u64 {
        u64::from(self.window_s) * US_PER_S
    }

    /// What a cost adds to the debt: at least a microsecond, at most the whole window.
    pub fn weight_us(&self, cost: u64) -> u64 {
        let window = u128::from(self.window_us());
        let weight = (u128::from(cost.min(self.quota)) * window).div_ceil(u128::from(self.quota));
        u64::try_from(weight).unwrap_or(u64::MAX)
    }

    /// Units that a holder with this debt has left.
    pub fn remaining(&self, debt_us: u64) -> u64 {
        let free = u128::from(self.window_us().saturating_sub(debt_us));
        u64::try_from(free * u128::from(self.quota) / u128::from(self.window_us())).unwrap_or(0)
    }

    /// How a holder stands who owes `debt_us`, with what was taken now; or who could not take `refused_us`.
    pub fn status(&self, name: &str, debt_us: u64, refused_us: Option<u64>) -> LimitStatus {
        let seconds = |us: u64| u32::try_from(us.div_ceil(US_PER_S)).unwrap_or(u32::MAX);
        // A refused holder comes back when the cost fits, and one that was served has all of the quota when nothing is owed.
        let (retry_after_s, within_s) = match refused_us {
            Some(weight) => {
                let wait_s = seconds(debt_us.saturating_add(weight).saturating_sub(self.window_us())).max(1);
                (wait_s, wait_s)
            }
            None => (0, seconds(debt_us)),
        };
        LimitStatus {
            allowed: refused_us.is_none(),
            policy: self.policy(name),
            rate: format!("\"{name}\";r={};t={within_s}", self.remaining(debt_us)),
            retry_after_s,
        }
    }

    /// The item of `RateLimit-Policy`. Points are no unit of the draft's registry, so they are a comment of this program.
    fn policy(&self, name: &str) -> String {
        let unit = match self.unit {
            Unit::Requests => "",
            Unit::ContentBytes => ";qu=\"content-bytes\"",
            Unit::Points => ";mindflow-unit=\"points\"",
        };
        format!("\"{name}\";q={};w={}{unit}", self.quota, self.window_s)
    }
}

// === impl Changes ===

impl Default for Changes {
    fn default() -> Self {
        Self { factor: 1, limits: BTreeMap::new() }
    }
}

impl Changes {
    /// The limits of an application by what the manifest grants to each component, as this configuration changes them.
    ///
    /// # Errors
    /// A change of a limit that is not granted, one that makes no sense, or one name for two limits.
    pub fn apply<'a>(
        &self,
        granted: impl IntoIterator<Item = &'a BTreeMap<String, Limit>>,
    ) -> Result<BTreeMap<String, Limit>, LimitsError> {
        let mut limits = BTreeMap::new();
        for (name, limit) in granted.into_iter().flatten() {
            check_name(name)?;
            if limits.insert(name.clone(), *limit).is_some_and(|other| other != *limit) {
                let text = format!("rate-limits.{name} is granted with two sizes; give both components the same");
                return Err(LimitsError(text));
            }
        }
        if let Some(unknown) = self.limits.keys().find(|name| !limits.contains_key(*name)) {
            let known: Vec<&str> = limits.keys().map(String::as_str).collect();
            let text = format!(
                "rate-limits.limits.{unknown}: the manifest grants no limit of this name; there are {}",
                known.join(", ")
            );
            return Err(LimitsError(text));
        }
        if self.factor == 0 {
            return Err(LimitsError("rate-limits.factor is 0; it must be at least 1".to_owned()));
        }
        for (name, limit) in &mut limits {
            let change = self.limits.get(name).copied().unwrap_or_default();
            let changed = limit.changed(change, self.factor);
            *limit = changed.map_err(|rule| LimitsError(format!("rate-limits.limits.{name}: {rule}")))?;
        }
        Ok(limits)
    }
}

/// It is a key of the environment, a part of keys in the store, and a text in a header.
fn check_name(name: &str) -> Result<(), LimitsError> {
    let fits = |byte: u8| byte.is_ascii_lowercase() || byte.is_ascii_digit() || byte == b'-';
    if (1..=64).contains(&name.len()) && name.bytes().all(fits) {
        return Ok(());
    }
    Err(LimitsError(format!("rate-limits: the name {name:?} must be 1 to 64 of a-z, 0-9 and '-'")))
}

/// # Errors
/// The rule that the name of a holder breaks.
pub fn check_holder(name: &str) -> Result<(), String> {
    if (1..=HOLDER_BYTES_MAX).contains(&name.len()) {
        return Ok(());
    }
    Err(format!("a holder's name must have 1 to {HOLDER_BYTES_MAX} bytes; this one has {}", name.len()))
}

/// The key of a holder's debt in the store.
pub fn key(limit: &str, holder: &str) -> String {
    format!("rate-limit:{limit}:{holder}")
}

/// Reports what was taken elsewhere and takes more, in one step of Redis, whose clock counts. KEYS: the holder's key. ARGV:
/// microseconds that were taken already, those that are wanted, and the window. Answers {1 or 0: taken or not, the debt}.
/// The key holds the time at which nothing is owed any more, and is gone by then.
pub const CHARGE: &str = r"
local time = redis.call('TIME')
local now = tonumber(time[1]) * 1000000 + tonumber(time[2])
local window = tonumber(ARGV[3])
local owed = math.max((tonumber(redis.call('GET', KEYS[1])) or 0) - now, 0)
local debt = math.min(owed + tonumber(ARGV[1]), window)
local taken = 0
if debt + tonumber(ARGV[2]) <= window then
  debt = debt + tonumber(ARGV[2])
  taken = 1
end
if debt > owed then
  redis.call('SET', KEYS[1], string.format('%.0f', now + debt), 'PX', math.ceil(debt / 1000))
end
return {taken, math.floor(debt)}
";

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::{from_value, json};

    fn limit(quota: u64, window_s: u32) -> Limit {
        RawLimit { quota, window_s, unit: Unit::Requests }.try_into().unwrap()
    }

    #[test]
    fn a_quota_weighs_as_much_as_its_window_lasts() {
        let limit = limit(30, 60);
        assert_eq!((limit.weight_us(1), limit.weight_us(30), limit.weight_us(31)), (2_000_000, 60_000_000, 60_000_000));
        assert_eq!((limit.remaining(0), limit.remaining(2_000_001), limit.remaining(60_000_000)), (30, 28, 0));
        assert_eq!(limit.weight_us(0), 0);
    }

    #[test]
    fn a_unit_of_a_very_large_quota_still_weighs_something() {
        assert_eq!(limit(QUOTA_MAX, 1).weight_us(1), 1);
    }

    #[test]
    fn who_is_refused_learns_when_the_cost_fits_and_others_what_is_left() {
        let limit = limit(30, 60);
        let served = limit.status("login", 2_000_000, None);
        assert!(served.allowed);
        assert_eq!((served.policy.as_str(), served.rate.as_str()), ("\"login\";q=30;w=60", "\"login\";r=29;t=2"));
        let refused = limit.status("login", 59_500_000, Some(2_000_000));
        assert_eq!((refused.allowed, refused.retry_after_s, refused.rate.as_str()), (false, 2, "\"login\";r=0;t=2"));
    }

    #[test]
    fn the_policy_names_its_unit() {
        let of = |unit| Limit { unit, ..limit(5, 1) }.policy("x");
        assert_eq!(of(Unit::ContentBytes), "\"x\";q=5;w=1;qu=\"content-bytes\"");
        assert_eq!(of(Unit::Points), "\"x\";q=5;w=1;mindflow-unit=\"points\"");
    }

    #[test]
    fn a_configuration_changes_what_it_names_and_the_factor_all() {
        let granted = BTreeMap::from([("login".to_owned(), limit(30, 60)), ("register".to_owned(), limit(20, 3600))]);
        let changes: Changes = from_value(json!({"factor": 10, "limits": {"login": {"quota": 5}}})).unwrap();
        let limits = changes.apply([&granted, &granted]).unwrap();
        assert_eq!((limits["login"], limits["register"]), (limit(50, 60), limit(200, 3600)));
        assert_eq!(Changes::default().apply([&granted]).unwrap(), granted);
    }

    #[test]
    fn a_mistake_in_a_configuration_is_named_with_its_setting() {
        let granted = BTreeMap::from([("login".to_owned(), limit(30, 60))]);
        let refused = |changes: serde_json::Value| {
            from_value::<Changes>(changes).unwrap().apply([&granted]).unwrap_err().to_string()
        };
        assert!(refused(json!({"limits": {"logn": {"quota": 5}}})).contains("rate-limits.limits.logn"));
        assert!(refused(json!({"limits": {"login": {"quota": 0}}})).contains("quota is 0; it must be"));
        assert!(refused(json!({"limits": {"login": {"window-s": 700_000}}})).contains("window-s"));
        assert!(refused(json!({"factor": 0})).contains("rate-limits.factor"));
        let other = BTreeMap::from([("login".to_owned(), limit(31, 60))]);
        assert!(Changes::default().apply([&granted, &other]).unwrap_err().to_string().contains("two sizes"));
        let shouted = BTreeMap::from([("LOGIN".to_owned(), limit(31, 60))]);
        assert!(Changes::default().apply([&shouted]).unwrap_err().to_string().contains("a-z"));
    }

    #[test]
    fn changes_are_written_as_they_are_read() {
        let changes: Changes = from_value(json!({"factor": 3, "limits": {"login": {"window-s": 5}}})).unwrap();
        let text = serde_json::to_string(&changes).unwrap();
        assert_eq!(serde_json::from_str::<Changes>(&text).unwrap(), changes);
        assert_eq!(text, r#"{"factor":3,"limits":{"login":{"window-s":5}}}"#);
    }
}
