//! What the log and an alarm say of a failure. A handler's reason may quote the value that it could not use, which may be a text
//! that a user wrote. The dead letter keeps the reason as it is; what leaves the database does not have the quotation.

use std::borrow::Cow;

/// Stands for what was quoted.
const WITHHELD: &str = "…";

/// The reason with nothing between its quotation marks, as Rust's `{:?}` and JSON write texts.
pub fn unquoted(reason: &str) -> Cow<'_, str> {
    if !reason.contains('"') {
        return reason.into();
    }
    let mut said = String::with_capacity(reason.len());
    let (mut is_quoted, mut is_escaped) = (false, false);
    for letter in reason.chars() {
        match (is_quoted, letter) {
            (true, _) if is_escaped => is_escaped = false,
            (true, '\\') => is_escaped = true,
            (true, '"') => {
                is_quoted = false;
                said.push('"');
            }
            (true, _) => {}
            (false, '"') => {
                is_quoted = true;
                said.push('"');
                said.push_str(WITHHELD);
            }
            (false, _) => said.push(letter),
        }
    }
    said.into()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_quoted_is_withheld_and_the_rest_stays() {
        for (reason, said) in [
            ("the circuit of `ai` is open", "the circuit of `ai` is open"),
            (
                r#"payload of MoodRecorded: `mood` is "My \"secret\" \\" today"#,
                r#"payload of MoodRecorded: `mood` is "…" today"#,
            ),
            (r#"`a` is "x", `b` is "y""#, r#"`a` is "…", `b` is "…""#),
            (r#"it was cut: "My sec"#, r#"it was cut: "…"#),
            (r#"an empty text "" is quoted"#, r#"an empty text "…" is quoted"#),
        ] {
            assert_eq!(unquoted(reason), said);
        }
    }
}
