//! How an error is printed where it leaves the program as text: in a log, a column of the database, a health
//! report, or an answer to an operator.

use std::error::Error;

/// The error and its causes on one line, joined by `: `. A cause whose text already stands in the line is left out, because
/// some libraries, such as `object_store`, repeat theirs.
#[must_use]
pub fn chain(error: &dyn Error) -> String {
    let mut text = error.to_string();
    let mut cause = error.source();
    while let Some(error) = cause {
        let reason = error.to_string();
        if !text.contains(&reason) {
            text.push_str(": ");
            text.push_str(&reason);
        }
        cause = error.source();
    }
    text.split_whitespace().collect::<Vec<_>>().join(" ")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[derive(Debug, thiserror::Error)]
    #[error("the store\n  is away")]
    struct Outer(#[source] std::io::Error);

    #[test]
    fn an_error_and_its_cause_stand_on_one_line() {
        let error = Outer(std::io::Error::other("connection refused"));
        assert_eq!(chain(&error), "the store is away: connection refused");
    }
}
