//! JSON lists as tables for people.

use serde_json::{Map, Value};

/// A row a list's object, a column a key; a single object is a list of one, anything else is printed as it is.
pub fn render(value: &Value) -> String {
    let rows: Vec<&Map<String, Value>> = match value {
        Value::Array(items) => items.iter().filter_map(Value::as_object).collect(),
        Value::Object(row) => vec![row],
        other => return format!("{}\n", cell(other)),
    };
    let Some(first) = rows.first() else { return "nothing to list\n".to_owned() };
    let columns: Vec<&String> = first.keys().collect();
    let mut lines: Vec<Vec<String>> = vec![columns.iter().map(|name| name.to_uppercase()).collect()];
    lines.extend(
        rows.iter().map(|row| columns.iter().map(|name| row.get(*name).map(cell).unwrap_or_default()).collect()),
    );
    let widths: Vec<usize> = (0..columns.len())
        .map(|column| {
            lines.iter().filter_map(|line| line.get(column)).map(|cell| cell.chars().count()).max().unwrap_or(0)
        })
        .collect();
    let mut text = String::new();
    for line in &lines {
        let padded: Vec<String> = line.iter().zip(&widths).map(|(cell, width)| format!("{cell:<width$}")).collect();
        text.push_str(padded.join("  ").trim_end());
        text.push('\n');
    }
    text
}

fn cell(value: &Value) -> String {
    match value {
        Value::Null => "-".into(),
        Value::String(text) => text.clone(),
        Value::Array(items) => items.iter().map(cell).collect::<Vec<_>>().join(","),
        other => other.to_string(),
    }
}

#[cfg(test)]
mod tests {
    use super::render;
    use serde_json::json;

    #[test]
    fn a_list_becomes_aligned_columns() {
        let text = render(&json!([{ "name": "a", "roles": ["user", "admin"] }, { "name": "long", "roles": [] }]));
        assert_eq!(text, "NAME  ROLES\na     user,admin\nlong\n");
    }

    #[test]
    fn an_empty_list_says_so() {
        assert_eq!(render(&json!([])), "nothing to list\n");
    }
}
