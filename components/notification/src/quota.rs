//! How many webhooks and push subscriptions a user may have. Each of a user's events costs a request for each.

use mindflow_guest::{call::Error, config, failure::quota_exceeded};

/// Webhooks, unless the variable `webhooks_max` says otherwise.
const WEBHOOKS_MAX: u64 = 10;
/// Browsers and devices.
pub const PUSH_SUBSCRIPTIONS_MAX: u64 = 20;

/// Reminders of a user: three a day, each weekday another way.
pub const REMINDERS_MAX: u64 = 21;

/// What is counted.
pub struct Counted {
    /// For programs.
    quota: &'static str,
    /// For people.
    noun: &'static str,
}

pub const WEBHOOKS: Counted = Counted { quota: "webhooks", noun: "webhooks" };
pub const PUSH_SUBSCRIPTIONS: Counted = Counted { quota: "pushSubscriptions", noun: "push subscriptions" };
pub const REMINDERS: Counted = Counted { quota: "reminders", noun: "reminders" };

/// The setting.
pub async fn webhooks_max() -> Result<u64, String> {
    config::number("webhooks_max", WEBHOOKS_MAX).await
}

/// Whether there is room for one more.
///
/// # Errors
/// There is none.
pub fn room(counted: &Counted, used: u64, limit: u64) -> Result<(), Error> {
    if used < limit {
        return Ok(());
    }
    let message = format!("You have {used} of {limit} {}: remove one first.", counted.noun);
    Err(quota_exceeded(counted.quota, used, limit, message))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn one_more_has_room_below_the_limit_alone() {
        assert_eq!(room(&WEBHOOKS, 9, 10), Ok(()));
        for used in [10, 12] {
            let Err(Error::QuotaExceeded(full)) = room(&PUSH_SUBSCRIPTIONS, used, 10) else { panic!("a quota") };
            assert_eq!((full.quota.as_str(), full.used, full.limit), ("pushSubscriptions", used, 10));
            assert_eq!(full.message, format!("You have {used} of 10 push subscriptions: remove one first."));
        }
    }
}
