//! The block of YAML before a Markdown text. It is written as JSON scalars and lists, which are YAML as well, so no text needs rules of
//! quoting; it is read as people and other programs write it.

use serde_json::Value;

const FENCE: &str = "---";
/// More is no description of a text.
const BYTES_MAX: usize = 64 << 10;

/// What a text begins with, in the order in which it was written.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct FrontMatter(serde_json::Map<String, Value>);

/// The block is not YAML, or not a mapping.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("the block before the text is not readable: {0}")]
pub struct Unreadable(String);

/// Lines of the block, without what is null, false, empty or not there.
pub fn write(fields: &[(&str, Value)], text: &str) -> String {
    let mut out = format!("{FENCE}\n");
    for (name, value) in fields {
        let says_nothing = match value {
            Value::Null | Value::Bool(false) => true,
            Value::Array(items) => items.is_empty(),
            _ => false,
        };
        if !says_nothing {
            out.push_str(&format!("{name}: {value}\n"));
        }
    }
    out.push_str(FENCE);
    out.push_str("\n\n");
    out.push_str(text);
    out
}

/// The block, which may be missing, and the text behind it.
///
/// # Errors
/// There is a block, and it cannot be read.
pub fn read(file: &str) -> Result<(FrontMatter, &str), Unreadable> {
    let file = file.strip_prefix('\u{feff}').unwrap_or(file);
    let Some((first, rest)) = line(file).filter(|(first, _)| first.trim_end() == FENCE) else {
        return Ok((FrontMatter::default(), file));
    };
    let _ = first;
    let mut behind = rest;
    while let Some((next, after)) = line(behind) {
        if matches!(next.trim_end(), FENCE | "...") {
            let block = rest.get(..rest.len() - behind.len()).unwrap_or_default();
            let (blank, text) = line(after).unwrap_or(("", ""));
            let text = if blank.trim_end_matches(['\r', '\n']).is_empty() { text } else { after };
            return Ok((parse(block)?, text));
        }
        behind = after;
    }
    // A rule at the top of a text.
    Ok((FrontMatter::default(), file))
}

/// The first line, with its end, and what follows.
fn line(text: &str) -> Option<(&str, &str)> {
    if text.is_empty() {
        return None;
    }
    text.split_at_checked(text.find('\n').map_or(text.len(), |end| end + 1))
}

fn parse(block: &str) -> Result<FrontMatter, Unreadable> {
    if block.len() > BYTES_MAX {
        return Err(Unreadable(format!("it has more than {BYTES_MAX} bytes")));
    }
    if block.trim().is_empty() {
        return Ok(FrontMatter::default());
    }
    let value: Value = serde_saphyr::from_str(block).map_err(|error| {
        let text = error.to_string();
        Unreadable(text.lines().next().unwrap_or_default().to_owned())
    })?;
    match value {
        Value::Object(fields) => {
            let lower = fields.into_iter().map(|(name, value)| (name.to_lowercase(), value));
            Ok(FrontMatter(lower.collect()))
        }
        _ => Err(Unreadable("it has no names and values".to_owned())),
    }
}

// === impl FrontMatter ===

impl FrontMatter {
    pub fn value(&self, names: &[&str]) -> Option<&Value> {
        names.iter().find_map(|name| self.0.get(*name)).filter(|value| !value.is_null())
    }

    /// The first of the names that has a text.
    pub fn text(&self, names: &[&str]) -> Option<String> {
        match self.value(names)? {
            Value::String(text) => Some(text.clone()),
            Value::Number(number) => Some(number.to_string()),
            Value::Bool(is) => Some(is.to_string()),
            _ => None,
        }
    }

    pub fn is(&self, names: &[&str]) -> bool {
        match self.value(names) {
            Some(Value::Bool(is)) => *is,
            Some(Value::String(text)) => matches!(text.to_lowercase().as_str(), "true" | "yes" | "1"),
            _ => false,
        }
    }

    pub fn number(&self, names: &[&str]) -> Option<f64> {
        match self.value(names)? {
            Value::Number(number) => number.as_f64(),
            Value::String(text) => text.trim().parse().ok(),
            _ => None,
        }
    }

    /// A list, or a text with commas.
    pub fn list(&self, names: &[&str]) -> Vec<String> {
        let texts: Vec<String> = match self.value(names) {
            Some(Value::Array(items)) => {
                let text = |item: &Value| match item {
                    Value::String(text) => Some(text.clone()),
                    Value::Number(number) => Some(number.to_string()),
                    _ => None,
                };
                items.iter().filter_map(text).collect()
            }
            Some(Value::String(text)) => text.split(',').map(str::to_owned).collect(),
            _ => Vec::new(),
        };
        texts
            .into_iter()
            .map(|text| text.trim().trim_start_matches('#').to_owned())
            .filter(|text| !text.is_empty())
            .collect()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    #[test]
    fn what_is_written_is_read() {
        let fields = [("title", json!("a: \"b\" # c\n---")), ("tags", json!(["x, y", "z"])), ("pinned", json!(false))];
        let file = write(&fields, "\n---\ntext\r\n");
        let (front, text) = read(&file).unwrap();
        assert_eq!(text, "\n---\ntext\r\n");
        assert_eq!(front.text(&["title"]).as_deref(), Some("a: \"b\" # c\n---"));
        assert_eq!(front.list(&["tags"]), ["x, y", "z"]);
        assert_eq!(front.value(&["pinned"]), None);
    }

    #[test]
    fn what_people_write_is_read() {
        let (front, text) =
            read("---\r\nTitle: Été\r\ntags: a, b\r\ndate: 2024-05-01\r\nstarred: yes\r\n---\r\ntext").unwrap();
        assert_eq!((front.text(&["title"]).as_deref(), text), (Some("Été"), "text"));
        assert_eq!(front.list(&["tag", "tags"]), ["a", "b"]);
        assert_eq!(front.text(&["date"]).as_deref(), Some("2024-05-01"));
        assert!(front.is(&["favorite", "starred"]));
        for whole in ["no block", "---\nnever ends", "---- \n---", ""] {
            assert_eq!(read(whole).unwrap(), (FrontMatter::default(), whole));
        }
        assert!(read("---\n[1, 2\n---\nx").is_err());
        assert!(read("---\njust a text\n---\nx").is_err());
    }
}
