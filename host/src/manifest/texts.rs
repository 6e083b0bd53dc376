//! Variables of the environment, which are text. Rust's own way to read one answers the same for a value that is no UTF-8 as for a
//! variable that is not set, and a secret that was cut or encoded in another way would be left out without a word.

use super::RuleError;
use std::ffi::OsString;

/// A variable's value; `None` where it is not set.
///
/// # Errors
/// It is no UTF-8.
pub fn text(name: &str) -> Result<Option<String>, RuleError> {
    std::env::var_os(name).map(|value| to_text(name, value)).transpose()
}

/// Checks the variables whose names begin so, which a library reads.
///
/// # Errors
/// The value of one is no UTF-8.
pub fn check(prefix: &str) -> Result<(), RuleError> {
    let named = std::env::vars_os().filter_map(|(name, value)| Some((name.into_string().ok()?, value)));
    named.filter(|(name, _)| name.starts_with(prefix)).try_for_each(|(name, value)| to_text(&name, value).map(drop))
}

/// # Errors
/// The value is no UTF-8. It is not shown, not even in part.
pub fn to_text(name: &str, value: OsString) -> Result<String, RuleError> {
    value.into_string().map_err(|_| {
        RuleError::from(format!(
            "the environment sets {name} to a value that is no UTF-8; set it to text, or remove it"
        ))
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::os::unix::ffi::OsStringExt;

    #[test]
    fn a_value_that_is_no_text_is_an_error_that_names_the_variable_alone() {
        assert_eq!(to_text("A", "b".into()).unwrap(), "b");
        let error = to_text("ANTHROPIC_API_KEY", OsString::from_vec(b"hunter2\xff".to_vec())).unwrap_err().to_string();
        assert!(error.contains("ANTHROPIC_API_KEY") && error.contains("no UTF-8"), "{error}");
        assert!(!error.contains("hunter2"), "{error}");
        assert_eq!(text("MINDFLOW_TEST_NO_SUCH_VARIABLE").unwrap(), None);
    }
}
