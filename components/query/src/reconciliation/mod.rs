//! Whether the read side agrees with the write side, and what is done where it does not.
//!
//! `look` asks both sides, `run` goes through the users, `mend` puts right what is wrong, `report` tells of it.
//!
//! Each side makes the same document of each aggregate (`query.aggregates`, `reconciliation.aggregates`).
//! A user whose documents hash alike on both sides is passed over; else the aggregates are compared one by
//! one. Traffic goes on meanwhile, so that what differs is looked at again after a pause: only what neither
//! side has moved, and what still differs, is a discrepancy. At every look the read side is asked first: then
//! it cannot rightly know of anything that the write side does not. What it has too much is taken away at the
//! end, if it is little (`surplus`).

mod look;
mod mend;
mod report;
mod run;
mod surplus;

pub use report::Report;
pub use run::run;

/// How a call of reconciliation is named on the command line.
pub const COMMAND: &str = "reconcile";

/// What is done about discrepancies.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Mode {
    Mend,
    /// Also what only the read side has, however much it is.
    RemoveSurplus,
    /// Tell, and change nothing.
    DryRun,
}

/// The words after the command.
///
/// # Errors
/// The line that the operator sees.
pub fn mode(command: &str, arguments: &[String]) -> Result<Mode, String> {
    let words: Vec<&str> = arguments.iter().map(String::as_str).collect();
    match (command, words.as_slice()) {
        (COMMAND, []) => Ok(Mode::Mend),
        (COMMAND, ["--dry-run"]) => Ok(Mode::DryRun),
        (COMMAND, ["--remove-surplus"]) => Ok(Mode::RemoveSurplus),
        (COMMAND, _) => Err("usage: reconcile [--dry-run | --remove-surplus] [--json]".to_owned()),
        _ => Err(format!("query has no command `{command}`; it has: {COMMAND}")),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_command_line_that_is_none_is_refused_with_the_right_one() {
        assert_eq!(mode("reconcile", &["--dry-run".to_owned()]), Ok(Mode::DryRun));
        assert_eq!(mode("reconcile", &["--remove-surplus".to_owned()]), Ok(Mode::RemoveSurplus));
        for wrong in [vec!["now".to_owned()], vec!["--dry-run".to_owned(), "--remove-surplus".to_owned()]] {
            assert!(mode("reconcile", &wrong).unwrap_err().contains("[--dry-run | --remove-surplus]"));
        }
        assert!(mode("tidy", &[]).unwrap_err().contains("`tidy`"));
    }
}
