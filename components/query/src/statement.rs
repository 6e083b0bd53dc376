//! A statement and its parameters, as plain data: built by pure functions, shown to tests, run elsewhere.

use mindflow_guest::sql::{IntoValue, Value};

#[derive(Debug, Clone, PartialEq)]
pub struct Statement {
    pub text: String,
    pub params: Vec<Value>,
}

/// Parameters that are numbered as they are bound.
#[derive(Debug, Default)]
pub struct Params(pub Vec<Value>);

impl Params {
    /// Answers the placeholder, such as `$3`.
    pub fn bind(&mut self, value: impl IntoValue) -> String {
        self.0.push(value.into_value());
        format!("${}", self.0.len())
    }
}

/// A pattern for `LIKE … ESCAPE '\'` that finds the text anywhere, itself and nothing else.
pub fn containing(text: &str) -> String {
    let mut pattern = String::with_capacity(text.len() + 2);
    pattern.push('%');
    for letter in text.chars() {
        if matches!(letter, '%' | '_' | '\\') {
            pattern.push('\\');
        }
        pattern.push(letter);
    }
    pattern.push('%');
    pattern
}

#[cfg(test)]
pub mod tests {
    use super::*;

    /// Each parameter is used, and nothing is used that is not given.
    pub fn is_complete(statement: &Statement) -> bool {
        let mut used: Vec<usize> = statement
            .text
            .split('$')
            .skip(1)
            .filter_map(|rest| rest.split(|c: char| !c.is_ascii_digit()).next()?.parse().ok())
            .collect();
        used.sort_unstable();
        used.dedup();
        used == (1..=statement.params.len()).collect::<Vec<_>>()
    }

    #[test]
    fn signs_with_a_meaning_in_patterns_are_taken_as_themselves() {
        assert_eq!(containing(r"50%_\"), r"%50\%\_\\%");
    }

    #[test]
    fn parameters_are_numbered_as_they_are_bound() {
        let mut params = Params::default();
        assert_eq!((params.bind("a"), params.bind(2_i64)), ("$1".to_owned(), "$2".to_owned()));
    }
}
