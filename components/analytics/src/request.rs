//! Validation of requests: every argument is checked before anything is read, and named as the client named it.

use mindflow_guest::{call::Error, failure::invalid, rules::Rule};

/// A leap year: the longest trend that is shown.
const DAYS_MAX: u32 = 366;

pub fn days(days: u32) -> Result<u32, Error> {
    if (1..=DAYS_MAX).contains(&days) {
        return Ok(days);
    }
    Err(invalid("days", Rule::range(1, DAYS_MAX), format!("Ask for 1 to {DAYS_MAX} days.")))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn figures_run_over_one_day_to_a_leap_year() {
        assert!(days(1).is_ok() && days(366).is_ok());
        for wrong in [0, 367, u32::MAX] {
            let Err(Error::Invalid(fields)) = days(wrong) else { panic!("{wrong}") };
            assert_eq!(fields[0].field, "days");
        }
    }
}
