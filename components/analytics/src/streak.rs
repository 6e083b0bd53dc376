//! Runs of days with entries.

use jiff::civil::Date;

#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Streaks {
    /// Days in a row up to today. Nothing written today leaves yesterday's run alive: the day is not over.
    pub current: u32,
    pub longest: u32,
}

/// Of days in any order, repetitions allowed; those after `today` count for the longest run alone.
pub fn streaks(days: &[Date], today: Date) -> Streaks {
    let mut days = days.to_vec();
    days.sort_unstable();
    days.dedup();
    let yesterday = today.yesterday().unwrap_or(today);
    let mut found = Streaks::default();
    let mut run = 0_u32;
    let mut before: Option<Date> = None;
    for day in days {
        let follows = before.and_then(|before| before.tomorrow().ok()) == Some(day);
        run = if follows { run.saturating_add(1) } else { 1 };
        found.longest = found.longest.max(run);
        if day == yesterday || day == today {
            found.current = run;
        }
        before = Some(day);
    }
    found
}

#[cfg(test)]
mod tests {
    use super::*;
    use jiff::{ToSpan, civil::date};
    use proptest::prelude::*;
    use std::collections::BTreeSet;

    #[test]
    fn a_day_that_is_not_over_breaks_no_streak() {
        let today = date(2025, 3, 1);
        let days = [date(2025, 2, 27), date(2025, 2, 28)];
        assert_eq!(streaks(&days, today), Streaks { current: 2, longest: 2 });
        assert_eq!(streaks(&days, date(2025, 3, 2)), Streaks { current: 0, longest: 2 });
    }

    #[test]
    fn nothing_written_is_no_streak() {
        assert_eq!(streaks(&[], date(2025, 3, 1)), Streaks::default());
    }

    /// Counted day by day, as one would on a calendar.
    fn naive(days: &BTreeSet<Date>, today: Date) -> Streaks {
        let back = |from: Date| (0..).take_while(|n| days.contains(&(from - (*n).days()))).count() as u32;
        let current = if days.contains(&today) { back(today) } else { back(today - 1.day()) };
        Streaks { current, longest: days.iter().map(|day| back(*day)).max().unwrap_or(0) }
    }

    proptest! {
        #[test]
        fn streaks_are_what_a_calendar_shows(offsets in prop::collection::vec(-6_i64..40, 0..60)) {
            let today = date(2024, 3, 10);
            let days: Vec<Date> = offsets.iter().map(|offset| today - offset.days()).collect();
            prop_assert_eq!(streaks(&days, today), naive(&days.iter().copied().collect(), today));
        }
    }
}
