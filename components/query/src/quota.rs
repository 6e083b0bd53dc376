//! The monthly quota of entries, as readers see it. The command service enforces it.

use crate::bindings::exports::mindflow::query::reads::{Quota, Role};
use crate::calendar::Month;
use mindflow_guest::config;

/// A user writes at most this many new entries a calendar month (UTC).
const ENTRIES_PER_MONTH: u32 = 5;

/// The free quota, as the manifest's variable `free_entries_per_month` sets it.
///
/// # Errors
/// A sentence that names the variable when it is no number.
pub async fn entries_per_month() -> Result<u32, String> {
    config::number("free_entries_per_month", ENTRIES_PER_MONTH).await
}

pub fn of(roles: &[Role], free_limit: u32, used: u32, month: Month) -> Quota {
    if roles.contains(&Role::Premium) {
        return Quota { limit: None, used, resets_at: None };
    }
    Quota { limit: Some(free_limit), used, resets_at: Some(month.end_us) }
}

#[cfg(test)]
mod tests {
    use super::*;

    const MONTH: Month = Month { start_us: 1, end_us: 2 };

    #[test]
    fn premium_users_have_no_limit_and_nothing_resets() {
        assert_eq!(of(&[Role::User, Role::Premium], 5, 9, MONTH), Quota { limit: None, used: 9, resets_at: None });
    }

    #[test]
    fn a_free_quota_resets_when_the_next_month_begins() {
        assert_eq!(of(&[Role::User], 5, 3, MONTH), Quota { limit: Some(5), used: 3, resets_at: Some(2) });
    }
}
