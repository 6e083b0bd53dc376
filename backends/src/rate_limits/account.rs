//! What one replica knows of a holder's debt. Times are microseconds of the limiter's clock.

/// A report is due after this part of the window was given.
const REPORT_PART: u64 = 16;
/// This part is reported within [`REPORT_US`], if more is asked for. Less waits until it has become as much: a request that costs next to
/// nothing of its limit, as most do, costs the store nothing.
const REPORT_PART_MIN: u64 = 64;
const REPORT_US: u64 = 1_000_000;

#[derive(Debug, Default)]
pub(super) struct Account {
    /// When nothing is owed any more: what was given here, and what the store said of the others.
    free_at_us: u64,
    /// Given here, and not reported.
    pub unreported_us: u64,
    /// When the last report began; `None`: there was none.
    reported_at_us: Option<u64>,
    /// One is on its way.
    reporting: bool,
}

/// Microseconds all of them.
#[derive(Debug, PartialEq, Eq)]
pub(super) enum Decision {
    Given {
        debt: u64,
        /// To be reported now.
        report: Option<u64>,
    },
    Refused {
        debt: u64,
        report: Option<u64>,
    },
    /// The store decides, and gets so much before. Until it answers, what is asked for counts as given.
    Ask {
        unreported: u64,
    },
}

// === impl Account ===

impl Account {
    fn debt(&self, now_us: u64) -> u64 {
        self.free_at_us.saturating_sub(now_us)
    }

    /// Without a store, or while it is away. Answers the debt: of who was given it, or as an error of who is refused.
    pub fn take(&mut self, weight_us: u64, window_us: u64, now_us: u64) -> Result<u64, u64> {
        let debt = self.debt(now_us);
        let after = debt.saturating_add(weight_us);
        if after > window_us && weight_us > 0 {
            return Err(debt);
        }
        self.free_at_us = now_us.saturating_add(after);
        self.unreported_us = self.unreported_us.saturating_add(weight_us).min(window_us);
        Ok(after)
    }

    /// While the store answers.
    pub fn take_shared(&mut self, weight_us: u64, window_us: u64, now_us: u64) -> Decision {
        let after = self.debt(now_us).saturating_add(weight_us);
        let may_be_given = after <= window_us || weight_us == 0;
        if may_be_given && after > window_us / 2 {
            self.free_at_us = now_us.saturating_add(after);
            return Decision::Ask { unreported: std::mem::take(&mut self.unreported_us) };
        }
        match self.take(weight_us, window_us, now_us) {
            Ok(debt) => Decision::Given { debt, report: self.due(window_us, now_us) },
            Err(debt) => Decision::Refused { debt, report: self.due(window_us, now_us) },
        }
    }

    /// What is to be reported now.
    fn due(&mut self, window_us: u64, now_us: u64) -> Option<u64> {
        let waited = self.reported_at_us.is_none_or(|at| now_us.saturating_sub(at) >= REPORT_US);
        let much = self.unreported_us >= window_us / REPORT_PART;
        let enough = self.unreported_us >= (window_us / REPORT_PART_MIN).max(1);
        if self.reporting || !(much || waited && enough) {
            return None;
        }
        self.reporting = true;
        self.reported_at_us = Some(now_us);
        Some(std::mem::take(&mut self.unreported_us))
    }

    /// The store was asked and has not given it, or has not answered.
    pub fn take_back(&mut self, weight_us: u64) {
        self.free_at_us = self.free_at_us.saturating_sub(weight_us);
    }

    /// The store says what is owed there. What was given here meanwhile comes on top. Answers the debt.
    pub fn learn(&mut self, debt_us: u64, now_us: u64) -> u64 {
        // Answers may come in another order than they were made in, so none takes back what is known.
        let debt = self.debt(now_us).max(debt_us.saturating_add(self.unreported_us));
        self.free_at_us = now_us.saturating_add(debt);
        debt
    }

    pub fn reported(&mut self, debt_us: u64, now_us: u64) {
        self.reporting = false;
        self.learn(debt_us, now_us);
    }

    pub fn not_reported(&mut self, reported_us: u64) {
        self.reporting = false;
        self.unreported_us = self.unreported_us.saturating_add(reported_us);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const WINDOW: u64 = 60_000_000;

    #[test]
    fn the_store_is_asked_below_half_and_not_about_what_is_refused_anyway() {
        let mut account = Account::default();
        let given = account.take_shared(30_000_000, WINDOW, 0);
        assert_eq!(given, Decision::Given { debt: 30_000_000, report: Some(30_000_000) });
        assert_eq!(account.take_shared(30_000_000, WINDOW, 0), Decision::Ask { unreported: 0 });
        assert!(matches!(account.take_shared(1, WINDOW, 0), Decision::Refused { .. }), "it may be given");
        account.take_back(30_000_000);
        assert_eq!(account.learn(WINDOW, 0), WINDOW, "others took the rest");
        assert_eq!(account.take_shared(1, WINDOW, 0), Decision::Refused { debt: WINDOW, report: None });
        assert_eq!(account.take_shared(1, WINDOW, 1), Decision::Ask { unreported: 0 });
    }

    #[test]
    fn what_was_given_is_reported_first_then_each_second_or_when_it_is_much() {
        let mut account = Account::default();
        let report = |account: &mut Account, weight, now| match account.take_shared(weight, WINDOW, now) {
            Decision::Given { report, .. } => report,
            other => panic!("{other:?}"),
        };
        let part = WINDOW / REPORT_PART_MIN;
        assert_eq!(report(&mut account, part, 0), Some(part));
        assert_eq!(report(&mut account, part, 0), None, "one is on its way");
        account.reported(part, 0);
        assert_eq!(report(&mut account, part, 500_000), None);
        assert_eq!(report(&mut account, part, 1_000_000), Some(3 * part));
        account.not_reported(3 * part);
        assert_eq!(report(&mut account, WINDOW / 16, 1_000_001), Some(3 * part + WINDOW / 16));
    }

    #[test]
    fn what_is_next_to_nothing_is_reported_when_it_has_become_more_and_all_of_it() {
        let mut account = Account::default();
        let (weight, mut given, mut reported) = (WINDOW / 1_000, 0, 0);
        for second in 0..1_000 {
            let now = second * REPORT_US;
            let Decision::Given { report, .. } = account.take_shared(weight, WINDOW, now) else { panic!("{second}") };
            given += weight;
            if let Some(report) = report {
                reported += report;
                account.reported(report, now);
            }
            assert!(given - reported < WINDOW / REPORT_PART_MIN, "{second}");
        }
        assert!(reported > WINDOW / 2, "{reported}");
    }

    #[test]
    fn without_a_store_the_account_decides_to_the_end() {
        let mut account = Account::default();
        assert_eq!(account.take(WINDOW, WINDOW, 0), Ok(WINDOW));
        assert_eq!(account.take(1, WINDOW, 0), Err(WINDOW));
        // The store is back, and gets the report.
        assert_eq!(account.take_shared(1, WINDOW, 0), Decision::Refused { debt: WINDOW, report: Some(WINDOW) });
        assert_eq!(account.take(0, WINDOW, 0), Ok(WINDOW), "nothing is given always");
    }

    #[test]
    fn an_old_answer_does_not_take_back_what_is_known() {
        let mut account = Account::default();
        account.learn(50_000_000, 0);
        assert_eq!(account.learn(10_000_000, 1_000_000), 49_000_000);
    }
}
