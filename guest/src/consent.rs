//! What holds of users who have not said whether services outside of the platform may read what they write: the variable
//! `ai_consent`, the same for all components that have it.

use crate::config;

/// Whether the consent of such a user is assumed.
///
/// # Errors
/// A sentence that names the variable when it is another word.
pub async fn is_assumed() -> Result<bool, String> {
    read(config::text("ai_consent").await.as_deref())
}

fn read(setting: Option<&str>) -> Result<bool, String> {
    match setting.map(str::trim) {
        None | Some("assumed") => Ok(true),
        Some("asked") => Ok(false),
        Some(other) => Err(format!("the variable `ai_consent` is {other:?}; it can be `assumed` or `asked`")),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn consent_is_assumed_unless_it_is_to_be_asked_for_and_another_word_is_neither() {
        assert_eq!((read(None), read(Some("assumed")), read(Some(" asked "))), (Ok(true), Ok(true), Ok(false)));
        for wrong in ["Asked", "true", "no"] {
            assert!(read(Some(wrong)).unwrap_err().contains("`ai_consent`"), "{wrong}");
        }
    }
}
