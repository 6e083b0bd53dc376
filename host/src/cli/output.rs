//! What commands print. `println!` panics when its reader has left, as `head` does after some lines.

use super::CliError;
use std::{
    fmt::Display,
    io::{self, ErrorKind, Write},
};

/// Prints a line on standard output.
///
/// # Errors
/// It cannot be written. [`has_lost_its_reader`] is no failure of a command.
pub fn line(text: impl Display) -> Result<(), CliError> {
    writeln!(io::stdout().lock(), "{text}").map_err(CliError::Output)
}

/// Prints lines that end already.
///
/// # Errors
/// As for [`line()`].
pub fn lines(text: impl Display) -> Result<(), CliError> {
    write!(io::stdout().lock(), "{text}").map_err(CliError::Output)
}

/// Prints a line on standard error, where a command reports progress and problems. Without a reader it is lost.
pub fn note(text: impl Display) {
    let _ = writeln!(io::stderr().lock(), "{text}");
}

/// Whether a command ended only because nothing reads its output any more.
pub fn has_lost_its_reader(error: &CliError) -> bool {
    matches!(error, CliError::Output(source) if source.kind() == ErrorKind::BrokenPipe)
}
