//! Takes what a variable holds out of an error about it: it may be a secret, and errors quote what they are about.

use figment::value::Value;
use std::cmp::Reverse;

/// Shorter parts of a value are no secret, and would take away half of an error's words.
const PART_CHARS_MIN: usize = 3;
const INSTEAD: &str = "…";

/// The error without the variable's text, and without the texts in the list or the table that it is. `parsed`: the text as one.
pub fn hide(error: &str, text: &str, parsed: &Value) -> String {
    let mut parts = Vec::new();
    texts(parsed, &mut parts);
    parts.retain(|part| part.chars().count() >= PART_CHARS_MIN);
    parts.push(text);
    let mut hidden: Vec<String> = parts.into_iter().flat_map(|part| [quoted(part), part.to_owned()]).collect();
    hidden.retain(|part| !part.is_empty());
    // Nothing is left of one that holds another.
    hidden.sort_by_key(|part| Reverse(part.len()));
    hidden.iter().fold(error.to_owned(), |error, part| error.replace(part, INSTEAD))
}

/// As errors quote it, without the quotes.
fn quoted(text: &str) -> String {
    let quoted = format!("{text:?}");
    quoted.strip_prefix('"').and_then(|rest| rest.strip_suffix('"')).unwrap_or_default().to_owned()
}

fn texts<'v>(value: &'v Value, found: &mut Vec<&'v str>) {
    match value {
        Value::String(_, text) => found.push(text),
        Value::Array(_, values) => values.iter().for_each(|value| texts(value, found)),
        Value::Dict(_, values) => values.values().for_each(|value| texts(value, found)),
        Value::Char(..) | Value::Bool(..) | Value::Num(..) | Value::Empty(..) => {}
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn hidden(error: &str, text: &str) -> String {
        hide(error, text, &text.parse().unwrap())
    }

    #[test]
    fn an_error_shows_nothing_of_a_value_as_it_is_or_quoted() {
        assert_eq!(hidden("hunter2 is no number", "hunter2"), "… is no number");
        assert_eq!(hidden(r#""hun\"ter\\2" is no size"#, r#"hun"ter\2"#), r#""…" is no size"#);
        assert_eq!(hidden("nothing was given", ""), "nothing was given");
    }

    #[test]
    fn an_error_shows_no_item_of_a_list_or_a_table() {
        assert_eq!(hidden(r#""hunter2" is no network"#, r#"["10.0.0.0/8", "hunter2"]"#), r#""…" is no network"#);
        assert_eq!(hidden("hunter2 and hunter22", r#"{a = "hunter2", b = ["hunter22"]}"#), "… and …");
        assert_eq!(hidden("a is no network", r#"["a"]"#), "a is no network", "so short a text is no secret");
    }
}
