//! Compares the read side with the write side, and repairs the differences.
//!
//! `compare` reads both sides, `run` goes through the users, `repair` corrects the read side, `report` sums up.
//!
//! Each side makes the same document of each aggregate (`query.aggregates`, `reconciliation.aggregates`). A user whose
//! documents have the same hash on both sides is skipped; otherwise the aggregates are compared one by one. Traffic
//! goes on meanwhile, so a difference is compared again after a pause: only one that neither side has changed is a
//! discrepancy. Each comparison reads the read side first, so that it cannot correctly have anything that the write
//! side does not. Aggregates that only the read side has (`orphans`) are removed at the end of a pass, if they are few.

mod compare;
mod orphans;
mod repair;
mod report;
mod run;

pub use report::Report;
pub use run::run;

/// The command's name on the command line.
pub const COMMAND: &str = "reconcile";

/// What to do about discrepancies.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Mode {
    Repair,
    /// Also remove what only the read side has, however much it is.
    RemoveOrphans,
    /// Report, and change nothing.
    DryRun,
}

/// The mode that the arguments of the command ask for.
///
/// # Errors
/// The line for the operator.
pub fn mode(command: &str, arguments: &[String]) -> Result<Mode, String> {
    let words: Vec<&str> = arguments.iter().map(String::as_str).collect();
    match (command, words.as_slice()) {
        (COMMAND, []) => Ok(Mode::Repair),
        (COMMAND, ["--dry-run"]) => Ok(Mode::DryRun),
        // `--remove-surplus` is the former name.
        (COMMAND, ["--remove-orphans" | "--remove-surplus"]) => Ok(Mode::RemoveOrphans),
        (COMMAND, _) => Err("usage: reconcile [--dry-run | --remove-orphans] [--json]".to_owned()),
        _ => Err(format!("query has no command `{command}`; it has: {COMMAND}")),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_command_line_that_is_none_is_refused_with_the_right_one() {
        assert_eq!(mode("reconcile", &["--dry-run".to_owned()]), Ok(Mode::DryRun));
        for flag in ["--remove-orphans", "--remove-surplus"] {
            assert_eq!(mode("reconcile", &[flag.to_owned()]), Ok(Mode::RemoveOrphans));
        }
        for wrong in [vec!["now".to_owned()], vec!["--dry-run".to_owned(), "--remove-surplus".to_owned()]] {
            assert!(mode("reconcile", &wrong).unwrap_err().contains("[--dry-run | --remove-orphans]"));
        }
        assert!(mode("tidy", &[]).unwrap_err().contains("`tidy`"));
    }
}
